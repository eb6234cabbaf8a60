//! The rules that every page keeps on every screen: axe-core finds nothing, nothing scrolls sideways, nothing is
//! refused by the content security policy, and no script fails.

use serde_json::{Value, json};

use super::Browser;

/// How a page is looked at.
#[derive(Debug, Clone, Copy)]
struct Screen {
    /// In CSS pixels.
    width: u32,
    /// `light` or `dark`.
    scheme: &'static str,
}

/// The screens that are looked at: a desk in both schemes, and a phone.
const SCREENS: [Screen; 3] = [
    Screen { width: 1280, scheme: "light" },
    Screen { width: 1280, scheme: "dark" },
    Screen { width: 390, scheme: "light" },
];

/// The narrowest width at which a page must not scroll sideways (WCAG 2.2, 1.4.10).
const NARROWEST: u32 = 320;

/// The source of axe-core.
fn axe() -> String {
    #[expect(clippy::disallowed_methods, reason = "no setting: where tests/run has put axe-core")]
    let path = std::env::var("TEST_AXE").expect("TEST_AXE names axe.min.js (run tests/run)");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What axe found on the page, each with the elements it is about.
const LOOK: &str = "
    const found = await axe.run(document, {
        iframes: false,
        rules: { 'target-size': { enabled: true } },
    });
    return found.violations.map((rule) => `${rule.id} (${rule.help}): `
        + rule.nodes.map((node) => `${node.html} ${node.any.map((check) => check.message).join(' ')}`).join(' | '));
";

/// Looks at the page that is open on every screen, and gives all that is wrong.
pub fn check_page(browser: &Browser) -> Vec<String> {
    let path = browser.path();
    let mut wrong = Vec::new();
    browser.run(&axe(), &json!([]));
    for Screen { width, scheme } in SCREENS {
        browser.resize(width, 800);
        browser.prefer(scheme, "screen");
        let found = browser.run(&format!("return (async () => {{ {LOOK} }})()"), &json!([]));
        let found = found.as_array().expect("a list").iter().filter_map(Value::as_str);
        wrong.extend(found.map(|found| format!("{path} at {width}, {scheme}: {found}")));
    }
    browser.resize(NARROWEST, 800);
    let sideways = browser.run(SIDEWAYS, &json!([]));
    if !sideways.is_null() {
        wrong.push(format!("{path} scrolls sideways at {NARROWEST}: {sideways}"));
    }
    browser.resize(1280, 800);
    browser.prefer("light", "screen");
    wrong.extend(browser.complaints().into_iter().map(|complaint| format!("{path}, console: {complaint}")));
    wrong
}

/// The elements that stick out, when the page is wider than the window.
const SIDEWAYS: &str = "
    if (document.documentElement.scrollWidth <= innerWidth) return null;
    return [...document.querySelectorAll('body *')]
        .filter((element) => element.getBoundingClientRect().right > innerWidth)
        .map((element) => element.outerHTML.slice(0, 120));
";
