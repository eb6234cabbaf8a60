//! `maintenance emit`.

use crate::machine::Machine;

fn a_machine() -> Machine {
    Machine::with_sites(&["shop.example.com", "blog.example.com"])
}

#[test]
fn without_a_mode_it_prints_the_one_that_does_the_most() {
    let machine = a_machine();
    for (server, mode) in [("nginx", "check"), ("caddy", "check"), ("haproxy", "check"), ("apache", "file")] {
        machine.run(&format!("emit {server}")).succeeds().says(&[&format!("emit {server} --mode {mode} --site shop")]);
    }
    let machine = a_machine().env("MAINTENANCE_FILE", "/srv/maintenance/{domain}/on");
    for (server, mode) in [("nginx", "both"), ("caddy", "both"), ("haproxy", "both"), ("apache", "file")] {
        let ran = machine.run(&format!("emit {server} --site blog")).succeeds();
        ran.says(&[&format!("--mode {mode} --site blog.example.com"), "/srv/maintenance/blog.example.com/on"]);
    }
    for server in ["traefik", "envoy"] {
        machine.run(&format!("emit {server}")).succeeds().says(&["--mode check"]);
    }
}

#[test]
fn what_is_not_set_here_is_said_beside_the_configuration() {
    let machine = a_machine();
    let ran = machine.run("emit nginx --mode both").succeeds();
    ran.remarks(&["MAINTENANCE_FILE is not set here", "/var/lib/maintenance/{domain}/on", "TRUSTED_PROXIES"]);
    let set = a_machine().env("MAINTENANCE_FILE", "/srv/m/{domain}/on").env("TRUSTED_PROXIES", "127.0.0.1");
    assert_eq!(set.run("emit nginx --mode both").succeeds().err, "");
}

#[test]
fn haproxy_needs_files_that_are_there_before_it_starts() {
    let flags = tempfile::tempdir().unwrap();
    let machine = a_machine().env("TRUSTED_PROXIES", "127.0.0.1");
    let machine = machine.env("MAINTENANCE_FILE", &format!("{}/{{domain}}/on", flags.path().display()));
    let words = "HAProxy does not start before the files of blog.example.com are there";
    let print = |words: &str| machine.run(&format!("emit haproxy {words}")).succeeds();
    print("--site blog --mode file").remarks(&[words, "maintenance agent --once"]);
    print("--site blog --mode both").remarks(&[words]);
    assert_eq!(print("--site blog --mode check").err + &print("--lua").err, "");
    machine.run("agent --once").succeeds();
    assert_eq!(print("--site blog --mode both").err, "");
}

#[test]
fn the_program_is_where_it_listens() {
    for (bind, server) in [
        ("127.0.0.1:9000", "127.0.0.1:9000"),
        (":9000", "127.0.0.1:9000"),
        ("[::]:9000", "[::1]:9000"),
        ("192.0.2.7:9000", "192.0.2.7:9000"),
    ] {
        let machine = a_machine().env("BIND", bind);
        machine
            .run("emit nginx")
            .succeeds()
            .says(&[&format!("server {server};"), &format!("--program http://{server} ")]);
        machine.run("emit nginx --program http://10.0.0.9:81").succeeds().says(&["server 10.0.0.9:81;"]);
    }
}

#[test]
fn several_sites_are_in_one_configuration() {
    let ran = a_machine().run("emit haproxy --site shop --site blog --site shop").succeeds();
    assert_eq!(ran.out.matches("str(shop.example.com) if named_1\n").count(), 1);
    ran.says(&["shop.example.com, blog.example.com behind", "str(blog.example.com) if named_2\n"]);
}

#[test]
fn visitors_are_held_while_the_program_does_not_answer_unless_it_says_pass() {
    let machine = a_machine();
    let printed = machine.run("emit caddy --mode check --site shop").succeeds().out;
    assert!(printed.contains("visitors get 503\n") && !printed.contains("--listen 80 --unreachable"), "{printed}");
    let printed = machine.run("emit caddy --mode check --site shop --unreachable pass").succeeds().out;
    assert!(
        printed.contains("also of a closed site") && printed.contains("--listen 80 --unreachable pass\n"),
        "{printed}"
    );
}

#[test]
fn an_installed_file_is_compared_with_what_would_be_printed() {
    let machine = a_machine();
    let printed = machine.run("emit nginx --site shop").succeeds().out;
    machine.write("shop.conf", &printed);
    let same = machine.run("emit nginx --site shop --check shop.conf").succeeds();
    assert_eq!((same.out.as_str(), same.err.as_str()), ("", ""));
    machine.write("shop.conf", printed.replace("client_max_body_size 16m", "client_max_body_size 64m"));
    let ran = machine.run("emit nginx --site shop --check shop.conf").ends_with(1);
    ran.says(&["--- shop.conf", "\n-    client_max_body_size 64m", "\n+    client_max_body_size 16m", "\n@@ "]);
    machine.run("emit nginx --check nowhere.conf").fails(1, &["nowhere.conf cannot be read"]);
}

#[test]
fn what_a_server_cannot_do_or_a_configuration_cannot_hold_is_refused_in_words() {
    let machine = a_machine();
    for (words, parts) in [
        ("emit apache --mode check", &["cannot ask another program", "--mode file"][..]),
        ("emit apache --mode both", &["--mode file"]),
        ("emit traefik --mode file", &["cannot look whether a file is there", "--mode check"]),
        ("emit traefik --unreachable pass", &["cannot let requests pass", "Leave --unreachable out"]),
        ("emit envoy --mode both", &["--mode check"]),
        ("emit nginx --lua", &["only HAProxy"]),
        ("emit nginx --upstream https://10.0.0.1", &["--upstream", "http://127.0.0.1:8000"]),
        ("emit nginx --listen nonsense", &["--listen", "a port such as 80"]),
        ("emit lighttpd", &["nginx", "apache", "caddy", "haproxy", "traefik", "envoy"]),
        ("emit nginx --mode file --maintenance-file /srv/$x/{domain}/on", &["'$'", "meaning of its own"]),
        ("emit nginx --mode file --maintenance-file /srv/m/on --site blog", &["default site alone", "{domain}"]),
    ] {
        machine.run(words).fails(2, parts);
    }
    machine.run("emit nginx --site nowhere").fails(3, &["no site matches"]);
}
