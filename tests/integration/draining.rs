//! Drains in the panel: how one is begun, the page that shows who is left, and the stream that keeps it up to date.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use maintenance_mode::actions::Start;
use maintenance_mode::clock;
use maintenance_mode::maintenance::{Level, Phase};
use maintenance_mode::record::SiteRecord;
use maintenance_mode::site::SiteId;
use maintenance_mode::storage::{NewTask, VisitNote};
use maintenance_mode::visit::{Visit, VisitKind};

use crate::helpers::{FIRST_SITE, PageForm, TestServer, Visitor, a_server, eventually, operator, rows, texts};

const PAGE: &str = "/admin/sites/1/draining/";

/// Somebody signed in on a site, so long ago.
fn at_work(server: &TestServer, site: SiteId, name: &str, ago: SignedDuration) -> Visit {
    let key_hash = key_of(name);
    let note = VisitNote {
        site,
        key_hash,
        kind: VisitKind::Session,
        name: name.to_owned(),
        address: None,
        signed_in_at: clock::now() - ago,
        seen_at: clock::now(),
    };
    let store = server.maintenance.store();
    store.write(|writer| writer.visit_note(&[note])).unwrap();
    store.read(|reader| reader.visit_by_key(site, &key_hash)).unwrap().unwrap()
}

/// A hash as a key would have it.
fn key_of(name: &str) -> [u8; 32] {
    let mut key = [0; 32];
    key[..name.len()].copy_from_slice(name.as_bytes());
    key
}

fn drain(server: &TestServer, sites: &[SiteId], length: SignedDuration) {
    let start = Start { drain_until: Some(clock::now() + length), ..Start::default() };
    let done = server.actions().start(&operator(), sites, &start).unwrap();
    server.reach(done.revision.0);
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn record(server: &TestServer, site: SiteId) -> SiteRecord {
    server.maintenance.store().read(|reader| reader.record(site)).unwrap().unwrap().0
}

fn phase(server: &TestServer, site: SiteId) -> Phase {
    record(server, site).causes().standing(clock::now()).phase()
}

/// How long the drain of a site has at most, in whole minutes.
fn minutes(server: &TestServer, site: SiteId) -> i64 {
    let standing = record(server, site).causes().standing(clock::now());
    (standing.closes_at().unwrap().duration_since(standing.since.unwrap()).as_secs() + 30) / 60
}

fn flash(page: &str) -> String {
    texts(page, ".message").join(" ")
}

#[test]
fn the_form_of_a_site_begins_a_drain_and_keeps_what_was_typed_until_it_can_be() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    at_work(&server, FIRST_SITE, "cleo", HOUR);
    let form = PageForm::of(&ada.get("/admin/sites/1/").text(), "#site").with("in_maintenance", "on");
    assert_eq!((form.get("how"), form.get("drain_minutes")), (Some("close"), Some("15")));
    for (typed, said) in [
        ("0", "A drain lasts at least one minute."),
        ("soon", "“soon” is not a number of minutes, such as 15."),
        ("10081", "A drain lasts at most 7 days."),
    ] {
        let form = form.clone().with("how", "drain").with("drain_minutes", typed);
        let answer = ada.post("/admin/sites/1/", &form.fields());
        assert_eq!(answer.status, 422, "{typed}");
        assert!(flash(&answer.text()).contains(said), "{}", flash(&answer.text()));
        assert_eq!(PageForm::of(&answer.text(), "#site").get("drain_minutes"), Some(typed));
    }
    let long = form.clone().with("how", "drain").with("drain_minutes", "1500");
    let asked = ada.post("/admin/sites/1/", &long.fields());
    assert!(flash(&asked.text()).contains("The drain may last 25 h"), "{}", flash(&asked.text()));
    assert_eq!(phase(&server, FIRST_SITE), Phase::Open);

    let form = form.with("how", "drain").with("drain_minutes", "20").with("read_only", "on");
    let page = ada.post_and_follow("/admin/sites/1/", &form.fields()).text();
    assert!(flash(&page).contains("Draining started on localhost at"), "{}", flash(&page));
    assert!(flash(&page).contains("Those at work go on until"), "{}", flash(&page));
    assert_eq!((phase(&server, FIRST_SITE), minutes(&server, FIRST_SITE)), (Phase::Draining, 20));
    assert_eq!(record(&server, FIRST_SITE).maintenance.level, Level::ReadOnly);
    let row = rows(&page, ".sites tbody tr").join(" ");
    assert!(row.contains("Draining since") && row.contains("closes at") && row.contains("Cancel, keep open"), "{row}");
    assert!(texts(&page, ".filters").join(" ").contains("In maintenance 0 Draining 1"));
    eventually("the strip says who is left", || {
        let strip = texts(&ada.get("/admin/").text(), ".strip").join(" ");
        strip.contains("1 of 1 site draining: localhost draining, closes at") && strip.contains("1 session left")
    });

    // While it drains, the form saves other things and does not ask again.
    let form = PageForm::of(&ada.get("/admin/sites/1/").text(), "#site");
    assert_eq!((form.get("how"), form.get("read_only")), (None, Some("on")));
    let page = ada.post_and_follow("/admin/sites/1/", &form.without("read_only").fields()).text();
    assert!(flash(&page).contains("Saved."), "{}", flash(&page));
    assert_eq!((phase(&server, FIRST_SITE), minutes(&server, FIRST_SITE)), (Phase::Draining, 20));
    let page = ada.post_and_follow(
        "/admin/sites/1/",
        &PageForm::of(&ada.get("/admin/sites/1/").text(), "#site").without("in_maintenance").fields(),
    );
    assert!(flash(&page.text()).contains("The drain of localhost was cancelled"), "{}", flash(&page.text()));
    assert_eq!(phase(&server, FIRST_SITE), Phase::Open);
}

#[test]
fn several_sites_drain_after_it_was_asked_once_and_a_long_drain_is_asked_about() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let shop = server.add_site("shop.example", &[]);
    let sites = [FIRST_SITE, shop];
    for site in sites {
        at_work(&server, site, "cleo", HOUR);
    }
    let question = ada.get("/admin/sites/bulk/?action=start&sites[]=1&sites[]=2&back=").text();
    let form = PageForm::of(&question, "main form").with("how", "drain");
    let send = |form: &PageForm| {
        let fields: Vec<(&str, &str)> = form.fields();
        ada.post("/admin/sites/bulk/", &fields)
    };
    let wrong = send(&form.clone().with("drain_minutes", "-1"));
    assert_eq!(wrong.status, 422);
    assert!(flash(&wrong.text()).contains("“-1” is not a number of minutes"), "{}", flash(&wrong.text()));
    let long = send(&form.clone().with("drain_minutes", "3000"));
    assert_eq!((long.status, phase(&server, shop)), (422, Phase::Open));
    assert!(flash(&long.text()).contains("The drain may last 50 h"), "{}", flash(&long.text()));
    let confirmed = PageForm::of(&long.text(), "main form");
    assert_eq!(confirmed.get("confirm"), Some("3000"));
    // What is confirmed is that length and no other.
    assert_eq!(send(&confirmed.with("drain_minutes", "3001")).status, 422);
    assert_eq!(send(&form.with("drain_minutes", "30")).status, 303);
    let page = ada.get("/admin/").text();
    assert!(flash(&page).contains("Draining started on 2 sites"), "{}", flash(&page));
    assert_eq!(sites.map(|site| (phase(&server, site), minutes(&server, site))), [(Phase::Draining, 30); 2]);
    let end = ada.get("/admin/sites/bulk/?action=start&sites[]=1&sites[]=2").text();
    assert!(end.contains("2 sites are already draining."), "{end}");
}

#[test]
fn the_page_names_who_is_left_and_each_button_does_what_it_says() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let cleo = at_work(&server, FIRST_SITE, "cleo", HOUR);
    at_work(&server, FIRST_SITE, "dan", HOUR * 2);
    let new = NewTask {
        site: FIRST_SITE,
        name: "import".to_owned(),
        host: "web1".to_owned(),
        pid: Some(4711),
        started_by: "cron".to_owned(),
        started_at: None,
    };
    server.maintenance.store().write(|writer| writer.task_insert(&new)).unwrap();
    drain(&server, &[FIRST_SITE], SignedDuration::from_mins(10));
    let page = ada.get(PAGE).text();
    let said = texts(&page, "#drain-said").join(" ");
    assert!(said.contains("2 sessions and 1 task are still at work."), "{said}");
    assert!(said.contains("It closes at") && said.contains("or as soon as nobody is left."), "{said}");
    let left = rows(&page, "#drain-left tbody tr").join("\n");
    assert!(left.starts_with("dan | ") && left.contains("\ncleo | ") && left.contains("import | "), "{left}");
    assert!(left.contains("web1, process 4711 | cron"), "{left}");
    assert_eq!(texts(&page, "#gone"), ["0 of 2 have left"]);
    assert_eq!(texts(&page, ".phases .status"), ["Draining", "In maintenance"]);

    let back = [("back", "sites/1/draining/")];
    let ended = ada.post_and_follow(&format!("{PAGE}sessions/{}/end/", cleo.id), &back).text();
    assert!(flash(&ended).contains("Cleo is at work on localhost no more. That signed them out."), "{}", flash(&ended));
    assert_eq!(texts(&ended, "#gone"), ["1 of 2 have left"]);
    assert!(!texts(&ended, "#drain-left").join(" ").contains("cleo"));
    let again = ada.post_and_follow(&format!("{PAGE}sessions/{}/end/", cleo.id), &back).text();
    assert!(flash(&again).contains("had ended already. Nothing changed."), "{}", flash(&again));

    let longer = ada.post_and_follow(&format!("{PAGE}extend/"), &back).text();
    assert!(flash(&longer).contains("localhost now closes at"), "{}", flash(&longer));
    assert_eq!(minutes(&server, FIRST_SITE), 25);
    let undone = ada.post_and_follow("/admin/history/undo/", &PageForm::of(&longer, "form[action$='undo/']").fields());
    assert!(flash(&undone.text()).contains("Undone: localhost is draining again."), "{}", flash(&undone.text()));
    assert_eq!(minutes(&server, FIRST_SITE), 10);

    let closed = ada.post_and_follow(&format!("{PAGE}close/"), &back).text();
    assert!(flash(&closed).contains("1 session and 1 task were still at work."), "{}", flash(&closed));
    let said = texts(&closed, "#drain-said").join(" ");
    assert!(said.starts_with("Closed at once after") && said.contains("with 1 session and 1 task left."), "{said}");
    assert_eq!(phase(&server, FIRST_SITE), Phase::Maintenance);
    let late = ada.post_and_follow(&format!("{PAGE}extend/"), &back).text();
    assert!(flash(&late).contains("localhost is not draining any more. Nothing changed."), "{}", flash(&late));
    let history = texts(&ada.get("/admin/history/").text(), "tbody").join(" ");
    for said in [
        "Closed at once after",
        "Deadline of the drain moved",
        "Draining started, closes at",
        "Session of the site ended",
    ] {
        assert!(history.contains(said), "{said}: {history}");
    }
}

#[test]
fn cancelling_keeps_the_site_open_and_an_undo_goes_on_draining() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    at_work(&server, FIRST_SITE, "cleo", HOUR);
    drain(&server, &[FIRST_SITE], SignedDuration::from_mins(10));
    let open = ada.post_and_follow("/admin/sites/1/end/", &[("back", "sites/1/draining/")]).text();
    assert!(flash(&open).contains("The drain of localhost was cancelled at"), "{}", flash(&open));
    assert!(flash(&open).contains("it stays open. Visitors get the site again."), "{}", flash(&open));
    assert!(texts(&open, "#drain-said").join(" ").contains("It does not drain: it is open."));
    assert_eq!(phase(&server, FIRST_SITE), Phase::Open);
    ada.post("/admin/history/undo/", &PageForm::of(&open, "form[action$='undo/']").fields());
    assert_eq!(phase(&server, FIRST_SITE), Phase::Draining);
}

#[test]
fn how_a_drain_ended_cannot_be_undone_when_it_ended_by_itself() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    at_work(&server, FIRST_SITE, "cleo", HOUR);
    drain(&server, &[FIRST_SITE], SignedDuration::from_secs(1));
    eventually("its end is noted", || record(&server, FIRST_SITE).drains.iter().any(|drain| drain.end.is_some()));
    let page = ada.get(PAGE).text();
    let said = texts(&page, "#drain-said").join(" ");
    assert!(said.starts_with("Closed at the deadline after") && said.contains("with 1 session left."), "{said}");
    let first = rows(&ada.get("/admin/history/").text(), "tbody tr").remove(0);
    assert!(first.contains("Closed at the deadline after") && first.contains("with 1 session left"), "{first}");
    assert!(!first.contains("Undo"), "{first}");
}

#[test]
fn staff_watch_and_end_the_drains_of_their_own_sites_only() {
    let server = a_server().start();
    let shop = server.add_site("shop.example", &[]);
    let theirs = at_work(&server, shop, "cleo", HOUR);
    let others = at_work(&server, FIRST_SITE, "dan", HOUR);
    drain(&server, &[FIRST_SITE, shop], SignedDuration::from_mins(10));
    let bo = server.staff("bo", Some(vec![shop]));
    assert_eq!(bo.get("/admin/sites/2/draining/").status, 200);
    for path in ["", "live/", "events"] {
        assert_eq!(bo.get(&format!("{PAGE}{path}")).status, 403, "{path}");
    }
    assert_eq!(bo.post(&format!("{PAGE}sessions/{}/end/", others.id), &[]).status, 403);
    assert_eq!(bo.post(&format!("/admin/sites/2/draining/sessions/{}/end/", others.id), &[]).status, 403);
    assert_eq!(bo.post(&format!("{PAGE}close/"), &[]).status, 403);
    assert_eq!(bo.post(&format!("/admin/sites/2/draining/sessions/{}/end/", theirs.id), &[]).status, 303);
    assert_eq!(bo.post("/admin/sites/2/draining/close/", &[]).status, 303);
    assert_eq!([FIRST_SITE, shop].map(|site| phase(&server, site)), [Phase::Draining, Phase::Maintenance]);
}

/// A stream that somebody reads.
struct Reading(BufReader<TcpStream>);

impl Reading {
    fn of(server: &TestServer, visitor: &Visitor<'_>) -> (Self, String) {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let cookie = visitor.cookie();
        write!(
            stream,
            "GET {PAGE}events HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nCookie: {cookie}\r\n\r\n"
        )
        .unwrap();
        let mut reading = Self(BufReader::new(stream));
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(reading.0.read_line(&mut head).unwrap() > 0, "{head}");
        }
        (reading, head.to_ascii_lowercase())
    }

    /// Reads until a line holds this; `None` when the stream ends before.
    fn until(&mut self, text: &str) -> Option<Vec<String>> {
        let mut lines = Vec::new();
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            // What keeps the connection alive comes for as long as one reads.
            assert!(Instant::now() < deadline, "{text} does not come: {lines:?}");
            let mut line = String::new();
            // The last chunk of a body has the size zero.
            if self.0.read_line(&mut line).unwrap() == 0 || line == "0\r\n" {
                return None;
            }
            lines.push(line.trim_end().to_owned());
            if line.contains(text) {
                return Some(lines);
            }
        }
    }
}

#[test]
fn a_stream_tells_a_change_within_seconds_and_ends_when_the_site_has_closed() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let cleo = at_work(&server, FIRST_SITE, "cleo", HOUR);
    at_work(&server, FIRST_SITE, "dan", HOUR);
    drain(&server, &[FIRST_SITE], SignedDuration::from_mins(10));
    let (mut stream, head) = Reading::of(&server, &ada);
    for line in [
        "http/1.1 200",
        "content-type: text/event-stream",
        "content-encoding: identity",
        "x-accel-buffering: no",
        "cache-control: no-store",
    ] {
        assert!(head.contains(line), "{line}: {head}");
    }
    let first = stream.until("2 sessions are still at work.").expect("the state is told at once");
    assert!(first.iter().any(|line| line == "event: show"), "{first:?}");
    // A second reader is told the same by the same look.
    let (mut second, _) = Reading::of(&server, &ada);
    second.until("2 sessions are still at work.").expect("the state is told at once");
    server.actions().visit_end(&operator(), cleo.id).unwrap();
    let changed = stream.until("1 session is still at work.").expect("the change is told");
    assert!(changed.iter().any(|line| line.contains("1 of 2 have left")) || stream.until("1 of 2 have left").is_some());
    second.until("1 session is still at work.").expect("the change is told to all");
    server.actions().drain_force(&operator(), &[FIRST_SITE]).unwrap();
    stream.until("Closed at once after").expect("how it ended is told");
    stream.until("event: over").expect("that it is over is told");
    assert_eq!(stream.until("nothing more"), None, "the stream ends");
    let (mut late, _) = Reading::of(&server, &ada);
    late.until("Closed at once after").expect("whoever comes late is told, too");
    late.until("event: over").expect("and that it is over");
}

#[test]
fn a_stream_never_begins_with_what_was_so_before_its_page() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    at_work(&server, FIRST_SITE, "cleo", HOUR);
    drain(&server, &[FIRST_SITE], SignedDuration::from_mins(10));
    let (mut before, _) = Reading::of(&server, &ada);
    before.until("It closes at").expect("the state is told at once");
    for minutes in [24, 39, 54] {
        assert_eq!(ada.post(&format!("{PAGE}extend/"), &[("back", "")]).status, 303);
        let (mut after, _) = Reading::of(&server, &ada);
        let told = after.until("It closes at").expect("the state is told at once").pop().unwrap();
        assert!(told.contains(&format!(", in {minutes} min")), "{told}");
    }
}

#[test]
fn a_stream_ends_with_the_log_in_of_whoever_reads_it() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    at_work(&server, FIRST_SITE, "cleo", HOUR);
    drain(&server, &[FIRST_SITE], SignedDuration::from_mins(10));
    let (mut stream, _) = Reading::of(&server, &ada);
    stream.until("1 session is still at work.").expect("the state is told at once");
    ada.get("/admin/account/");
    assert_eq!(ada.post("/admin/logout/", &[]).status, 303);
    assert_eq!(stream.until("nothing more"), None, "the stream ends");
    assert_eq!(ada.get(&format!("{PAGE}events")).status, 303, "and there is no other");
}

#[test]
fn the_tester_knows_somebody_at_work() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    at_work(&server, FIRST_SITE, "cleo", HOUR);
    drain(&server, &[FIRST_SITE], SignedDuration::from_mins(10));
    let verdict = |who: &str| {
        texts(&ada.get(&format!("/admin/sites/1/?target=/&ip=192.0.2.7&as={who}")).text(), ".verdict caption").join(" ")
    };
    assert_eq!(verdict("at+work"), "Let in, because whoever was at work before the drain began may finish.");
    assert!(verdict("").starts_with("503: kept out."));
}

#[test]
fn a_window_that_drains_is_planned_reviewed_and_kept_by_its_form() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let form = PageForm::of(&ada.get("/admin/schedule/add/?sites=1").text(), "#window")
        .with("start", "2030-01-13 02:00")
        .with("how", "drain")
        .with("drain_minutes", "20");
    for minutes in ["1441", "10081"] {
        let asked = ada.post("/admin/schedule/add/", &form.clone().with("drain_minutes", minutes).fields()).text();
        assert!(flash(&asked).contains("A drain lasts at most 1 day."), "{minutes}: {}", flash(&asked));
    }
    let asked = ada.post("/admin/schedule/add/", &form.fields()).text();
    let said = flash(&asked);
    assert!(said.contains("localhost drains up to 20 min, then closes:"), "{said}");
    let form = PageForm::of(&asked, "#window");
    let token = scraped(&asked, "button[name=confirm]");
    let page = ada.post_and_follow("/admin/schedule/add/", &form.with("confirm", &token).fields()).text();
    assert!(texts(&page, ".schedule").join(" ").contains("Those at work have up to 20 min to finish."));
    let windows = || record(&server, FIRST_SITE).windows;
    assert_eq!(windows()[0].drain_minutes, 20);
    let id = windows()[0].id;
    let form = PageForm::of(&ada.get(&format!("/admin/schedule/{id}/")).text(), "#window");
    assert_eq!((form.get("how"), form.get("drain_minutes")), (Some("drain"), Some("20")));
    let clone = PageForm::of(&ada.get(&format!("/admin/schedule/add/?clone={id}")).text(), "#window");
    assert_eq!((clone.get("how"), clone.get("drain_minutes")), (Some("drain"), Some("20")));
    let asked = ada.post(&format!("/admin/schedule/{id}/"), &form.clone().with("name", "Upgrade").fields()).text();
    let token = scraped(&asked, "button[name=confirm]");
    let form = PageForm::of(&asked, "#window").with("confirm", &token);
    ada.post_and_follow(&format!("/admin/schedule/{id}/"), &form.fields());
    assert_eq!((windows()[0].drain_minutes, windows()[0].name.as_str()), (20, "Upgrade"));
}

/// The value of a control.
fn scraped(page: &str, selector: &str) -> String {
    let html = scraper::Html::parse_document(page);
    let selector = scraper::Selector::parse(selector).unwrap();
    html.select(&selector).next().and_then(|found| found.attr("value")).unwrap_or_default().to_owned()
}

#[test]
fn the_page_is_there_for_a_site_that_does_not_drain() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    assert!(texts(&ada.get(PAGE).text(), "#drain-said").join(" ").contains("It does not drain: it is open."));
    server.close(FIRST_SITE);
    assert!(texts(&ada.get(PAGE).text(), "#drain-said").join(" ").contains("It is in maintenance."));
    assert_eq!(ada.get("/admin/sites/4711/draining/").status, 404);
    let began: Timestamp = clock::now();
    let (mut stream, _) = Reading::of(&server, &ada);
    stream.until("event: over").expect("there is nothing to wait for");
    assert!(clock::now().duration_since(began) < SignedDuration::from_secs(10));
}
