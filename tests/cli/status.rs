//! `maintenance status`.

use crate::machine::Machine;

#[test]
fn the_pinned_fields_are_there_in_every_state() {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    machine.run("on b.example --for 1h --message hello").succeeds();
    let states = machine.run("status --json").succeeds().json();
    for state in states.as_array().unwrap() {
        for field in ["id", "domain", "phase", "since", "until", "message", "causes", "next", "revision"] {
            assert!(state.get(field).is_some(), "{field}: {state}");
        }
    }
    let (open, closed) = (&states[0], &states[1]);
    assert_eq!(
        (open["phase"].as_str(), &open["since"], &open["causes"]),
        (Some("open"), &().into(), &serde_json::json!([]))
    );
    assert_eq!((closed["phase"].as_str(), closed["message"].as_str()), (Some("maintenance"), Some("hello")));
    assert_eq!(closed["causes"][0]["id"], "box");
    for time in [&closed["since"], &closed["until"]] {
        assert!(time.as_str().unwrap().ends_with('Z'), "{time}");
    }
}

#[test]
fn exceptions_come_first_with_shape_and_word() {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    machine.run("on b.example").succeeds();
    let ran = machine.run("status").succeeds();
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].starts_with("■ b.example  in maintenance  since "), "{}", ran.out);
    assert!(lines[0].contains("CLI, "), "{}", ran.out);
    assert_eq!(lines[1], "○ a.example  open");
}

#[test]
fn of_many_open_sites_only_the_number_is_shown() {
    let domains: Vec<String> = (0..12).map(|site| format!("s{site}.example")).collect();
    let machine = Machine::with_sites(&domains.iter().map(String::as_str).collect::<Vec<_>>());
    machine.run("status").succeeds().says(&["○ All 12 sites open.  Show all: maintenance status --all"]);
    machine.run("on s3").succeeds();
    let ran = machine.run("status").succeeds();
    assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
    ran.says(&["■ s3.example", "○ 11 more sites open.  Show all: maintenance status --all"]);
    assert_eq!(machine.run("status --all").succeeds().out.lines().count(), 12);
    machine.run("status s5").succeeds().says(&["○ s5.example  open"]);
}

#[test]
fn a_window_ahead_is_shown_and_listed_before_the_open_sites() {
    let machine = Machine::with_sites(&["a.example", "b.example", "c.example"]);
    let add = ["window", "add", "b.example", "--start", "2099-11-22 02:00", "--for", "1h", "--name", "Upgrade"];
    machine.run_words(&add).succeeds();
    machine.run("on c.example").succeeds();
    let ran = machine.run("status").succeeds();
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].starts_with("■ c.example"), "{}", ran.out);
    assert_eq!(lines[1], "◷ b.example  scheduled       Sun 2099-11-22 02:00–03:00  Upgrade");
    assert_eq!(lines[2], "○ a.example  open");
    let state = machine.state("b.example");
    assert_eq!((state["phase"].as_str(), &state["since"]), (Some("open"), &serde_json::Value::Null));
    let next = serde_json::json!({
        "id": "window-1", "starts_at": "2099-11-22T02:00:00Z", "ends_at": "2099-11-22T03:00:00Z", "name": "Upgrade",
    });
    assert_eq!(state["next"], next);
    assert_eq!(machine.state("a.example")["next"], serde_json::Value::Null);
    machine.run("status b.example --exit-code").ends_with(0);
}

#[test]
fn of_many_open_sites_those_are_shown_that_are_closed_first() {
    let domains: Vec<String> = (0..12).map(|site| format!("s{site:02}.example")).collect();
    let machine = Machine::with_sites(&domains.iter().map(String::as_str).collect::<Vec<_>>());
    machine.run("window add s07 --start 2099-11-22T02:00Z --for 1h").succeeds();
    machine.run("status").succeeds().says(&["◷ s07.example  scheduled", "○ 11 more sites open."]);
    machine.run("window add --all --yes --start 2099-11-23T02:00Z --for 1h").succeeds();
    let ran = machine.run("status").succeeds();
    assert_eq!((ran.out.lines().count(), ran.out.matches('◷').count()), (11, 10), "{}", ran.out);
    ran.says(&["○ 2 more sites open."]);
}

#[test]
fn a_site_past_its_expected_end_is_overdue() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("on --for 1s").succeeds();
    while machine.state("1")["overdue"] == false {}
    assert_eq!(machine.phase("1"), "maintenance", "it stays closed");
    machine.run("status").succeeds().says(&["overdue)"]);
}

#[test]
fn the_exit_code_tells_the_most_closed_state_when_asked() {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    machine.run("status --exit-code").ends_with(0);
    machine.run("on b.example").succeeds();
    machine.run("status").ends_with(0);
    machine.run("status --exit-code").ends_with(10);
    machine.run("status b.example --exit-code --json").ends_with(10);
    machine.run("status a.example --exit-code").ends_with(0);
    machine.run("status a.example b.example --exit-code").ends_with(10);
    machine.run("status nonsense --exit-code").fails(3, &["nonsense"]);
}

#[test]
fn without_sites_it_says_how_to_add_one() {
    let machine = Machine::new();
    machine.run("migrate").succeeds();
    machine.run("status").succeeds().says(&["No sites yet.", "maintenance site add"]);
    assert_eq!(machine.run("status --json").json(), serde_json::json!([]));
}

#[test]
fn a_site_is_found_by_whatever_it_is_called_alone_or_among_others() {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    machine.run("site edit b.example --add-alias www.b.example --add-alias *.b.example").succeeds();
    machine.run("on b.example").succeeds();
    for name in ["2", "b.example", "B.Example.", "www.b.example", "x.b.example", "*.b.example", "b.ex", "2 b.example"] {
        machine.run(&format!("status {name} --exit-code")).ends_with(10).says(&["■ b.example"]);
        let both = machine.run(&format!("status {name} 1 --exit-code")).ends_with(10);
        assert_eq!(both.out.lines().count(), 2, "{name}");
    }
    for name in ["3", "c.example", "3 b.example"] {
        machine.run(&format!("status {name} --exit-code")).fails(3, &["no site matches"]);
    }
    machine.run("status 3 a.example --ignore-missing --exit-code").ends_with(0);
    machine.run("status").succeeds();
}
