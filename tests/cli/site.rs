//! `maintenance site`.

use crate::machine::Machine;

#[test]
fn a_site_is_added_by_its_domain_with_names_and_marks() {
    let machine = Machine::new();
    machine.run("site add WWW.Bücher.example. --alias *.preview.example --alias shop.example --time-zone europe/berlin --protected").succeeds();
    let ran = machine.run("site add forum.example --name Forum --default --json").succeeds();
    assert_eq!((&ran.json()["id"], &ran.json()["is_default"]), (&2.into(), &true.into()));
    let sites = machine.run("site list --json").succeeds().json();
    let first = &sites[0];
    assert_eq!(first["domain"], "www.xn--bcher-kva.example");
    assert_eq!(first["aliases"], serde_json::json!(["*.preview.example", "shop.example"]));
    assert_eq!((&first["is_default"], &first["is_protected"]), (&false.into(), &true.into()));
    assert_eq!((&first["time_zone"], &first["phase"]), (&"Europe/Berlin".into(), &"open".into()));
    machine.run("site list").succeeds().says(&[
        "www.bücher.example",
        "protected, also *.preview.example, shop.example",
        "default, \"Forum\"",
    ]);
}

#[test]
fn the_first_site_is_the_default_one() {
    Machine::new().run("site add example.com").succeeds().says(&["Added example.com as site 1, the default site."]);
}

#[test]
fn what_is_no_domain_is_refused_with_a_hint_before_anything_is_made() {
    let machine = Machine::new();
    for (typed, hint) in [
        ("https://example.com/", "holds a scheme"),
        ("example.com:8080", "holds a port"),
        ("example.com/forum", "holds a path"),
        ("*.example.com", "only an alias"),
        ("exa_mple..com", "not a possible part"),
        ("a!b.example", "which a domain cannot"),
    ] {
        machine.run(&format!("site add {typed}")).fails(2, &[hint]);
    }
    machine.run_words(&["site", "add", ""]).fails(2, &["DOMAIN"]);
    machine.run("site add example.com --alias https://x/").fails(2, &["--alias", "scheme"]);
    machine
        .run("site add example.com --time-zone Mars/Olympus")
        .fails(2, &["TIME_ZONE (--time-zone) cannot be `Mars/Olympus`"]);
    assert!(!machine.database().exists());
}

#[test]
fn a_name_belongs_to_one_site_only() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("site add EXAMPLE.com").fails(1, &["example.com belongs to another site already"]);
    machine.run("site add b.example --alias example.com").fails(1, &["example.com belongs to another site already"]);
    machine.run("site add b.example --alias b.example").fails(1, &["b.example stands here twice"]);
    assert_eq!(machine.run("site list --json").json().as_array().unwrap().len(), 1);
}

#[test]
fn only_what_is_given_is_edited() {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    let words = "site edit b.example --domain c.example --name Shop --add-alias www.c.example --default --protected \
                 --time-zone Europe/Paris --redirect-url https://status.example/ --retry-after 300 --add-network 10.0.0.0/8";
    machine.run(words).succeeds().says(&["c.example: Site edited:", "Undo: maintenance undo"]);
    let site = machine.run("site list --json").json()[1].clone();
    assert_eq!(
        (&site["domain"], &site["name"], &site["is_default"]),
        (&"c.example".into(), &"Shop".into(), &true.into())
    );
    assert_eq!((&site["redirect_url"], &site["retry_after"]), (&"https://status.example/".into(), &300.into()));
    assert_eq!(site["networks"][0]["network"], "10.0.0.0/8");
    machine.run("site edit c.example --name Shop").succeeds().says(&["Nothing changed."]);
    let words =
        ["site", "edit", "c.example", "--redirect-url", "", "--retry-after", "0", "--no-protected", "--remove-alias"];
    machine
        .run_words(&[&words[..], &["www.c.example", "--remove-network", "10.0.0.0/8", "--json"]].concat())
        .succeeds();
    let site = machine.run("site list --json").json()[1].clone();
    assert_eq!(
        (&site["redirect_url"], &site["retry_after"], &site["is_protected"]),
        (&().into(), &().into(), &false.into())
    );
    assert_eq!(
        (&site["aliases"], &site["networks"], &site["name"]),
        (&serde_json::json!([]), &serde_json::json!([]), &"Shop".into())
    );
}

#[test]
fn a_wrong_edit_changes_nothing() {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    let before = machine.run("site list --json").out;
    machine
        .run("site edit b.example --domain a.example --name x")
        .fails(1, &["a.example belongs to another site already"]);
    machine.run("site edit b.example --remove-alias x.example").fails(1, &["does not have x.example"]);
    machine.run("site edit b.example --redirect-url //evil.example").fails(2, &["--redirect-url", "https://"]);
    machine.run("site edit b.example --retry-after 3601").fails(2, &["--retry-after"]);
    machine.run("site edit b.example --add-network 10.1.2.3/8").fails(2, &["--add-network", "10.0.0.0/8"]);
    machine.run("site edit nonsense --name x").fails(3, &["no site matches"]);
    machine.run("site edit").fails(2, &["SITE"]);
    assert_eq!(machine.run("site list --json").out, before);
}

#[test]
fn a_site_is_removed_with_a_yes_only() {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    machine.run("site remove b.example").fails(2, &["Remove b.example with its record?", "add --yes"]);
    machine.run("site remove b.example --yes").succeeds().says(&["Removed b.example."]);
    machine.run("status b.example").fails(3, &["no site matches"]);
    let json = machine.run("site remove a.example --yes --json").succeeds().json();
    assert_eq!((&json["id"], &json["domain"]), (&1.into(), &"a.example".into()));
}
