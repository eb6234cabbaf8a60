//! Planning a window: with script and without, by keyboard alone, on the reader's own clock.

use serde_json::json;

use crate::helpers::Key::{Enter, Tab};
use crate::helpers::{Browser, Key, PASSWORD, Program, a_browser, a_program};

fn somebody_logged_in(program: &Program, browser: &Browser) {
    browser.devtools("Emulation.setTimezoneOverride", &json!({ "timezoneId": "Europe/Berlin" }));
    browser.log_in(&program.origin, "ada", PASSWORD);
}

#[test]
#[ignore = "needs Chromium and its driver: tests/run installs them"]
fn what_a_window_does_is_told_while_one_types_and_on_ones_own_clock() {
    let program = a_program().with_superuser("ada").start();
    let ada = a_browser().start();
    somebody_logged_in(&program, &ada);
    ada.press("Schedule");
    ada.press("Schedule maintenance");
    ada.fill(&ada.labelled("Start"), "2030-01-13 02:00");
    ada.shows("Sun 13 Jan 2030, 02:00–03:00 UTC");
    ada.shows("Sun 13 Jan, 03:00–04:00 your time");
    ada.click(&ada.named("30 min"));
    ada.shows("Sun 13 Jan 2030, 02:00–02:30 UTC");
    ada.fill(&ada.labelled("End time"), "2030-01-13 01:00");
    ada.shows("The end must be after the start.");
    ada.fill(&ada.labelled("End time"), "2030-01-13 05:00");
    ada.shows("Sun 13 Jan 2030, 02:00–05:00 UTC");
    // On the reader's own zone nothing is to be added.
    ada.fill(&ada.labelled("Time zone"), "Europe/Berlin");
    ada.shows("Sun 13 Jan 2030, 02:00–05:00 CET");
    ada.does_not_show("your time");
    ada.press("Review");
    ada.shows("Nothing was saved yet. Is this what you want?");
    let button = ada.find("button[name=confirm]");
    ada.follow(|ada| ada.click(&button));
    ada.shows("scheduled on localhost.");
    assert_eq!(ada.complaints(), Vec::<String>::new());
}

#[test]
#[ignore = "needs Chromium and its driver: tests/run installs them"]
fn without_script_the_review_tells_it_and_every_task_is_there() {
    let program = a_program().with_superuser("ada").start();
    let ada = a_browser().without_script().start();
    somebody_logged_in(&program, &ada);
    ada.open(&program.url("/admin/schedule/add/"));
    ada.fill(&ada.labelled("Name (optional)"), "Upgrade");
    ada.fill(&ada.labelled("Start"), "2030-01-13 02:00");
    ada.press("Review");
    ada.shows("Sun 13 Jan 2030, 02:00–03:00 UTC");
    let button = ada.find("button[name=confirm]");
    ada.follow(|ada| ada.click(&button));
    ada.shows("Window-1 “Upgrade” scheduled on localhost.");
    ada.press("Remove: window-1 “Upgrade”, localhost");
    ada.shows("Window-1 “Upgrade” removed from localhost.");
    ada.press("Undo");
    program.command(&["window", "start", "--name", "Cabling", "--for", "1h"]);
    ada.open(&program.url("/admin/schedule/"));
    ada.press("+15 min: window-2 “Cabling”, localhost");
    ada.shows("planned until");
    program.answers("/", 503);
    ada.press("End now: window-2 “Cabling”, localhost");
    ada.shows("Visitors get the site again.");
    program.answers("/", 200);
}

#[test]
#[ignore = "needs Chromium and its driver: tests/run installs them"]
fn a_window_is_planned_by_keyboard_alone_with_the_focus_on_what_is_asked() {
    let program = a_program().with_superuser("ada").start();
    let ada = a_browser().start();
    somebody_logged_in(&program, &ada);
    ada.open(&program.url("/admin/schedule/add/"));
    let mut keys = 0;
    while ada.focus() != "Start" {
        ada.type_keys(&[Tab]);
        keys += 1;
        assert!(keys < 30, "the focus is on “{}”", ada.focus());
    }
    // The field is selected as a whole by Tab, so that typing replaces it.
    ada.type_keys(&Key::of("2030-01-13 02:00"));
    ada.follow(|ada| ada.type_keys(&[Enter]));
    assert!(ada.focus().starts_with("Nothing was saved yet. Is this what you want?"), "{}", ada.focus());
    ada.type_keys(&[Tab]);
    assert_eq!(ada.focus(), "Schedule");
    ada.follow(|ada| ada.type_keys(&[Enter]));
    assert!(ada.focus().starts_with("Window-1 scheduled on localhost."), "{}", ada.focus());
    ada.type_keys(&[Tab]);
    assert_eq!(ada.focus(), "Undo");
}
