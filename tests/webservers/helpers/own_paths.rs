//! Which paths of a site are the program's.

use super::stage::{Stage, WebServer};

/// What only looks like one of the program's paths is the application's.
pub fn takes_its_own_paths_only(server: &WebServer, mode: &str) {
    let stage = Stage::start(server, mode);
    for path in ["/maintenance", "/maintenancex/", "/healthz/", "/healthz/x", "/readyz/", "/adminx"] {
        let answer = stage.get(path);
        assert_eq!((answer.status, answer.header("x-application")), (200, "python"), "{path}: {answer:?}");
    }
    for path in ["/maintenance/status.json?x", "/healthz?x", "/readyz", "/admin", "/admin/"] {
        let answer = stage.get(path);
        assert!(answer.status < 400 && answer.header("x-application").is_empty(), "{path}: {answer:?}");
    }
}
