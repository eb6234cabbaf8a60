//! `maintenance why`.

use crate::machine::{Machine, PASSWORD};

/// Two sites, the first closed, with a pattern, a network and users.
fn a_closed_site() -> Machine {
    let machine = Machine::with_sites(&["forum.example.com", "shop.example.com"]);
    machine.run("pattern add ^ignored-page/$").succeeds();
    machine.run("site edit forum --add-network 192.0.2.0/24").succeeds();
    machine.add_superuser("ada");
    machine.run_with_stdin("user add --username bo --staff --site forum --password-stdin", PASSWORD).succeeds();
    machine.run_with_stdin("user add --username cy --staff --site shop --password-stdin", PASSWORD).succeeds();
    machine.run("on forum").succeeds();
    machine.env("INTERNAL_IPS", "10.0.0.0/8")
}

#[test]
fn the_rule_that_decides_is_named() {
    let machine = a_closed_site();
    for (words, verdict, reason, row) in [
        ("https://forum.example.com/cart", "hold", "maintenance", 10),
        ("https://FORUM.example.com.:443/cart?x=1#y", "hold", "maintenance", 10),
        ("/cart", "hold", "maintenance", 10),
        ("forum.example.com/cart", "hold", "maintenance", 10),
        ("/admin/login/", "pass", "built-in", 1),
        ("/administrator", "hold", "maintenance", 10),
        ("/healthz", "pass", "built-in", 1),
        ("/cart --ip 10.1.2.3", "pass", "internal-ip", 4),
        ("/cart --ip ::ffff:10.1.2.3", "pass", "internal-ip", 4),
        ("/cart --ip 192.0.2.7", "pass", "internal-ip", 4),
        ("/cart --ip 203.0.113.9", "hold", "maintenance", 10),
        ("/ignored-page/", "pass", "ignored-pattern", 5),
        ("ignored-page/", "pass", "ignored-pattern", 5),
        ("/ignored-page/more", "hold", "maintenance", 10),
        ("/x/../ignored-page/", "hold", "maintenance", 10),
        ("/cart --user ada", "pass", "superuser", 6),
        ("/cart --user BO", "pass", "staff", 6),
        ("/cart --user cy", "hold", "maintenance", 10),
        ("/cart --method POST --site 1", "hold", "maintenance", 10),
        ("https://unknown.example/cart", "hold", "maintenance", 10),
    ] {
        let json = machine.run(&format!("why {words} --json")).succeeds().json();
        let found = (json["verdict"].as_str(), json["reason"].as_str(), json["row"].as_i64());
        assert_eq!(found, (Some(verdict), Some(reason), Some(row)), "{words}: {json}");
        let deciding: Vec<_> = json["rows"].as_array().unwrap().iter().filter(|row| row["decides"] == true).collect();
        assert_eq!((deciding.len(), deciding[0]["number"].as_i64()), (1, Some(row)), "{words}");
        assert_eq!((json["site"].as_str(), &json["once_closed"]), (Some("forum.example.com"), &().into()), "{words}");
    }
}

#[test]
fn blocked_staff_are_held() {
    let machine = a_closed_site().env("MAINTENANCE_BLOCK_STAFF", "1");
    assert_eq!(machine.run("why /cart --user bo --json").json()["verdict"], "hold");
    assert_eq!(machine.run("why /cart --user ada --json").json()["verdict"], "pass");
    machine.run("why /cart --user bo").succeeds().says(&["staff are blocked (MAINTENANCE_BLOCK_STAFF)"]);
}

#[test]
fn an_open_site_is_answered_for_twice() {
    let machine = a_closed_site();
    let json = machine.run("why https://shop.example.com/cart --json").succeeds().json();
    assert_eq!(
        (json["verdict"].as_str(), json["reason"].as_str(), json["site"].as_str()),
        (Some("pass"), Some("open"), Some("shop.example.com"))
    );
    assert_eq!(
        (json["once_closed"]["verdict"].as_str(), json["once_closed"]["row"].as_i64()),
        (Some("hold"), Some(10))
    );
    machine.run("why /cart --site shop --user cy").succeeds().says(&[
        "Now: Let in, because the site is open.",
        "Once maintenance has started: Let in, because cy is staff of this site.",
    ]);
    assert_eq!(machine.phase("shop"), "open", "asking changes nothing");
}

#[test]
fn people_get_the_table_with_the_deciding_row_marked() {
    let machine = a_closed_site();
    let ran = machine.run("why https://forum.example.com/cart --ip 203.0.113.9").succeeds();
    ran.says(&[
        "GET https://forum.example.com/cart from 203.0.113.9, not logged in",
        "503: kept out. No rule lets it in.",
        "   4  Internal address          no: 203.0.113.9 is in no internal network",
        "→ 10  Otherwise",
    ]);
    machine.run("why /ignored-page/").says(&[
        "Let in, because an ignored pattern matches: ^ignored-page/$.",
        "→  5",
        "not asked",
    ]);
}

#[test]
fn an_unknown_host_without_a_default_site_is_passed_or_not_found() {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    let sql = "UPDATE sites SET is_default = 0";
    diesel::connection::SimpleConnection::batch_execute(
        &mut <diesel::SqliteConnection as diesel::Connection>::establish(machine.database().to_str().unwrap()).unwrap(),
        sql,
    )
    .unwrap();
    let json = machine.run("why https://unknown.example/ --json").succeeds().json();
    assert_eq!(
        (json["verdict"].as_str(), json["reason"].as_str(), &json["site"]),
        (Some("pass"), Some("no-site"), &().into())
    );
    machine.run("why /cart").fails(2, &["none is the default one", "a.example, b.example"]);
    let machine = machine.env("MAINTENANCE_UNKNOWN_SITE", "not-found");
    assert_eq!(machine.run("why https://unknown.example/ --json").json()["verdict"], "not-found");
}

#[test]
fn what_cannot_be_asked_is_refused_in_words() {
    let machine = a_closed_site();
    machine.run("why ftp://forum.example.com/").fails(2, &["https:// or http://"]);
    machine.run("why https://a%20b/").fails(2, &["malformed"]);
    machine.run("why /cart --ip 300.1.1.1").fails(2, &["--ip", "203.0.113.9"]);
    machine.run("why /cart --method G;T").fails(2, &["--method", "GET"]);
    machine.run("why /cart --user nobody").fails(1, &["there is no user nobody", "ada, bo, cy"]);
    machine.run("why /cart --site nonsense").fails(3, &["no site matches"]);
    machine.run("why").fails(2, &["URL_OR_PATH"]);
}
