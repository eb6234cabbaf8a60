//! What a web server that asks about an open site hands on to its visitors.

use super::client::get;
use super::stage::{Stage, WebServer};

/// A browser that opens a page gets the cookie by which a drain knows it, beside the application's answer; nothing else
/// gets one.
pub fn knows_visitors(server: &WebServer) {
    let mut stage = Stage::start(server, "check");
    stage.kill_program();
    stage.start_program_with(&[("MAINTENANCE_VISITOR_COOKIE", "true")]);
    let page = || get("/x").with("Sec-Fetch-Dest", "document");
    super::eventually("the program is asked again", || stage.send(page()).status == 200);

    let answer = stage.send(page());
    let cookie = answer.header("set-cookie").to_owned();
    assert!(cookie.starts_with("maintenance_visitor=") && cookie.contains("HttpOnly"), "{answer:?}");
    assert_eq!((answer.status, answer.header("x-application")), (200, "python"), "{answer:?}");
    let known = cookie.split(';').next().unwrap();
    for request in [get("/x"), get("/x").with("Sec-Fetch-Dest", "image"), page().cookie(known)] {
        let answer = stage.send(request);
        assert_eq!((answer.status, answer.header("set-cookie")), (200, ""), "{answer:?}");
    }
    // The cookie has come back, so there is a visit that a drain waits for.
    super::eventually("the visit is written down", || stage.machine().run("sessions").out.contains("visitor"));
}
