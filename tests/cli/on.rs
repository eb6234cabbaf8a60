//! `maintenance on`.

use crate::machine::Machine;

#[test]
fn it_starts_maintenance_and_says_what_matters() {
    let machine = Machine::with_sites(&["forum.example.com", "shop.example.com"]);
    machine.run("pattern add ^health/$").succeeds();
    let machine = machine.env("INTERNAL_IPS", "10.0.0.0/8");
    let ran = machine.run_words(&["on", "forum", "--for", "30m", "--message", "Upgrade under way."]).succeeds();
    ran.says(&[
        "Maintenance started on forum.example.com at ",
        " UTC, expected end ",
        "Let in: superusers, staff, 10.0.0.0/8, 1 pattern.",
        "Undo: maintenance undo   Check: maintenance why https://forum.example.com/",
    ]);
    let state = machine.state("forum");
    assert_eq!((state["phase"].as_str(), state["message"].as_str()), (Some("maintenance"), Some("Upgrade under way.")));
    assert!(state["started_by"].as_str().unwrap().starts_with("CLI, "), "{state}");
    assert_eq!(machine.phase("shop"), "open", "the other site is not touched");
}

#[test]
fn staff_that_are_blocked_are_not_said_to_be_let_in() {
    let machine = Machine::with_sites(&["example.com"]).env("MAINTENANCE_BLOCK_STAFF", "true");
    let ran = machine.run("on").succeeds();
    assert!(ran.out.contains("Let in: superusers.") && !ran.out.contains("staff"), "{}", ran.out);
}

#[test]
fn already_so_is_said_and_changes_nothing() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("on").succeeds();
    let before = machine.state("1");
    machine.run("on").succeeds().says(&["example.com is already in maintenance, started by CLI, ", "Nothing changed."]);
    assert_eq!(machine.state("1"), before);
}

#[test]
fn message_and_expected_end_of_a_running_maintenance_are_changed() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("on --for 30m").succeeds();
    let since = machine.state("1")["since"].clone();
    machine.run("on --for 2h --message later").succeeds().says(&["Maintenance updated on example.com", "expected end"]);
    let state = machine.state("1");
    assert_eq!((&state["since"], state["message"].as_str()), (&since, Some("later")));
    assert_eq!(machine.run("on --message later --json").json()[0]["result"], "already");
}

#[test]
fn the_expected_end_is_a_time_or_a_duration_and_opens_only_when_that_is_meant() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("on --until 2099-01-02T03:04Z").succeeds().says(&["expected end 2099-01-02 03:04."]);
    let state = machine.state("1");
    assert_eq!(
        (state["until"].as_str(), &state["causes"][0]["ends_by_itself"]),
        (Some("2099-01-02T03:04:00Z"), &false.into())
    );
    machine.run("off").succeeds();
    machine.run("on --for 1h --open-at-end").succeeds().says(&["opens by itself at "]);
    assert_eq!(machine.state("1")["causes"][0]["ends_by_itself"], true);
}

#[test]
fn a_site_that_opens_by_itself_is_open_afterwards() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("on --for 1s --open-at-end").succeeds();
    while machine.phase("1") == "maintenance" {}
    let state = machine.state("1");
    assert_eq!((&state["causes"], &state["since"]), (&serde_json::json!([]), &serde_json::Value::Null));
    machine.run("on").succeeds().says(&["Maintenance started"]);
}

#[test]
fn wrong_ends_are_refused_with_what_would_be_right() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("on --for 30").fails(2, &["--for", "30m, 2h, 1h30m or 90s"]);
    machine.run("on --for 0m").fails(2, &["--for"]);
    machine.run("on --until tomorrow").fails(2, &["--until", "03:30 or 2026-11-21 03:30, in UTC"]);
    machine.run("on --until 2020-01-01T00:00Z").fails(1, &["the expected end: lies in the past"]);
    machine.run("on --open-at-end").fails(2, &["--for", "--until"]);
    machine.run("on --for 1h --until 03:30").fails(2, &["cannot be used with"]);
    assert_eq!(machine.phase("1"), "open");
}

#[test]
fn a_message_that_is_too_long_is_refused_and_nothing_is_half_done() {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    let long = "x".repeat(100_000);
    machine.run_words(&["on", "a.example", "b.example", "--message", &long]).fails(1, &["--message:", "4800"]);
    assert_eq!((machine.phase("1"), machine.phase("2")), ("open".to_owned(), "open".to_owned()));
}

#[test]
fn several_sites_are_closed_each_once() {
    let machine = Machine::with_sites(&["a.example", "b.example", "c.example"]);
    let ran = machine.run("on a.example 1 b.ex --json").succeeds();
    let results: Vec<(i64, String)> = ran
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|site| (site["id"].as_i64().unwrap(), site["result"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(results, [(1, "started".to_owned()), (2, "started".to_owned())]);
    assert_eq!(machine.phase("3"), "open");
}

#[test]
fn all_sites_need_a_yes() {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    machine.run("on --all").fails(2, &["Start maintenance on all 2 sites (a.example, b.example)?", "add --yes"]);
    assert_eq!(machine.phase("1"), "open");
    machine.run("on --all --yes").succeeds();
    assert_eq!((machine.phase("1"), machine.phase("2")), ("maintenance".to_owned(), "maintenance".to_owned()));
    machine.run("on a.example --all").fails(2, &["cannot be used with"]);
}

#[test]
fn a_protected_site_needs_a_yes() {
    let machine = Machine::with_sites(&["a.example"]);
    machine.run("site add shop.example --protected").succeeds();
    machine.run("on a.example shop.example").fails(2, &["shop.example is protected", "add --yes"]);
    assert_eq!((machine.phase("1"), machine.phase("2")), ("open".to_owned(), "open".to_owned()));
    machine.run("on shop.example --yes").succeeds();
    machine.run("on shop.example --message more").succeeds();
}

#[test]
fn a_dry_run_says_what_would_change_and_changes_nothing() {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    machine.run("on b.example").succeeds();
    let before = machine.run("history --json --limit 0").out;
    let ran = machine.run("on --all --for 1h --dry-run").succeeds();
    ran.says(&["Would start maintenance on a.example, expected end", "b.example is already in maintenance"]);
    let plans = machine.run("on --all --dry-run --json").succeeds().json();
    assert_eq!((&plans[0]["would"], &plans[1]["would"]), (&"start".into(), &"nothing".into()));
    assert_eq!(machine.run("history --json --limit 0").out, before);
}

#[test]
fn an_unknown_site_is_refused_with_the_known_ones_nearest_first() {
    let machine = Machine::with_sites(&["api.example.com", "forum.example.com"]);
    let ran = machine.run("on form").fails(3, &["error: no site matches \"form\". Did you mean forum.example.com?"]);
    assert!(ran.err.contains("Known sites: forum.example.com, api.example.com"), "{}", ran.err);
    machine.run("on 7").fails(3, &["no site matches \"7\""]);
    machine.run("on example").fails(3, &["\"example\" matches 2 sites: api.example.com, forum.example.com"]);
    machine.run("on api.example.com nonsense").fails(3, &["nonsense"]);
    assert_eq!(machine.phase("api"), "open", "all or none");
}

#[test]
fn missing_sites_are_skipped_when_that_is_meant() {
    let machine = Machine::with_sites(&["api.example.com", "forum.example.com"]);
    machine.run("on nonsense api --ignore-missing").succeeds().remarks(&["no site matches \"nonsense\"; skipped"]);
    assert_eq!((machine.phase("api"), machine.phase("forum")), ("maintenance".to_owned(), "open".to_owned()));
    assert_eq!(machine.run("on nonsense --ignore-missing --json").succeeds().json(), serde_json::json!([]));
    machine.run("on example --ignore-missing").fails(3, &["matches 2 sites"]);
}

#[test]
fn no_site_named_means_the_default_one() {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    machine.run("on").succeeds().says(&["a.example"]);
    let machine = machine.env("SITE_ID", "2");
    machine.run("on").succeeds().says(&["b.example"]);
    let machine = machine.env("SITE_ID", "9");
    machine.run("off").fails(3, &["SITE_ID is 9", "a.example"]);
    let empty = Machine::new();
    empty.run("migrate").succeeds();
    empty.run("on").fails(3, &["there are no sites yet", "maintenance site add"]);
}

#[test]
fn what_is_closed_for_writing_only_is_called_so() {
    let machine = Machine::with_sites(&["example.com"]);
    machine
        .run("on --read-only --dry-run")
        .succeeds()
        .says(&["Would start maintenance on example.com for writing only."]);
    machine.run("on --read-only").succeeds().says(&["example.com is closed for writing since ", "Reading goes on."]);
    machine.run("on").succeeds().says(&["example.com is already closed for writing, started by CLI, "]);
    let status = machine.run("status").succeeds();
    assert!(status.out.contains("closed for writing") && !status.out.contains("in maintenance"), "{}", status.out);
    machine.run("site list").succeeds().says(&["closed for writing"]);
    let state = machine.state("1");
    assert_eq!((state["phase"].as_str(), state["level"].as_str()), (Some("maintenance"), Some("read-only")));
    machine.run("history").succeeds().says(&["Closed for writing"]);
    machine.run("off").succeeds().says(&["Ended: box for writing only (started by "]);
    machine.run("undo").succeeds().says(&["example.com is closed for writing."]);
    machine.run("off").succeeds();
    machine.run("on").succeeds();
    assert_eq!(machine.state("1")["level"].as_str(), Some("full"));
    machine.run("on --read-only --dry-run").succeeds().says(&["example.com is already in maintenance. Would change"]);
    machine.run("on --dry-run").succeeds().says(&["example.com is already in maintenance. Nothing would change."]);
    machine.run("off").succeeds();
    assert_eq!(machine.state("1")["level"], serde_json::Value::Null);
    machine
        .run("window start --read-only --for 1h")
        .succeeds()
        .says(&["Started window-1 on example.com for writing only"]);
    assert_eq!(machine.run("window list --json").json()[0]["level"].as_str(), Some("read-only"));
}
