//! The form of a site: typed, checked, refused, asked about, saved.

use maintenance_mode::record::SiteRecord;
use maintenance_mode::site::SiteId;

use crate::helpers::{FIRST_SITE, PageForm, Response, TestServer, Visitor, a_server, get, post, rows, texts};

const PAGE: &str = "/admin/sites/1/";

fn form_of(visitor: &Visitor<'_>) -> PageForm {
    let page = visitor.get(PAGE);
    assert_eq!(page.status, 200, "{}", page.text());
    PageForm::of(&page.text(), "form#site")
}

fn save(visitor: &Visitor<'_>, form: &PageForm) -> Response {
    let mut fields = form.fields();
    fields.push(("action", "save"));
    visitor.post(PAGE, &fields)
}

fn record(server: &TestServer) -> SiteRecord {
    stored(server).0
}

fn stored(server: &TestServer) -> (SiteRecord, i64) {
    let found = server.maintenance.store().read(|reader| reader.record(FIRST_SITE)).unwrap();
    found.map(|(record, revision)| (record, revision.0)).expect("the site is there")
}

fn patterns(server: &TestServer) -> Vec<String> {
    record(server).patterns.into_iter().map(|row| row.pattern).collect()
}

/// The list of errors above the form.
fn errors(page: &Response) -> Vec<String> {
    texts(&page.text(), ".message.error li")
}

fn protect(server: &TestServer) {
    server.edit(FIRST_SITE, |record| record.site.is_protected = true);
}

#[test]
fn a_script_from_outside_reads_the_page_keeps_its_fields_ticks_the_box_and_fills_a_spare_row() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let form = form_of(&ada);
    for name in ["csrf", "revision", "expected_end", "redirect_url", "retry_after", "messages[0][language]"] {
        assert!(form.get(name).is_some(), "{name} is missing");
    }
    assert!(form.get("patterns[2][pattern]").is_some(), "three rows to fill in");
    assert_eq!(form.get("in_maintenance"), None);
    // The spare row has neither kind nor description in what the script sends.
    let form = form
        .with("in_maintenance", "on")
        .with("patterns[1][pattern]", "^ignored-page/$")
        .without("patterns[1][kind]")
        .without("patterns[1][description]")
        .without("at_end");
    let answer = ada.post(PAGE, &form.fields());
    assert_eq!((answer.status, answer.header("location")), (303, "/admin/"), "{}", answer.text());

    assert_eq!(server.send(get("/")).status, 503);
    assert_eq!(server.send(get("/ignored-page/")).status, 200);
    let (record, _) = stored(&server);
    assert_eq!(record.patterns[0].kind.as_str(), "regex");
    assert_eq!(record.maintenance.started_by.as_deref(), Some("ada"));
    assert_eq!(record.maintenance.at_end.as_str(), "remind");
    assert!(record.messages.is_empty(), "a message in which nothing was typed is none");
}

#[test]
fn what_was_done_is_told_and_one_click_takes_it_back() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let start = form_of(&ada).with("in_maintenance", "on");
    let page = ada.post_and_follow(PAGE, &start.fields()).text();
    let told = texts(&page, ".message.done");
    assert!(told[0].starts_with("Maintenance started on localhost at "), "{told:?}");
    assert!(told[0].contains("UTC. Visitors get the 503 page."), "{told:?}");
    let undo = PageForm::of(&page, "form[action='/admin/history/undo/']");
    assert_eq!(undo.get("revisions[]"), Some(stored(&server).1.to_string().as_str()));

    let end = form_of(&ada).without("in_maintenance").with("action", "continue");
    let answer = ada.post(PAGE, &end.fields());
    assert_eq!((answer.status, answer.header("location")), (303, PAGE));
    let page = ada.get(PAGE).text();
    let told = texts(&page, ".message.done");
    assert!(told[0].starts_with("Maintenance ended on localhost at "), "{told:?}");
    assert!(told[0].contains("Visitors get the site again."), "{told:?}");
    assert_eq!(PageForm::of(&page, "form[action='/admin/history/undo/']").get("back"), Some("sites/1/"));
    assert_eq!(server.send(get("/")).status, 200);

    let other = form_of(&ada).with("retry_after", "60");
    let told = texts(&ada.post_and_follow(PAGE, &other.fields()).text(), ".message.done");
    assert!(told[0].starts_with("Saved."), "{told:?}");
    assert!(texts(&ada.get(PAGE).text(), ".message.done").is_empty(), "a message is told once");
}

#[test]
fn saving_twice_changes_nothing() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    server.edit(FIRST_SITE, |record| {
        record.messages = vec![maintenance_mode::message::Message {
            language: "de".to_owned(),
            body: "Zwei Absätze.\n\n  Mit \"Zeichen\" & <b>. ".to_owned(),
            ..Default::default()
        }];
        record.maintenance.in_maintenance = true;
        record.maintenance.expected_end = Some(maintenance_mode::clock::now() + jiff::SignedDuration::from_mins(95));
    });
    let form = form_of(&ada).with("patterns[0][pattern]", "/a b").with("patterns[0][kind]", "exact");
    assert_eq!(save(&ada, &form).status, 303);
    let before = stored(&server);
    for _ in 0..2 {
        let page = ada.post_and_follow(PAGE, &form_of(&ada).fields());
        assert!(texts(&page.text(), ".message.note")[0].starts_with("Nothing changed."), "{}", page.text());
        assert_eq!(stored(&server), before);
    }
    // The same form once more, though its revision is older by now: it changes nothing either.
    let page = ada.post_and_follow(PAGE, &form.fields());
    assert!(texts(&page.text(), ".message.note")[0].starts_with("Nothing changed."));
    assert_eq!(stored(&server), before);
}

#[test]
fn everything_of_the_form_is_stored_and_in_force() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let form = form_of(&ada)
        .with("in_maintenance", "on")
        .with("messages[0][heading]", "Back soon")
        .with("messages[0][body]", "First.\r\n\r\nSecond.")
        .with("messages[0][contact]", "help@example.com")
        .with("messages[0][link_label]", "Status")
        .with("messages[0][link_url]", "https://status.example.com/")
        .with("messages[1][language]", "de")
        .with("messages[1][body]", "Bald zurück")
        .with("networks[0][network]", "203.0.113.9")
        .with("networks[0][description]", "Office")
        .with("retry_after", "77")
        .with("patterns[0][pattern]", "/robots.txt")
        .with("patterns[0][kind]", "exact")
        .with("patterns[0][description]", "Crawlers");
    assert_eq!(save(&ada, &form).status, 303);
    let record = record(&server);
    assert_eq!(record.messages[0].body, "First.\n\nSecond.");
    assert_eq!(record.messages[1].language, "de");
    assert_eq!(record.networks[0].network.to_string(), "203.0.113.9/32");
    assert_eq!((record.patterns[0].kind.as_str(), &*record.patterns[0].description), ("exact", "Crawlers"));
    let answer = server.send(get("/").with("Accept-Language", "de"));
    assert!(answer.text().contains("Bald zurück"));
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((77..=107).contains(&seconds), "{seconds}");

    let again = form_of(&ada);
    assert_eq!(again.get("networks[0][network]"), Some("203.0.113.9"));
    assert_eq!(again.get("messages[0][body]"), Some("First.\n\nSecond."));
    assert_eq!(again.get("patterns[0][kind]"), Some("exact"));
    assert_eq!(save(&ada, &again.with("redirect_url", "/down.html")).status, 303);
    let away = server.send(get("/"));
    assert_eq!((away.status, away.header("location")), (302, "/down.html"));
}

#[test]
fn what_is_refused_is_told_at_its_field_and_nothing_typed_is_lost() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let before = stored(&server);
    let form = form_of(&ada)
        .with("in_maintenance", "on")
        .with("expected_end", "tomorrow")
        .with("messages[0][body]", "Kept as typed")
        .with("messages[0][link_label]", "Status")
        .with("patterns[2][pattern]", "[a-z")
        .with("patterns[2][description]", "<script>alert(1)</script>")
        .with("patterns[0][pattern]", "(?=x)")
        .with("networks[1][network]", "10.1.2.3/8")
        .with("redirect_url", "javascript:alert(1)")
        .with("retry_after", "soon");
    let page = save(&ada, &form);
    assert_eq!(page.status, 422);
    let text = page.text();
    assert!(texts(&text, "title")[0].starts_with("Error: "), "{:?}", texts(&text, "title"));
    let errors = errors(&page);
    assert_eq!(errors.len(), 7, "{errors:#?}");
    for (error, words) in errors.iter().zip([
        "“tomorrow” is not a time. Write it like ",
        "Link address in English: the link needs an address.",
        "Pattern 1 is not valid: ",
        "Pattern 3 is not valid: “[” at character 1 is never closed. For the character itself write “\\[”.",
        "Address 2: “10.1.2.3/8” is not a whole network: write “10.0.0.0/8” for the network",
        "The address to redirect to begins with",
        "“soon” is not a number of seconds from 1 to 3600.",
    ]) {
        assert!(error.starts_with(words), "{error} / {words}");
    }
    for id in ["expected_end", "messages-0-link_url", "patterns-2-pattern", "networks-1-network", "retry_after"] {
        assert!(text.contains(&format!("href=\"#{id}\"")), "{id} is linked to");
        assert!(text.contains(&format!("id=\"{id}\"")), "{id} is there");
    }
    assert!(!text.contains("<script>alert"), "what was typed is escaped");
    let kept = PageForm::of(&text, "form#site");
    for (name, value) in &form.0 {
        if name != "csrf" {
            assert_eq!(kept.get(name), Some(value.as_str()), "{name} is kept");
        }
    }
    assert_eq!(stored(&server), before);
    assert_eq!(server.send(get("/")).status, 200);
}

#[test]
fn an_end_is_read_on_the_clock_of_the_site_and_lies_ahead() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    server.edit(FIRST_SITE, |record| record.site.time_zone = "Europe/Berlin".to_owned());
    let form = form_of(&ada).with("in_maintenance", "on").with("at_end", "open");
    for (text, words) in [
        ("2040-03-25 02:30", "does not exist in Europe/Berlin"),
        ("2040-10-28 02:30", "comes twice in Europe/Berlin"),
        ("2020-01-01 00:00", "2020-01-01 00:00 lies in the past."),
        ("2040-01-01", "has no time of day"),
        ("99999-01-01 00:00", "is not a time"),
    ] {
        let page = save(&ada, &form.clone().with("expected_end", text));
        assert_eq!(page.status, 422, "{text}");
        assert!(errors(&page)[0].contains(words), "{text}: {:?}", errors(&page));
    }
    assert_eq!(save(&ada, &form.with("expected_end", "2040-06-01T12:00")).status, 303);
    let maintenance = record(&server).maintenance;
    assert_eq!(maintenance.expected_end.unwrap().to_string(), "2040-06-01T10:00:00Z");
    assert_eq!(maintenance.at_end.as_str(), "open");
    assert_eq!(form_of(&ada).get("expected_end"), Some("2040-06-01 12:00"));
}

#[test]
fn an_end_without_the_box_is_told_to_be_dropped() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let page = ada.post_and_follow(PAGE, &form_of(&ada).with("expected_end", "2040-06-01 12:00").fields());
    let told = texts(&page.text(), ".message.note");
    assert_eq!(told, ["Nothing changed. The expected end was not kept, because the site is not in maintenance."]);
}

#[test]
fn fields_that_are_missing_there_twice_or_unknown_break_nothing() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    server.edit(FIRST_SITE, |record| {
        let row = |pattern: &str| maintenance_mode::pattern::IgnoredPattern {
            kind: maintenance_mode::pattern::PatternKind::Exact,
            pattern: pattern.to_owned(),
            description: "kept".to_owned(),
        };
        record.patterns = vec![row("/a"), row("/b")];
        record.maintenance.redirect_url = Some("/down.html".to_owned());
    });
    let revision = form_of(&ada).get("revision").unwrap().to_owned();
    // Rows that were not sent stay; the last of two counts; what is not known is nothing to us.
    let odd = [
        ("revision", revision.as_str()),
        ("in_maintenance", "on"),
        ("in_maintenance", "on"),
        ("patterns[3][pattern]", "^x/"),
        ("patterns[3][pattern]", "^c/"),
        ("patterns[3][no_such]", "1"),
        ("patterns", "a text where rows belong"),
        ("patterns[]", "1"),
        ("patterns[x][pattern]", "^d/"),
        ("patterns[1e9][pattern]", "^e/"),
        ("[", "1"),
        ("no_such[a][b][c][d][e][f]", "1"),
        ("", "1"),
    ];
    let answer = ada.post(PAGE, &odd);
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(patterns(&server), ["/a", "/b", "^c/"]);
    let record = record(&server);
    assert_eq!(record.patterns[0].description, "kept");
    assert_eq!(record.maintenance.redirect_url.as_deref(), Some("/down.html"));
    assert!(record.maintenance.in_maintenance);
    // With nothing in it at all the form unticks the box, which is how a browser says so, and takes nothing else away.
    let answer = ada.post(PAGE, &[("revision", &stored(&server).1.to_string())]);
    assert_eq!(answer.status, 303);
    assert!(!self::record(&server).maintenance.in_maintenance);
    assert_eq!(patterns(&server), ["/a", "/b", "^c/"]);
}

#[test]
fn rows_out_of_order_keep_their_numbers() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let revision = form_of(&ada).get("revision").unwrap().to_owned();
    let rows = [
        ("revision", revision.as_str()),
        ("patterns[10][pattern]", "^ten/"),
        ("patterns[2][pattern]", "^two/"),
        ("patterns[7][pattern]", "["),
    ];
    let page = ada.post(PAGE, &rows);
    assert_eq!(page.status, 422);
    assert!(errors(&page)[0].starts_with("Pattern 8 is not valid"), "{:?}", errors(&page));
    assert_eq!(ada.post(PAGE, &rows[..3]).status, 303);
    assert_eq!(patterns(&server), ["^two/", "^ten/"]);
}

#[test]
fn blank_rows_are_ignored_and_ticked_ones_deleted() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let form = form_of(&ada)
        .with("patterns[0][pattern]", "^a/")
        .with("patterns[2][pattern]", "^b/")
        .with("networks[0][network]", "10.0.0.0/8")
        .with("messages[0][body]", "x")
        .with("messages[1][language]", "fr")
        .with("messages[1][body]", "y");
    assert_eq!(save(&ada, &form).status, 303);
    assert_eq!(patterns(&server), ["^a/", "^b/"]);
    let form = form_of(&ada)
        .with("patterns[0][delete]", "on")
        .with("networks[0][delete]", "on")
        .with("messages[0][delete]", "on");
    assert_eq!(save(&ada, &form).status, 303);
    let record = record(&server);
    assert_eq!(patterns(&server), ["^b/"]);
    assert!(record.networks.is_empty());
    assert_eq!(record.messages.iter().map(|message| &*message.language).collect::<Vec<_>>(), ["fr"]);
    // A description alone is no pattern.
    let page = save(&ada, &form_of(&ada).with("patterns[1][description]", "Probe"));
    assert_eq!(errors(&page), ["Pattern 2 is empty. Type one, or take its description away as well."]);
}

#[test]
fn a_warning_is_confirmed_by_its_token_and_another_one_is_asked_about_again() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let form = form_of(&ada).with("patterns[0][pattern]", ".*").with("networks[0][network]", "0.0.0.0/0");
    let page = save(&ada, &form);
    assert_eq!(page.status, 422);
    let lines = texts(&page.text(), ".message.warn li");
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0], "Pattern 1 matches every address, so nobody sees the 503 page.");
    assert!(lines[1].starts_with("Address 1 holds every address"), "{lines:?}");
    assert!(patterns(&server).is_empty());
    let token = confirm_of(&page);
    let kept = PageForm::of(&page.text(), "form#site");
    assert_eq!(kept.get("patterns[0][pattern]"), Some(".*"));

    let other = kept.clone().with("patterns[1][pattern]", "^admin").with("confirm", &token);
    let page = ada.post(PAGE, &other.fields());
    assert_eq!(page.status, 422, "^admin was not confirmed");
    assert!(texts(&page.text(), ".message.warn li").iter().any(|line| line.contains("also matches longer addresses")));
    let wrong = kept.clone().with("confirm", "0123456789abcdef");
    assert_eq!(ada.post(PAGE, &wrong.fields()).status, 422);

    let answer = ada.post(PAGE, &kept.with("confirm", &token).fields());
    assert_eq!((answer.status, answer.header("location")), (303, "/admin/"));
    assert_eq!(patterns(&server), [".*"]);
    // What was confirmed once stays confirmed.
    assert_eq!(save(&ada, &form_of(&ada).with("retry_after", "9")).status, 303);
}

fn confirm_of(page: &Response) -> String {
    let text = page.text();
    let button = &text[text.find("name=\"confirm\"").expect("a button to confirm")..];
    let value = &button[button.find("value=\"").unwrap() + 7..];
    value[..value.find('"').unwrap()].to_owned()
}

#[test]
fn save_and_continue_goes_on_after_a_warning() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let form = form_of(&ada).with("patterns[0][pattern]", "^admin");
    let page = ada.post(PAGE, &form.clone().with("action", "continue").fields());
    let answer = ada.post(PAGE, &form.with("confirm", &confirm_of(&page)).fields());
    assert_eq!((answer.status, answer.header("location")), (303, PAGE));
}

#[test]
fn a_protected_site_asks_for_its_domain_before_it_is_closed() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    protect(&server);
    let form = form_of(&ada).with("in_maintenance", "on");
    assert_eq!(form.get("typed_domain"), Some(""));
    let page = save(&ada, &form);
    assert_eq!(page.status, 422);
    assert_eq!(errors(&page), ["localhost is protected. Type its domain to start maintenance."]);
    let page = save(&ada, &form.clone().with("typed_domain", "elsewhere"));
    assert_eq!(errors(&page), ["This is not localhost."]);
    assert_eq!(server.send(get("/")).status, 200);
    // Other changes need no domain.
    assert_eq!(save(&ada, &form_of(&ada).with("retry_after", "60")).status, 303);
    assert_eq!(save(&ada, &form_of(&ada).with("in_maintenance", "on").with("typed_domain", " LocalHost ")).status, 303);
    assert_eq!(server.send(get("/")).status, 503);
    assert_eq!(form_of(&ada).get("typed_domain"), None, "ending asks for nothing");
    assert_eq!(save(&ada, &form_of(&ada).without("in_maintenance")).status, 303);
}

#[test]
fn a_save_over_somebody_elses_change_shows_both() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let bo = server.staff("bo", None);
    let mine = form_of(&ada).with("retry_after", "60").with("messages[0][body]", "Mine");
    assert_eq!(save(&bo, &form_of(&bo).with("patterns[0][pattern]", "^theirs/")).status, 303);

    let page = save(&ada, &mine);
    assert_eq!(page.status, 409);
    let text = page.text();
    let told = texts(&text, ".message.warn p");
    assert!(
        told[0].starts_with("bo saved this site ") && told[0].contains(" ago. Your input is kept below"),
        "{told:?}"
    );
    assert_eq!(
        rows(&text, ".message.warn tbody tr"),
        ["Message in English | Mine | —", "Ignored patterns | — | ^theirs/ (regex)", "Retry-After | 60 seconds | —"]
    );
    assert_eq!(patterns(&server), ["^theirs/"]);
    let theirs = texts(&text, ".message.warn a.button");
    assert_eq!(theirs, ["Take theirs"]);

    let kept = PageForm::of(&text, "form#site");
    assert_eq!((kept.get("retry_after"), kept.get("messages[0][body]")), (Some("60"), Some("Mine")));
    assert_eq!(kept.get("revision"), Some(stored(&server).1.to_string().as_str()));
    assert_eq!(save(&ada, &kept).status, 303);
    assert_eq!(record(&server).maintenance.retry_after, Some(60));

    // A form without its revision may be older than anything.
    let blind = form_of(&ada).without("revision").with("retry_after", "61");
    assert_eq!(save(&ada, &blind).status, 409);
}

#[test]
fn an_expired_page_comes_back_with_what_was_typed_and_a_strange_one_does_not() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let form = form_of(&ada).with("messages[0][body]", "Typed for long");
    let mut fields = form.fields();
    fields.push(("csrf", "0".repeat(64).leak()));
    let page = ada.send(post(PAGE, &fields));
    assert_eq!(page.status, 403);
    assert!(errors(&page)[0].starts_with("This page had expired"), "{:?}", errors(&page));
    let again = PageForm::of(&page.text(), "form#site");
    assert_eq!(again.get("messages[0][body]"), Some("Typed for long"));
    assert_eq!(save(&ada, &again).status, 303, "the new page's token is good");

    let strange = post(PAGE, &fields).without("Sec-Fetch-Site").with("Sec-Fetch-Site", "cross-site");
    let page = ada.send(strange);
    assert_eq!(page.status, 403);
    assert!(!page.text().contains("Typed for long"));
}

#[test]
fn a_locked_database_keeps_what_was_typed() {
    use diesel::Connection as _;
    use diesel::connection::SimpleConnection as _;

    let server = a_server().start();
    let ada = server.superuser("ada");
    server.close(FIRST_SITE);
    let form = form_of(&ada).with("messages[0][body]", "Typed for long");
    let database = server.folder().join("test.sqlite3");
    let mut lock = diesel::SqliteConnection::establish(database.to_str().unwrap()).unwrap();
    lock.batch_execute("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").unwrap();
    let page = save(&ada, &form);
    assert_eq!(page.status, 503);
    let words = "The database does not answer. Sites keep their last known state: 1 in maintenance. What you typed is";
    assert!(errors(&page)[0].starts_with(words), "{:?}", errors(&page));
    drop(lock);
    let again = PageForm::of(&page.text(), "form#site");
    assert_eq!(again.get("messages[0][body]"), Some("Typed for long"));
    assert_eq!(save(&ada, &again).status, 303);
    assert_eq!(record(&server).messages[0].body, "Typed for long");
}

#[test]
fn a_database_that_is_gone_keeps_what_was_typed() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let form = form_of(&ada).with("messages[0][body]", "Typed for long");
    let database = server.folder().join("test.sqlite3");
    let moved = |from: &str, to: &str| {
        for suffix in ["", "-wal", "-shm"] {
            let file = |end: &str| format!("{}{suffix}{end}", database.display());
            if std::fs::exists(file(from)).unwrap() {
                std::fs::rename(file(from), file(to)).unwrap();
            }
        }
    };
    moved("", ".gone");
    let page = save(&ada, &form);
    assert_eq!(page.status, 503);
    assert!(page.text().contains("The database does not answer"), "{}", page.text());
    assert!(!page.text().contains("data-retry"), "a page that asks again by itself would lose it");
    let kept = PageForm::of(&page.text(), "main form");
    for (name, value) in &form.0 {
        assert_eq!(kept.get(name), Some(value.as_str()), "{name} is kept");
    }
    moved(".gone", "");
    assert_eq!(ada.send(post(PAGE, &pairs(&kept))).status, 303);
    assert_eq!(record(&server).messages[0].body, "Typed for long");
}

/// Every field as it stands, the token among them.
fn pairs(form: &PageForm) -> Vec<(&str, &str)> {
    form.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[test]
fn whoever_was_logged_out_while_editing_gets_back_what_was_typed() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let form = form_of(&ada).with("messages[0][body]", "Typed for long\r\nand carefully");
    ada.post("/admin/logout/", &[]);
    let page = ada.send(post(PAGE, &pairs(&form)));
    assert_eq!(page.status, 403);
    assert!(page.text().contains("You were logged out"), "{}", page.text());
    assert!(page.text().contains("Log in and we will bring back what you typed."), "{}", page.text());
    assert!(!page.text().contains("Who gets in?"), "nothing of the site is shown");
    let kept = PageForm::of(&page.text(), "main form");

    let again = server.sign_in("ada");
    let page = again.send(post(PAGE, &pairs(&kept)));
    assert_eq!(page.status, 403);
    assert!(errors(&page)[0].starts_with("This page had expired, because you logged in anew."));
    let back = PageForm::of(&page.text(), "form#site");
    assert_eq!(back.get("messages[0][body]"), Some("Typed for long\nand carefully"));
    assert_eq!(save(&again, &back).status, 303);
    assert_eq!(record(&server).messages[0].body, "Typed for long\nand carefully");

    // What another site has filled in is not carried along, and neither is anything but this form.
    let strange = post(PAGE, &pairs(&form)).without("Sec-Fetch-Site").with("Sec-Fetch-Site", "cross-site");
    assert_eq!(server.send(strange).status, 303);
    assert_eq!(server.send(post("/admin/sites/1/end/", &pairs(&form)).without("Sec-Fetch-Site")).status, 303);
    assert_eq!(server.send(post(PAGE, &[("revision", "1")])).status, 303);
}

#[test]
fn a_check_says_everything_and_saves_nothing() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let before = stored(&server);
    let check = |form: &PageForm| {
        let page = ada.post(PAGE, &form.clone().with("action", "check").fields());
        assert_eq!(page.status, 200);
        page.text()
    };
    let form = form_of(&ada).with("in_maintenance", "on");
    assert!(check(&form).contains("Nothing is wrong. Nothing was saved."));

    let page = check(&form.clone().with("patterns[0][pattern]", "^health/").with("patterns[1][pattern]", "^admin"));
    assert_eq!(texts(&page, "#patterns-0-pattern-said"), ["Also lets in everything that starts with it."]);
    assert!(texts(&page, "#patterns-1-pattern-said")[0].contains("longer addresses"));
    assert!(texts(&page, ".message.warn").iter().any(|text| text.starts_with("Checked, nothing was saved.")));
    assert!(!page.contains("name=\"confirm\""), "there is nothing to confirm yet");

    let page = check(&form.clone().with("patterns[0][pattern]", "["));
    assert!(texts(&page, "#patterns-0-pattern-said")[0].starts_with("Pattern 1 is not valid"));

    // The last test is repeated, with the rows as they are typed.
    let asked = form
        .with("patterns[0][pattern]", "^cart/")
        .with("test[target]", "/cart/x")
        .with("test[method]", "POST")
        .with("test[ip]", "203.0.113.9")
        .with("test[asked]", "1");
    let page = check(&asked);
    assert_eq!(texts(&page, ".verdict caption"), ["Once saved Let in, because the ignored pattern ^cart/ matches."]);
    let page = check(&asked.with("test[target]", "/cart"));
    assert_eq!(texts(&page, ".verdict caption"), ["Once saved 503: kept out. No rule lets it in."]);
    assert_eq!(stored(&server), before);
}

#[test]
fn limited_staff_reach_no_other_site_by_any_door() {
    let server = a_server().start();
    let other = server.add_site("other.example", &[]);
    let ada = server.superuser("ada");
    let bo = server.staff("bo", Some(vec![other]));
    let own = bo.get(&format!("/admin/sites/{other}/"));
    assert_eq!(own.status, 200);
    assert!(!own.text().contains("Site settings"), "links that a role may not use are absent");
    assert!(ada.get(PAGE).text().contains("Site settings"));

    let form = PageForm::of(&own.text(), "form#site").with("in_maintenance", "on");
    for (method, page) in [
        ("get", bo.get(PAGE)),
        ("save", save(&bo, &form)),
        ("check", bo.post(PAGE, &form.clone().with("action", "check").fields())),
        ("no such site", bo.get("/admin/sites/99/")),
    ] {
        assert_eq!(page.status, 403, "{method}");
        assert!(page.text().contains("Who can: ada."), "{method}: {}", page.text());
        assert!(!page.text().contains("localhost"), "{method}");
    }
    assert_eq!(server.send(get("/")).status, 200);
    assert_eq!(ada.get("/admin/sites/99/").status, 404);
    assert_eq!(ada.get("/admin/sites/x/").status, 404);
    assert_eq!(bo.post(&format!("/admin/sites/{other}/"), &form.fields()).status, 303);
    assert_eq!(server.send(get("/").host("other.example")).status, 503);
}

#[test]
fn whoever_would_be_kept_out_is_asked_first() {
    let server = a_server().with("MAINTENANCE_BLOCK_STAFF", "true").start();
    let ada = server.superuser("ada");
    let bo = server.staff("bo", None);
    let words = "With these rules you would get the 503 page yourself. This admin stays open.";
    let page = save(&bo, &form_of(&bo).with("in_maintenance", "on"));
    assert_eq!(page.status, 422);
    assert_eq!(texts(&page.text(), ".message.warn li"), [words]);
    assert!(texts(&page.text(), "#seen")[0].starts_with(words));
    assert_eq!(texts(&page.text(), "button[name=confirm]"), ["Save anyway"]);
    assert_eq!(server.send(get("/")).status, 200);
    let form = PageForm::of(&page.text(), "form#site").with("confirm", &confirm_of(&page));
    assert_eq!(bo.post(PAGE, &form.fields()).status, 303);
    assert_eq!(server.send(get("/")).status, 503);
    // Once closed, a later save does not ask again, unless it takes away what let one in.
    assert_eq!(save(&bo, &form_of(&bo).with("retry_after", "60")).status, 303);
    assert_eq!(save(&bo, &form_of(&bo).with("networks[0][network]", "127.0.0.0/8")).status, 303);
    assert_eq!(server.send(get("/")).status, 200);
    assert_eq!(save(&bo, &form_of(&bo).with("networks[0][delete]", "on")).status, 422);
    // A superuser is never kept out.
    assert_eq!(save(&ada, &form_of(&ada).with("networks[0][delete]", "on")).status, 303);
}

#[test]
fn what_is_too_much_is_refused_with_words() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let before = stored(&server);
    let form = form_of(&ada);
    let page = save(&ada, &form.clone().with("messages[0][body]", &"a".repeat(1 << 20)));
    assert_eq!(page.status, 413);
    assert!(page.text().contains("A form may have 1024 KiB."), "{}", page.text());
    let page = save(&ada, &form.clone().with("messages[0][body]", &"a".repeat(1_000_000)));
    assert_eq!(page.status, 422);
    assert!(errors(&page)[0].starts_with("Text in English: this has 1000000 bytes; at most "), "{:?}", errors(&page));

    let mut many = form;
    for row in 0..=2_000 {
        many = many.with(&format!("patterns[{row}][pattern]"), &format!("/p{row}"));
        many.0.push((format!("patterns[{row}][kind]"), "exact".to_owned()));
    }
    let page = save(&ada, &many);
    assert_eq!(page.status, 422);
    assert_eq!(errors(&page), ["A site has at most 2000 ignored patterns."]);
    assert!(page.text().contains("href=\"#patterns\"") && page.text().contains("id=\"patterns\""));
    assert_eq!(stored(&server), before);
}

#[test]
fn the_page_says_since_when_by_whom_and_how_one_is_seen() {
    let server = a_server().with("TRUSTED_PROXIES", "127.0.0.1").start();
    let ada = server.superuser("ada");
    assert_eq!(save(&ada, &form_of(&ada).with("in_maintenance", "on")).status, 303);
    let page = ada.send(get(PAGE).with("X-Forwarded-For", "203.0.113.9")).text();
    assert!(texts(&page, ".links .status")[0].starts_with("In maintenance since "), "{page}");
    assert!(texts(&page, ".links .status")[0].ends_with("(ada)"));
    let seen = texts(&page, "#seen");
    assert_eq!(
        seen,
        [
            "You: let in, because you are a superuser. We see you as 203.0.113.9, as told by the trusted proxy 127.0.0.1."
        ]
    );
    assert!(page.contains("value=\"203.0.113.9\""), "the tester begins with one's own address");
}

#[test]
fn only_a_site_of_ones_own_is_linked_to_as_such() {
    let server = a_server().start();
    let other = server.add_site("other.example", &[]);
    let ada = server.superuser("ada");
    assert!(ada.get(PAGE).text().contains("href=\"http://localhost/\""));
    assert!(ada.get(&format!("/admin/sites/{other}/")).text().contains("href=\"http://other.example/\""));
    let _: SiteId = other;
}
