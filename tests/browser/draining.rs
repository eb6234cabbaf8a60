//! A drain from the panel: who is left is told live, and those at work see how much time they have.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::helpers::Key::{Enter, Tab};
use crate::helpers::{Browser, PASSWORD, Program, a_browser, a_program, check_page, eventually};

/// A program that knows visitors by their cookie.
fn a_watched_program() -> Program {
    a_program().set("MAINTENANCE_VISITOR_COOKIE", "true").with_superuser("ada").start()
}

/// Somebody who says a hundred times as often as others that they are there.
fn a_visitor() -> Browser {
    a_browser().with_fast_timers().start()
}

/// Opens the site and waits until its visitor counts as at work.
fn goes_to_work(program: &Program, visitor: &Browser) {
    visitor.open(&program.url("/"));
    eventually("the visitor is known", || {
        let said = program.command(&["sessions"]);
        if said.contains("visitor") { Ok(()) } else { Err(said) }
    });
}

/// A drain of ten minutes that waits for a visitor, and somebody who looks at its page.
fn a_followed_drain() -> (Program, Browser, Browser) {
    let program = a_watched_program();
    let visitor = a_visitor();
    goes_to_work(&program, &visitor);
    program.command(&["on", "--drain", "10m", "--detach"]);
    let ada = a_browser().start();
    ada.log_in(&program.origin, "ada", PASSWORD);
    ada.open(&program.url("/admin/sites/1/draining/"));
    (program, visitor, ada)
}

/// Number of the only session that is at work.
fn number(program: &Program) -> String {
    let list: Value = serde_json::from_str(&program.command(&["sessions", "--json"])).unwrap();
    list[0]["id"].to_string()
}

fn nothing_is(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
#[ignore = "needs Chromium, its driver and axe-core: tests/run installs them"]
fn a_drain_is_followed_without_reloading_until_the_site_has_closed() {
    let program = a_watched_program();
    let visitor = a_visitor();
    goes_to_work(&program, &visitor);
    let task = program.spawn(&["task", "--name", "import", "--", "sleep", "600"]);
    eventually("the task is known", || {
        let said = program.command(&["tasks"]);
        if said.contains("import") { Ok(()) } else { Err(said) }
    });
    let ada = a_browser().start();
    ada.log_in(&program.origin, "ada", PASSWORD);
    ada.press("localhost");
    ada.click(&ada.labelled("In maintenance mode"));
    // Whoever types minutes means a drain.
    ada.fill(&ada.labelled("Minutes at most"), "20");
    ada.press("Save");
    ada.shows("Draining started on localhost");
    ada.press("See who is left");
    ada.shows("1 session and 1 task are still at work.");
    ada.shows("0 of 1 have left");
    nothing_is(&check_page(&ada));

    // Nobody new comes in; those at work are told how long they have.
    program.answers("/", 503);
    visitor.shows("(in 20 minutes)");
    visitor.open(&program.url("/contact/"));
    visitor.shows("Somebody reads this address");
    visitor.shows("(in 20 minutes)");

    let aloud = || ada.run("return document.querySelector('[data-follow] > [role=status]').textContent", &json!([]));
    assert_eq!(aloud(), "", "nothing is read aloud before something has changed");
    ada.run("window.isTheSame = true", &json!([]));
    ada.run("document.querySelector('button[formaction$=\"extend/\"]').focus()", &json!([]));
    drop(task);
    ada.shows("1 session is still at work.");
    assert_eq!(aloud(), "1 session is still at work.");
    assert_eq!(ada.focus(), "+15 min", "the focus stays where it is");
    program.command(&["sessions", "end", &number(&program)]);
    ada.shows("Closed: nobody was left after");
    ada.shows("End maintenance");
    ada.shows("1 of 1 site in maintenance:");
    assert_eq!(ada.run("return window.isTheSame", &json!([])), json!(true));
    visitor.open(&program.url("/contact/"));
    visitor.does_not_show("Somebody reads this address");
    nothing_is(&check_page(&ada));
}

#[test]
#[ignore = "needs Chromium and its driver: tests/run installs them"]
fn once_the_site_has_closed_nothing_on_the_page_says_that_it_will() {
    let (program, _visitor, ada) = a_followed_drain();
    ada.press("+15 min");
    let title = || ada.run("return document.title", &json!([]));
    let said = ["localhost now closes at", "Draining localhost", "You may leave this page"];
    said.iter().for_each(|words| ada.shows(words));
    assert!(title().as_str().unwrap().contains("Draining localhost – Maintenance"), "{}", title());
    ada.run("window.isTheSame = true", &json!([]));
    program.command(&["on", "--force"]);
    ada.shows("Closed at once after");
    ada.shows("The drain of localhost");
    said.iter().for_each(|words| ada.does_not_show(words));
    assert_eq!(title(), "The drain of localhost – Maintenance");
    assert_eq!(ada.run("return document.activeElement.id", &json!([])), "main", "the message had the focus");
    assert_eq!(ada.run("return window.isTheSame", &json!([])), json!(true));
}

#[test]
#[ignore = "needs Chromium and its driver: tests/run installs them"]
fn a_browser_that_gets_no_stream_asks_instead_and_says_so_when_nobody_answers() {
    let program = a_watched_program();
    let visitor = a_visitor();
    goes_to_work(&program, &visitor);
    program.command(&["on", "--drain", "10m", "--detach"]);
    let ada = a_browser().start();
    let source = "EventSource = class extends EventTarget {
        static CLOSED = 2; static CONNECTING = 0; readyState = 2;
        constructor() { super(); setTimeout(() => this.dispatchEvent(new Event('error'))); }
        close() {}
    }";
    ada.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": source }));
    ada.log_in(&program.origin, "ada", PASSWORD);
    ada.open(&program.url("/admin/sites/1/draining/"));
    ada.shows("1 session is still at work.");
    program.command(&["on", "--force"]);
    ada.shows("Closed at once after");
    ada.run("fetch = () => Promise.reject(new Error('the line is down'))", &json!([]));
    ada.shows("This is not up to date");
}

#[test]
#[ignore = "needs Chromium and its driver: tests/run installs them"]
fn without_script_the_page_can_be_loaded_again_and_every_button_works() {
    let program = a_watched_program();
    let visitor = a_visitor();
    goes_to_work(&program, &visitor);
    let ada = a_browser().without_script().start();
    ada.log_in(&program.origin, "ada", PASSWORD);
    ada.press("Select several…");
    ada.click(&ada.find("[aria-label='Select localhost']"));
    ada.press("Start maintenance");
    ada.click(&ada.labelled("Let those at work finish first"));
    ada.press("Start maintenance on localhost");
    ada.press("See who is left");
    ada.press("Show it as it is now");
    ada.shows("1 session is still at work.");
    ada.press("+15 min");
    ada.shows("localhost now closes at");
    ada.press("Cancel, keep open");
    ada.shows("The drain of localhost was cancelled");
    program.answers("/", 200);
    ada.press("Undo");
    ada.shows("1 session is still at work.");
    let end = format!("End this one: A visitor, number {}", number(&program));
    ada.press(&end);
    ada.shows("A visitor is at work on localhost no more.");
    ada.press("Close now");
    ada.shows("localhost is in maintenance since");
    program.answers("/", 503);
}

#[test]
#[ignore = "needs Chromium and its driver: tests/run installs them"]
fn a_server_that_is_to_stop_does_not_wait_for_those_who_watch() {
    let (program, _visitor, ada) = a_followed_drain();
    ada.shows("1 session is still at work.");
    let began = Instant::now();
    // It is asked to stop, and killed after ten seconds.
    drop(program);
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    ada.shows("This is not up to date");
}

#[test]
#[ignore = "needs Chromium and its driver: tests/run installs them"]
fn a_drain_is_ended_by_keyboard_alone() {
    let (program, _visitor, ada) = a_followed_drain();
    let mut keys = 0;
    while ada.focus() != "Close now" {
        ada.type_keys(&[Tab]);
        keys += 1;
        assert!(keys < 30, "the focus is on “{}”", ada.focus());
    }
    ada.follow(|ada| ada.type_keys(&[Enter]));
    ada.shows("Closed at once after");
    program.answers("/", 503);
}
