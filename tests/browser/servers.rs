//! The page of the servers, which follows them while it is open.

use serde_json::json;

use crate::helpers::{PASSWORD, a_browser, a_program};

#[test]
#[ignore = "needs Chromium and its driver: tests/run installs them"]
fn the_page_of_the_servers_follows_them_without_being_loaded_again() {
    let program = a_program().with(&["site", "add", "example.com"]).with_superuser("ada").start();
    let ada = a_browser().start();
    ada.log_in(&program.origin, "ada", PASSWORD);
    ada.open(&program.url("/admin/servers/"));
    ada.shows("1 of 1 server enforces revision ");
    ada.does_not_show("Show them as they are now");
    let aloud = || ada.run("return document.querySelector('[data-follow] [role=status]').textContent", &json!([]));
    assert_eq!(aloud(), "", "nothing is read aloud before something has changed");
    ada.run("window.isTheSame = true", &json!([]));
    let last = |text: &str| -> i64 {
        let number: String = text.split("revision ").nth(1).unwrap().chars().take_while(char::is_ascii_digit).collect();
        number.parse().unwrap()
    };
    let before = last(&ada.text());
    program.command(&["on", "example.com"]);
    let now = format!("1 of 1 server enforces revision {}.", before + 1);
    ada.shows(&now);
    assert_eq!(aloud(), json!(now));
    assert_eq!(ada.run("return window.isTheSame", &json!([])), json!(true));
    ada.run("fetch = () => Promise.reject(new Error('the line is down'))", &json!([]));
    ada.shows("This is not up to date");
    assert_eq!(ada.complaints(), Vec::<String>::new());
}

#[test]
#[ignore = "needs Chromium and its driver: tests/run installs them"]
fn without_script_the_page_of_the_servers_offers_to_be_loaded_again() {
    let program = a_program().with_superuser("ada").start();
    let ada = a_browser().without_script().start();
    ada.log_in(&program.origin, "ada", PASSWORD);
    ada.open(&program.url("/admin/servers/"));
    ada.press("Show them as they are now");
    ada.shows("1 of 1 server enforces revision ");
}
