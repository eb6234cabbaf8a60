//! A web server that is told a port alone listens on it by both families of addresses.

use std::fs;
use std::net::TcpListener;

use super::stage::{Stage, WebServer, curl_at};

/// Visitors of each family reach the application, which is told their address as it is, not as one of the other family.
pub fn listens_by_both_families(server: &WebServer, mode: &str) {
    if TcpListener::bind("[::1]:0").is_err() {
        eprintln!("not tried: this machine has no IPv6");
        return;
    }
    let stage = Stage::behind(|stage| {
        let (upstream, program) =
            (format!("http://{}", stage.application()), format!("http://{}", stage.program_address));
        let port = stage.address.port().to_string();
        let words = ["emit", server.name, "--mode", mode, "--site", "localhost", "--listen", &port];
        let words = [&words[..], &["--upstream", &upstream, "--program", &program]].concat();
        let printed = stage.path("printed");
        fs::write(&printed, stage.machine().run_words(&words).succeeds().out).unwrap();
        Some((server.command)(stage, &printed))
    });
    for host in ["127.0.0.1", "[::1]"] {
        let url = format!("http://{host}:{}/x", stage.address.port());
        let (status, told) = curl_at(&url, &["--header", "Host: localhost"]);
        assert!(status == 200 && told.contains("x-forwarded-for"), "{url}: {status}: {told}");
        assert!(!told.contains("ffff:"), "{url}: {told}");
    }
}
