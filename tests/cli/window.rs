//! `maintenance window`.

use jiff::{SignedDuration, Timestamp};

use crate::machine::Machine;

#[expect(clippy::disallowed_methods, reason = "a window of a test begins now")]
fn now() -> Timestamp {
    Timestamp::now()
}

#[test]
fn a_window_is_planned_listed_and_removed() {
    let machine = Machine::with_sites(&["forum.example", "shop.example"]);
    let words = ["window", "add", "forum", "--start", "2099-11-22 02:00", "--for", "1h", "--name", "Database upgrade"];
    machine.run_words(&words).succeeds().says(&[
        "Planned window-1 “Database upgrade” on forum.example:",
        "Sun 2099-11-22 02:00 to 03:00 UTC",
        "Undo: maintenance undo",
    ]);
    machine.run("window list").succeeds().says(&[
        "window-1",
        "forum.example",
        "02:00 to 03:00 UTC",
        "Database upgrade",
    ]);
    machine.run("window list shop").succeeds().remarks(&["nothing is planned"]);
    let listed = machine.run("window list --json").succeeds().json();
    assert_eq!(listed[0]["id"], "window-1");
    assert_eq!((&listed[0]["domain"], &listed[0]["running"]), (&"forum.example".into(), &false.into()));
    assert_eq!(listed[0]["times"][0]["starts_at"], "2099-11-22T02:00:00Z");
    assert_eq!(machine.phase("forum"), "open");
    machine.run("window remove window-1").succeeds().says(&["Removed window-1"]);
    machine.run("window remove 1").fails(1, &["there is no such window"]);
    machine.run("undo").succeeds();
    machine.run("window list").succeeds().says(&["window-1"]);
}

#[test]
fn a_rule_begins_and_stops_when_it_is_told_to() {
    let machine = Machine::with_sites(&["forum.example"]);
    let add = |more: &[&str]| {
        let words = ["window", "add", "forum", "--repeat", "0 2 * * *", "--for", "1h", "--zone", "Europe/Berlin"];
        machine.run_words(&[&words, more].concat())
    };
    add(&["--start", "2099-02-26 03:00", "--until", "2099-02-28"]).succeeds().says(&[
        "  Fri 2099-02-27 02:00 to 03:00 Europe/Berlin = Fri 2099-02-27 01:00 to 02:00 UTC\n",
        "  Sat 2099-02-28 02:00 to 03:00 Europe/Berlin = Sat 2099-02-28 01:00 to 02:00 UTC\n",
        "  until the end of 2099-02-28\n",
    ]);
    let listed = machine.run("window list --json").succeeds().json();
    assert_eq!((&listed[0]["rule"], &listed[0]["until"]), (&"0 2 * * *".into(), &"2099-02-28T23:00:00Z".into()));
    assert_eq!(listed[0]["times"].as_array().unwrap().len(), 2);
    add(&["--start", "2099-02-26 03:00", "--until", "2099-03-28 02:30"])
        .succeeds()
        .says(&["  and so on until 2099-03-28 02:30\n"]);
    for (until, why) in [
        ("2020-01-01", "it never begins before --until"),
        ("spring", "a day is 2027-03-31, which counts to its end"),
        ("2099-02-30", "a day is 2027-03-31, which counts to its end"),
    ] {
        add(&["--until", until]).fails(2, &[why]);
    }
    machine.run("window add forum --start 02:00 --for 1h --until 2099-01-01").fails(2, &["--repeat"]);
}

#[test]
fn a_time_is_that_of_the_zone_and_a_clock_change_is_pointed_out_before_it_is_saved() {
    let machine = Machine::new();
    machine.run("site add forum.example --time-zone Europe/Berlin").succeeds();
    let add = |start: &str| {
        vec!["window", "add", "--start", start, "--for", "1h"].into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let run = |words: &[String]| machine.run_words(&words.iter().map(String::as_str).collect::<Vec<_>>());
    run(&add("2027-01-10 02:00"))
        .succeeds()
        .says(&["02:00 to 03:00 Europe/Berlin = Sun 2027-01-10 01:00 to 02:00 UTC"]);
    run(&add("2027-03-28 02:30")).fails(2, &["does not exist, because the clock jumps: 03:00 is taken", "add --yes"]);
    run(&add("2027-10-31 02:30")).fails(2, &["comes twice", "for the second give its offset, 2027-10-31T02:30+01:00"]);
    run(&add("2027-10-31T02:30+01:00")).succeeds().says(&["Sun 2027-10-31 01:30 to 02:30 UTC"]);
    let mut odd = add("2027-03-28 02:30");
    odd.push("--yes".to_owned());
    run(&odd).succeeds().says(&["03:00 to 04:00 Europe/Berlin"]);
    let weekly = ["window", "add", "--repeat", "30 2 * * SUN", "--for", "20m"];
    let ran = machine.run_words(&weekly).ends_with(2);
    assert!(ran.err.matches("because the clock").count() >= 2, "{}", ran.err);
}

#[test]
fn a_window_repeats_with_the_next_five_shown_and_one_can_be_left_out() {
    let machine = Machine::with_sites(&["forum.example"]);
    let ran = machine.run_words(&["window", "add", "--repeat", "0 2 * * *", "--for", "90m"]).succeeds();
    assert_eq!(ran.out.matches("02:00 to 03:30 UTC").count(), 5, "{}", ran.out);
    let times = |machine: &Machine| machine.run("window list --json").json()[0]["times"].clone();
    let (first, second) = (times(&machine)[0].clone(), times(&machine)[1].clone());
    machine.run("window skip window-1").succeeds().says(&["Left out window-1", "It comes again"]);
    assert_eq!(times(&machine)[0], second);
    machine.run("undo").succeeds();
    assert_eq!(times(&machine)[0], first);
    let at = second["starts_at"].as_str().unwrap();
    machine.run_words(&["window", "skip", "window-1", "--at", at]).succeeds();
    assert_eq!(times(&machine)[0], first);
    machine.run_words(&["window", "skip", "window-1", "--at", "2099-01-01 01:23"]).fails(1, &["no time"]);
}

#[test]
fn windows_that_overlap_are_named() {
    let machine = Machine::with_sites(&["forum.example"]);
    machine.run_words(&["window", "add", "--start", "2099-11-22 02:00", "--for", "1h", "--name", "first"]).succeeds();
    machine.run_words(&["window", "add", "--all", "--start", "2099-11-22 02:30", "--for", "1h"]).succeeds();
    let ran = machine.run_words(&["window", "add", "--start", "2099-11-22 02:45", "--for", "1h"]).succeeds();
    ran.remarks(&["overlaps window-1, “first”", "overlaps window-2"]);
    let apart = machine.run_words(&["window", "add", "--start", "2099-11-23 02:45", "--for", "1h"]).succeeds();
    assert!(!apart.err.contains("overlaps"), "{}", apart.err);
}

#[test]
fn a_window_that_is_started_now_lasts_until_it_is_ended() {
    let machine = Machine::with_sites(&["forum.example"]);
    machine.run("window start --name deployment").succeeds().says(&["Started window-1", "until it is ended"]);
    assert_eq!(machine.state("1")["causes"][0]["id"], "window-1");
    assert_eq!(machine.phase("1"), "maintenance");
    machine.run("window end").succeeds().says(&["Ended window-1 on forum.example."]);
    assert_eq!(machine.phase("1"), "open");
    machine.run("window end").succeeds().says(&["No window runs on forum.example."]);
    machine.run("window end window-1").fails(1, &["no time"]);
    machine.run("window end window-9").fails(1, &["no such window"]);
}

#[test]
fn one_that_runs_is_extended_and_the_state_has_the_new_end() {
    let machine = Machine::with_sites(&["forum.example"]);
    machine.run("window start --for 20m").succeeds();
    let until = |machine: &Machine| machine.state("1")["until"].as_str().unwrap().parse::<Timestamp>().unwrap();
    let planned = until(&machine);
    machine.run("window extend window-1").succeeds().says(&["Extended window-1"]);
    assert_eq!(until(&machine).duration_since(planned), SignedDuration::from_mins(15));
    machine.run("window extend window-1 --by 1h").succeeds();
    assert_eq!(until(&machine).duration_since(planned), SignedDuration::from_mins(75));
}

#[test]
fn a_window_of_all_sites_ends_on_one_and_goes_on_on_the_others() {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    machine.run("window start --all --for 1h").fails(2, &["Start maintenance on all 2 sites", "add --yes"]);
    machine.run("window start --all --for 1h --yes").succeeds().says(&["on all sites"]);
    assert_eq!((machine.phase("1"), machine.phase("2")), ("maintenance".to_owned(), "maintenance".to_owned()));
    machine.run("off a.example").succeeds().says(&["Ended: window-1"]);
    assert_eq!((machine.phase("1"), machine.phase("2")), ("open".to_owned(), "maintenance".to_owned()));
    machine.run("window end window-1").succeeds();
    assert_eq!(machine.phase("2"), "open");
}

#[test]
fn ending_one_cause_says_what_still_holds_the_site_and_ending_all_names_each() {
    let machine = Machine::with_sites(&["a.example"]);
    machine.run("on").succeeds();
    machine.run("window start --name upgrade").succeeds();
    machine.run("off --cause box").ends_with(6).says(&["window-1 “upgrade”"]);
    machine.run("on").succeeds();
    machine.run("off").succeeds().says(&["Ended: box (started by", "window-1 “upgrade”"]);
    assert_eq!(machine.phase("1"), "open");
}

#[test]
fn what_cannot_be_planned_is_refused_in_words_and_nothing_is_kept() {
    let machine = Machine::with_sites(&["forum.example"]);
    for (words, part) in [
        (vec!["--start", "2099-11-22 02:00", "--end", "2099-11-22 01:00"], "must be after the start"),
        (vec!["--start", "2020-11-22 02:00", "--for", "1h"], "over already"),
        (vec!["--start", "2099-11-22 02:00", "--zone", "Mars/Olympus"], "time zone"),
        (vec!["--start", "soon"], "a time is 02:00 or 2026-11-22 02:00"),
        (vec!["--repeat", "0 2 30 2 *", "--for", "1h"], "never happens"),
        (vec!["--repeat", "* * * * *", "--for", "1h"], "would never end"),
        (vec!["--repeat", "* * * * * *", "--for", "1h"], "five fields"),
        (vec!["--repeat", "often", "--for", "1h"], "not a rule"),
        (vec!["--repeat", "0 2 * * *"], "--for"),
        (vec![], "--start"),
    ] {
        let all: Vec<&str> = ["window", "add"].into_iter().chain(words.clone()).collect();
        let ran = machine.run_words(&all).fails(2, &[]);
        assert!(ran.err.contains(part), "{words:?}: {}", ran.err);
    }
    machine.run("window add nonsense --start 02:00").fails(3, &["no site matches"]);
    machine.run("window skip nonsense").fails(2, &["window-NUMBER"]);
    machine.run("window list").succeeds().remarks(&["nothing is planned"]);
}

#[test]
fn a_window_closes_and_opens_at_the_second_without_anybody_doing_anything() {
    let machine = Machine::with_sites(&["forum.example"]);
    let second = |ahead: i64| {
        let at = now() + SignedDuration::from_secs(ahead);
        at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    let (start, end) = (second(2), second(4));
    machine.run_words(&["window", "add", "--start", &start, "--end", &end]).succeeds();
    assert_eq!(machine.phase("1"), "open");
    let (start, end): (Timestamp, Timestamp) = (start.parse().unwrap(), end.parse().unwrap());
    while machine.phase("1") == "open" {
        assert!(now() < end, "it never closed");
    }
    assert!(now() >= start);
    while machine.phase("1") == "maintenance" {
        assert!(now() < end + SignedDuration::from_secs(20), "it never opened");
    }
    assert!(now() >= end);
}

#[test]
fn a_dry_run_plans_nothing() {
    let machine = Machine::with_sites(&["forum.example"]);
    let words = ["window", "add", "--start", "2099-11-22 02:00", "--for", "1h", "--dry-run"];
    machine.run_words(&words).succeeds().says(&["Would plan a window on forum.example"]);
    machine.run("window list").succeeds().remarks(&["nothing is planned"]);
}

#[test]
fn a_protected_site_needs_a_yes_to_begin_a_window_now() {
    let machine = Machine::with_sites(&["a.example"]);
    machine.run("site add shop.example --protected").succeeds();
    machine.run("window start a.example shop.example").fails(2, &["shop.example is protected", "add --yes"]);
    assert_eq!((machine.phase("1"), machine.phase("2")), ("open".to_owned(), "open".to_owned()));
    machine.run("window start shop.example --yes").succeeds();
    assert_eq!(machine.phase("2"), "maintenance");
}
