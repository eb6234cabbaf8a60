//! Serving, as an operator sees it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::program::{Program, command, eventually, free_address, maintenance, run};

fn serve(folder: &std::path::Path) -> Program {
    Program::start(&maintenance(), folder, &[])
}

#[test]
fn a_new_users_first_start_makes_the_database_and_prints_the_way_in() {
    let folder = tempfile::tempdir().unwrap();
    let address = free_address();
    let log = folder.path().join("out");
    let mut child = command(&maintenance(), folder.path(), &[])
        .env("BIND", address.to_string())
        .stdout(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let printed = || std::fs::read_to_string(&log).unwrap();
    eventually("the link is printed", || printed().contains("/admin/setup/"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(printed().contains(&format!("http://{address}/")), "{}", printed());
    let database = folder.path().join("maintenance.sqlite3");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&database).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(database.exists());
}

#[test]
fn a_server_goes_on_when_nobody_reads_what_it_prints() {
    let folder = tempfile::tempdir().unwrap();
    let address = free_address();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = command(&maintenance(), folder.path(), &[]);
    command.env("BIND", address.to_string()).stdout(writer).stderr(std::process::Stdio::null());
    let mut server = Program::spawn(&mut command, address);
    eventually("the server has offered a way in", || run(folder.path(), &["servers"]).status.success());
    assert_eq!(server.status("/"), 200);
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn a_second_terminal_closes_and_opens_the_site_of_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path());
    assert_eq!(server.status("/"), 200);
    assert!(run(folder.path(), &["on"]).status.success());
    eventually("the server holds", || server.status("/") == 503);
    assert!(run(folder.path(), &["off"]).status.success());
    eventually("the server passes", || server.status("/") == 200);
}

#[test]
fn two_servers_on_one_file_enforce_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (serve(folder.path()), serve(folder.path()));
    assert!(run(folder.path(), &["on"]).status.success());
    for server in [&one, &two] {
        eventually("both hold", || server.status("/") == 503);
    }
}

#[test]
fn what_was_acknowledged_is_there_after_kill_and_the_file_opens() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..5 {
        let mut server = serve(folder.path());
        let command = if round % 2 == 0 { "on" } else { "off" };
        assert!(run(folder.path(), &[command]).status.success());
        server.signal("KILL");
        assert_eq!(server.wait(), None);
        let again = serve(folder.path());
        assert_eq!(again.status("/"), if round % 2 == 0 { 503 } else { 200 }, "round {round}");
    }
}

#[test]
fn a_command_that_is_killed_leaves_all_of_its_change_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert!(run(folder.path(), &["migrate"]).status.success());
    assert!(run(folder.path(), &["site", "add", "forum.example"]).status.success());
    for wait in [1, 5, 10, 20, 40] {
        let mut child = command(&maintenance(), folder.path(), &["on", "--all", "--yes"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait));
        child.kill().ok();
        child.wait().unwrap();
        let output = run(folder.path(), &["status", "--all", "--json"]);
        let sites: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let phases: Vec<&str> = sites.as_array().unwrap().iter().map(|site| site["phase"].as_str().unwrap()).collect();
        assert!(phases.windows(2).all(|pair| pair[0] == pair[1]), "after {wait} ms: {phases:?}");
        assert!(run(folder.path(), &["off", "--all", "--yes"]).status.success());
    }
}

#[test]
fn sigterm_lets_running_requests_finish_takes_no_new_ones_and_ends_with_0() {
    let folder = tempfile::tempdir().unwrap();
    let address = free_address();
    let log = folder.path().join("log");
    let mut command = command(&maintenance(), folder.path(), &[]);
    command.env("BIND", address.to_string()).env("RUST_LOG", "info").env("METRICS_TOKEN", "scrape-me-every-15s");
    command.stdout(std::process::Stdio::null()).stderr(std::fs::File::create(&log).unwrap());
    let mut server = Program::spawn(&mut command, address);
    let logged = || std::fs::read_to_string(&log).unwrap();
    // A request whose body is still on its way when the signal comes, and a connection on which nothing happens.
    let mut slow = TcpStream::connect(server.address).unwrap();
    let head = "POST /admin/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                Content-Length: 10\r\nConnection: close\r\n\r\nuserna";
    slow.write_all(head.as_bytes()).unwrap();
    let mut idle = TcpStream::connect(server.address).unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert!(idle.read(&mut [0; 1024]).unwrap() > 0);
    let figures = || {
        let mut stream = TcpStream::connect(server.address).unwrap();
        let head = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer scrape-me-every-15s\r\n\
                    Connection: close\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    eventually("the form is under way beside the scrape", || {
        figures().contains("\nmaintenance_requests_in_flight 2\n")
    });
    server.signal("TERM");
    eventually("the signal is told", || logged().contains("1 of the requests under way have 30 s to finish"));
    eventually("nothing new is accepted", || TcpStream::connect(server.address).is_err());
    slow.write_all(b"me=a").unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
    assert_eq!(server.wait(), Some(0));
    assert!(logged().contains("Stopped.") && !logged().contains("were cut"), "{}", logged());
}

#[test]
fn a_port_in_use_is_said_with_the_setting_that_chooses_another() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path());
    let output =
        command(&maintenance(), folder.path(), &["serve", "--bind", &server.address.to_string()]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("is in use") && error.contains("BIND"), "{error}");
}

#[test]
fn bytes_that_are_no_text_and_lines_that_are_no_requests_end_only_their_own_connection() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path());
    assert!(run(folder.path(), &["on"]).status.success());
    eventually("the server holds", || server.status("/") == 503);
    for bytes in [
        &b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"[..],
        b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: \xff\xfe\r\nAccept-Language: \xc3\x28\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: \xff\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: \xff=\xfe\r\nConnection: close\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok();
        let answer = String::from_utf8_lossy(&answer);
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(server.status("/"), 503);
    }
}
