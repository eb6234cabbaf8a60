//! The page that visitors get: whole in one response, in the dark, on paper, and in every language that ends a line
//! elsewhere.

use serde_json::{Value, json};

use crate::helpers::{Browser, a_browser, a_program};

/// Most bytes of the page.
const MOST_BYTES: usize = 8192;

const MESSAGE: &str =
    "We are moving to a faster machine.\n\nNothing you saved has been lost. Questions: help@example.com";

#[test]
#[ignore = "needs Chromium and its driver: tests/run installs them"]
fn the_page_is_one_small_response_that_asks_for_nothing() {
    let program = a_program().with(&["site", "add", "forum.example.com"]).with(&["on", "--message", MESSAGE]).start();
    let page = program.get("/").body;
    assert!(page.len() <= MOST_BYTES, "{} bytes", page.len());
    let visitor = a_browser().start();
    visitor.open(&program.url_of("forum.example.com", "/some/path/?page=2"));
    visitor.shows("Nothing you saved has been lost.");
    let others = visitor.run("return performance.getEntriesByType('resource').map((entry) => entry.name)", &json!([]));
    assert_eq!(others, json!([]));
    assert_eq!(visitor.complaints(), Vec::<String>::new());
    assert_eq!(visitor.named("Try again"), visitor.find("a[href='']"), "it leads to the same address");
    visitor.press("Try again");
    assert_eq!(visitor.path(), "/some/path/?page=2");
}

#[test]
#[ignore = "needs Chromium and its driver: tests/run installs them"]
fn the_page_follows_the_light_and_loses_its_controls_on_paper() {
    let program = a_program().with(&["site", "add", "forum.example.com"]).with(&["on", "--message", MESSAGE]).start();
    let visitor = a_browser().start();
    visitor.open(&program.url("/"));
    let brightness = |visitor: &Browser, what: &str| {
        let script = "const style = getComputedStyle(document.querySelector('main'));
            return style[arguments[0]].match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0)";
        visitor.run(script, &json!([what])).as_i64().expect("a sum of red, green and blue")
    };
    let is_shown = |visitor: &Browser, selector: &str| {
        let part = visitor.find(selector);
        visitor.run("return arguments[0].getClientRects().length > 0", &json!([part])) == Value::Bool(true)
    };
    assert!(brightness(&visitor, "backgroundColor") > brightness(&visitor, "color"), "dark on light");
    assert!(is_shown(&visitor, ".again") && is_shown(&visitor, "#by-itself"));
    visitor.prefer("dark", "screen");
    assert!(brightness(&visitor, "backgroundColor") < brightness(&visitor, "color"), "light on dark");
    visitor.prefer("dark", "print");
    assert_eq!(brightness(&visitor, "color"), 0, "black on paper, whatever the screen prefers");
    assert!(!is_shown(&visitor, ".again") && !is_shown(&visitor, "#by-itself"), "paper cannot try again");
    visitor.shows("Nothing you saved has been lost.");
}

#[test]
#[ignore = "needs Chromium and its driver: tests/run installs them"]
fn without_script_the_page_promises_nothing_that_it_cannot_do() {
    let program = a_program().with(&["site", "add", "forum.example.com"]).with(&["on", "--message", MESSAGE]).start();
    let visitor = a_browser().without_script().start();
    visitor.open(&program.url("/"));
    visitor.shows("Nothing you saved has been lost.");
    visitor.does_not_show("by itself");
    visitor.named("Try again");
}
