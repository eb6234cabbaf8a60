//! A site that is closed for writing only is told from one that is closed, wherever its state is shown.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use maintenance_mode::actions::Start;
use maintenance_mode::clock;
use maintenance_mode::maintenance::Level;
use maintenance_mode::schedule::{Moment, Schedule};
use maintenance_mode::storage::StoreError;
use maintenance_mode::window::{Window, WindowId};

use crate::helpers::{FIRST_SITE, PageForm, Response, TestServer, Visitor, a_server, get, operator, rows, texts};

fn flash(page: &Response) -> String {
    texts(&page.text(), "main > .message > p").join(" ")
}

fn saved(visitor: &Visitor<'_>, form: &PageForm) -> Response {
    visitor.post_and_follow("/admin/sites/1/", &form.fields())
}

fn form(visitor: &Visitor<'_>) -> PageForm {
    PageForm::of(&visitor.get("/admin/sites/1/").text(), "#site")
}

/// What the list, the strip, the page of the site and its preview say of its state.
fn shown(visitor: &Visitor<'_>) -> [String; 5] {
    let (list, site) = (visitor.get("/admin/").text(), visitor.get("/admin/sites/1/").text());
    let preview = visitor.get("/admin/sites/1/preview/").text();
    let first = |page: &str, selector: &str| texts(page, selector).into_iter().next().unwrap_or_default();
    [
        rows(&list, ".sites tbody tr").join(" "),
        first(&list, ".strip"),
        first(&site, ".links .status"),
        first(&site, ".holding h2"),
        first(&preview, "main > p"),
    ]
}

fn start(server: &TestServer, level: Level) {
    let start = Start { level: Some(level), ..Start::default() };
    let done = server.actions().start(&operator(), &[FIRST_SITE], &start).unwrap();
    server.reach(done.revision.0);
}

/// A window that runs for an hour from now.
fn window(server: &TestServer, level: Level) -> WindowId {
    let moment = |at: Timestamp| Moment::new(at, TimeZone::UTC);
    let now = clock::now();
    let schedule = Schedule::Once {
        start: moment(now - SignedDuration::from_mins(5)),
        end: Some(moment(now + SignedDuration::from_hours(1))),
    };
    let window = Window { name: "Database upgrade".to_owned(), level, ..Window::new(schedule) };
    let done = server.actions().window_add(&operator(), Some(FIRST_SITE), &window).unwrap();
    server.reach(done.revision.0);
    done.value.window.id
}

#[test]
fn what_is_closed_for_writing_only_is_called_so_everywhere() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let page = saved(&ada, &form(&ada).with("in_maintenance", "on").with("read_only", "on"));
    let said = flash(&page);
    assert!(said.starts_with("localhost is closed for writing since "), "{said}");
    assert!(said.contains("Reading goes on; what would change something gets the 503 page."), "{said}");
    assert_eq!(server.send(get("/")).status, 200);

    let [row, strip, heading, holding, preview] = shown(&ada);
    assert!(row.contains("Closed for writing since ") && row.contains("ada"), "{row}");
    assert!(strip.starts_with("1 of 1 site closed for writing: localhost closed for writing "), "{strip}");
    assert!(heading.starts_with("Closed for writing since "), "{heading}");
    assert_eq!(holding, "What holds it closed for writing");
    assert!(preview.contains("for what would change something; reading goes on"), "{preview}");
    for said in [&row, &strip, &heading, &preview] {
        assert!(!said.contains("n maintenance"), "{said}");
    }
    let site = ada.get("/admin/sites/1/").text();
    let cause = texts(&site, ".holding li").join(" ");
    assert!(cause.starts_with("Switched on by ada, since ") && cause.contains("for writing only"), "{cause}");
    assert!(texts(&site, "#in_maintenance-hint").join(" ").starts_with("Reading goes on;"), "{site}");
    let filters = texts(&ada.get("/admin/?status=read-only").text(), ".filters").join(" ");
    assert!(filters.contains("In maintenance 0 Closed for writing 1"), "{filters}");
    assert_eq!(rows(&ada.get("/admin/?status=maintenance").text(), ".sites tbody tr").len(), 0);
    let history = texts(&ada.get("/admin/history/").text(), "main").join(" ");
    assert!(history.contains("Closed for writing") && !history.contains("Maintenance started"), "{history}");
    let status = server.send(get("/maintenance/status.json")).json();
    assert_eq!((status["phase"].as_str(), status["level"].as_str()), (Some("maintenance"), Some("read-only")));

    let again = ada.post_and_follow("/admin/sites/1/start/", &[]);
    assert!(flash(&again).starts_with("localhost is already closed for writing, started by ada"), "{}", flash(&again));
    let bulk = ada.get("/admin/sites/bulk/?action=start&sites%5B%5D=1").text();
    assert!(bulk.contains("1 site is already closed for writing."), "{bulk}");

    let page = saved(&ada, &form(&ada).without("read_only"));
    assert!(
        flash(&page).starts_with("localhost is in maintenance now. Visitors get the 503 page."),
        "{}",
        flash(&page)
    );
    assert!(shown(&ada)[0].contains("In maintenance since "));
    let page = saved(&ada, &form(&ada).with("read_only", "on"));
    assert!(flash(&page).starts_with("localhost is closed for writing now. Reading goes on;"), "{}", flash(&page));
}

#[test]
fn a_full_closure_beside_one_for_writing_only_closes_the_site() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    start(&server, Level::ReadOnly);
    let id = window(&server, Level::Full);
    let [row, strip, heading, holding, preview] = shown(&ada);
    assert!(row.contains("In maintenance since ") && heading.starts_with("In maintenance since "), "{row} {heading}");
    assert!(strip.starts_with("1 of 1 site in maintenance: "), "{strip}");
    assert_eq!((holding.as_str(), preview.as_str()), ("What holds it closed", "Visitors get this now."));
    let causes = texts(&ada.get("/admin/sites/1/").text(), ".holding li");
    assert_eq!(causes.iter().filter(|cause| cause.contains("for writing only")).count(), 1, "{causes:?}");

    let ended = ada.post_and_follow(&format!("/admin/sites/1/end/window-{id}/"), &[]);
    assert!(flash(&ended).contains("The site stays closed for writing by the box."), "{}", flash(&ended));
    assert!(shown(&ada)[0].contains("Closed for writing since "));
}

#[test]
fn a_window_that_closes_a_site_is_named_in_the_list_and_beside_the_box() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    window(&server, Level::ReadOnly);
    let row = rows(&ada.get("/admin/").text(), ".sites tbody tr").join(" ");
    assert!(row.contains("Closed for writing since ") && row.contains("by window-1 “Database upgrade”"), "{row}");
    let planned = rows(&ada.get("/admin/schedule/").text(), ".schedule tbody tr").join(" ");
    assert!(planned.contains("For writing only."), "{planned}");
    let hint = texts(&ada.get("/admin/sites/1/").text(), "#in_maintenance-hint").join(" ");
    assert!(hint.starts_with("The site is closed by window-1 “Database upgrade” until "), "{hint}");
    assert!(hint.contains("The box, once it is ticked, closes it besides."), "{hint}");
    let page = saved(&ada, &form(&ada).with("in_maintenance", "on"));
    assert!(flash(&page).starts_with("localhost is in maintenance now."), "{}", flash(&page));
    let row = rows(&ada.get("/admin/").text(), ".sites tbody tr").join(" ");
    assert!(row.contains("by the box and window-1 “Database upgrade”"), "{row}");
}

#[test]
fn a_drain_that_closes_for_writing_only_says_so_before_and_after_its_end() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let page = saved(&ada, &form(&ada).with("in_maintenance", "on").with("read_only", "on").with("how", "drain"));
    assert!(flash(&page).contains("at the latest; everybody else can only read."), "{}", flash(&page));
    assert_eq!(texts(&ada.get("/admin/sites/1/").text(), ".holding h2"), ["What will close it"]);
    assert!(texts(&ada.get("/admin/").text(), ".strip summary").iter().all(|said| said == "What will close them"));
    let back = [("back", "sites/1/draining/")];
    let page = ada.post_and_follow("/admin/sites/1/draining/close/", &back);
    assert!(flash(&page).starts_with("localhost is closed for writing since "), "{}", flash(&page));
    assert!(flash(&page).contains("Reading goes on;") && !flash(&page).contains("Visitors get"), "{}", flash(&page));
    let said = texts(&page.text(), "#drain-said").join(" ");
    assert!(said.contains("Closed for writing since ") && said.contains("Reading goes on;"), "{said}");
    assert!(texts(&page.text(), ".phases").join(" ").contains("Closed for writing"));
}

/// Puts the beginning into the past, which nobody can do from outside; servers learn of it with the next change.
fn closed_for_a_day(server: &TestServer) {
    let store = server.maintenance.store();
    store
        .write(|writer| {
            let (before, revision) = writer.record(FIRST_SITE)?.expect("the site is there");
            let mut after = before.clone();
            after.maintenance.since = Some(clock::now() - SignedDuration::from_hours(30));
            writer.record_update(&before, &after, revision)
        })
        .map_err(|error: StoreError| error)
        .expect("it can be written");
}

#[test]
fn search_engines_are_warned_of_only_where_they_meet_the_503() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    start(&server, Level::ReadOnly);
    closed_for_a_day(&server);
    server.edit(FIRST_SITE, |record| record.site.name = "Shop".to_owned());
    let warned =
        || ["/admin/", "/admin/sites/1/"].map(|path| ada.get(path).text().matches("Search engines accept").count());
    assert_eq!(warned(), [0, 0]);
    server.edit(FIRST_SITE, |record| record.maintenance.level = Level::Full);
    assert_eq!(warned(), [1, 2]);
}

#[test]
fn the_sample_site_gives_the_true_reason_to_who_only_reads() {
    let server = a_server().start();
    start(&server, Level::ReadOnly);
    let banner = |page: &Response| texts(&page.text(), "aside.closed").join(" ");
    let stranger = server.send(get("/"));
    assert_eq!(banner(&stranger), "This site is closed for writing. Reading goes on.");
    assert_eq!(texts(&stranger.text(), "h1"), ["This site is closed for writing"]);
    let ada = server.superuser("ada");
    assert!(banner(&ada.get("/")).contains("Reading goes on. You may write because you are a superuser."));
}
