//! The walk of a new user: from an empty folder to a closed site and back.

use serde_json::json;

use crate::helpers::{Browser, PASSWORD, Program, a_browser, a_program, eventually};

const MESSAGE: &str = "We are replacing a disk. Nothing you saved has been lost.";

#[test]
#[ignore = "needs Chromium and its driver: tests/run installs them"]
fn a_new_user_closes_the_site_and_opens_it_again() {
    let program = a_program().start();
    let ada = a_browser().start();
    let visitor = a_browser().with_fast_timers().start();
    become_superuser(&ada, &program);

    ada.press("localhost");
    ada.click(&ada.labelled("In maintenance mode"));
    ada.click(&ada.named("30 min"));
    ada.shows("In 30 min.");
    ada.fill(&ada.labelled("Text (optional)"), MESSAGE);
    ada.fill(&ada.find("#patterns-0-pattern"), "^ignored-page/$");
    ada.click(&ada.named("Add another pattern"));
    assert_eq!(ada.focus(), "Kind", "the new row has the focus");
    ada.fill(&ada.find("#patterns-1-pattern"), "^contact/$");
    ada.press("Save");
    ada.shows("Maintenance started on localhost");

    the_visitor_is_held(&program, &visitor);
    ada_sees_the_closed_site(&ada, &program);

    ada.open(&program.url("/admin/"));
    ada.press("End maintenance on localhost");
    ada.shows("Maintenance ended on localhost");
    program.answers("/", 200);
    visitor.shows("This site is open");

    ada.press("Undo");
    ada.shows("Undone: localhost is in maintenance again.");
    program.answers("/", 503);
    visitor.open(&program.url("/"));
    visitor.shows(MESSAGE);

    the_set_up_link_is_dead(&visitor, &program);
    assert_eq!((ada.complaints(), visitor.complaints()), (vec![], vec![]));
}

#[test]
#[ignore = "needs Chromium and its driver: tests/run installs them"]
fn a_new_user_without_script_closes_the_site_and_opens_it_again() {
    let program = a_program().start();
    let ada = a_browser().without_script().start();
    let visitor = a_browser().without_script().start();
    become_superuser(&ada, &program);

    ada.press("localhost");
    assert_eq!(
        ada.run("return document.querySelectorAll('button[data-add]')[0].offsetParent", &json!([])),
        json!(null)
    );
    ada.click(&ada.labelled("In maintenance mode"));
    let hint = ada.find("#expected_end-hint");
    let example =
        ada.run("return arguments[0].textContent.match(/\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d/)[0]", &json!([hint]));
    ada.fill(&ada.labelled("Expected end (optional)"), example.as_str().expect("the hint has an example"));
    ada.fill(&ada.labelled("Text (optional)"), MESSAGE);
    for (row, pattern) in ["^ignored-page/$", "^contact/$"].iter().enumerate() {
        ada.fill(&ada.find(&format!("#patterns-{row}-pattern")), pattern);
    }
    ada.press("Save");
    ada.shows("Maintenance started on localhost");

    the_visitor_is_held(&program, &visitor);
    ada_sees_the_closed_site(&ada, &program);

    ada.open(&program.url("/admin/"));
    ada.press("End maintenance on localhost");
    ada.shows("Maintenance ended on localhost");
    program.answers("/", 200);
    visitor.press("Try again");
    visitor.shows("This site is open");

    ada.press("Undo");
    ada.shows("Undone: localhost is in maintenance again.");
    program.answers("/", 503);

    the_set_up_link_is_dead(&visitor, &program);
}

fn become_superuser(ada: &Browser, program: &Program) {
    ada.open(&program.setup_link());
    ada.fill(&ada.labelled("User name"), "ada");
    ada.fill(&ada.labelled("Password"), PASSWORD);
    ada.fill(&ada.labelled("Password again"), PASSWORD);
    ada.press("Create superuser");
    ada.shows("The set-up link no longer works.");
    assert_eq!(ada.path(), "/admin/");
    ada.shows("localhost");
    ada.shows("Open");
}

/// Somebody else gets the page with the message, its end and its patterns, and nothing more.
fn the_visitor_is_held(program: &Program, visitor: &Browser) {
    let answer = program.get("/");
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains(MESSAGE), "{}", answer.body);
    for path in ["/ignored-page/", "/contact/"] {
        assert_eq!(program.get(path).status, 200, "{path} is ignored");
    }
    assert_eq!(program.get("/nowhere/").status, 503, "an unknown address of a closed site tells nothing");
    visitor.open(&program.url("/ignored-page/"));
    visitor.does_not_show("unavailable");
    visitor.does_not_show("This site is in maintenance.");
    visitor.open(&program.url("/"));
    visitor.shows(MESSAGE);
    visitor.shows("UTC");
}

fn ada_sees_the_closed_site(ada: &Browser, program: &Program) {
    ada.open(&program.url("/"));
    ada.shows("This site is in maintenance. You see it because you are a superuser.");
    ada.press("Open in the panel");
    assert_eq!(ada.path(), "/admin/sites/1/");
    ada.shows("1 of 1 site in maintenance");
}

fn the_set_up_link_is_dead(stranger: &Browser, program: &Program) {
    stranger.open(&program.setup_link());
    eventually("the page is not there", || {
        let text = stranger.text();
        if text.contains("Create superuser") { Err(text) } else { Ok(()) }
    });
    let path = program.setup_link().replace(&program.origin, "");
    assert_eq!(program.get(&path).status, 404);
}
