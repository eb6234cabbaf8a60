//! Every page and every state of it, on every screen, by the rules of axe-core and those of `helpers/axe.rs`.

use std::collections::{BTreeMap, BTreeSet};

use maintenance_mode::admin::routes::ROUTES;
use serde_json::{Value, json};

use crate::helpers::{Browser, PASSWORD, Program, a_browser, a_program, check_page};

/// Routes that answer with something else than a page, or that a superuser is not shown.
const NOT_WALKED: [&str; 11] = [
    "login/",
    "logged-out/",
    "setup/{token}/",
    "static/{version}/{name}",
    "servers/live/",
    "servers/database/",
    "sites/{id}/draining/",
    "sites/{id}/draining/live/",
    "sites/{id}/draining/events",
    "history/export.csv",
    "history/export.jsonl",
];

/// A server with a site in every state, and people of every role.
fn furnished() -> Program {
    a_program()
        .with(&["site", "add", "forum.example.com", "--name", "Community forum", "--alias", "*.preview.example.com"])
        .with(&["site", "add", "api.example.com"])
        .with(&["site", "add", "billing.example.com", "--protected"])
        .with(&["pattern", "add", "^health/$", "--site", "forum", "--description", "probe"])
        .with(&["window", "add", "api", "--start", "2030-01-13 02:00", "--for", "90m", "--name", "Upgrade"])
        .with(&["window", "add", "--all", "--repeat", "0 2 29 2 *", "--for", "1h", "--yes"])
        .with(&["window", "start", "forum", "--name", "Cabling"])
        .with(&["on", "forum", "--for", "30m", "--message", "We are replacing a disk.\n\nNothing is lost."])
        .with_superuser("ada")
        .with_staff("bo", "api.example.com")
        .start()
}

fn nothing_is(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// The route of the panel that a path belongs to.
fn route_of(path: &str) -> Option<&'static str> {
    let path: Vec<&str> = path.strip_prefix("/admin/")?.split('/').collect();
    let is_like = |route: &str| {
        let parts: Vec<&str> = route.split('/').collect();
        parts.len() == path.len() && parts.iter().zip(&path).all(|(part, text)| part == text || part.starts_with('{'))
    };
    let routes = ROUTES.iter().filter(|route| route.method == "GET" && is_like(route.path));
    // `sites/add/` before `sites/{id}/`.
    routes.min_by_key(|route| route.path.contains('{')).map(|route| route.path)
}

/// The links of the page into the panel, and where its GET forms lead, without fragment.
fn links(browser: &Browser) -> Vec<String> {
    let script = "return [...document.querySelectorAll('a[href], iframe[src], form[method=get]')]
        .map((element) => new URL(element.href ?? element.src ?? element.action, location))
        .filter((url) => url.origin === location.origin)
        .map((url) => url.pathname + url.search)";
    let links = browser.run(script, &json!([]));
    links.as_array().expect("a list").iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[test]
#[ignore = "needs Chromium, its driver and axe-core: tests/run installs them"]
fn every_page_that_a_superuser_can_reach_suits_everybody() {
    let program = furnished();
    let ada = a_browser().start();
    ada.log_in(&program.origin, "ada", PASSWORD);
    let (mut wrong, mut seen) = (Vec::new(), BTreeMap::new());
    let mut to_see = vec!["/admin/".to_owned()];
    while let Some(link) = to_see.pop() {
        let (path, query) = link.split_once('?').unwrap_or((&link, ""));
        let Some(route) = route_of(path).filter(|route| !NOT_WALKED.contains(route)) else { continue };
        // A page once for each set of parameters: its filters look alike.
        let parameters: BTreeSet<_> = query.split('&').filter_map(|pair| pair.split('=').next()).collect();
        if seen.insert((route, format!("{parameters:?}")), link.clone()).is_some() {
            continue;
        }
        ada.open(&program.url(&link));
        wrong.extend(check_page(&ada));
        to_see.extend(links(&ada));
    }
    let seen: BTreeSet<_> = seen.keys().map(|(route, _)| *route).collect();
    let posted = ["sites/{id}/start/", "sites/bulk/"];
    for route in ROUTES.iter().filter(|route| route.method == "GET" && !NOT_WALKED.contains(&route.path)) {
        let is_seen = seen.contains(route.path) || posted.contains(&route.path);
        assert!(
            is_seen,
            "no link leads to {}: link to it, or list it among NOT_WALKED and look at it below",
            route.path
        );
    }
    nothing_is(&wrong);
}

#[test]
#[ignore = "needs Chromium, its driver and axe-core: tests/run installs them"]
fn every_question_refusal_and_confirmation_suits_everybody() {
    let program = furnished();
    let ada = a_browser().start();
    let bo = a_browser().start();
    let mut wrong = Vec::new();
    let mut look = |browser: &Browser, words: &str| {
        browser.shows(words);
        wrong.extend(check_page(browser));
    };
    let open = |path: &str| ada.open(&program.url(path));
    ada.log_in(&program.origin, "ada", PASSWORD);

    open("/admin/?q=nothing");
    look(&ada, "No site matches “nothing”.");
    open("/admin/");
    ada.press("Start maintenance on api.example.com");
    look(&ada, "Maintenance started on api.example.com");
    ada.press("Undo");
    look(&ada, "Undone: api.example.com is open again.");
    ada.press("Start maintenance… on billing.example.com");
    look(&ada, "billing.example.com is protected");
    ada.press("Start maintenance on billing.example.com");
    look(&ada, "Type the domain");
    open("/admin/");
    ada.press("Select several…");
    for site in ["api", "billing"] {
        ada.click(&ada.find(&format!("[aria-label='Select {site}.example.com']")));
    }
    ada.press("Start maintenance");
    look(&ada, "Start maintenance on 2 sites?");

    ada.fill(&ada.labelled("Minutes at most"), "3000");
    ada.press("Start maintenance on 2 sites");
    look(&ada, "The drain may last 50 h");
    open("/admin/sites/2/draining/");
    look(&ada, "It does not drain: it is open.");

    open("/admin/sites/2/");
    ada.click(&ada.labelled("In maintenance mode"));
    ada.fill(&ada.labelled("Expected end (optional)"), "soon");
    ada.fill(&ada.find("#patterns-0-pattern"), "^health[");
    ada.press("Save");
    look(&ada, "Nothing was saved.");
    ada.fill(&ada.labelled("Expected end (optional)"), "");
    ada.fill(&ada.find("#patterns-0-pattern"), ".*");
    ada.press("Save");
    look(&ada, "Nothing was saved yet. Is this what you want?");
    ada.fill(&ada.find("#patterns-0-pattern"), "^health/$");
    ada.press("Check without saving");
    look(&ada, "Nothing was saved.");

    open("/admin/sites/1/");
    ada.fill(&ada.labelled("Text (optional)"), "We are replacing two disks.");
    program.command(&["on", "forum", "--message", "We are replacing a power supply."]);
    ada.press("Save");
    look(&ada, "Take theirs");

    open("/admin/schedule/add/");
    ada.press("Review");
    look(&ada, "Choose a site.");
    program.command(&["window", "start", "api", "--for", "1h", "--name", "Move"]);
    open("/admin/schedule/1/");
    ada.press("Review");
    look(&ada, "Nothing was saved yet. Is this what you want?");
    ada.press("Save");
    look(&ada, "Nothing changed.");
    ada.press("+15 min: window-4 “Move”, api.example.com");
    look(&ada, "lasts 15 min longer");
    open("/admin/sites/1/");
    ada.click(&ada.labelled("In maintenance mode"));
    ada.press("Save");
    look(&ada, "Which is meant?");

    open("/admin/history/");
    ada.press("Undo Maintenance started, forum.example.com");
    look(&ada, "Undo anyway?");
    open("/admin/sites/1/?target=/cart&method=GET&ip=203.0.113.9&user=");
    look(&ada, "503");
    for kind in ["json", "text"] {
        open(&format!("/admin/sites/1/preview/?kind={kind}"));
        look(&ada, "Retry-After");
    }
    open("/admin/sites/1/preview/page?language=ar");
    look(&ada, "Community forum");
    open("/admin/sites/add/");
    ada.fill(&ada.labelled("Domain"), "http://shop.example.com/");
    ada.press("Add site");
    look(&ada, "Nothing was saved.");
    open("/admin/sites/2/delete/");
    ada.press("Delete api.example.com");
    look(&ada, "Nothing was deleted.");
    open("/admin/users/add/");
    ada.press("Add user");
    look(&ada, "Nothing was saved.");
    open("/admin/account/");
    ada.press("Change password");
    look(&ada, "Nothing was saved.");
    open("/admin/history/?site=nothing");
    look(&ada, "Show everything");
    open("/admin/nowhere/");
    look(&ada, "There is no such page");

    bo.log_in(&program.origin, "bo", PASSWORD);
    look(&bo, "api.example.com");
    for path in ["/admin/sites/1/", "/admin/users/"] {
        bo.open(&program.url(path));
        look(&bo, "ada");
    }
    nothing_is(&wrong);
}

#[test]
#[ignore = "needs Chromium, its driver and axe-core: tests/run installs them"]
fn every_page_for_somebody_who_is_not_signed_in_suits_everybody() {
    let fresh = a_program().start();
    let program = furnished();
    let browser = a_browser().start();
    let mut wrong = Vec::new();
    let mut look = |words: &str| {
        browser.shows(words);
        wrong.extend(check_page(&browser));
    };
    browser.open(&fresh.setup_link());
    look("Create the first superuser");
    browser.fill(&browser.labelled("User name"), "ada");
    browser.fill(&browser.labelled("Password"), "short");
    browser.press("Create superuser");
    look("Nothing was saved.");
    for (path, words) in [("/", "This site is open"), ("/ignored-page/", "Ignored"), ("/nowhere/", "")] {
        browser.open(&fresh.url(path));
        look(words);
    }
    browser.open(&program.url("/"));
    look("We are replacing a disk.");
    browser.open(&program.url("/admin/"));
    look("Log in");
    browser.fill(&browser.labelled("User name"), "ada");
    browser.fill(&browser.labelled("Password"), "wrong");
    browser.press("Log in");
    look("That user name and password do not match.");
    browser.log_in(&program.origin, "ada", PASSWORD);
    browser.open(&program.url("/"));
    look("This site is in maintenance.");
    browser.open(&program.url("/admin/"));
    browser.press("Log out");
    look("You are logged out");
    nothing_is(&wrong);
}
