//! What visitors are told beforehand, on pages with a strict content security policy: no inline style, no inline
//! script, and nothing from elsewhere.

use jiff::{SignedDuration, Timestamp};
use maintenance_mode::clock;
use serde_json::{Value, json};

use crate::helpers::{Browser, Program, a_browser, a_program, check_page, eventually};

/// The time in so many minutes, as the command line takes it.
fn minutes(from_now: i64) -> String {
    let at: Timestamp = clock::now() + SignedDuration::from_mins(from_now);
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Plans an hour of maintenance, told beforehand.
fn plan(program: &Program, from_now: i64, message: &str) {
    let start = minutes(from_now);
    let words = ["window", "add", "--start", &start, "--for", "1h", "--notice", "1d", "--yes", "--message", message];
    program.command(&words);
}

/// A browser that asks a hundred times as often, and always the server.
fn an_impatient_browser() -> Browser {
    let browser = a_browser().with_fast_timers().start();
    browser.devtools("Network.enable", &json!({}));
    browser.devtools("Network.setCacheDisabled", &json!({ "cacheDisabled": true }));
    browser
}

/// Waits until there is no notice on the page.
#[track_caller]
fn is_gone(browser: &Browser) {
    eventually("the notice is gone", || {
        let shown = browser.run("return document.querySelector('#maintenance-notice')?.textContent", &json!([]));
        if shown.is_null() { Ok(()) } else { Err(shown.to_string()) }
    });
}

/// What a script finds about the notice.
fn about(browser: &Browser, what: &str) -> Value {
    let notice = browser.find("#maintenance-notice");
    browser.run(&format!("const notice = arguments[0]; return {what}"), &json!([notice]))
}

fn nothing_is(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
#[ignore = "needs Chromium, its driver and axe-core: tests/run installs them"]
fn a_notice_comes_by_itself_counts_down_and_goes_for_good_when_it_is_dismissed() {
    let program = a_program().with(&["site", "add", "forum.example.com"]).start();
    let visitor = an_impatient_browser();
    visitor.open(&program.url("/"));
    visitor.does_not_show("Maintenance is planned");
    visitor.run("document.querySelector('nav a').focus()", &json!([]));
    let focus = visitor.focus();
    plan(&program, 25, "We are moving to a faster machine.");
    visitor.shows("Maintenance is planned from");
    visitor.shows("(in 25 minutes). We are moving to a faster machine.");
    assert_eq!(visitor.focus(), focus, "the focus stays where it is");
    assert_eq!(about(&visitor, "notice.role + document.body.firstElementChild.id"), "statusmaintenance-notice");
    assert_eq!(about(&visitor, "getComputedStyle(notice).position"), "sticky");
    nothing_is(&check_page(&visitor));

    visitor.click(&visitor.named("Dismiss"));
    is_gone(&visitor);
    visitor.open(&program.url("/contact/"));
    is_gone(&visitor);
    visitor.shows("Somebody reads this address");

    plan(&program, 10, "Another one.");
    visitor.shows("(in 10 minutes). Another one.");
    program.command(&["window", "remove", "2"]);
    is_gone(&visitor);
    assert_eq!(visitor.complaints(), Vec::<String>::new());
}

#[test]
#[ignore = "needs Chromium, its driver and axe-core: tests/run installs them"]
fn a_notice_that_the_page_was_served_with_is_filled_in_and_shown_without_script_as_well() {
    let program = a_program().with(&["site", "add", "forum.example.com"]).start();
    plan(&program, 90, "We move.");
    let reader = a_browser().without_script().start();
    reader.open(&program.url("/"));
    reader.shows("Maintenance is planned from");
    reader.shows("We move.");

    let visitor = a_browser().start();
    visitor.open(&program.url("/"));
    visitor.shows("(in 90 minutes). We move.");
    assert_eq!(about(&visitor, "document.querySelectorAll('[role=status]').length"), 1);
    nothing_is(&check_page(&visitor));
    for (scheme, is_dark) in [("light", false), ("dark", true)] {
        visitor.prefer(scheme, "screen");
        let ground = about(&visitor, "Number(getComputedStyle(notice).backgroundColor.match(/\\d+/)[0])");
        assert_eq!(ground.as_i64().unwrap() < 128, is_dark, "{scheme}");
    }
    // A control that has the focus is not hidden behind the box.
    assert!(
        about(&visitor, "parseInt(getComputedStyle(document.documentElement).scrollPaddingTop)").as_i64().unwrap() > 40
    );
}

#[test]
#[ignore = "needs Chromium and its driver: tests/run installs them"]
fn a_notice_speaks_the_language_that_the_site_asks_for_and_stands_where_it_is_put() {
    let program = a_program().with(&["site", "add", "forum.example.com"]).start();
    plan(&program, 60 * 20, "We move.");
    let visitor = a_browser().start();
    visitor.open(&program.url("/healthz"));
    let embed = "const script = document.createElement('script');
        script.src = '/maintenance/notice.js?lang=ar';
        script.dataset.position = 'bottom';
        document.head.append(script)";
    visitor.run(embed, &json!([]));
    visitor.shows("صيانة مقررة");
    visitor.named("إخفاء");
    assert_eq!(about(&visitor, "notice.lang + getComputedStyle(notice).direction"), "arrtl");
    assert_eq!(about(&visitor, "document.body.lastElementChild === notice"), true);
    assert_eq!(about(&visitor, "getComputedStyle(notice).bottom"), "0px");
    let text = visitor.text();
    assert!(!text.contains('{') && !text.contains("undefined") && !text.contains("null"), "{text}");
}
