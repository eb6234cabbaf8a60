//! Windows in the panel: the list, the form, the buttons, and what they do to sites.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use maintenance_mode::actions::Take;
use maintenance_mode::cause::CauseId;
use maintenance_mode::lease::OnExpiry;
use maintenance_mode::maintenance::Level;
use maintenance_mode::record::SiteRecord;
use maintenance_mode::schedule::{Moment, Repeat, Schedule};
use maintenance_mode::site::SiteId;
use maintenance_mode::window::{Window, WindowId};

use crate::helpers::{FIRST_SITE, PageForm, Response, TestServer, Visitor, a_server, get, operator, rows, texts};

fn now() -> Timestamp {
    maintenance_mode::clock::now()
}

/// A window from some minutes ago until some minutes ahead.
fn around(name: &str, from: i64, until: i64) -> Window {
    let moment = |minutes| Moment::new(now() + SignedDuration::from_mins(minutes), TimeZone::UTC);
    let schedule = Schedule::Once { start: moment(from), end: Some(moment(until)) };
    Window { name: name.to_owned(), ..Window::new(schedule) }
}

/// A window that repeats every night and does not run now.
fn nightly(name: &str) -> Window {
    let hour = (now().to_zoned(TimeZone::UTC).hour() + 12) % 24;
    let schedule = Schedule::Repeat(Repeat {
        rule: format!("0 {hour} * * *"),
        zone: "UTC".to_owned(),
        minutes: 30,
        from: None,
        until: None,
    });
    Window { name: name.to_owned(), ..Window::new(schedule) }
}

fn plan(server: &TestServer, site: Option<SiteId>, window: &Window) -> WindowId {
    let done = server.actions().window_add(&operator(), site, window).expect("it can be planned");
    server.reach(done.revision.0);
    done.value.window.id
}

fn record(server: &TestServer, site: SiteId) -> SiteRecord {
    server.maintenance.store().read(|reader| reader.record(site)).unwrap().unwrap().0
}

fn causes(server: &TestServer, site: SiteId) -> Vec<String> {
    record(server, site).causes().at(now()).iter().map(|cause| cause.id.to_string()).collect()
}

fn flash(page: &Response) -> String {
    texts(&page.text(), "main > .message > p").join(" ")
}

/// Takes back what the page offers to take back, as a browser would.
fn undo(visitor: &Visitor<'_>, page: &Response) -> Response {
    let form = PageForm::of(&page.text(), "main form[action$='history/undo/']");
    visitor.post_and_follow("/admin/history/undo/", &form.fields())
}

/// Fills in the form of a window and sends it as it is.
fn send(visitor: &Visitor<'_>, path: &str, typed: &[(&str, &str)]) -> Response {
    let page = visitor.get(path);
    assert_eq!(page.status, 200, "{path}: {}", page.text());
    let mut form = PageForm::of(&page.text(), "#window");
    for (name, value) in typed {
        form = form.with(name, value);
    }
    let target = path.split('?').next().unwrap_or(path);
    visitor.post(target, &form.fields())
}

/// Confirms what a page of a window asks.
fn confirm(visitor: &Visitor<'_>, path: &str, asked: &Response) -> Response {
    let page = asked.text();
    let html = scraper::Html::parse_document(&page);
    let button = scraper::Selector::parse("button[name=confirm]").unwrap();
    let token = html.select(&button).next().unwrap_or_else(|| panic!("nothing is asked: {page}"));
    let form = PageForm::of(&page, "#window").with("confirm", token.attr("value").unwrap());
    visitor.post(path, &form.fields())
}

#[test]
fn a_window_is_planned_reviewed_and_then_closes_the_site_by_itself() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let typed = [("name", "Upgrade"), ("zone", "Europe/Berlin"), ("start", "2030-01-13 02:00"), ("lasts", "90")];
    let asked = send(&ada, "/admin/schedule/add/", &typed);
    assert_eq!(asked.status, 200);
    assert!(record(&server, FIRST_SITE).windows.is_empty(), "nothing is saved before it is confirmed");
    let said = texts(&asked.text(), ".message").join(" ");
    assert!(said.contains("Nothing was saved yet. Is this what you want?"), "{said}");
    assert!(said.contains("Closes localhost: Sun 13 Jan 2030, 02:00–03:30 CET in "), "{said}");
    assert!(said.contains("People are told from 13 Jan 2030, 01:30 CET on."), "{said}");
    let answer = confirm(&ada, "/admin/schedule/add/", &asked);
    assert_eq!((answer.status, answer.header("location")), (303, "/admin/schedule/"));
    let page = ada.get("/admin/schedule/");
    assert!(flash(&page).starts_with("Window-1 “Upgrade” scheduled on localhost. In "), "{}", flash(&page));
    assert_eq!(rows(&page.text(), "table.schedule tbody tr").len(), 1);
    let window = record(&server, FIRST_SITE).windows.remove(0);
    assert_eq!(window.schedule.to_string(), "2030-01-13 02:00 to 03:30, Europe/Berlin");

    let sites = ada.get("/admin/");
    assert!(texts(&sites.text(), "table.sites .status")[0].starts_with("Scheduled for 13 Jan 2030, 01:00 UTC"));
    assert_eq!(texts(&sites.text(), ".filters a"), ["All 1", "In maintenance 0", "Scheduled 1"]);
    assert_eq!(texts(&ada.get("/admin/?status=scheduled").text(), "table.sites tbody th a"), ["localhost"]);
    let site = ada.get("/admin/sites/1/");
    assert!(texts(&site.text(), "#schedule li")[0].starts_with("window-1 “Upgrade”: Sun 13 Jan 2030, 01:00–02:30 UTC"));
    let undone = undo(&ada, &page);
    assert_eq!(flash(&undone), "Undone: window added on localhost.");
    assert!(record(&server, FIRST_SITE).windows.is_empty());
}

#[test]
fn what_is_wrong_is_said_at_its_field_and_what_was_typed_is_kept() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let typed = [("name", "Upgrade <b>"), ("zone", "Europe/Berlni"), ("start", "soon"), ("body", "Back at {end}")];
    let answer = send(&ada, "/admin/schedule/add/", &typed);
    assert_eq!(answer.status, 422);
    let page = answer.text();
    assert!(texts(&page, "title")[0].starts_with("Error: "));
    assert_eq!(texts(&page, "#zone-error"), ["There is no time zone “Europe/Berlni”. Nearest: Europe/Berlin."]);
    let form = PageForm::of(&page, "#window");
    for (name, value) in typed {
        assert_eq!(form.get(name), Some(value));
    }
    for (typed, said) in [
        (
            vec![("start", "2030-01-13 02:00"), ("ending", "end"), ("end", "2030-01-13 01:00")],
            "The end must be after the start.",
        ),
        (vec![("start", "2030-01-13 02:00"), ("lasts", "0")], "It must last at least one minute."),
        (vec![("start", "2020-01-13 02:00")], "It would be over already."),
        (vec![("start", "2030-01-13 02:00"), ("repeats", "rule"), ("rule", "0 0 31 2 *")], "It never happens."),
        (
            vec![("start", "2030-01-13 02:00"), ("repeats", "rule"), ("rule", "* * * * *")],
            "It happens again before it is over",
        ),
        (
            vec![("start", "2030-03-31 02:30"), ("zone", "Europe/Berlin")],
            "2030-03-31 02:30 does not exist in Europe/Berlin",
        ),
        (vec![("sites", "nowhere.example")], "No site of yours is called “nowhere.example”."),
    ] {
        let answer = send(&ada, "/admin/schedule/add/", &typed);
        let errors = texts(&answer.text(), ".message.error li").join(" ");
        assert!(answer.status == 422 && errors.starts_with(said), "{typed:?}: {errors}");
    }
    assert!(record(&server, FIRST_SITE).windows.is_empty());
}

#[test]
fn changes_of_clocks_and_overlaps_are_pointed_out_before_it_is_saved() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let start = Moment::new("2030-01-13T01:30:00Z".parse().unwrap(), TimeZone::UTC);
    plan(&server, None, &Window { name: "Backup".to_owned(), ..Window::new(Schedule::Once { start, end: None }) });
    let year = now().to_zoned(TimeZone::UTC).year();
    let first = format!("{year}-01-01 02:30");
    let typed = [("zone", "Europe/Berlin"), ("start", first.as_str()), ("repeats", "daily")];
    let said = texts(&send(&ada, "/admin/schedule/add/", &typed).text(), ".message .warning").join(" ");
    assert!(said.contains("02:30 does not exist, because the clocks are put forward: it begins at 03:00"), "{said}");
    assert!(said.contains("02:30 comes twice, because the clocks are put back"), "{said}");
    let typed = [("zone", "UTC"), ("start", "2030-01-13 01:00"), ("ending", "end"), ("end", "2030-01-13 02:00")];
    let said = texts(&send(&ada, "/admin/schedule/add/", &typed).text(), ".message .warning").join(" ");
    assert!(said.contains("It overlaps window-1 “Backup” on all sites: Sun 13 Jan 2030, 01:30 UTC until"), "{said}");
    let typed = [("zone", "Europe/Berlin"), ("start", "2030-03-31 01:30"), ("lasts", "90")];
    let said = texts(&send(&ada, "/admin/schedule/add/", &typed).text(), ".message .warning").join(" ");
    assert!(said.contains("The clocks are put forward by 60 min while it runs"), "{said}");
}

#[test]
fn the_preview_answers_without_asking_or_saving() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let typed = [("start", "2030-01-13 02:00"), ("repeats", "weekly"), ("action", "check")];
    let page = send(&ada, "/admin/schedule/add/", &typed).text();
    assert_eq!(texts(&page, "#preview li").len(), 6, "five times and the words that there are more");
    assert!(texts(&page, "#preview li")[1].starts_with("Sun 20 Jan 2030, 02:00–03:00 UTC"));
    assert!(texts(&page, "button[name=confirm]").is_empty());
    let wrong = send(&ada, "/admin/schedule/add/", &[("start", "soon"), ("action", "check")]);
    assert_eq!(wrong.status, 200);
    assert!(texts(&wrong.text(), "#preview").join(" ").contains("“soon” is not a time."));
    assert!(!wrong.text().contains("missing still"), "something was typed");
    assert!(record(&server, FIRST_SITE).windows.is_empty());
}

#[test]
fn the_ways_to_repeat_are_true_of_any_start_and_the_last_day_is_told_wherever_the_window_is() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let form = ada.get("/admin/schedule/add/").text();
    let ways =
        ["Never", "Every day", "Every week, on the weekday of the start", "Every month, on the day of the start"];
    assert_eq!(texts(&form, "#repeats option")[..4], ways);
    let typed = [("start", "2030-01-15 02:00"), ("repeats", "weekly"), ("until", "2030-03-31")];
    let asked = send(&ada, "/admin/schedule/add/", &typed);
    let said = "every week on Tuesday until the end of 2030-03-31";
    assert!(texts(&asked.text(), ".message").join(" ").contains(&format!("It repeats {said}.")), "{}", asked.text());
    assert_eq!(confirm(&ada, "/admin/schedule/add/", &asked).status, 303);
    let page = ada.get("/admin/schedule/");
    assert!(flash(&page).contains(said), "{}", flash(&page));
    assert_eq!(texts(&page.text(), "table.schedule th .by"), [said]);
    let history = ada.get("/admin/history/").text();
    assert!(history.contains("0 2 * * TUE for 60 min, UTC, until the end of 2030-03-31"), "{history}");
    // The same day, and not the moment after it, is what the form shows again.
    let form = PageForm::of(&ada.get("/admin/schedule/1/").text(), "#window");
    assert_eq!(form.get("until"), Some("2030-03-31"));
}

#[test]
fn one_form_plans_the_same_on_several_sites_that_were_ticked() {
    let server = a_server().start();
    let (blog, shop) = (server.add_site("blog.example", &[]), server.add_site("shop.example", &[]));
    let ada = server.superuser("ada");
    let bar = ada.get(&format!("/admin/sites/bulk/?action=schedule&sites[]={blog}&sites[]={shop}"));
    let target = format!("/admin/schedule/add/?sites={blog}%2C{shop}");
    assert_eq!((bar.status, bar.header("location")), (303, target.as_str()));
    let asked = send(&ada, bar.header("location"), &[("start", "2030-01-13 02:00")]);
    assert!(texts(&asked.text(), ".message").join(" ").contains("Closes blog.example, shop.example:"));
    let answer = confirm(&ada, "/admin/schedule/add/", &asked);
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!([blog, shop, FIRST_SITE].map(|site| record(&server, site).windows.len()), [1, 1, 0]);
    let page = ada.get("/admin/schedule/");
    assert!(flash(&page).starts_with("2 windows scheduled, one on each of blog.example and shop.example."));
    undo(&ada, &page);
    assert_eq!([blog, shop].map(|site| record(&server, site).windows.len()), [0, 0]);
    let none = ada.get("/admin/sites/bulk/?action=schedule");
    assert_eq!(flash(&ada.get(none.header("location"))), "No site is ticked. Nothing changed.");
}

#[test]
fn every_button_of_the_list_does_what_it_says_and_can_be_undone() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let running = plan(&server, Some(FIRST_SITE), &around("Upgrade", -5, 60));
    let night = plan(&server, None, &nightly("Backup"));
    let page = ada.get("/admin/schedule/");
    assert_eq!(texts(&page.text(), "main h2"), ["Now", "Ahead"]);
    let buttons = texts(&page.text(), "table.schedule :is(button, a.button)");
    assert_eq!(
        buttons,
        [
            "End now: window-1 “Upgrade”, localhost",
            "+15 min: window-1 “Upgrade”, localhost",
            "Skip next: window-2 “Backup”, All sites",
            "Clone: window-2 “Backup”, All sites",
            "Remove: window-2 “Backup”, All sites",
        ]
    );
    let press = |what: &str, id: WindowId| {
        ada.post_and_follow(&format!("/admin/schedule/{id}/{what}/"), &[("back", "schedule/")])
    };
    let end = |server: &TestServer| record(server, FIRST_SITE).windows[0].at(now()).and_then(|time| time.ends_at);
    let planned = end(&server).unwrap();
    let extended = press("extend", running);
    assert!(
        flash(&extended).starts_with("Window-1 “Upgrade” on localhost lasts 15 min longer: "),
        "{}",
        flash(&extended)
    );
    assert_eq!(end(&server).unwrap().duration_since(planned).as_mins(), 15);
    assert!(texts(&extended.text(), "table.schedule td .by").iter().any(|by| by.starts_with("planned until ")));

    let ended = press("end", running);
    assert!(flash(&ended).ends_with("Visitors get the site again."), "{}", flash(&ended));
    assert_eq!(server.send(get("/")).status, 200);
    assert!(texts(&ended.text(), "main h2").contains(&"Over".to_owned()), "planned against actual");
    assert!(flash(&press("end", running)).starts_with("This window does not run any more."));
    undo(&ada, &ended);
    assert_eq!(server.send(get("/")).status, 503);

    let skipped = press("skip", night);
    assert!(
        flash(&skipped).contains("on all sites leaves out its next time. It comes next in "),
        "{}",
        flash(&skipped)
    );
    let shared = || record(&server, FIRST_SITE).shared.to_vec();
    assert_eq!(shared()[0].exceptions.len(), 1);
    assert_eq!(flash(&undo(&ada, &skipped)), "Undone: window skipped once on all sites.");
    assert!(shared()[0].exceptions.is_empty());

    let clone = ada.get(&format!("/admin/schedule/add/?clone={night}"));
    let form = PageForm::of(&clone.text(), "#window");
    assert_eq!(
        (form.get("name"), form.get("repeats"), form.get("sites")),
        (Some("Backup"), Some("daily"), Some("all"))
    );
    let removed = press("remove", night);
    assert_eq!(flash(&removed), "Window-2 “Backup” removed from all sites.");
    assert!(shared().is_empty());
    undo(&ada, &removed);
    assert_eq!(shared().len(), 1);
}

#[test]
fn a_window_that_closes_for_writing_only_stays_so_when_it_is_edited() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let window = Window { level: Level::ReadOnly, ..nightly("Backup") };
    let id = plan(&server, Some(FIRST_SITE), &window);
    let path = format!("/admin/schedule/{id}/");
    let asked = send(&ada, &path, &[("name", "Nightly backup")]);
    let answer = if asked.status == 303 { asked } else { confirm(&ada, &path, &asked) };
    assert_eq!(answer.status, 303, "{}", answer.text());
    let kept = record(&server, FIRST_SITE).windows.remove(0);
    assert_eq!((kept.name.as_str(), kept.level), ("Nightly backup", Level::ReadOnly));
}

#[test]
fn a_window_that_somebody_else_has_changed_is_not_overwritten_unseen() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let id = plan(&server, Some(FIRST_SITE), &around("Upgrade", 600, 660));
    let path = format!("/admin/schedule/{id}/");
    let form = PageForm::of(&ada.get(&path).text(), "#window").with("name", "Mine");
    let theirs = |name: &'static str| {
        let edit = |window: &mut Window| {
            window.name = name.to_owned();
            Ok(())
        };
        let done = server.actions().window_edit(&operator(), id, edit).unwrap();
        server.reach(done.revision.0);
    };
    theirs("Theirs");
    let answer = ada.post(&path, &form.fields());
    assert_eq!(answer.status, 409);
    assert!(texts(&answer.text(), ".message").join(" ").contains("CLI, root@test changed this window"));
    assert_eq!(rows(&answer.text(), ".compare tbody tr"), ["Name | Mine | Theirs"]);
    assert_eq!(record(&server, FIRST_SITE).windows[0].name, "Theirs");
    // Seen, one's own is reviewed and saved; whatever became of single times meanwhile stays.
    let asked = ada.post(&path, &PageForm::of(&answer.text(), "#window").fields());
    let done = server.actions().window_extend(&operator(), id, SignedDuration::from_mins(15)).unwrap();
    server.reach(done.revision.0);
    let saved = confirm(&ada, &path, &asked);
    let saved = if saved.status == 200 { confirm(&ada, &path, &saved) } else { saved };
    assert_eq!(saved.status, 303, "{}", saved.text());
    let window = record(&server, FIRST_SITE).windows.remove(0);
    assert_eq!((window.name.as_str(), window.exceptions.len()), ("Mine", 1));
}

#[test]
fn limited_staff_see_and_change_the_windows_of_their_sites_only() {
    let server = a_server().start();
    let shop = server.add_site("shop.example", &[]);
    let own = plan(&server, Some(shop), &around("Own", -5, 60));
    let other = plan(&server, Some(FIRST_SITE), &around("Secret", -5, 60));
    let shared = plan(&server, None, &around("Everybody", -5, 60));
    server.superuser("root");
    let bo = server.staff("bo", Some(vec![shop]));
    let page = bo.get("/admin/schedule/").text();
    assert!(page.contains("“Own”") && page.contains("“Everybody”") && !page.contains("Secret"), "{page}");
    assert!(!page.contains("localhost"), "{page}");
    let buttons = texts(&page, "table.schedule button");
    assert!(!buttons.is_empty() && buttons.iter().all(|button| button.contains("“Own”")), "{buttons:?}");
    let before = server.maintenance.store().read(|reader| reader.change_last()).unwrap();
    for id in [other, shared] {
        assert_eq!(bo.get(&format!("/admin/schedule/{id}/")).status, 403);
        assert_eq!(bo.get(&format!("/admin/schedule/add/?clone={id}")).status, 403);
        bo.get("/admin/schedule/");
        for act in ["", "end/", "extend/", "skip/", "remove/"] {
            assert_eq!(bo.post(&format!("/admin/schedule/{id}/{act}"), &[]).status, 403, "{act} of {id}");
        }
    }
    for sites in ["all", "1", "2,1"] {
        assert_eq!(bo.get(&format!("/admin/schedule/add/?sites={sites}")).status, 403, "{sites}");
        bo.get("/admin/schedule/");
        assert_eq!(bo.post("/admin/schedule/add/", &[("sites", sites)]).status, 403, "{sites}");
    }
    assert_eq!(server.maintenance.store().read(|reader| reader.change_last()).unwrap(), before);
    let form = PageForm::of(&bo.get("/admin/schedule/add/").text(), "#window");
    assert_eq!(form.get("sites"), Some(shop.to_string().as_str()), "their only site is chosen");
    bo.post_and_follow(&format!("/admin/schedule/{own}/end/"), &[("back", "schedule/")]);
    assert_eq!(causes(&server, shop), [CauseId::Window(shared).to_string()]);
    // A window of all sites can be ended on one's own site, and goes on elsewhere.
    bo.post_and_follow(&format!("/admin/sites/{shop}/end/window-{shared}/"), &[]);
    assert!(causes(&server, shop).is_empty());
    assert_eq!(causes(&server, FIRST_SITE).len(), 2);
}

#[test]
fn every_cause_has_its_own_end_and_the_message_says_what_still_holds() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    server.close(FIRST_SITE);
    let window = plan(&server, Some(FIRST_SITE), &around("Upgrade", -5, 60));
    let take = Take {
        length: SignedDuration::from_mins(10),
        on_expiry: OnExpiry::Stay,
        name: "deploy 7".to_owned(),
        message: Some("Deploying".to_owned()),
        language: "en".to_owned(),
        drain_until: None,
        typed_domains: None,
    };
    let done = server.actions().lease_take(&operator(), &[FIRST_SITE], &take).unwrap();
    server.reach(done.revision.0);
    let page = ada.get("/admin/sites/1/");
    let listed = texts(&page.text(), ".holding li");
    assert!(listed[0].starts_with("Switched on by CLI, root@test, since "), "{listed:?}");
    assert!(listed[1].starts_with("Lease-1 “deploy 7” since ") && listed[1].contains("then it stays"), "{listed:?}");
    assert!(listed[1].contains("its message is shown"), "{listed:?}");
    assert!(listed[2].starts_with("Window-1 “Upgrade” since ") && listed[2].contains(", until "), "{listed:?}");
    let why = texts(&page.text(), ".holding > p").join(" ");
    assert!(why.contains("of lease-1 “deploy 7”, because the site has none"), "{why}");
    let strip = texts(&page.text(), ".strip details p");
    assert_eq!(strip.len(), 3, "the strip has them as well: {strip:?}");

    let press = |cause: &str| ada.post_and_follow(&format!("/admin/sites/1/end/{cause}/"), &[("back", "sites/1/")]);
    let ended = press("box");
    assert!(flash(&ended).starts_with("The box ended on localhost at "), "{}", flash(&ended));
    assert!(flash(&ended).contains("The site stays closed by lease-1 “deploy 7” and window-1 “Upgrade” until "));
    assert!(!flash(&ended).contains("Visitors get the site again"));
    assert!(
        flash(&press("box")).starts_with("The box does not hold localhost closed. Nothing changed. The site stays")
    );
    undo(&ada, &ended);
    assert_eq!(causes(&server, FIRST_SITE), ["box", "lease-1", &format!("window-{window}")]);
    assert_eq!(ada.post("/admin/sites/1/end/nonsense/", &[]).status, 404);

    let all = ada.post_and_follow("/admin/sites/1/end/", &[("back", "sites/1/")]);
    assert!(flash(&all).starts_with("Maintenance ended on localhost at "), "{}", flash(&all));
    assert!(
        flash(&all)
            .ends_with("That ended the box, lease-1 “deploy 7” and window-1 “Upgrade”. Visitors get the site again."),
        "{}",
        flash(&all)
    );
    assert!(causes(&server, FIRST_SITE).is_empty());
}

#[test]
fn unticking_the_box_while_a_window_runs_asks_which_is_meant() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    plan(&server, Some(FIRST_SITE), &around("Upgrade", -5, 60));
    for (answer, left, said) in [
        ("keep", vec!["window-1"], "The site stays closed by window-1 “Upgrade” until "),
        ("end", vec![], "That ended the box and window-1 “Upgrade”. Visitors get the site again."),
    ] {
        server.close(FIRST_SITE);
        let form = PageForm::of(&ada.get("/admin/sites/1/").text(), "#site").without("in_maintenance");
        let form = form.with("retry_after", "77").with("action", "continue");
        let asked = ada.post("/admin/sites/1/", &form.fields());
        assert_eq!(asked.status, 422);
        let buttons = texts(&asked.text(), "button[name=others]");
        assert!(buttons[0].starts_with("Only the box; window-1 “Upgrade” until "), "{buttons:?}");
        assert!(buttons[0].ends_with(" goes on"), "{buttons:?}");
        assert_eq!(buttons[1], "Open the site: end that as well");
        assert!(causes(&server, FIRST_SITE).contains(&"box".to_owned()), "nothing is saved yet");
        let form = PageForm::of(&asked.text(), "#site").with("others", &format!("{answer}-continue"));
        assert_eq!(form.get("retry_after"), Some("77"), "what was typed is kept");
        let page = ada.post_and_follow("/admin/sites/1/", &form.fields());
        assert!(flash(&page).contains(said), "{}", flash(&page));
        assert_eq!(causes(&server, FIRST_SITE), left);
        assert_eq!(record(&server, FIRST_SITE).maintenance.retry_after, Some(77));
        server.edit(FIRST_SITE, |record| record.maintenance.retry_after = None);
    }
}

#[test]
fn a_window_that_is_planned_meanwhile_does_not_make_the_form_of_a_site_stale() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let form = PageForm::of(&ada.get("/admin/sites/1/").text(), "#site").with("retry_after", "77");
    plan(&server, Some(FIRST_SITE), &around("Upgrade", 60, 120));
    assert_eq!(ada.post("/admin/sites/1/", &form.fields()).status, 303);
    let saved = record(&server, FIRST_SITE);
    assert_eq!((saved.maintenance.retry_after, saved.windows.len()), (Some(77), 1));
    server.edit(FIRST_SITE, |record| record.maintenance.retry_after = Some(99));
    assert_eq!(ada.post("/admin/sites/1/", &form.fields()).status, 409, "an edit of the record still counts");
}

#[test]
fn the_list_has_pages_of_fifty_and_of_one_site_alone() {
    let server = a_server().start();
    let shop = server.add_site("shop.example", &[]);
    let ada = server.superuser("ada");
    for number in 0..55 {
        plan(&server, Some(FIRST_SITE), &around(&format!("W{number:02}"), 60 + number, 120 + number));
    }
    plan(&server, Some(shop), &around("Shop", 60, 120));
    let page = ada.get("/admin/schedule/").text();
    assert_eq!(rows(&page, "table.schedule tbody tr").len(), 50);
    assert_eq!(texts(&page, ".pager p"), ["1–50 of 56 lines"]);
    assert_eq!(texts(&page, "[aria-hidden=true] ol li").len(), 14);
    let last = ada.get("/admin/schedule/?page=2").text();
    assert_eq!(rows(&last, "table.schedule tbody tr").len(), 6);
    let of_one = ada.get(&format!("/admin/schedule/?site={shop}")).text();
    assert_eq!(texts(&of_one, "h1"), ["Schedule of shop.example"]);
    assert_eq!(rows(&of_one, "table.schedule tbody tr").len(), 1);
}

#[test]
fn the_history_tells_windows_part_by_part_and_undoes_those_of_all_sites() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let id = plan(&server, None, &around("Upgrade", -5, 60));
    let done = server.actions().window_extend(&operator(), id, SignedDuration::from_mins(15)).unwrap();
    server.reach(done.revision.0);
    let page = ada.get("/admin/history/?kind=window").text();
    let told = rows(&page, "table.history tbody tr");
    assert!(told[0].contains("all sites | Window extended") && told[0].contains("as planned"), "{told:?}");
    assert!(told[0].contains("Window-1 “Upgrade”, time of"), "{told:?}");
    assert!(told[1].contains("Window added") && told[1].contains("“Upgrade”, "), "{told:?}");
    assert_eq!(texts(&page, "table.history button").len(), 2);
    let revision = done.changes[0].0.to_string();
    let back = [("revisions[]", revision.as_str()), ("back", "history/")];
    let undone = ada.post_and_follow("/admin/history/undo/", &back);
    assert_eq!(flash(&undone), "Undone: window extended on all sites.");
    assert!(record(&server, FIRST_SITE).shared[0].exceptions.is_empty());
    let bo = server.staff("bo", None);
    bo.get("/admin/history/");
    assert_eq!(bo.post("/admin/history/undo/", &back).status, 404, "staff undo no windows of all sites");
}

#[test]
fn what_was_typed_survives_the_end_of_a_session() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let form = PageForm::of(&ada.get("/admin/schedule/add/").text(), "#window").with("name", "Long typed");
    ada.post("/admin/logout/", &[]);
    let answer = ada.post("/admin/schedule/add/", &form.fields());
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("You were logged out") && answer.text().contains("Long typed"));
}
