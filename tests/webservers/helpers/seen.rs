//! What is said of people who see a closed site without being asked who they are.

use super::stage::{INTERNAL, curl};
use super::{Stage, WebServer, eventually, get, request};

/// The answers for internal addresses, and for whoever reads a site that is closed for writing, are not for caches.
pub fn keeps_what_few_may_see_out_of_caches(server: &WebServer, mode: &str) {
    let stage = Stage::start(server, mode);
    let said = |answer: &str, reason: &str| {
        let answer = answer.to_lowercase();
        answer.contains(&format!("x-maintenance: let-through; reason={reason}"))
            && answer.contains("cache-control: no-store")
    };
    let inside = || curl(&stage, &["--include", "--interface", INTERNAL], "/x").1;
    assert!(!inside().to_lowercase().contains("x-maintenance"), "{}", inside());
    stage.switch("on", 503);
    assert!(said(&inside(), "internal-ip"), "{}", inside());
    assert_eq!(stage.get("/ignored-page/").header("x-maintenance"), "");
    for path in ["/healthz", "/maintenance/status.json", "/admin/", "/.well-known/acme-challenge/abc"] {
        let answer = curl(&stage, &["--include", "--interface", INTERNAL], path).1.to_lowercase();
        assert!(!answer.contains("let-through"), "{path}: {answer}");
    }
    stage.switch("off", 200);
    assert_eq!(stage.get("/x").header("x-maintenance"), "");

    stage.machine().run("on --read-only").succeeds();
    eventually("forms are held", || stage.send(request("POST", "/x").body("a=b")).status == 503);
    let reader = stage.send(get("/x"));
    assert_eq!((reader.status, reader.header("x-maintenance")), (200, "let-through; reason=read-only"), "{reader:?}");
    assert_eq!(reader.header("cache-control"), "no-store", "{reader:?}");
    assert!(said(&inside(), "internal-ip"), "{}", inside());
}
