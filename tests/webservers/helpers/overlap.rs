//! Names of one site that a wildcard of another covers.

use std::fs;

use super::{Stage, WebServer, eventually, get};

/// The site is the one that the program means, also where another one has a wildcard, and is printed first.
pub fn tells_overlapping_names_apart(server: &WebServer, mode: &str) {
    let stage = Stage::behind(|stage| {
        stage.machine().run("site add wide.example --alias *.w.example").succeeds();
        stage.machine().run("site add a.w.example").succeeds();
        let printed = stage.path("printed");
        let sites = ["--site", "wide.example", "--site", "a.w.example"];
        fs::write(&printed, stage.emit(server.name, mode, &sites)).unwrap();
        Some((server.command)(stage, &printed))
    });
    let status = |host: &str| stage.send(get("/x").host(host)).status;
    let sites = [("wide.example", ["wide.example", "b.w.example"]), ("a.w.example", ["a.w.example", "A.w.example"])];
    for (closed, _) in sites {
        stage.machine().run(&format!("on {closed}")).succeeds();
        eventually("the site is closed", || status(closed) == 503);
        for (site, hosts) in &sites {
            for host in hosts {
                assert_eq!(status(host), if *site == closed { 503 } else { 200 }, "{host} while {closed} is closed");
            }
        }
        stage.machine().run(&format!("off {closed}")).succeeds();
        eventually("the site is open", || status(closed) == 200);
    }
}
