//! `maintenance pattern`.

use crate::machine::Machine;

#[test]
fn a_pattern_is_added_listed_and_removed() {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    machine.run("pattern add ^ignored-page/$").succeeds().says(&["Added ^ignored-page/$ as pattern 1 of a.example."]);
    machine.run_words(&["pattern", "add", "/health", "--kind", "prefix", "--description", "the probe"]).succeeds();
    machine.run("pattern add /robots.txt --kind exact --site b.example").succeeds();
    machine
        .run("pattern list")
        .succeeds()
        .says(&["  1  regex   ^ignored-page/$", "  2  prefix  /health          the probe"]);
    let json = machine.run("pattern list --site b.example --json").succeeds().json();
    let row = serde_json::json!({"site": "b.example", "number": 1, "kind": "exact", "pattern": "/robots.txt", "description": ""});
    assert_eq!(json, serde_json::json!([row]));
    machine
        .run("pattern remove ^ignored-page/$")
        .succeeds()
        .says(&["Removed the pattern ^ignored-page/$ from a.example."]);
    machine.run("pattern remove 1").succeeds().says(&["/health"]);
    machine.run("pattern list").succeeds().remarks(&["no ignored patterns"]);
    assert_eq!(machine.run("pattern list --json").json(), serde_json::json!([]));
}

#[test]
fn a_pattern_that_is_there_already_is_not_added_twice() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("pattern add ^a/$").succeeds();
    machine.run("pattern add ^a/$").succeeds().says(&["^a/$ is pattern 1 of example.com already. Nothing changed."]);
    let json = machine.run("pattern add ^a/$ --json").succeeds().json();
    assert_eq!((&json["added"], &json["number"]), (&false.into(), &1.into()));
}

#[test]
fn an_invalid_pattern_is_refused_with_the_place_of_the_error() {
    let machine = Machine::with_sites(&["example.com"]);
    let long = "x".repeat(256);
    let costly = "(a{1000}){1000}";
    for (pattern, why) in [
        ("[", "at character 1"),
        ("", "empty"),
        (&long, "255"),
        (costly, ""),
        ("(?=x)", ""),
        ("a\\1", ""),
        ("a\nb", ""),
    ] {
        machine.run_words(&["pattern", "add", pattern]).fails(2, &["error: nothing was saved: ", why]);
    }
    machine.run("pattern add ^x/$ --kind glob").fails(2, &["--kind", "regex"]);
    assert_eq!(machine.run("pattern list --json").json(), serde_json::json!([]));
}

#[test]
fn a_pattern_that_frees_more_than_usual_needs_a_yes() {
    let machine = Machine::with_sites(&["example.com"]);
    for pattern in [".*", "^admin"] {
        let ran = machine.run(&format!("pattern add {pattern}")).fails(2, &["warning: ", "add --yes"]);
        assert!(ran.err.contains(&format!("Add the pattern {pattern} anyway?")), "{}", ran.err);
    }
    assert_eq!(machine.run("pattern list --json").json(), serde_json::json!([]));
    machine.run("pattern add ^admin --yes").succeeds().says(&["Added ^admin"]).remarks(&["warning: "]);
    machine.run("pattern add ^other/$").succeeds();
    assert_eq!(
        machine.run("pattern list --json").json().as_array().unwrap().len(),
        2,
        "an old warning is not repeated"
    );
}

#[test]
fn an_unknown_pattern_is_refused_with_the_known_ones() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("pattern remove ^b/$").fails(1, &["example.com has no pattern ^b/$", "it has none"]);
    machine.run("pattern add ^a/$").succeeds();
    for typed in ["^b/$", "0", "2"] {
        machine.run(&format!("pattern remove {typed}")).fails(1, &["has no pattern", "^a/$"]);
    }
    machine.run("pattern remove 1 --site nonsense").fails(3, &["no site matches"]);
}
