//! A deploy script closes and opens the site while the server runs; the browser follows without a restart.

use crate::helpers::{PASSWORD, a_browser, a_program};

#[test]
#[ignore = "needs Chromium and its driver: tests/run installs them"]
fn the_server_follows_a_second_process() {
    let program = a_program().with_superuser("ada").start();
    let visitor = a_browser().with_fast_timers().start();
    let ada = a_browser().start();
    ada.log_in(&program.origin, "ada", PASSWORD);
    visitor.open(&program.url("/"));
    visitor.shows("This site is open");

    program.command(&["on", "--for", "30m", "--message", "Upgrade under way."]);
    program.answers("/", 503);
    visitor.open(&program.url("/"));
    visitor.shows("Upgrade under way.");
    let status = program.command(&["status"]);
    assert!(status.contains("localhost") && status.contains("in maintenance"), "{status}");
    // Her list was open all the time.
    ada.shows("1 of 1 site in maintenance");
    ada.named("End maintenance on localhost");

    program.command(&["off"]);
    program.answers("/", 200);
    visitor.shows("This site is open");
    let status = program.command(&["status"]);
    assert!(!status.contains("in maintenance"), "{status}");
    ada.shows("Start maintenance");
    ada.named("Start maintenance on localhost");
    ada.does_not_show("1 of 1 site in maintenance");
}
