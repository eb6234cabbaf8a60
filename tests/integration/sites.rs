//! The list of sites, starting and ending maintenance, and a site's own settings.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use maintenance_mode::actions::Start;
use maintenance_mode::change::{CONFIG_IMPORTED, Revision};
use maintenance_mode::maintenance::{AtEnd, Level};
use maintenance_mode::message::Message;
use maintenance_mode::pattern::{IgnoredPattern, PatternKind};
use maintenance_mode::record::SiteRecord;
use maintenance_mode::site::{Domain, Site, SiteId};
use maintenance_mode::storage::NewChange;
use scraper::{Html, Selector};

use crate::helpers::{FIRST_SITE, Response, TestServer, a_server, eventually, get, operator};

/// Texts of the elements that a selector finds, blanks folded.
fn texts(page: &Response, selector: &str) -> Vec<String> {
    let page = Html::parse_document(&page.text());
    let selector = Selector::parse(selector).expect("a valid selector");
    let text = |element: scraper::ElementRef<'_>| {
        element.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    page.select(&selector).map(text).collect()
}

/// An attribute of the elements that a selector finds.
fn attributes(page: &Response, selector: &str, name: &str) -> Vec<String> {
    let page = Html::parse_document(&page.text());
    let selector = Selector::parse(selector).expect("a valid selector");
    page.select(&selector).filter_map(|element| element.attr(name).map(str::to_owned)).collect()
}

fn flash(page: &Response) -> String {
    texts(page, "main > .message > p").join(" ")
}

fn domains(page: &Response) -> Vec<String> {
    texts(page, "table.sites tbody th a")
}

fn is_closed(server: &TestServer, site: SiteId) -> bool {
    let (record, _) = server.maintenance.store().read(|reader| reader.record(site)).unwrap().unwrap();
    record.maintenance.in_maintenance
}

fn protect(server: &TestServer, site: SiteId) {
    server.edit(site, |record| record.site.is_protected = true);
}

/// Takes back what the page offers to take back, as its form would.
fn undo(server: &TestServer, page: &Response) -> usize {
    let revisions = attributes(page, "form[action$='history/undo/'] input[name='revisions[]']", "value");
    for revision in &revisions {
        let done =
            server.actions().undo(&operator(), Revision(revision.parse().unwrap()), false).expect("it can be undone");
        server.reach(done.revision.0);
    }
    revisions.len()
}

#[test]
fn overdue_sites_come_first_then_closed_ones_then_open_ones() {
    let server = a_server().start();
    let overdue = server.add_site("wiki.example.com", &[]);
    let closed = server.add_site("shop.example.com", &[]);
    server.add_site("api.example.com", &[]);
    server.close(closed);
    server.close(overdue);
    overdue_since(&server, overdue, 12);
    server.edit(closed, |record| record.patterns.push(pattern("^health/$")));
    let page = server.superuser("ada").get("/admin/");
    assert_eq!(page.status, 200);
    assert_eq!(domains(&page), ["wiki.example.com", "shop.example.com", "api.example.com", "localhost"]);
    let statuses = texts(&page, "table.sites .status");
    assert!(statuses[0].starts_with("In maintenance since ") && statuses[3] == "Open", "{statuses:?}");
    assert_eq!(texts(&page, "td[data-label='Expected end'] b"), ["overdue 12 min"]);
    assert_eq!(texts(&page, "td[data-label=Ignored]"), ["none", "1 pattern", "none", "none"]);
    assert_eq!(texts(&page, ".by"), ["CLI, root@test", "CLI, root@test"]);
    assert_eq!(texts(&page, ".filters a"), ["All 4", "In maintenance 2"]);
    let buttons = texts(&page, "table.sites button");
    assert_eq!(buttons[0], "End maintenance on wiki.example.com");
    assert_eq!(buttons[3], "Start maintenance on localhost");
}

/// Puts the expected end of a closed site into the past, which nobody can do from outside.
fn overdue_since(server: &TestServer, site: SiteId, minutes: i64) {
    let store = server.maintenance.store();
    let end = Timestamp::from_second(now().as_second() - minutes * 60 - 5).unwrap();
    store
        .write(|writer| {
            let (before, revision) = writer.record(site)?.expect("the site is there");
            let mut after = before.clone();
            after.maintenance.expected_end = Some(end);
            writer.record_update(&before, &after, revision)?;
            writer.change_append(&entry(Some(site), "maintenance.updated"))
        })
        .map_err(|error: maintenance_mode::storage::StoreError| error)
        .map(|revision| server.reach(revision.0))
        .expect("it can be written");
}

/// An entry of the log that only makes servers read what was written.
fn entry(site: Option<SiteId>, action: &str) -> NewChange {
    NewChange {
        at: now(),
        site_id: site,
        subject: "test".to_owned(),
        actor: "test".to_owned(),
        door: "cli",
        address: None,
        action: action.to_owned(),
        before: None,
        after: None,
        undoes: None,
    }
}

fn now() -> Timestamp {
    maintenance_mode::clock::now()
}

fn pattern(text: &str) -> IgnoredPattern {
    IgnoredPattern { kind: PatternKind::Regex, pattern: text.to_owned(), description: String::new() }
}

#[test]
fn search_and_filter_combine_and_stay_in_the_address() {
    let server = a_server().start();
    let forum = server.add_site("forum.example.com", &["talk.example.org"]);
    server.add_site("forum.example.net", &[]);
    server.close(forum);
    let ada = server.superuser("ada");
    let page = ada.get("/admin/?q=FORUM");
    assert_eq!(texts(&page, ".result"), ["2 of 3 sites match “FORUM”."]);
    assert!(texts(&page, "title")[0].starts_with("2 of 3 sites match “FORUM”. – Sites"), "the result begins the title");
    assert_eq!(attributes(&page, ".result", "tabindex"), ["-1"]);
    assert_eq!(attributes(&page, ".filters a", "href"), ["/admin/?q=FORUM", "/admin/?q=FORUM&status=maintenance"]);
    assert_eq!(attributes(&page, "input[name=back]", "value"), ["?q=FORUM"]);
    let page = ada.get("/admin/?q=forum&status=maintenance");
    assert_eq!(domains(&page), ["forum.example.com"]);
    assert_eq!(attributes(&page, ".search input[name=status]", "value"), ["maintenance"]);
    assert_eq!(domains(&ada.get("/admin/?q=talk")), ["forum.example.com"]);
    let page = ada.get("/admin/?q=shop%22%3E%3Cb");
    assert_eq!(texts(&page, ".result"), ["No site matches “shop\"><b”. Show all 3 sites"]);
    for broken in ["?page=x&status=y", "?sites[]=x", "?q=%ff", "?q[a]=1", "?page=-1", "?q=a&q=b"] {
        assert_eq!(ada.get(&format!("/admin/{broken}")).status, 200, "{broken}");
    }
}

#[test]
fn what_somebody_else_has_just_changed_is_in_the_list() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let closed = || domains(&ada.get("/admin/?status=maintenance"));
    for _ in 0..10 {
        server.actions().start(&operator(), &[FIRST_SITE], &Start::default()).unwrap();
        assert_eq!(closed(), ["localhost"]);
        server.actions().end(&operator(), &[FIRST_SITE]).unwrap();
        assert_eq!(closed(), [""; 0]);
    }
}

#[test]
fn the_strip_names_the_six_that_matter_most_and_counts_the_others() {
    let server = a_server().start();
    let ids: Vec<SiteId> = "hgfedcba".chars().map(|it| server.add_site(&format!("{it}.example"), &[])).collect();
    let (read_only, in_maintenance) = ids.split_last().expect("there are some");
    let level = Some(Level::ReadOnly);
    server.actions().start(&operator(), &[*read_only], &Start { level, ..Start::default() }).unwrap();
    let done = server.actions().start(&operator(), in_maintenance, &Start::default()).unwrap();
    server.reach(done.revision.0);
    overdue_since(&server, ids[0], 12);
    let page = server.superuser("ada").get("/admin/account/");
    assert_eq!(texts(&page, ".strip p .status"), ["7 of 9 sites in maintenance, 1 closed for writing:"]);
    let named = ["h.example", "b.example", "c.example", "d.example", "e.example", "f.example", "2 more"];
    assert_eq!(texts(&page, ".strip a"), named);
    assert_eq!(texts(&page, ".strip li b"), ["overdue 12 min"]);
}

#[test]
fn ten_thousand_sites_are_shown_fifty_at_a_time() {
    let server = a_server().start();
    let record = |number: usize| {
        SiteRecord::new(Site {
            id: SiteId(0),
            domain: Domain::parse(&format!("site-{number:05}.example.com")).unwrap(),
            name: String::new(),
            aliases: Vec::new(),
            is_default: false,
            is_protected: false,
            time_zone: "UTC".to_owned(),
        })
    };
    let added = server.maintenance.store().write(|writer| {
        (1..=10_000).try_for_each(|number| writer.record_insert(&record(number), Revision(0), false).map(drop))?;
        writer.change_append(&entry(None, CONFIG_IMPORTED))
    });
    server.reach(added.map_err(|error: maintenance_mode::storage::StoreError| error).unwrap().0);
    let ada = server.superuser("ada");
    let began = Instant::now();
    let page = ada.get("/admin/?page=3&q=site-");
    let took = began.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?} for a page of 10,000 sites in a debug build");
    assert_eq!(texts(&page, ".result"), ["10000 of 10001 sites match “site-”."]);
    assert_eq!(domains(&page).len(), 50);
    assert_eq!(domains(&page)[0], "site-00101.example.com");
    assert_eq!(texts(&page, ".pager p"), ["101–150 of 10000 sites"]);
    assert_eq!(texts(&page, ".pager a"), ["Previous 50", "Next 50"]);
    let next = attributes(&page, ".pager a[rel=next]", "href").remove(0);
    assert_eq!(next, "/admin/?q=site%2D&page=4");
    assert_eq!(domains(&ada.get(&next))[0], "site-00151.example.com");
    assert_eq!(texts(&ada.get("/admin/?page=201"), ".pager p"), ["10001–10001 of 10001 sites"]);
}

#[test]
fn one_click_starts_one_ends_and_one_takes_back() {
    let server = a_server().start();
    let site = server.add_site("forum.example.com", &[]);
    let ada = server.superuser("ada");
    let page = ada.post_and_follow(&format!("/admin/sites/{site}/start/"), &[("back", "?q=forum")]);
    assert!(is_closed(&server, site));
    assert_eq!(server.send(get("/").host("forum.example.com")).status, 503);
    let told = flash(&page);
    assert!(told.starts_with("Maintenance started on forum.example.com at "), "{told}");
    assert!(told.ends_with(" UTC. Visitors get the 503 page."), "{told}");
    assert_eq!(
        texts(&page, ".message .actions button, .message .actions a"),
        ["Undo", "Set expected end", "See what visitors see"]
    );
    let links = [format!("/admin/sites/{site}/#expected_end"), format!("/admin/sites/{site}/preview/")];
    assert_eq!(attributes(&page, ".message .actions a", "href"), links);
    assert_eq!(attributes(&page, ".message input[name=back]", "value"), ["?q=forum"]);
    assert_eq!(texts(&page, ".result"), ["1 of 2 sites matches “forum”."], "it comes back to the search");
    assert_eq!(texts(&page, ".strip a"), ["forum.example.com"]);
    assert_eq!(undo(&server, &page), 1);
    assert!(!is_closed(&server, site));

    server.close(site);
    let page = ada.post_and_follow(&format!("/admin/sites/{site}/end/"), &[("back", "")]);
    let told = flash(&page);
    assert!(told.starts_with("Maintenance ended on forum.example.com at "), "{told}");
    assert!(told.ends_with("Visitors get the site again."), "{told}");
    assert_eq!(server.send(get("/").host("forum.example.com")).status, 200);
    assert_eq!(undo(&server, &page), 1);
    assert_eq!(server.send(get("/").host("forum.example.com")).status, 503);
}

#[test]
fn what_is_so_already_is_said_with_who_did_it_and_changes_nothing() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let bo = server.staff("bo", None);
    bo.post_and_follow("/admin/sites/1/start/", &[]);
    let before = server.maintenance.snapshot().revision();
    let page = ada.post_and_follow("/admin/sites/1/start/", &[]);
    let told = flash(&page);
    assert!(told.starts_with("localhost is already in maintenance, started by bo at "), "{told}");
    assert!(told.ends_with("Nothing changed."), "{told}");
    assert_eq!(undo(&server, &page), 0);
    assert_eq!(server.maintenance.snapshot().revision(), before);
    ada.post_and_follow("/admin/sites/1/end/", &[]);
    let page = bo.post_and_follow("/admin/sites/1/end/", &[]);
    assert_eq!(flash(&page), "localhost is already open. Nothing changed.");
}

#[test]
fn a_protected_site_asks_for_its_domain_before_it_starts_but_not_before_it_ends() {
    let server = a_server().start();
    let site = server.add_site("bücher.example", &[]);
    protect(&server, site);
    let ada = server.superuser("ada");
    assert!(
        texts(&ada.get("/admin/"), "table.sites button").contains(&"Start maintenance… on bücher.example".to_owned())
    );
    let start = format!("/admin/sites/{site}/start/");
    let page = ada.post_and_follow(&start, &[("back", "?q=b")]);
    assert_eq!(texts(&page, "h1"), ["Start maintenance on bücher.example?"]);
    assert!(page.text().contains("bücher.example is protected. Type its domain to start maintenance."));
    for (typed, said) in [("example", "“example” is not bücher.example."), ("", "Type the domain: bücher.example.")]
    {
        let page = ada.post(&start, &[("back", "?q=b"), ("typed_domain", typed)]);
        assert_eq!(page.status, 422);
        assert_eq!(texts(&page, ".field .error"), [said]);
        assert_eq!(attributes(&page, "#typed_domain", "value"), [typed]);
        assert!(texts(&page, "title")[0].starts_with("Error: "));
        assert!(!is_closed(&server, site));
    }
    let answer = ada.post(&start, &[("back", "?q=b"), ("typed_domain", " Bücher.example ")]);
    assert_eq!((answer.status, answer.header("location")), (303, "/admin/?q=b"));
    assert!(is_closed(&server, site));
    ada.post_and_follow(&format!("/admin/sites/{site}/end/"), &[]);
    assert!(!is_closed(&server, site));
}

#[test]
fn the_question_about_several_sites_leads_to_the_list_when_nothing_is_asked() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let answer = ada.get("/admin/sites/bulk/");
    assert_eq!((answer.status, answer.header("location")), (303, "/admin/"));
    assert_eq!(ada.get("/admin/sites/bulk/?action=burn").status, 400);
}

#[test]
fn the_address_that_starts_asks_of_an_open_site_and_says_of_a_closed_one_that_it_is_closed() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let page = ada.get("/admin/sites/1/start/?back=%3Fq%3Dlocal");
    assert_eq!(texts(&page, "h1"), ["Start maintenance on localhost?"]);
    assert_eq!(texts(&page, "main form p"), ["localhost is open.", "Start maintenance on localhost Cancel"]);
    assert!(!page.text().contains("protected") && attributes(&page, "#typed_domain", "name").is_empty());
    assert!(!is_closed(&server, FIRST_SITE));
    let page = ada.post_and_follow("/admin/sites/1/start/", &[("back", "?q=local")]);
    assert!(flash(&page).starts_with("Maintenance started on localhost at "), "{}", flash(&page));
    let answer = ada.get("/admin/sites/1/start/?back=%3Fq%3Dlocal");
    assert_eq!((answer.status, answer.header("location")), (303, "/admin/?q=local"));
    let told = flash(&ada.get("/admin/?q=local"));
    assert!(told.starts_with("localhost is already in maintenance, started by ada at "), "{told}");
}

#[test]
fn several_sites_are_named_asked_about_once_and_taken_back_by_one_undo() {
    let server = a_server().start();
    let sites: Vec<SiteId> = ["api.example.com", "billing.example.com", "pay.example.com"]
        .into_iter()
        .map(|domain| server.add_site(domain, &[]))
        .collect();
    let (api, billing, pay) = (sites[0], sites[1], sites[2]);
    protect(&server, pay);
    server.close(FIRST_SITE);
    let ada = server.superuser("ada");
    let page = ada.get("/admin/?select=1&q=example");
    assert_eq!(attributes(&page, "input[name='sites[]']", "value").len(), 3);
    assert_eq!(texts(&page, ".selecting button"), ["Start maintenance", "End maintenance", "Schedule"]);

    let question = format!(
        "/admin/sites/bulk/?action=start&back=%3Fq%3De&sites[]={pay}&sites[]={api}&sites[]={billing}&sites[]=1"
    );
    let page = ada.get(&question);
    assert_eq!(texts(&page, "h1"), ["Start maintenance on 3 sites?"]);
    assert_eq!(texts(&page, ".names b"), ["api.example.com", "billing.example.com", "pay.example.com"]);
    assert!(page.text().contains("1 more is already in maintenance and stays so."));
    let cancel = attributes(&page, "a.quiet", "href").remove(0);
    assert_eq!(attributes(&ada.get(&cancel), "input[checked]", "value").len(), 4, "{cancel}");
    assert!(!is_closed(&server, api), "asking changes nothing");

    let ids = [api, billing, pay].map(|id| id.to_string());
    let typed = format!("typed[{pay}]");
    let fields = |word: &'static str| {
        let mut fields = vec![("action", "start"), ("back", "?q=e"), (typed.as_str(), word)];
        fields.extend(ids.iter().map(|id| ("sites[]", id.as_str())));
        fields
    };
    let page = ada.post("/admin/sites/bulk/", &fields("pay"));
    assert_eq!(page.status, 422);
    assert_eq!(texts(&page, ".field .error"), ["“pay” is not pay.example.com."]);
    assert!(!is_closed(&server, api), "all or none");

    let page = ada.post_and_follow("/admin/sites/bulk/", &fields("pay.example.com"));
    let told = flash(&page);
    assert!(told.starts_with("Maintenance started on 3 sites at "), "{told}");
    assert!(told.contains("api.example.com, billing.example.com and pay.example.com. Visitors get"), "{told}");
    assert!(is_closed(&server, api) && is_closed(&server, billing) && is_closed(&server, pay));
    assert_eq!(undo(&server, &page), 3);
    assert!(!is_closed(&server, api) && !is_closed(&server, billing) && !is_closed(&server, pay));
    assert!(is_closed(&server, FIRST_SITE));
}

#[test]
fn several_sites_are_ended_and_those_that_are_open_already_are_told() {
    let server = a_server().start();
    let site = server.add_site("api.example.com", &[]);
    server.close(site);
    let ada = server.superuser("ada");
    let page = ada.get(&format!("/admin/sites/bulk/?action=end&sites[]={site}"));
    assert_eq!(texts(&page, "h1"), ["End maintenance on api.example.com?"]);
    let id = site.to_string();
    let page = ada.post_and_follow("/admin/sites/bulk/", &[("action", "end"), ("sites[]", &id), ("sites[]", "1")]);
    let told = flash(&page);
    assert!(
        told.starts_with("Maintenance ended on api.example.com at ") && told.ends_with("1 more was open already."),
        "{told}"
    );
    let page = ada.post_and_follow("/admin/sites/bulk/", &[("action", "end"), ("sites[]", &id), ("sites[]", "1")]);
    assert_eq!(flash(&page), "All 2 sites are already open. Nothing changed.");
    let page = ada.get(&format!("/admin/sites/bulk/?action=end&sites[]={site}"));
    assert_eq!(texts(&page, "h1"), ["Nothing to end"]);
    assert!(page.text().contains("1 site is already open.") && texts(&page, "main form button").is_empty());
    for nothing in ["/admin/sites/bulk/?action=start", "/admin/sites/bulk/?action=start&sites[]=999"] {
        let answer = ada.get(nothing);
        assert_eq!(answer.status, 303, "{nothing}");
        assert!(answer.header("location").starts_with("/admin/?select=1"), "{nothing}");
        assert_eq!(flash(&ada.get("/admin/")), "No site is ticked. Nothing changed.");
    }
    assert_eq!(ada.get("/admin/sites/bulk/?action=delete&sites[]=1").status, 400);
}

#[test]
fn limited_staff_reach_their_own_sites_and_no_others_by_any_door() {
    let server = a_server().start();
    let own = server.add_site("own.example.com", &[]);
    let other = server.add_site("other.example.com", &[]);
    server.superuser("ada");
    let bo = server.staff("bo", Some(vec![own]));
    let page = bo.get("/admin/");
    assert_eq!(domains(&page), ["own.example.com"]);
    assert!(!page.text().contains("other.example.com") && !page.text().contains("Add site"));
    bo.post_and_follow(&format!("/admin/sites/{own}/start/"), &[]);
    assert!(is_closed(&server, own));
    for path in ["start/", "preview/", "preview/page"] {
        let page = bo.get(&format!("/admin/sites/{other}/{path}"));
        assert_eq!(page.status, 403, "{path}");
        assert_eq!(texts(&page, "h1"), ["This site is not one of yours"]);
        assert!(page.text().contains("Who can: ada.") && !page.text().contains("other.example.com"), "{path}");
        assert_eq!(bo.get(&format!("/admin/sites/999/{path}")).status, 403, "it says nothing of what there is");
    }
    let id = other.to_string();
    assert_eq!(bo.get(&format!("/admin/sites/bulk/?action=start&sites[]={own}&sites[]={other}")).status, 403);
    for (path, fields) in [
        (format!("/admin/sites/{other}/start/"), vec![]),
        (format!("/admin/sites/{other}/end/"), vec![]),
        ("/admin/sites/bulk/".to_owned(), vec![("action", "start"), ("sites[]", id.as_str())]),
        (format!("/admin/sites/{own}/settings/"), vec![("domain", "x.example.com"), ("time_zone", "UTC")]),
        (format!("/admin/sites/{own}/delete/"), vec![("typed_domain", "own.example.com")]),
        ("/admin/sites/add/".to_owned(), vec![("domain", "x.example.com"), ("time_zone", "UTC")]),
    ] {
        assert_eq!(bo.post(&path, &fields).status, 403, "{path}");
    }
    assert!(!is_closed(&server, other));
    let nobody = server.staff("cleo", Some(Vec::new()));
    assert!(nobody.get("/admin/").text().contains("No site is yours yet."));
}

#[test]
fn one_is_told_how_one_is_seen_and_whether_one_would_get_in() {
    let server = a_server().with("MAINTENANCE_BLOCK_STAFF", "true").with("TRUSTED_PROXIES", "127.0.0.1").start();
    let seen = |page: &Response| texts(page, ".seen, .message.warn:not([hidden])").join(" ");
    let ada = server.superuser("ada");
    assert_eq!(seen(&ada.get("/admin/")), "You: let in, because you are a superuser. We see you as 127.0.0.1.");
    let through = ada.send(get("/admin/").with("X-Forwarded-For", "203.0.113.9"));
    let told =
        "You: let in, because you are a superuser. We see you as 203.0.113.9, as told by the trusted proxy 127.0.0.1.";
    assert_eq!(seen(&through), told);
    let bo = server.staff("bo", None);
    let told = seen(&bo.get("/admin/"));
    assert!(told.starts_with("With these rules you would get the 503 page yourself. This admin stays open."), "{told}");
    server.add_site("forum.example.com", &[]);
    let told = seen(&ada.get("/admin/"));
    assert!(told.starts_with("You: let in wherever you are logged in, because you are a superuser."), "{told}");

    let server = a_server().with("INTERNAL_IPS", "127.0.0.0/8").with("MAINTENANCE_BLOCK_STAFF", "true").start();
    let told = seen(&server.staff("bo", None).get("/admin/"));
    assert!(told.starts_with("You: let in, because your address is in 127.0.0.0/8."), "{told}");
    let server = a_server().start();
    let told = seen(&server.staff("bo", None).get("/admin/"));
    assert!(told.starts_with("You: let in, because you are staff."), "{told}");
    server.close(FIRST_SITE);
    let told = seen(&server.staff("cleo", Some(vec![FIRST_SITE])).get("/admin/"));
    assert!(told.starts_with("You: let in, because you are staff of this site."), "{told}");
}

const NEW: [(&str, &str); 6] = [
    ("domain", " Forum.Example.COM. "),
    ("name", "The forum"),
    ("aliases", "www.forum.example.com\r\n*.preview.example.com"),
    ("time_zone", "europe/berlin"),
    ("is_protected", "on"),
    ("unknown", "field"),
];

#[test]
fn a_site_is_added_with_its_record_and_its_page_comes_next() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let page = ada.get("/admin/sites/add/");
    assert_eq!((page.status, attributes(&page, "#time_zone", "value")), (200, vec!["UTC".to_owned()]));
    let answer = ada.post("/admin/sites/add/", &NEW);
    assert_eq!((answer.status, answer.header("location")), (303, "/admin/sites/2/"));
    let page = ada.get("/admin/");
    assert_eq!(flash(&page), "forum.example.com added. It is open.");
    let (record, _) = server.maintenance.store().read(|reader| reader.record(SiteId(2))).unwrap().unwrap();
    assert_eq!(record.site.domain.as_str(), "forum.example.com");
    assert_eq!((record.site.name.as_str(), record.site.time_zone.as_str()), ("The forum", "Europe/Berlin"));
    assert_eq!(record.site.aliases.len(), 2);
    assert!(record.site.is_protected && !record.site.is_default && !record.maintenance.in_maintenance);
    assert_eq!(attributes(&page, ".message .actions a", "href"), ["/admin/sites/2/delete/"], "where it is asked");
    assert_eq!(undo(&server, &page), 0);
}

#[test]
fn what_cannot_be_a_site_is_refused_at_its_field_with_what_was_typed() {
    let server = a_server().start();
    server.add_site("taken.example.com", &["www.taken.example.com"]);
    let ada = server.superuser("ada");
    for (domain, said) in [
        ("", "The domain is empty: write the one that visitors type, such as “www.example.com”."),
        (
            "forum.example.com:8080",
            "“forum.example.com:8080” holds a port: write the domain without it, the site answers on every port.",
        ),
        (
            "forum.example.com/x",
            "“forum.example.com/x” holds a path: write the domain alone, paths belong to the ignored patterns.",
        ),
        (
            "https://forum.example.com",
            "“https://forum.example.com” holds a scheme: write the domain alone, such as “www.example.com”.",
        ),
        (
            "*.example.com",
            "“*.example.com” holds a wildcard: only an alias may begin with “*.”, such as “*.preview.example.com”.",
        ),
        ("a b", "“a b” holds “ ”, which a domain cannot."),
        ("TAKEN.example.com", "taken.example.com belongs to another site already."),
        ("www.taken.example.com", "www.taken.example.com belongs to another site already."),
    ] {
        let page = ada.post("/admin/sites/add/", &[("domain", domain), ("name", "<b>"), ("time_zone", "UTC")]);
        assert_eq!(page.status, 422, "{domain}");
        assert_eq!(texts(&page, ".field .error"), [said], "{domain}");
        assert_eq!(texts(&page, ".message.error li a"), [said], "{domain}");
        assert_eq!(attributes(&page, "#domain", "value"), [domain]);
        assert_eq!(attributes(&page, "#name", "value"), ["<b>"]);
    }
    let fields = [
        ("domain", "a.example.com"),
        ("aliases", "b.example.com www.taken.example.com b.example.com"),
        ("time_zone", "UTC"),
    ];
    let page = ada.post("/admin/sites/add/", &fields);
    let said = "b.example.com stands here twice. www.taken.example.com belongs to another site already.";
    assert_eq!(texts(&page, ".field .error"), [said]);
    let page = ada.post("/admin/sites/add/", &[("domain", "a.example.com"), ("time_zone", "Europe/Berlni")]);
    assert_eq!(texts(&page, ".field .error"), ["There is no time zone “Europe/Berlni”. Nearest: Europe/Berlin."]);
    assert_eq!(domains(&ada.get("/admin/")).len(), 2, "nothing half-done");
}

#[test]
fn settings_are_saved_shown_again_and_taken_back() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let site = server.add_site("bücher.example", &["*.preview.example.com"]);
    let path = format!("/admin/sites/{site}/settings/");
    let page = ada.get(&path);
    assert_eq!(attributes(&page, "#domain", "value"), ["bücher.example"]);
    assert_eq!(texts(&page, "#aliases"), ["*.preview.example.com"]);
    let revision = attributes(&page, "input[name=revision]", "value").remove(0);
    let fields = [
        ("domain", "books.example"),
        ("aliases", "bücher.example"),
        ("time_zone", "UTC"),
        ("is_default", "on"),
        ("revision", revision.as_str()),
    ];
    let answer = ada.post(&path, &fields);
    assert_eq!((answer.status, answer.header("location")), (303, format!("/admin/sites/{site}/").as_str()));
    let page = ada.get("/admin/");
    assert_eq!(flash(&page), "Settings of books.example saved.");
    let stored = || server.maintenance.store().read(|reader| reader.record(site)).unwrap().unwrap().0.site;
    assert!(stored().is_default && stored().domain.as_str() == "books.example");
    assert_eq!(server.maintenance.snapshot().site_for("unknown.example").map(|site| site.id), Some(site));
    assert_eq!(undo(&server, &page), 1);
    assert_eq!(stored().domain.to_unicode(), "bücher.example");
}

#[test]
fn a_save_over_somebody_elses_settings_is_refused_and_shows_both() {
    let server = a_server().start();
    let (ada, bo) = (server.superuser("ada"), server.superuser("bo"));
    let site = server.add_site("forum.example.com", &[]);
    let path = format!("/admin/sites/{site}/settings/");
    let revision = attributes(&ada.get(&path), "input[name=revision]", "value").remove(0);
    let form = |name: &'static str, revision: &str| {
        [("domain", "forum.example.com"), ("name", name), ("time_zone", "UTC"), ("revision", revision)]
            .map(|(name, value)| (name, value.to_owned()))
    };
    let post = |who: &crate::helpers::Visitor<'_>, form: &[(&'static str, String)]| {
        who.post(&path, &form.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>())
    };
    // Maintenance that starts meanwhile is no reason to refuse the settings.
    server.close(site);
    let bos = attributes(&bo.get(&path), "input[name=revision]", "value").remove(0);
    assert_eq!(post(&bo, &form("Theirs", &bos)).status, 303);
    let page = post(&ada, &form("Mine", &revision));
    assert_eq!(page.status, 422);
    let told = texts(&page, ".message.warn p").join(" ");
    assert!(
        told.starts_with("bo saved this site ") && told.contains("Your input is kept below; theirs is beside it."),
        "{told}"
    );
    assert_eq!(texts(&page, ".compare tbody th, .compare tbody td"), ["Name", "Mine", "Theirs"]);
    assert_eq!(attributes(&page, "#name", "value"), ["Mine"]);
    assert_eq!(attributes(&page, ".message.warn a", "href"), std::slice::from_ref(&path));
    let newest = attributes(&page, "input[name=revision]", "value").remove(0);
    assert_ne!(newest, revision);
    assert_eq!(post(&ada, &form("Mine", &newest)).status, 303, "Save mine");
    let stored = || server.maintenance.store().read(|reader| reader.record(site)).unwrap().unwrap().0;
    assert_eq!(stored().site.name, "Mine");
    assert!(stored().maintenance.in_maintenance, "the settings leave maintenance alone");

    let revision = attributes(&ada.get(&path), "input[name=revision]", "value").remove(0);
    server.open(site);
    assert_eq!(post(&ada, &form("Later", &revision)).status, 303, "a change of something else is no conflict");
    assert_eq!(stored().site.name, "Later");
    assert!(!stored().maintenance.in_maintenance);
    let page = {
        let revision = attributes(&ada.get(&path), "input[name=revision]", "value").remove(0);
        post(&ada, &form("Later", &revision));
        ada.get("/admin/")
    };
    assert_eq!(flash(&page), "Nothing changed: the settings of forum.example.com were so already.");
}

#[test]
fn the_settings_of_a_site_that_has_opened_by_itself_can_be_saved() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    server.close(FIRST_SITE);
    server.edit(FIRST_SITE, |record| record.maintenance.at_end = AtEnd::Open);
    overdue_since(&server, FIRST_SITE, 5);
    let page = ada.get("/admin/");
    assert_eq!(texts(&page, "table.sites .status"), ["Open"]);
    let revision = attributes(&ada.get("/admin/sites/1/settings/"), "input[name=revision]", "value").remove(0);
    let fields = [("domain", "localhost"), ("name", "Home"), ("time_zone", "UTC"), ("revision", revision.as_str())];
    assert_eq!(ada.post("/admin/sites/1/settings/", &fields).status, 303);
}

#[test]
fn deleting_a_site_asks_for_its_domain_says_what_goes_and_can_be_undone() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let site = server.add_site("forum.example.com", &["www.forum.example.com"]);
    server.staff("bo", Some(vec![site]));
    server.edit(site, |record| {
        record.patterns = vec![pattern("^a/$"), pattern("^b/$")];
        record.messages = vec![Message { language: "en".into(), heading: "Back soon".into(), ..Message::default() }];
    });
    server.close(site);
    let path = format!("/admin/sites/{site}/delete/");
    let page = ada.get(&path);
    let text = page.text();
    for said in [
        "1 alias, 1 message, 2 ignored patterns",
        "forum.example.com is in maintenance now; that ends with it. Its visitors then get the default site, localhost.",
        "bo is given this site and loses it, also if you put it back.",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let page = ada.post(&path, &[("typed_domain", "forum")]);
    assert_eq!(
        (page.status, texts(&page, ".field .error")),
        (422, vec!["“forum” is not forum.example.com.".to_owned()])
    );
    let page = ada.post_and_follow(&path, &[("typed_domain", "Forum.example.com")]);
    assert_eq!(flash(&page), "forum.example.com deleted.");
    assert_eq!(domains(&page), ["localhost"]);
    assert_eq!(ada.get(&path).status, 404);
    assert_eq!(undo(&server, &page), 1);
    let (record, _) = server.maintenance.store().read(|reader| reader.record(site)).unwrap().unwrap();
    assert_eq!((record.patterns.len(), record.messages.len(), record.site.aliases.len()), (2, 1, 1));
    assert!(record.maintenance.in_maintenance);
    eventually("the site is closed again", || server.send(get("/").host("forum.example.com")).status == 503);
}

#[test]
fn a_form_leads_back_below_the_panel_and_nowhere_else() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    for (back, location) in [
        ("", "/admin/"),
        ("?q=a%26b&page=2", "/admin/?q=a%26b&page=2"),
        ("sites/1/", "/admin/sites/1/"),
        ("../contact/", "/admin/"),
        ("/evil.example/", "/admin/"),
        ("%2e%2e/contact/", "/admin/"),
        ("\\evil", "/admin/"),
        ("a\r\nSet-Cookie: x", "/admin/"),
    ] {
        let answer = ada.post("/admin/sites/1/start/", &[("back", back)]);
        assert_eq!((answer.status, answer.header("location")), (303, location), "{back:?}");
    }
}

#[test]
fn a_site_that_is_gone_meanwhile_is_said_to_be_gone() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    for path in
        ["999/start/", "999/settings/", "999/delete/", "999/preview/", "x/preview/", "99999999999999999999/start/"]
    {
        assert_eq!(ada.get(&format!("/admin/sites/{path}")).status, 404, "{path}");
    }
    assert_eq!(ada.post("/admin/sites/999/start/", &[]).status, 404);
    assert_eq!(ada.post("/admin/sites/999/end/", &[]).status, 404);
}
