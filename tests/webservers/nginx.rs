//! nginx.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::helpers::{
    Modes, Stage, WebServer, acceptance, curl_at, free_address, get, keeps_what_few_may_see_out_of_caches,
    knows_visitors, outlives_its_site, output, program_that_answers, request, takes_its_own_paths_only,
    tells_overlapping_names_apart, unreachable,
};

pub const NGINX: WebServer = WebServer { name: "nginx", command };

/// As Debian's `/etc/nginx/nginx.conf`, with its folders in the stage, and the memory for files that many guides recommend.
fn command(stage: &Stage, printed: &Path) -> Command {
    let folder = stage.path("nginx");
    fs::create_dir_all(&folder).unwrap();
    let at = |name: &str| folder.join(name).display().to_string();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("    {name}_temp_path {};\n", at(name)))
        .concat();
    let main = format!(
        "daemon off;\nmaster_process on;\npid {};\nerror_log {};\nevents {{}}\nhttp {{\n    access_log off;\n    \
         open_file_cache max=1000;\n    open_file_cache_valid 60s;\n    open_file_cache_errors on;\n{temporary}    \
         include {};\n}}\n",
        at("pid"),
        at("error.log"),
        printed.display()
    );
    fs::write(folder.join("nginx.conf"), main).unwrap();
    let mut command = Command::new("/usr/sbin/nginx");
    command.args(["-e", &at("error.log"), "-c", &at("nginx.conf")]);
    command
}

#[test]
fn nginx_asks_about_each_request() {
    acceptance(&NGINX, "check", Modes::of("check"));
}

#[test]
fn nginx_lets_nobody_pass_unasked_unless_told_to() {
    unreachable(&NGINX);
}

#[test]
fn nginx_looks_at_the_file() {
    acceptance(&NGINX, "file", Modes::of("file"));
}

#[test]
fn nginx_looks_at_the_file_and_asks_while_it_is_there() {
    acceptance(&NGINX, "both", Modes::of("both"));
}

#[test]
fn nginx_keeps_what_few_may_see_out_of_caches() {
    for mode in ["file", "both"] {
        keeps_what_few_may_see_out_of_caches(&NGINX, mode);
    }
}

#[test]
fn nginx_speaks_http_2_with_the_lines_for_https() {
    let tls = free_address();
    let stage = Stage::behind(|stage| {
        let (certificate, key) = (stage.path("certificate.pem"), stage.path("key.pem"));
        let made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
        output(Command::new("openssl").args(made).arg("-keyout").arg(&key).arg("-out").arg(&certificate));
        let mut printed = stage.emit("nginx", "both", &[]);
        for (line, adapted) in [
            ("# listen 443 ssl http2;  # <-", format!("listen {tls} ssl http2;  #")),
            (
                "# ssl_certificate /etc/letsencrypt/live/localhost/fullchain.pem",
                format!("ssl_certificate {}", certificate.display()),
            ),
            (
                "# ssl_certificate_key /etc/letsencrypt/live/localhost/privkey.pem",
                format!("ssl_certificate_key {}", key.display()),
            ),
        ] {
            assert!(printed.contains(line), "{printed}");
            printed = printed.replace(line, &adapted);
        }
        let file = stage.path("printed");
        fs::write(&file, printed).unwrap();
        Some(command(stage, &file))
    });
    let ask = |method: &str, path: &str| {
        curl_at(&format!("https://localhost:{}{path}", tls.port()), &["--insecure", "--http2", "--request", method])
    };
    let (status, told) = ask("GET", "/x");
    assert!(status == 200 && told.contains("\"x-forwarded-proto\": \"https\""), "{told}");
    stage.switch("on", 503);
    assert_eq!((ask("GET", "/x").0, ask("POST", "/x").0, ask("GET", "/ignored-page/").0), (503, 503, 200));
}

#[test]
fn nginx_holds_a_location_of_ones_own_with_the_lines_that_are_printed_for_it() {
    for mode in ["check", "file", "both"] {
        let stage = Stage::behind(|stage| {
            let mut printed = stage.emit("nginx", mode, &[]);
            let start = printed.find("    # location /yours/ {").expect("there is an example");
            let end = start + printed[start..].find("    # }\n").expect("it ends") + "    # }\n".len();
            let own = "error_page 404 /missing;\nproxy_set_header X-Own 1;\nclient_max_body_size 64m;\n";
            let yours = printed[start..end].replace("    # ", "").replace("/yours/ {\n", &format!("/yours/ {{\n{own}"));
            printed.replace_range(start..end, &yours);
            let file = stage.path("printed");
            fs::write(&file, printed).unwrap();
            Some(command(stage, &file))
        });
        let told = stage.send(get("/yours/").with("X-Forwarded-For", "127.0.0.9")).json();
        let headers = ["host", "x-forwarded-for", "x-own"].map(|name| told["headers"][name].as_str().unwrap());
        assert_eq!(headers, ["localhost", "127.0.0.1", "1"], "{mode}: {told}");
        let long = || stage.send(request("POST", "/yours/").body(vec![b'x'; 17 << 20]));
        assert_eq!(long().json()["body"], 17 << 20, "{mode}");
        stage.switch("on", 503);
        let sent = long();
        assert_eq!(sent.status, 503, "{mode}: {sent:?}");
        assert!(sent.text().contains("What you just sent did not arrive."), "{mode}: {}", sent.text());
        let page = stage.get("/yours/");
        assert!(page.status == 503 && page.header("x-maintenance").starts_with("planned"), "{mode}: {page:?}");
    }
}

#[test]
fn nginx_starts_when_its_site_is_no_longer_there() {
    outlives_its_site(&NGINX);
}

#[test]
fn nginx_takes_a_program_that_does_not_trust_it_for_one_that_is_away() {
    let mut stage = Stage::behind(|_| None);
    stage.machine().run("on").succeeds();
    stage.program_address = program_that_answers(403);
    for (mode, told) in [("check", "unknown"), ("both", "planned")] {
        stage.put_in_front(&NGINX, mode, &[]);
        let answer = stage.get("/x");
        assert_eq!((answer.status, answer.header("x-maintenance")), (503, told), "{mode}: {answer:?}");
    }
}

#[test]
fn nginx_leaves_a_401_alone_that_it_takes_from_the_application() {
    for mode in ["check", "both"] {
        let stage = Stage::behind(|stage| {
            let file = stage.path("printed");
            let last = "    location / {\n";
            let printed = stage.emit("nginx", mode, &[]);
            assert!(printed.contains(last), "{printed}");
            fs::write(&file, printed.replace(last, &format!("{last}proxy_intercept_errors on;\n"))).unwrap();
            Some(command(stage, &file))
        });
        let answer = stage.get("/app-answers/401");
        assert_eq!((answer.status, answer.header("x-maintenance")), (401, ""), "{mode}: {answer:?}");
        stage.switch("on", 503);
        let page = stage.get("/app-answers/401");
        assert!(page.status == 503 && page.header("x-maintenance").starts_with("planned"), "{mode}: {page:?}");
    }
}

#[test]
fn nginx_gives_visitors_their_cookie() {
    knows_visitors(&NGINX);
}

#[test]
fn nginx_tells_overlapping_names_apart() {
    tells_overlapping_names_apart(&NGINX, "check");
}

#[test]
fn nginx_takes_names_of_any_length() {
    let stage = Stage::behind(|stage| {
        let name = format!("{}.example", "a-rather-long-name.".repeat(7).trim_end_matches('.'));
        stage.machine().run(&format!("site add {name}")).succeeds();
        let printed = stage.path("printed");
        fs::write(&printed, stage.emit("nginx", "check", &["--site", &name])).unwrap();
        Some((NGINX.command)(stage, &printed))
    });
    assert_eq!(stage.get("/x").status, 200);
}

#[test]
fn nginx_leads_to_the_panel_at_the_address_that_was_typed() {
    for mode in ["check", "file"] {
        let stage = Stage::start(&NGINX, mode);
        stage.switch("on", 503);
        let redirect = stage.get("/admin");
        assert_eq!((redirect.status, redirect.header("location")), (301, "/admin/"), "{mode}");
    }
}

#[test]
fn nginx_takes_its_own_paths_only() {
    takes_its_own_paths_only(&NGINX, "both");
}
