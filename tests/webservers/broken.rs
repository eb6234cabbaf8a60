//! Rules that many sites use, and what `maintenance check` finds wrong with each; then the ones that we print.

use std::fs;

use crate::apache::APACHE;
use crate::caddy::CADDY;
use crate::envoy::{self, ENVOY};
use crate::haproxy::HAPROXY;
use crate::helpers::{Stage, WebServer, eventually, request};
use crate::nginx::NGINX;

/// What the web server of a stage has instead of the printed configuration. `LISTEN` stands for where it listens, `FOLDER` for
/// a folder with a page.
struct Rules {
    server: &'static WebServer,
    text: &'static str,
    point: &'static str,
}

/// Each with the point that it is found out by.
const BROKEN: [Rules; 9] = [
    // As django-site-maintenance tells for Apache: the page is redirected as well, for ever.
    Rules {
        server: &APACHE,
        text: "<VirtualHost LISTEN>\nRewriteEngine On\nRewriteCond FOLDER/closed -f\n\
               RewriteCond %{REQUEST_URI} !/static/maintenance/under-maintenance.gif\n\
               RewriteRule ^(.+) /static/maintenance/maintenance.html [R,L]\n</VirtualHost>\n",
        point: "GET",
    },
    // The same, with the page left out: a redirect to a page that says 200.
    Rules {
        server: &APACHE,
        text: "<VirtualHost LISTEN>\nDocumentRoot FOLDER\n<Directory FOLDER>\nRequire all granted\n</Directory>\nRewriteEngine On\n\
               RewriteCond FOLDER/closed -f\nRewriteCond %{REQUEST_URI} !/maintenance.html\n\
               RewriteRule ^ /maintenance.html [R=302,L]\n</VirtualHost>\n",
        point: "GET",
    },
    // 503, and nothing that says for how long or keeps it out of caches.
    Rules {
        server: &APACHE,
        text: "<VirtualHost LISTEN>\nDocumentRoot FOLDER\n<Directory FOLDER>\nRequire all granted\n</Directory>\nRewriteEngine On\n\
               RewriteCond FOLDER/closed -f\nRewriteCond %{REQUEST_URI} !/maintenance.html\nRewriteRule ^ - [R=503,L]\n\
               ErrorDocument 503 /maintenance.html\n</VirtualHost>\n",
        point: "Retry-After",
    },
    // As django-site-maintenance tells for nginx: the page in place of everything, with 200.
    Rules {
        server: &NGINX,
        text: "server {\nlisten LISTEN;\nroot FOLDER;\nif (-f FOLDER/closed) {\nrewrite (.*) /maintenance.html;\n}\n}\n",
        point: "GET",
    },
    // A form gets 405, because a file takes none.
    Rules {
        server: &NGINX,
        text: "server {\nlisten LISTEN;\nerror_page 503 @closed;\nadd_header Retry-After 120 always;\n\
               add_header Cache-Control no-store always;\nlocation / {\nreturn 503;\n}\nlocation @closed {\nroot FOLDER;\n\
               rewrite ^ /maintenance.html break;\n}\n}\n",
        point: "POST",
    },
    // The condition holds for the page as well: nginx's own page, and no header.
    Rules {
        server: &NGINX,
        text: "server {\nlisten LISTEN;\nroot FOLDER;\nerror_page 503 /maintenance.html;\nadd_header Retry-After 120 always;\n\
               add_header Cache-Control no-store;\nif (-f FOLDER/closed) {\nreturn 503;\n}\n}\n",
        point: "Cache-Control",
    },
    // The page is there, with the status of success.
    Rules {
        server: &NGINX,
        text: "server {\nlisten LISTEN;\nroot FOLDER;\nerror_page 503 =200 /maintenance.html;\nadd_header Retry-After 120 always;\n\
               location / {\nreturn 503;\n}\nlocation = /maintenance.html {\ninternal;\n}\n}\n",
        point: "GET",
    },
    // Caches may keep it for an hour.
    Rules {
        server: &NGINX,
        text: "server {\nlisten LISTEN;\nroot FOLDER;\nerror_page 503 /maintenance.html;\nadd_header Retry-After 120 always;\n\
               add_header Cache-Control max-age=3600 always;\nlocation / {\nreturn 503;\n}\nlocation = /maintenance.html {\n\
               internal;\n}\n}\n",
        point: "Cache-Control",
    },
    // Nobody is told when to come back.
    Rules {
        server: &NGINX,
        text: "server {\nlisten LISTEN;\nroot FOLDER;\nerror_page 503 /maintenance.html;\n\
               add_header Cache-Control no-store always;\nlocation / {\nreturn 503;\n}\nlocation = /maintenance.html {\n\
               internal;\n}\n}\n",
        point: "Retry-After",
    },
];

#[test]
fn check_finds_what_is_wrong_with_rules_that_many_sites_use() {
    for (number, Rules { server, text, point }) in BROKEN.into_iter().enumerate() {
        let stage = Stage::behind(|stage| {
            let folder = stage.path("page");
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("maintenance.html"), "<h1>Back soon</h1>").unwrap();
            fs::write(folder.join("closed"), "").unwrap();
            let rules = stage.path("rules");
            let text = text.replace("LISTEN", &stage.address.to_string()).replace("FOLDER", folder.to_str().unwrap());
            fs::write(&rules, text).unwrap();
            Some((server.command)(stage, &rules))
        });
        let ran = stage.machine().run(&format!("check http://{}/ --expect closed --json", stage.address));
        assert_eq!(ran.code, 1, "case {number}: {}", ran.out);
        let found = ran.json();
        let finding = found["findings"].as_array().unwrap().iter().find(|finding| finding["point"] == point);
        let finding = finding.unwrap_or_else(|| panic!("case {number}: {point} is not among {found:#}"));
        assert_eq!(finding["grade"], "fault", "case {number}: {finding:#}");
    }
}

#[test]
fn check_finds_nothing_wrong_with_what_we_print() {
    for (server, mode) in [
        (&NGINX, "check"),
        (&NGINX, "file"),
        (&NGINX, "both"),
        (&CADDY, "check"),
        (&CADDY, "file"),
        (&CADDY, "both"),
        (&HAPROXY, "check"),
        (&HAPROXY, "file"),
        (&HAPROXY, "both"),
        (&ENVOY, "check"),
        (&APACHE, "file"),
    ] {
        if server.name == ENVOY.name && !envoy::is_here() {
            continue;
        }
        let mut stage = Stage::start(server, mode);
        // By the name that the web server has the site under.
        let check = format!("check http://localhost:{}/ --expect", stage.address.port());
        stage.machine().run(&format!("{check} open")).succeeds();
        stage.switch("on --for 20m", 503);
        stage.machine().run(&format!("{check} closed")).succeeds();
        if mode != "check" {
            // The page still comes, and that it does is what was expected.
            stage.kill_program();
            stage.machine().run(&format!("{check} closed")).succeeds().says(&["not running", "in maintenance"]);
            stage.start_program();
        }
        stage.switch("off", 200);
        stage.machine().run(&format!("{check} open")).succeeds();
        stage.machine().run("on --read-only").succeeds();
        eventually("what writes is held", || stage.send(request("POST", "/x").body("a=b")).status == 503);
        stage.machine().run(&format!("{check} read-only")).succeeds();
        stage.machine().run(&format!("{check} open")).ends_with(1).says(&["closed for writing"]);
    }
}
