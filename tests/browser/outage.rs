//! A database that takes no changes: what was asked for is refused, and nobody but a person asks for it again.

use serde_json::json;

use crate::helpers::{Browser, PASSWORD, Program, a_browser, a_program, check_page};

const ANSWERS: &str = "The database answers again.";

fn a_list(browser: &Browser) -> Program {
    let program = a_program().with(&["site", "add", "example.com"]).with_superuser("ada").start();
    browser.log_in(&program.origin, "ada", PASSWORD);
    browser.open(&program.url("/admin/?q=example"));
    program
}

#[test]
#[ignore = "needs Chromium, its driver and axe-core: tests/run installs them"]
fn a_start_and_an_end_that_were_refused_are_never_carried_out_later() {
    let ada = a_browser().with_fast_timers().start();
    let program = a_list(&ada);
    let mut wrong = Vec::new();
    for (button, done) in [("Start maintenance", "Maintenance started"), ("End maintenance", "Maintenance ended")] {
        let before = program.command(&["history"]);
        let lock = program.lock_database();
        ada.press(&format!("{button} on example.com"));
        ada.shows("Nothing was changed, and nothing is sent again by itself.");
        wrong.extend(check_page(&ada));
        ada.run("window.isTheSame = true", &json!([]));
        ada.does_not_show(ANSWERS);
        drop(lock);
        ada.shows(ANSWERS);
        assert_eq!(ada.run("return window.isTheSame", &json!([])), json!(true), "nothing was loaded");
        assert_eq!(program.command(&["history"]), before, "nobody has sent it again");
        wrong.extend(check_page(&ada));
        ada.press("Back to the page");
        assert_eq!(ada.path(), "/admin/?q=example");
        ada.press(&format!("{button} on example.com"));
        ada.shows(&format!("{done} on example.com at"));
    }
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
#[ignore = "needs Chromium and its driver: tests/run installs them"]
fn without_script_the_way_back_leads_to_the_page_of_the_form() {
    let ada = a_browser().without_script().start();
    let program = a_list(&ada);
    let lock = program.lock_database();
    ada.press("Start maintenance on example.com");
    ada.shows("Nothing was changed, and nothing is sent again by itself.");
    drop(lock);
    ada.press("Back to the page");
    assert_eq!(ada.path(), "/admin/?q=example");
    ada.press("Start maintenance on example.com");
    ada.shows("Maintenance started on example.com at");
}
