//! The history in the panel: reading it, taking it away as a file, taking changes back.

use jiff::tz::TimeZone;
use maintenance_mode::pattern::{IgnoredPattern, PatternKind};
use maintenance_mode::record::SiteRecord;
use maintenance_mode::schedule::{Moment, Schedule};
use maintenance_mode::site::{Domain, SiteId};
use maintenance_mode::window::Window;
use scraper::{Html, Selector};

use crate::helpers::{FIRST_SITE, TestServer, Visitor, a_server, operator};

fn select(page: &str, selector: &str) -> Vec<String> {
    let page = Html::parse_document(page);
    let selector = Selector::parse(selector).expect("valid");
    let text = |element: scraper::ElementRef<'_>| element.text().collect::<Vec<_>>().join("");
    page.select(&selector).map(|element| text(element).split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn attributes(page: &str, selector: &str, name: &str) -> Vec<String> {
    let page = Html::parse_document(page);
    let selector = Selector::parse(selector).expect("valid");
    page.select(&selector).filter_map(|element| element.attr(name)).map(str::to_owned).collect()
}

fn titles(page: &str) -> Vec<String> {
    select(page, "table.history td b")
}

fn subjects(page: &str) -> Vec<String> {
    select(page, "table.history td[data-label=Subject]")
}

fn record(server: &TestServer, site: SiteId) -> SiteRecord {
    server.maintenance.store().read(|reader| reader.record(site)).expect("the database answers").expect("is there").0
}

fn last_revision(server: &TestServer) -> i64 {
    server.maintenance.store().read(|reader| reader.change_last()).expect("the database answers").0
}

fn undo(visitor: &Visitor<'_>, revisions: &[i64], more: &[(&str, &str)]) -> crate::helpers::Response {
    let revisions: Vec<String> = revisions.iter().map(ToString::to_string).collect();
    let mut fields: Vec<(&str, &str)> = revisions.iter().map(|revision| ("revisions[]", revision.as_str())).collect();
    fields.extend(more);
    visitor.post("/admin/history/undo/", &fields)
}

fn rename(server: &TestServer, site: SiteId, name: &str) -> i64 {
    server.edit(site, |record| record.site.name = name.to_owned());
    last_revision(server)
}

#[test]
fn changes_are_told_in_words_with_before_and_after() {
    let server = a_server().start();
    let root = server.superuser("root");
    server.close(FIRST_SITE);
    server.edit(FIRST_SITE, |record| {
        let pattern = "^health/".to_owned();
        let description = "probe".to_owned();
        record.patterns.push(IgnoredPattern { kind: PatternKind::Regex, pattern, description });
        record.site.name = "Forum".to_owned();
    });
    let page = root.get("/admin/history/").text();
    assert_eq!(titles(&page)[..2], ["Site edited", "Maintenance started"]);
    assert_eq!(select(&page, "table.history dt")[..2], ["Ignored pattern", "Name"]);
    assert_eq!(select(&page, "table.history dd")[..2], ["nothing became→ ^health/ (probe)", "My site became→ Forum"]);
    assert!(!page.contains("&quot;"), "no raw JSON");
    assert_eq!(attributes(&page, "td[data-label=Subject] a", "href")[0], format!("/admin/sites/{FIRST_SITE}/"));
    assert_eq!(select(&page, "td[data-label=Who]")[0], "CLI, root@test");
    let log_in = titles(&page).iter().position(|title| title == "Logged in").expect("log-ins are there");
    assert_eq!(select(&page, "td[data-label=Who]")[log_in], "root web, 127.0.0.1");
}

#[test]
fn what_was_typed_into_a_record_is_escaped() {
    let server = a_server().start();
    let root = server.superuser("root");
    rename(&server, FIRST_SITE, "<script>alert(1)</script>");
    let page = root.get("/admin/history/").text();
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script>alert"));
}

#[test]
fn filters_by_site_person_and_kind_combine_and_stay_in_the_links() {
    let server = a_server().start();
    let forum = server.add_site("forum.example", &["www.forum.example"]);
    let root = server.superuser("root");
    server.close(forum);
    server.close(FIRST_SITE);
    let found = |query: &str| {
        let page = root.get(&format!("/admin/history/{query}")).text();
        titles(&page).into_iter().zip(subjects(&page)).map(|(title, subject)| format!("{title}: {subject}")).collect()
    };
    let of_forum = ["Maintenance started: forum.example", "Site added: forum.example"];
    let expected = |lines: &[&str]| -> Vec<String> { lines.iter().map(|line| (*line).to_owned()).collect() };
    for query in ["?site=forum.example", "?site=FORUM.example", "?site=www.forum.example", "?site=oru", "?site=+forum+"]
    {
        let found: Vec<String> = found(query);
        assert_eq!(found, expected(&of_forum), "{query}");
    }
    assert_eq!(found("?site=forum.example&kind=maintenance") as Vec<String>, expected(&of_forum[..1]));
    assert_eq!(found("?kind=login") as Vec<String>, expected(&["Logged in: root"]));
    assert_eq!(found("?person=root") as Vec<String>, expected(&["Logged in: root"]));
    assert!((found("?site=forum%25example") as Vec<String>).is_empty(), "a percent sign is a percent sign");
    let page = root.get("/admin/history/?site=forum.example&kind=maintenance&person=CLI%2C+root%40test").text();
    assert!(page.contains("Changes about “forum.example” by CLI, root@test of the kind “Maintenance”."));
    let export = attributes(&page, ".exports a", "href");
    assert_eq!(
        export[0],
        "/admin/history/export.csv?site=forum%2Eexample&person=CLI%2C%20root%40test&kind=maintenance"
    );
    assert!(root.get("/admin/history/?site=shop").text().contains("No change is about “shop”."));
}

#[test]
fn a_site_keeps_its_history_under_a_new_domain() {
    let server = a_server().start();
    let forum = server.add_site("old.example", &[]);
    server.edit(forum, |record| record.site.domain = Domain::parse("new.example").expect("a domain"));
    let root = server.superuser("root");
    let page = root.get("/admin/history/?site=new.example").text();
    assert_eq!(subjects(&page), ["new.example", "old.example"]);
}

#[test]
fn a_long_history_is_paged_and_every_entry_is_on_one_page() {
    let server = a_server().start();
    let root = server.superuser("root");
    for n in 0..60 {
        rename(&server, FIRST_SITE, &format!("name {n}"));
    }
    let first = root.get("/admin/history/?kind=site").text();
    let older = attributes(&first, ".pager a", "href");
    assert_eq!((titles(&first).len(), older.len()), (50, 1));
    let second = root.get(&older[0]).text();
    assert_eq!(titles(&second).len(), 11, "60 edits and the site's beginning");
    assert_eq!(attributes(&second, ".pager a", "href"), ["/admin/history/?kind=site"]);
    let on = |page: &str| attributes(page, "table.history button", "value");
    assert!(on(&first).iter().all(|revision| !on(&second).contains(revision)));
}

#[test]
fn staff_see_only_what_is_about_their_sites() {
    let server = a_server().start();
    let forum = server.add_site("forum.example", &[]);
    let (bo, cy) = (server.staff("bo", Some(vec![forum])), server.staff("cy", None));
    server.close(FIRST_SITE);
    server.close(forum);
    let of = |visitor: &Visitor<'_>, path: &str| visitor.get(path).text();
    assert_eq!(subjects(&of(&bo, "/admin/history/")), ["forum.example", "forum.example"]);
    for path in ["/admin/history/?site=localhost", "/admin/history/?kind=user", "/admin/history/?person=bo"] {
        let page = of(&bo, path);
        assert!(!subjects(&page).iter().any(|subject| subject == "localhost" || subject == "bo"), "{path}");
    }
    let all = of(&cy, "/admin/history/");
    assert_eq!(subjects(&all), ["forum.example", "localhost", "forum.example", "localhost"]);
    assert!(!all.contains("User added") && !all.contains("Logged in"), "users are for superusers");
    assert_eq!(
        select(&all, "#kind option"),
        ["Everything", "Maintenance", "Drains", "People at work", "Windows", "Leases", "Sites, patterns, messages"]
    );
    assert!(!select(&of(&bo, "/admin/history/"), "#person option").contains(&"bo".to_owned()));

    for (path, entries) in [("/admin/history/export.csv", 3), ("/admin/history/export.jsonl", 2)] {
        let export = of(&bo, path);
        assert_eq!(export.lines().count(), entries, "{path}: {export}");
        assert!(!export.contains("localhost") && !export.contains("user."), "{path}");
    }
    assert_eq!(of(&cy, "/admin/history/export.jsonl").lines().count(), 4);
    let root = server.superuser("root");
    assert!(of(&root, "/admin/history/export.jsonl").contains("\"login.accepted\""));
}

#[test]
fn exports_hold_everything_with_the_same_filters_and_no_formula() {
    let server = a_server().start();
    let root = server.superuser("root");
    for n in 0..520 {
        // Straight into the log, because each edit waits for the server.
        let edit = |record: &mut SiteRecord| {
            record.site.name = format!("name {n}");
            Ok(())
        };
        let save = Default::default();
        server.actions().record_edit(&crate::helpers::operator(), FIRST_SITE, &save, edit).expect("can be saved");
    }
    let evil = maintenance_mode::actions::Actor::operator("=HYPERLINK(\"http://evil.example\")");
    server.actions().start(&evil, &[FIRST_SITE], &Default::default()).expect("can start");
    server.close(FIRST_SITE);
    let json = root.get("/admin/history/export.jsonl?kind=site");
    assert_eq!(json.header("content-type"), "application/jsonl; charset=utf-8");
    assert!(json.header("content-disposition").starts_with("attachment; filename=\"maintenance-history.jsonl\""));
    let lines: Vec<serde_json::Value> =
        json.text().lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    assert_eq!(lines.len(), 521, "more than one piece");
    let revisions: Vec<i64> = lines.iter().filter_map(|line| line["revision"].as_i64()).collect();
    assert!(revisions.windows(2).all(|pair| pair[0] > pair[1]), "newest first, none twice");

    let csv = root.get("/admin/history/export.csv?kind=maintenance");
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert!(csv.text().starts_with("revision,at,actor,"));
    assert!(csv.text().contains(",\"'=HYPERLINK(\"\"http://evil.example\"\")\","), "{}", csv.text());
    assert!(!csv.text().contains("site.edited"));
    assert_eq!(
        server.send(crate::helpers::request("HEAD", "/admin/history/export.csv").cookie(&root.cookie())).status,
        200
    );
}

#[test]
fn undo_puts_back_at_once_and_leaves_a_new_entry() {
    let server = a_server().start();
    let root = server.superuser("root");
    server.close(FIRST_SITE);
    let started = last_revision(&server);
    root.get("/admin/history/");
    let answer = undo(&root, &[started], &[("back", "history/?kind=maintenance")]);
    assert_eq!((answer.status, answer.header("location")), (303, "/admin/history/?kind=maintenance"));
    assert_eq!(server.visitor().get("/").status, 200, "the site is open for the very next request");
    let page = root.get("/admin/history/?kind=maintenance").text();
    assert!(page.contains("Undone: localhost is open again."), "{page}");
    assert_eq!(titles(&page), ["Maintenance ended", "Maintenance started"]);
    assert!(page.contains(&format!("Undoes change {started}")));
    assert!(page.contains(&format!("Undone by change {}", last_revision(&server))));
    assert_eq!(attributes(&page, "table.history button", "value"), [last_revision(&server).to_string()]);

    let again = undo(&root, &[started], &[("back", "history/")]);
    assert_eq!(again.status, 303);
    assert!(root.get("/admin/history/").text().contains("That was undone already, by change"));
}

#[test]
fn undo_over_a_later_change_shows_both_and_asks() {
    let server = a_server().start();
    let root = server.superuser("root");
    let first = rename(&server, FIRST_SITE, "First");
    rename(&server, FIRST_SITE, "Second");
    root.get("/admin/history/");
    let asked = undo(&root, &[first], &[("back", "history/")]);
    assert_eq!(asked.status, 409);
    let text = asked.text();
    assert_eq!(select(&text, "h1"), ["Undo anyway?"]);
    assert_eq!(select(&text, "table.compare td"), ["Second", "My site"]);
    assert!(text.contains("CLI, root@test changed localhost again"), "{text}");
    assert_eq!(record(&server, FIRST_SITE).site.name, "Second", "nothing was undone yet");

    let seen = attributes(&text, "input[name=seen]", "value").remove(0);
    rename(&server, FIRST_SITE, "Third");
    let asked = undo(&root, &[first], &[("back", "history/"), ("seen", &seen)]);
    assert_eq!(asked.status, 409, "a change after the question is asked about again");
    let seen = attributes(&asked.text(), "input[name=seen]", "value").remove(0);
    let done = undo(&root, &[first], &[("back", "history/"), ("seen", &seen)]);
    assert_eq!(done.status, 303);
    assert_eq!(record(&server, FIRST_SITE).site.name, "My site");
}

#[test]
fn several_changes_are_undone_together_or_not_at_all() {
    let server = a_server().start();
    let forum = server.add_site("forum.example", &[]);
    let root = server.superuser("root");
    let both = server.actions().start(&crate::helpers::operator(), &[FIRST_SITE, forum], &Default::default());
    let last = both.expect("both can start").revision.0;
    server.reach(last);
    root.get("/admin/history/");
    assert_eq!(undo(&root, &[last - 1, last], &[("back", "")]).header("location"), "/admin/");
    assert!(
        !record(&server, FIRST_SITE).maintenance.in_maintenance && !record(&server, forum).maintenance.in_maintenance
    );

    let (a, b) = (rename(&server, FIRST_SITE, "A"), rename(&server, FIRST_SITE, "B"));
    let c = rename(&server, forum, "C");
    rename(&server, forum, "D");
    let asked = undo(&root, &[a, b, c], &[("back", "")]);
    assert_eq!(asked.status, 409);
    assert_eq!(record(&server, FIRST_SITE).site.name, "B", "none of them is undone");
    assert_eq!(select(&asked.text(), "table.compare tbody th"), ["forum.example: Name", "localhost: Name"]);
    let seen = attributes(&asked.text(), "input[name=seen]", "value").remove(0);
    assert_eq!(undo(&root, &[c, a, b], &[("back", ""), ("seen", &seen)]).status, 303);
    assert_eq!(record(&server, FIRST_SITE).site.name, "My site");
    assert_eq!(record(&server, forum).site.name, "");
}

#[test]
fn whoever_changed_again_what_is_to_be_undone_is_named_and_nobody_else() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let renamed = rename(&server, FIRST_SITE, "Shop");
    let schedule =
        Schedule::Once { start: Moment::new("2030-01-13T02:00:00Z".parse().unwrap(), TimeZone::UTC), end: None };
    let planned = server.actions().window_add(&operator(), None, &Window::new(schedule)).unwrap().revision;
    server.reach(planned.0);
    rename(&server, FIRST_SITE, "Forum");
    server.staff("bo", None);
    let page = undo(&ada, &[renamed, planned.0], &[]);
    assert_eq!(page.status, 409, "{}", page.text());
    let said = select(&page.text(), "main p").join(" ");
    assert!(said.contains("CLI, root@test changed localhost again "), "{said}");
}

#[test]
fn a_removed_site_comes_back_and_an_added_one_goes_only_after_its_domain_was_typed() {
    let server = a_server().start();
    let forum = server.add_site("forum.example", &[]);
    let added = last_revision(&server);
    let root = server.superuser("root");
    let removed = server.actions().site_remove(&crate::helpers::operator(), forum).expect("can be removed").revision.0;
    server.reach(removed);
    root.get("/admin/history/");
    assert_eq!(undo(&root, &[removed], &[]).status, 303);
    let page = root.get("/admin/history/").text();
    assert!(page.contains("Undone: forum.example is there again."));
    assert_eq!(select(&page, ".message .actions a"), ["Undo…"]);
    assert_eq!(record(&server, forum).site.domain.as_str(), "forum.example");
    let deletion = format!("/admin/sites/{forum}/delete/");
    let again = last_revision(&server);
    for revision in [added, again] {
        assert_eq!(undo(&root, &[revision], &[]).header("location"), deletion);
        let question = root.get(&deletion).text();
        assert!(question.contains("Nothing was undone yet: that would delete the site."), "{question}");
        assert!(question.contains("Type forum.example to delete it."), "{question}");
    }
    assert_eq!(record(&server, forum).site.domain.as_str(), "forum.example");
    let bo = server.staff("bo", Some(vec![forum]));
    assert_eq!(undo(&bo, &[again], &[]).status, 403);
}

#[test]
fn the_undo_of_an_addition_is_offered_as_a_question_wherever_it_is_offered() {
    let server = a_server().start();
    let root = server.superuser("root");
    let fields = [("domain", "forum.example"), ("time_zone", "UTC")];
    let page = root.post_and_follow("/admin/sites/add/", &fields).text();
    assert_eq!(select(&page, ".message .actions a"), ["Undo…"]);
    assert!(select(&page, ".message button").is_empty());
    let page = root.get("/admin/history/").text();
    let of_sites = ["forum.example", "localhost"].map(|domain| format!("Undo… Site added, {domain}"));
    assert_eq!(select(&page, "table.history button"), of_sites);
}

#[test]
fn what_may_not_be_undone_is_refused_and_offers_no_button() {
    let server = a_server().start();
    let forum = server.add_site("forum.example", &[]);
    let added = last_revision(&server);
    let bo = server.staff("bo", Some(vec![forum]));
    let renamed = rename(&server, forum, "Forum");
    server.close(FIRST_SITE);
    let of_other_site = last_revision(&server);
    server.close(forum);
    let of_own_site = last_revision(&server);
    server.add_user("cy", &Default::default());
    let of_user = last_revision(&server);

    let page = bo.get("/admin/history/").text();
    assert_eq!(attributes(&page, "table.history button", "value"), [of_own_site.to_string()]);
    let refused = undo(&bo, &[of_other_site], &[]);
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("This site is not one of yours"));
    for (revision, status) in [(renamed, 403), (added, 403), (of_user, 404), (99_999, 404)] {
        assert_eq!(undo(&bo, &[revision], &[]).status, status, "change {revision}");
    }
    assert_eq!(undo(&bo, &[of_own_site, of_other_site], &[]).status, 403, "one of them spoils all");
    assert!(
        record(&server, forum).maintenance.in_maintenance && record(&server, FIRST_SITE).maintenance.in_maintenance
    );
    assert_eq!(undo(&bo, &[], &[]).status, 404);
    assert_eq!(undo(&bo, &[of_own_site], &[]).status, 303);
}

#[test]
fn the_way_back_stays_in_the_panel() {
    let server = a_server().start();
    let root = server.superuser("root");
    for (back, location) in [
        ("history/?site=a&before=7", "/admin/history/?site=a&before=7"),
        ("", "/admin/"),
        ("../contact/", "/admin/"),
        ("//evil.example", "/admin/"),
        ("sites/1/\r\nSet-Cookie: x=y", "/admin/"),
    ] {
        server.close(FIRST_SITE);
        root.get("/admin/history/");
        let answer = undo(&root, &[last_revision(&server)], &[("back", back)]);
        assert_eq!((answer.status, answer.header("location")), (303, location), "{back:?}");
    }
}

#[test]
fn an_empty_history_says_so() {
    let server = a_server().start();
    let nobody = server.staff("bo", Some(vec![]));
    let page = nobody.get("/admin/history/");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Nothing has happened yet."));
}
