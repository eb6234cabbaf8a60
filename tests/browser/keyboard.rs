//! Everything by keyboard, with the focus where one needs it next.

use crate::helpers::Key::{Enter, Tab};
use crate::helpers::{Browser, Key, PASSWORD, a_browser, a_program};

/// Most keys from the list of sites until maintenance has started.
const MOST_KEYS: usize = 20;

fn log_in_by_keyboard(browser: &Browser) {
    browser.type_keys(&Key::of("ada"));
    browser.type_keys(&[Tab]);
    browser.type_keys(&Key::of(PASSWORD));
    browser.follow(|browser| browser.type_keys(&[Enter]));
    assert_eq!(browser.path(), "/admin/");
}

#[test]
#[ignore = "needs Chromium and its driver: tests/run installs them"]
fn one_of_twenty_sites_is_closed_in_twenty_keys() {
    let names = ["api", "accounts", "billing", "blog", "cdn", "chat", "docs", "files", "help", "jobs"];
    let more = ["mail", "maps", "news", "pay", "search", "shop", "status", "wiki", "www", "forum"];
    let mut folder = a_program().with_superuser("ada");
    for name in names.iter().chain(&more) {
        folder = folder.with(&["site", "add", &format!("{name}.example.com")]);
    }
    let program = folder.start();
    let ada = a_browser().start();
    ada.open(&program.url("/admin/"));
    assert_eq!(ada.focus(), "User name", "one types at once");
    log_in_by_keyboard(&ada);

    let mut keys = 0;
    let mut press = |typed: &[Key]| {
        keys += typed.len();
        ada.type_keys(typed);
    };
    press(&[Tab]);
    assert_eq!(ada.focus(), "Skip to search");
    press(&[Enter]);
    assert_eq!(ada.focus(), "Search sites");
    press(&Key::of("forum"));
    ada.follow(|_| press(&[Enter]));
    assert_eq!(ada.focus(), "1 of 20 sites matches “forum”.");
    press(&[Tab, Tab]);
    assert_eq!(ada.focus(), "Start maintenance on forum.example.com");
    ada.follow(|_| press(&[Enter]));
    assert!(keys <= MOST_KEYS, "{keys} keys");
    the_message_has_the_focus_and_undo_is_next(&ada, "forum.example.com");
}

#[test]
#[ignore = "needs Chromium and its driver: tests/run installs them"]
fn from_the_log_in_page_tab_and_enter_alone_close_the_only_site() {
    let program = a_program().with_superuser("ada").start();
    let ada = a_browser().start();
    ada.open(&program.url("/admin/"));
    log_in_by_keyboard(&ada);
    ada.type_keys(&[Tab, Enter]);
    let mut keys = 4;
    while ada.focus() != "Start maintenance on localhost" {
        ada.type_keys(&[Tab]);
        keys += 1;
        assert!(keys < MOST_KEYS, "after {keys} keys the focus is on “{}”", ada.focus());
    }
    ada.follow(|ada| ada.type_keys(&[Enter]));
    the_message_has_the_focus_and_undo_is_next(&ada, "localhost");
}

fn the_message_has_the_focus_and_undo_is_next(ada: &Browser, site: &str) {
    assert!(ada.focus().starts_with(&format!("Maintenance started on {site}")), "{}", ada.focus());
    ada.type_keys(&[Tab]);
    assert_eq!(ada.focus(), "Undo");
    ada.follow(|ada| ada.type_keys(&[Enter]));
    assert!(ada.focus().starts_with(&format!("Undone: {site} is open again.")), "{}", ada.focus());
}
