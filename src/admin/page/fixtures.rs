//! Believable data for every page and every state, for tests that render and look.

use jiff::{Timestamp, tz::TimeZone};

use super::*;
use crate::admin::templates::Templates;
use crate::maintenance::{Level, Phase};
use crate::user::Rights;
use crate::user::Theme;

/// A night in which three of twenty sites are closed.
const NOW: &str = "2026-11-21T03:12:04Z";

/// One rendered page, named for its state.
pub struct Rendered {
    /// `sites`, `sites-search`, `site-errors`, ….
    pub name: &'static str,
    /// The page.
    pub html: String,
}

/// Renders every page in every state, with assets from `assets`.
pub fn all(assets: &str) -> Vec<Rendered> {
    let templates = Templates::load().expect("the templates load");
    let mut pages = Pages { templates, assets: assets.to_owned(), done: Vec::new() };
    pages.sites();
    pages.record();
    pages.draining();
    pages.schedule();
    pages.asking();
    pages.history();
    pages.people();
    pages.doors();
    pages.sample();
    pages.done
}

fn now() -> Timestamp {
    NOW.parse().expect("a valid time")
}

fn at(text: &str) -> Moment {
    Moment::of(text.parse().expect("a valid time"), &TimeZone::UTC, now())
}

fn seen() -> Seen {
    Seen {
        address: "203.0.113.9".into(),
        proxy: Some("10.0.0.2".into()),
        verdict: "let in, because you are a superuser".into(),
        is_kept_out: false,
    }
}

struct Pages {
    templates: Templates,
    assets: String,
    done: Vec<Rendered>,
}

impl Pages {
    fn frame(&self, section: Option<Section>) -> Frame {
        let rights = Rights { is_active: true, is_staff: true, is_superuser: true, sites: None };
        Frame {
            base: "/admin/".into(),
            assets: self.assets.clone(),
            csrf: "c0ffee".into(),
            nav: NavLink::all("/admin/", &rights, section),
            user: Some("ann".into()),
            has_shortcuts: true,
            strip: Some(strip()),
            ..Frame::default()
        }
    }

    fn stranger(&self) -> Frame {
        Frame { base: "/admin/".into(), assets: self.assets.clone(), csrf: "c0ffee".into(), ..Frame::default() }
    }

    fn add<P: Page>(&mut self, name: &'static str, frame: &Frame, page: &P) {
        let html = self.templates.page(frame, page).unwrap_or_else(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            panic!("{name}: {error}: {cause}")
        });
        self.done.push(Rendered { name, html });
    }

    fn sites(&mut self) {
        let frame = self.frame(Some(Section::Sites));
        self.add("sites", &frame, &sites_page());
        let flash = Flash {
            text: "Maintenance started on forum.example.com at 03:12 UTC.".into(),
            detail: "Visitors get the 503 page.".into(),
            undo: vec![118],
            links: vec![
                Link { label: "Set expected end".into(), href: "/admin/sites/7/#expected_end".into() },
                Link { label: "See what visitors see".into(), href: "/admin/sites/7/preview/".into() },
            ],
            ..Flash::default()
        };
        self.add("sites-started", &Frame { flash: Some(flash), ..frame.clone() }, &sites_page());
        let note = Flash {
            level: FlashLevel::Note,
            text: "forum.example.com is already in maintenance, started by bo at 03:11 UTC.".into(),
            detail: "Nothing changed.".into(),
            ..Flash::default()
        };
        self.add("sites-already", &Frame { flash: Some(note), ..frame.clone() }, &sites_page());
        let found = SitesPage {
            query: "forum".into(),
            result: Some("1 of 20 sites matches “forum”.".into()),
            rows: sites_page().rows.into_iter().filter(|row| row.domain.contains("forum")).collect(),
            ..sites_page()
        };
        self.add("sites-search", &frame, &found);
        let nothing = SitesPage {
            query: "shop".into(),
            result: Some("No site matches “shop”.".into()),
            rows: Vec::new(),
            ..sites_page()
        };
        self.add("sites-nothing", &frame, &nothing);
        let all_href = Some("/admin/?select=1&sites[]=1&sites[]=2".into());
        let selecting = SitesPage { is_selecting: true, select_href: "/admin/".into(), all_href, ..sites_page() };
        self.add("sites-selecting", &frame, &selecting);
        let kept_out = SitesPage { seen: Some(Seen { is_kept_out: true, proxy: None, ..seen() }), ..sites_page() };
        let notice = Some("The database does not answer. Sites keep their last known state: 3 in maintenance.".into());
        let servers = Some(servers_page(true).summary);
        self.add("sites-server-behind", &frame, &SitesPage { servers, ..sites_page() });
        self.add("sites-kept-out", &Frame { notice, ..frame.clone() }, &kept_out);
        let quiet = Frame { strip: None, ..frame.clone() };
        self.add("sites-none", &quiet, &SitesPage { may_add: true, ..SitesPage::default() });
        let fifty = SitesPage {
            rows: (1..=50).map(|n| open_row(n, &format!("site-{n:03}.example.com"))).collect(),
            total: 120,
            pager: Some(Pager {
                shown: "51–100 of 120 sites".into(),
                previous: Some(Link { label: "Previous 50".into(), href: "/admin/".into() }),
                next: Some(Link { label: "Next 20".into(), href: "/admin/?page=3".into() }),
            }),
            ..sites_page()
        };
        self.add("sites-fifty", &quiet, &fifty);
        let form = SiteFormPage {
            domain: Field::new("domain", ""),
            name: Field::new("name", ""),
            aliases: Field::new("aliases", ""),
            time_zone: Field::new("time_zone", "UTC"),
            is_default: Field::ticked("is_default", false),
            is_protected: Field::ticked("is_protected", false),
            ..SiteFormPage::default()
        };
        self.add("site-add", &frame, &form);
        let domain = Field::new("domain", "forum.example.com:8080")
            .refused("The domain has a port. Write forum.example.com without “:8080”.");
        let time_zone = Field::new("time_zone", "Europe/Berlni")
            .refused("There is no time zone “Europe/Berlni”. Nearest: Europe/Berlin.");
        let refused = SiteFormPage {
            id: Some(7),
            stored_domain: "forum.example.com".into(),
            errors: FieldError::of([&domain, &time_zone]),
            domain,
            time_zone,
            aliases: Field::new("aliases", "www.forum.example.com\n*.preview.example.com"),
            may_delete: true,
            ..form
        };
        self.add("site-settings-errors", &frame, &refused);
        let row = ConflictRow { label: "Name".into(), mine: "Forum".into(), theirs: "The forum".into() };
        let conflict = Conflict { who: "bo".into(), ago: "40 seconds".into(), rows: vec![row] };
        let domain = Field::new("domain", "forum.example.com");
        let time_zone = Field::new("time_zone", "UTC");
        let changed = SiteFormPage { conflict: Some(conflict), errors: Vec::new(), domain, time_zone, ..refused };
        self.add("site-settings-conflict", &frame, &changed);
    }

    fn record(&mut self) {
        let frame = self.frame(Some(Section::Sites));
        self.add("site", &frame, &record_page());
        let tested = RecordPage {
            status: Status::SCHEDULED,
            since: None,
            next: Some(at("2026-11-22T02:00:00Z")),
            by: None,
            overdue: None,
            site_notice: None,
            holding: None,
            windows: Vec::new(),
            more_windows: false,
            in_maintenance: Field::ticked("in_maintenance", false),
            box_hint:
                "The site is closed by window-12 “Database upgrade” until 04:00 UTC. The box, once it is ticked, \
                       closes it besides. Who gets in is listed under “Who gets in?”."
                    .into(),
            may_drain: true,
            tester: Tester {
                verdicts: vec![verdict("Now", true), verdict("Once maintenance has started", false)],
                is_asked: true,
                ..record_page().tester
            },
            ..record_page()
        };
        self.add("site-open-tested", &frame, &tested);
        let mut refused = record_page();
        refused.patterns[2].pattern = Field::new("patterns[2][pattern]", "[a-z").refused(
            "Pattern 3 is not valid: “[” at character 1 is never closed. For the character itself write “\\[”.",
        );
        refused.patterns[2].is_spare = false;
        refused.expected_end =
            Field::new("expected_end", "tomorrow").refused("“tomorrow” is not a time. Write it like 2026-11-21 03:30.");
        refused.errors = FieldError::of([&refused.expected_end, &refused.patterns[2].pattern]);
        self.add("site-errors", &frame, &refused);
        let mut warned = record_page();
        warned.patterns[0].pattern.value = ".*".into();
        warned.patterns[0].warning = Some("Matches every address, so nobody sees the 503 page.".into());
        warned.tester.seen.is_kept_out = true;
        warned.warnings = Some(Warnings {
            token: "9f2c".into(),
            lines: vec![
                WarningLine {
                    id: String::new(),
                    message: "With these rules you would get the 503 page yourself. This admin stays open.".into(),
                },
                WarningLine {
                    id: "patterns-0-pattern".into(),
                    message: "Pattern 1 matches every address, so nobody sees the 503 page.".into(),
                },
            ],
            is_check: false,
        });
        warned.is_protected = true;
        self.add("site-warnings", &frame, &warned);
        let row = |label: &str, mine: &str, theirs: &str| ConflictRow {
            label: label.into(),
            mine: mine.into(),
            theirs: theirs.into(),
        };
        let conflict = Conflict {
            who: "bo".into(),
            ago: "40 seconds".into(),
            rows: vec![
                row("Expected end", "2026-11-21 04:30", "2026-11-21 03:30"),
                row("Ignored patterns", "^health/\n^robots\\.txt$", "^health/"),
                row("Message in Deutsch", "", "Bald zurück"),
            ],
        };
        let question = OthersQuestion {
            text: "Nothing was saved yet. Something else holds forum.example.com closed, too. Which is meant?".into(),
            keep: Choice::new("keep", "Only the box; window-12 “Database upgrade” until 04:00 UTC goes on"),
            end: Choice::new("end", "Open the site: end that as well"),
        };
        self.add("site-question", &frame, &RecordPage { question: Some(question), ..record_page() });
        self.add("site-conflict", &frame, &RecordPage { conflict: Some(conflict), ..record_page() });
        self.add("site-checked", &frame, &RecordPage { is_checked: true, ..record_page() });
        let html = preview_page();
        self.add("preview", &frame, &html);
        let dark = PreviewPage { frame: "phone".into(), scheme: "dark".into(), ..html.clone() };
        self.add("preview-phone-dark", &frame, &dark);
        let json = PreviewPage {
            kind: "json".into(),
            page_href: None,
            body: "{\n  \"type\": \"about:blank\",\n  \"title\": \"Sorry, this site is unavailable\",\n  \"status\": 503,\n  \"retry_after\": 1088\n}".into(),
            template_error: Some("503.html:3: variable `untl` is not defined".into()),
            redirect: Some(Link {
                label: "https://status.example.com/".into(),
                href: "https://status.example.com/".into(),
            }),
            ..html
        };
        self.add("preview-json", &frame, &json);
    }

    fn draining(&mut self) {
        let frame = self.frame(Some(Section::Sites));
        self.add("draining", &frame, &draining_page());
        let step = |phase: Phase, at_text: &str, place| DrainStep {
            status: phase.into(),
            at: Some(at(at_text)),
            note: "",
            place,
        };
        let closed = DrainingPage {
            status: Phase::Maintenance.into(),
            is_draining: false,
            summary: "Closed at the deadline after 15 min with 2 sessions and 1 task left.".into(),
            detail: "In maintenance since 03:12 UTC. Visitors get the 503 page.".into(),
            steps: vec![
                step(Phase::Draining, "2026-11-21T02:57:00Z", "past"),
                step(Phase::Maintenance, "2026-11-21T03:12:00Z", "now"),
            ],
            gone: None,
            visits: Vec::new(),
            tasks: Vec::new(),
            more_visits: 0,
            ..draining_page()
        };
        self.add("draining-closed", &frame, &closed);
        let open = DrainingPage {
            status: Phase::Open.into(),
            summary: "It does not drain: it is open.".into(),
            detail: "Visitors get the site.".into(),
            steps: Vec::new(),
            ..closed
        };
        self.add("draining-open", &Frame { strip: None, ..frame }, &open);
    }

    fn schedule(&mut self) {
        let frame = self.frame(Some(Section::Schedule));
        self.add("schedule", &frame, &schedule_page());
        let none = SchedulePage { add_href: "/admin/schedule/add/".into(), ..SchedulePage::default() };
        self.add("schedule-nothing", &frame, &none);
        let of_one = SchedulePage {
            site: Some(Link { label: "forum.example.com".into(), href: "/admin/sites/7/".into() }),
            pager: Some(Pager {
                shown: "51–100 of 120 lines".into(),
                previous: Some(Link { label: "Previous 50".into(), href: "/admin/schedule/?site=7".into() }),
                next: None,
            }),
            ..schedule_page()
        };
        self.add("schedule-of-one", &frame, &of_one);
        self.add("window-add", &frame, &window_page());
        let asked = WindowFormPage { confirm: Some("9f2c".into()), ..window_page() };
        self.add("window-asked", &frame, &asked);
        let several = WindowFormPage {
            site_choices: Vec::new(),
            fixed_sites: vec!["accounts.example.com".into(), "blog.example.com".into()],
            sites: Field::new("sites", "3,4"),
            ..window_page()
        };
        self.add("window-several", &frame, &several);
        let start =
            Field::new("start", "tomorrow").refused("“tomorrow” is not a time. Write it like 2026-11-21 03:30.");
        let ending =
            Field::new("ending", "open").refused("A window that repeats needs an end: choose how long it lasts.");
        let refused = WindowFormPage {
            errors: FieldError::of([&start]),
            start,
            ending,
            site_choices: Vec::new(),
            preview: Preview::default(),
            ..window_page()
        };
        self.add("window-errors", &frame, &refused);
        let row =
            ConflictRow { label: "Start".into(), mine: "2026-11-22 02:00".into(), theirs: "2026-11-22 03:00".into() };
        let changed = WindowFormPage {
            id: Some(12),
            stored_name: "window-12 “Database upgrade”".into(),
            fixed_sites: vec!["forum.example.com".into()],
            conflict: Some(Conflict { who: "bo".into(), ago: "40 seconds".into(), rows: vec![row] }),
            can: WindowCan { end: true, extend: true, skip: true },
            heading: Field::new("heading", "Upgrade"),
            rule: Field::new("rule", "0 2 * * 1-5"),
            repeats: Field::new("repeats", "rule"),
            ..window_page()
        };
        self.add("window-conflict", &frame, &changed);
    }

    fn asking(&mut self) {
        let frame = self.frame(Some(Section::Sites));
        let row = |id, domain: &str, typed| BulkRow { id, domain: domain.into(), typed };
        let typed = Field::new("typed[9]", "pay.example").refused("This is not pay.example.com.");
        let bulk = BulkPage {
            action: "start".into(),
            question: "Start maintenance on 3 sites?".into(),
            button: "Start maintenance on 3 sites".into(),
            errors: FieldError::of([&typed]),
            may_drain: true,
            how: Field::new("how", "drain"),
            drain_minutes: Field::new("drain_minutes", "15"),
            warning: None,
            confirm: None,
            rows: vec![
                row(3, "accounts.example.com", None),
                row(4, "blog.example.com", None),
                row(9, "pay.example.com", Some(typed)),
            ],
            note: Some("1 more is already in maintenance and stays so.".into()),
            back: "?status=maintenance".into(),
            cancel: "?status=maintenance&select=1".into(),
        };
        self.add("bulk", &frame, &bulk);
        let nothing = BulkPage {
            may_drain: false,
            question: "Nothing to start".into(),
            rows: Vec::new(),
            errors: Vec::new(),
            note: Some("1 site is already in maintenance.".into()),
            ..bulk
        };
        self.add("bulk-nothing", &frame, &nothing);
        let start = StartPage { id: 9, domain: "pay.example.com".into(), ..StartPage::default() };
        self.add("start", &frame, &start);
        let protected = StartPage { typed_domain: Some(Field::new("typed_domain", "")), ..start };
        self.add("protected", &frame, &protected);
        let delete = DeleteSitePage {
            id: 7,
            domain: "forum.example.com".into(),
            parts: vec!["2 messages".into(), "3 ignored patterns".into()],
            consequence: "Its visitors then get the default site, www.example.com.".into(),
            staff: Some("bo and cleo are given this site and lose it, also if you put it back.".into()),
            typed_domain: Field::new("typed_domain", ""),
            errors: Vec::new(),
        };
        self.add("site-delete", &frame, &delete);
        let undo = UndoPage {
            revisions: vec![112],
            seen: 118,
            what: "Expected end changed on billing.example.com".into(),
            since: "bo changed it again 3 min ago.".into(),
            changes: vec![FieldChange {
                label: "Expected end".into(),
                before: "21 Nov, 04:30 UTC".into(),
                after: "21 Nov, 02:30 UTC".into(),
            }],
            back: "history/".into(),
        };
        self.add("undo", &frame, &undo);
    }

    fn history(&mut self) {
        let frame = self.frame(Some(Section::History));
        self.add("history", &frame, &history_page());
        let none = HistoryPage {
            site: "shop".into(),
            result: Some("No change is about “shop”.".into()),
            rows: Vec::new(),
            ..history_page()
        };
        self.add("history-nothing", &frame, &none);
    }

    fn people(&mut self) {
        let frame = self.frame(Some(Section::Users));
        let row = |id, username: &str, role, sites: &str, is_active| UserRow {
            id,
            username: username.into(),
            role,
            sites: sites.into(),
            is_active,
            is_me: id == 1,
            last_login: is_active.then(|| at("2026-11-20T21:04:00Z")),
        };
        let rows = vec![
            row(1, "ann", "Superuser", "all sites", true),
            row(2, "bo", "Staff", "all sites", true),
            row(3, "cleo", "Staff", "forum.example.com, blog.example.com", true),
            row(4, "dan", "No panel", "", false),
        ];
        self.add("users", &frame, &UsersPage { rows });
        let site = |id, domain: &str, is_chosen| SiteChoice { id, domain: domain.into(), is_chosen };
        let form = UserFormPage {
            username: Field::new("username", ""),
            password: Field::new("password", ""),
            is_active: Field::ticked("is_active", true),
            is_staff: Field::ticked("is_staff", true),
            is_superuser: Field::ticked("is_superuser", false),
            scope: Field::new("scope", "chosen"),
            sites: vec![
                site(3, "accounts.example.com", false),
                site(4, "blog.example.com", true),
                site(7, "forum.example.com", true),
            ],
            ..UserFormPage::default()
        };
        self.add("user-add", &frame, &form);
        let superuser = Field::ticked("is_superuser", false)
            .refused("ann is the last active superuser. Make somebody else a superuser first.");
        let refused = UserFormPage {
            id: Some(1),
            stored_username: "ann".into(),
            username: Field::new("username", "ann"),
            errors: FieldError::of([&superuser]),
            is_superuser: superuser,
            domains: Some(Field::new("domains", "forum.example.com\nblog.example.com")),
            may_delete: true,
            ..form
        };
        self.add("user-last-superuser", &frame, &refused);
        self.add("user-delete", &frame, &DeleteUserPage { id: 3, username: "cleo".into(), sessions: 2 });
        let session = |id: &str, device: &str, is_this| SessionRow {
            id: id.into(),
            device: device.into(),
            address: if is_this { "203.0.113.9".into() } else { "2001:db8::17".into() },
            started: at("2026-11-19T08:00:00Z"),
            last_seen: at("2026-11-21T03:12:00Z"),
            is_this,
        };
        let current = Field::new("current_password", "").refused("This is not your current password.");
        let account = AccountPage {
            role: "You are a superuser: you may do everything.".into(),
            current_password: Field::new("current_password", ""),
            password: Field::new("password", ""),
            password_again: Field::new("password_again", ""),
            errors: Vec::new(),
            sessions: vec![session("a1", "Firefox on Linux", true), session("b2", "Safari on iPhone", false)],
            chosen_theme: Theme::System,
            shortcuts: Field::ticked("shortcuts", true),
        };
        let mine = Frame { is_account: true, ..self.frame(None) };
        self.add("account", &mine, &account);
        let refused = AccountPage { errors: FieldError::of([&current]), current_password: current, ..account };
        self.add("account-error", &mine, &refused);
        let servers = self.frame(Some(Section::Servers));
        self.add("servers", &servers, &servers_page(false));
        self.add("servers-behind", &servers, &servers_page(true));
        self.add("settings", &self.frame(Some(Section::Settings)), &settings_page());
    }

    fn doors(&mut self) {
        let frame = self.stranger();
        let login = LoginPage { username: Field::new("username", ""), ..LoginPage::default() };
        self.add("login", &frame, &login);
        let refused = LoginPage {
            username: Field::new("username", "ann"),
            next: "/admin/sites/7/".into(),
            reason: Some("You were logged out. Log in and we will bring back what you typed.".into()),
            error: Some("That user name and password do not match.".into()),
        };
        self.add("login-error", &frame, &refused);
        let password = Field::new("password", "").refused("The password has 7 characters; it needs at least 12.");
        let setup = SetupPage {
            token: "4vJx".into(),
            username: Field::new("username", ""),
            password: Field::new("password", ""),
            password_again: Field::new("password_again", ""),
            errors: Vec::new(),
        };
        self.add("setup", &frame, &setup);
        let refused = SetupPage { errors: FieldError::of([&password]), password, ..setup };
        self.add("setup-error", &frame, &refused);
        self.add("logged-out", &frame, &LoggedOutPage {});
        let inside = self.frame(None);
        let who = ["ann".to_owned(), "bo".to_owned()];
        self.add("error-403", &inside, &ErrorPage::not_allowed("/admin/", "superusers", &who));
        self.add("error-403-site", &inside, &ErrorPage::not_your_site("/admin/", &who));
        self.add("error-404", &inside, &ErrorPage::not_found("/admin/"));
        self.add("error-500", &frame, &ErrorPage::our_fault("/admin/", "01JD5-7Q2K"));
        let database = ErrorPage::no_database(
            "/admin/",
            &Outage { since: Some(at("2026-11-21T03:02:00Z")), closed: 2, ..Outage::default() },
        );
        self.add("error-database", &frame, &database);
        let of_form = ErrorPage::no_database_for_form("/admin/", &Outage::default(), "/admin/sites/7/");
        self.add("error-database-form", &frame, &of_form.saying("Nothing was changed."));
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let kept = KeptForm {
            action: "/admin/sites/7/".into(),
            fields: vec![field("csrf", "c0ffee"), field("messages[0][body]", "<b>Back</b>\nsoon")],
        };
        self.add("error-kept", &frame, &database.keeping(kept, "What you typed is kept on this page."));
    }

    fn sample(&mut self) {
        let page = |path: &str, closed: bool, planned: bool| SamplePage {
            base: "/admin/".into(),
            assets: self.assets.clone(),
            site_name: "www.example.com".into(),
            notice_script: "/maintenance/notice.js?lang=en".into(),
            path: path.into(),
            maintenance_status: MaintenanceStatus {
                phase: if closed { "maintenance".into() } else { "open".into() },
                is_read_only: false,
                reason: closed.then(|| "you are a superuser".to_owned()),
                site: "www.example.com".into(),
                until: closed.then(|| at("2026-11-21T03:30:00Z")),
                panel_href: closed.then(|| "/admin/sites/1/".to_owned()),
                notice: planned.then(|| PlannedNotice {
                    starts_at: at("2026-11-21T04:00:00Z"),
                    ends_at: Some(at("2026-11-21T05:30:00Z")),
                    message: Some("We are moving to a faster machine.".to_owned()),
                    language: Some("en".to_owned()),
                }),
            },
        };
        for (name, template, path, closed, planned) in [
            ("sample", "sample/home.html", "/", false, false),
            ("sample-closed", "sample/home.html", "/", true, false),
            ("sample-planned", "sample/home.html", "/", false, true),
            ("sample-ignored", "sample/ignored.html", "/ignored-page/", false, false),
            ("sample-contact", "sample/contact.html", "/contact/", false, false),
        ] {
            let html = self.templates.plain(template, &page(path, closed, planned)).expect("the sample site renders");
            self.done.push(Rendered { name, html });
        }
    }
}

fn strip() -> Strip {
    let site = |id, domain: &str, since: &str, lasted: &str, overdue: Option<&str>, by: &str| StripSite {
        domain: domain.into(),
        href: format!("/admin/sites/{id}/"),
        since: Some(at(since)),
        is_read_only: id == 5,
        draining: (id == 7).then(|| "closes at 03:27 UTC, 5 sessions and 1 task left".to_owned()),
        lasted: lasted.into(),
        overdue: overdue.map(Into::into),
        by: Some(by.into()),
        causes: holding().rows,
    };
    Strip {
        heading: "1 of 20 sites in maintenance, 1 closed for writing, 1 draining".into(),
        status: Phase::Maintenance.into(),
        has_causes: true,
        sites: vec![
            site(2, "api.example.com", "2026-11-21T02:25:00Z", "47 min", Some("12 min"), "ann"),
            site(5, "billing.example.com", "2026-11-20T01:02:00Z", "26 h", None, "CLI, root@web1"),
            site(7, "forum.example.com", "2026-11-21T03:12:00Z", "under a minute", None, "ann"),
        ],
        more: 0,
        more_href: "/admin/?status=maintenance".into(),
        warning: Some(
            "billing.example.com has been closed for 26 h. Search engines accept a 503 for a day or two, then begin to \
             drop pages."
                .into(),
        ),
    }
}

fn open_row(id: i64, domain: &str) -> SiteRow {
    SiteRow {
        id,
        domain: domain.into(),
        name: String::new(),
        status: Phase::Open.into(),
        since: None,
        next: None,
        closes_at: None,
        by: None,
        expected_end: None,
        overdue: None,
        patterns: "none".into(),
        is_protected: false,
        is_selected: false,
    }
}

fn servers_page(is_behind: bool) -> ServersPage {
    let row = |name: &str, state, revision, seen: &str, ago: &str| ServerRow {
        name: name.into(),
        version: "0.1.0".into(),
        state,
        revision,
        deciding_since: Some(at("2026-11-21T03:12:02Z")),
        last_seen: at(seen),
        last_seen_ago: ago.into(),
        started: at("2026-11-20T22:00:00Z"),
    };
    let (text, aloud) = if is_behind {
        (
            "2 of 3 servers enforce revision 812; web3 is behind: revision 811, last seen 12 s ago.",
            "2 of 3 servers enforce revision 812; web3 is behind.",
        )
    } else {
        ("3 of 3 servers enforce revision 812.", "3 of 3 servers enforce revision 812.")
    };
    let (state, revision) = if is_behind { (ServerState::BEHIND, 811) } else { (ServerState::ENFORCES, 812) };
    let mut rows = vec![
        row("web1.internal.example.com:8080", ServerState::ENFORCES, 812, "2026-11-21T03:12:03Z", "1 s ago"),
        row("web2", ServerState::ENFORCES, 812, "2026-11-21T03:12:00Z", "4 s ago"),
        row("web3", state, revision, "2026-11-21T03:11:52Z", "12 s ago"),
        row("web-old", ServerState::GONE, 640, "2026-11-20T23:40:00Z", "3 h 32 min ago"),
    ];
    rows.sort_by_key(|row| row.state != ServerState::BEHIND);
    let summary = ServersSummary { text: text.into(), aloud: aloud.into(), is_behind };
    ServersPage { base: "/admin/".into(), summary, rows, under_way: "3 other requests were".into() }
}

fn sites_page() -> SitesPage {
    let closed = |id, domain: &str, since: &str, by: &str| SiteRow {
        status: Phase::Maintenance.into(),
        since: Some(at(since)),
        by: Some(by.into()),
        ..open_row(id, domain)
    };
    let filter = |label: &str, count, href: &str, is_current| FilterLink {
        label: label.into(),
        count,
        href: href.into(),
        is_current,
    };
    let mut rows = vec![
        SiteRow {
            expected_end: Some(at("2026-11-21T03:00:00Z")),
            overdue: Some("12 min".into()),
            ..closed(2, "api.example.com", "2026-11-21T02:25:00Z", "ann")
        },
        SiteRow {
            expected_end: Some(at("2026-11-21T04:30:00Z")),
            patterns: "3 patterns".into(),
            status: Status::closed(Level::ReadOnly),
            ..closed(5, "billing.example.com", "2026-11-20T01:02:00Z", "CLI, root@web1")
        },
        SiteRow {
            patterns: "1 pattern".into(),
            name: "Community forum".into(),
            status: Phase::Draining.into(),
            closes_at: Some(at("2026-11-21T03:27:00Z")),
            ..closed(7, "forum.example.com", "2026-11-21T03:12:00Z", "ann")
        },
        SiteRow {
            status: Status::SCHEDULED,
            next: Some(at("2026-11-22T01:00:00Z")),
            ..open_row(3, "accounts.example.com")
        },
        SiteRow { patterns: "2 patterns".into(), ..open_row(4, "blog.example.com") },
    ];
    for (id, name) in (10..).zip([
        "cdn", "chat", "docs", "events", "files", "help", "jobs", "mail", "maps", "news", "photos", "search", "www",
    ]) {
        rows.push(open_row(id, &format!("{name}.example.com")));
    }
    rows.push(SiteRow { is_protected: true, ..open_row(9, "pay.example.com") });
    rows.push(open_row(30, "a-very-long-name-of-a-preview-environment.feature-branch-1234.preview.example.com"));
    SitesPage {
        filters: vec![
            filter("All", 20, "/admin/", true),
            filter("In maintenance", 2, "/admin/?status=maintenance", false),
            filter("Draining", 1, "/admin/?status=draining", false),
            filter("Scheduled", 1, "/admin/?status=scheduled", false),
        ],
        total: 20,
        rows,
        select_href: "/admin/?select=1".into(),
        may_add: true,
        seen: Some(seen()),
        ..SitesPage::default()
    }
}

fn draining_page() -> DrainingPage {
    let step = |status: Status, at_text: &str, note, place| DrainStep { status, at: Some(at(at_text)), note, place };
    let visit = |id, who: &str, kind, since: &str, last_seen: &str| VisitLine {
        id,
        who: who.into(),
        kind,
        since: at(since),
        last_seen: last_seen.into(),
    };
    DrainingPage {
        base: "/admin/".into(),
        id: 7,
        domain: "forum.example.com".into(),
        status: Phase::Draining.into(),
        is_draining: true,
        summary: "12 sessions and 1 task are still at work.".into(),
        detail: "It closes at 03:27 UTC, in 14 min, or as soon as nobody is left.".into(),
        steps: vec![
            step(Status::ANNOUNCED, "2026-11-21T02:42:00Z", "", "past"),
            step(Phase::Draining.into(), "2026-11-21T03:12:00Z", "", "now"),
            step(Phase::Maintenance.into(), "2026-11-21T03:27:00Z", "at the latest", "ahead"),
        ],
        gone: Some(Gone { left: 8, of: 20 }),
        visits: vec![
            visit(
                31,
                "a-very-long-name-of-somebody-who-signed-in@forum.example.com",
                "",
                "2026-11-21T01:00:00Z",
                "3 min ago",
            ),
            visit(32, "cleo", "by the application’s own log-in", "2026-11-20T22:40:00Z", "under a minute ago"),
            visit(40, "A visitor", "", "2026-11-21T03:02:00Z", "under a minute ago"),
        ],
        more_visits: 9,
        tasks: vec![TaskLine {
            name: "nightly reindex".into(),
            place: "web1, process 4711".into(),
            by: "cron@web1".into(),
            since: at("2026-11-21T02:30:00Z"),
        }],
        more_tasks: 0,
    }
}

fn message(n: usize, language: &str, title: &str, heading: &str, default_heading: &str) -> MessageRow {
    let field = |name: &str, value: &str| Field::new(format!("messages[{n}][{name}]"), value);
    let is_new = language.is_empty();
    MessageRow {
        title: title.into(),
        language: field("language", language),
        heading: field("heading", heading),
        body: field("body", if is_new { "" } else { "{site} {end}" }),
        contact: field("contact", if n == 0 { "help@example.com" } else { "" }),
        link_label: field("link_label", ""),
        link_url: field("link_url", ""),
        delete: field("delete", ""),
        default_heading: default_heading.into(),
        is_open: n == 0,
        is_new,
    }
}

fn pattern(n: usize, kind: &str, text: &str, description: &str, note: Option<&str>) -> PatternRow {
    let field = |name: &str, value: &str| Field::new(format!("patterns[{n}][{name}]"), value);
    PatternRow {
        number: n + 1,
        kind: field("kind", kind),
        pattern: field("pattern", text),
        description: field("description", description),
        delete: field("delete", ""),
        note: note.map(Into::into),
        warning: None,
        is_new: text.is_empty(),
        is_spare: n > 2,
    }
}

fn network(n: usize, text: &str, description: &str) -> NetworkRow {
    let field = |name: &str, value: &str| Field::new(format!("networks[{n}][{name}]"), value);
    NetworkRow {
        number: n + 1,
        network: field("network", text),
        description: field("description", description),
        delete: field("delete", ""),
        is_new: text.is_empty(),
        is_spare: n > 1,
    }
}

fn verdict(when: &str, is_pass: bool) -> VerdictTable {
    let row = |number, rule: &str, answer: &str, decides| VerdictRow {
        number,
        rule: rule.into(),
        answer: answer.into(),
        decides,
    };
    let after = |answer| if is_pass { "not asked" } else { answer };
    VerdictTable {
        when: when.into(),
        sentence: if is_pass {
            "Let in. The site is open.".into()
        } else {
            "503: kept out. No rule lets it in.".into()
        },
        is_pass,
        rows: vec![
            row(1, "Panel and health checks", "no", false),
            row(2, "A site for this host", "yes", false),
            row(3, "The site is open", if is_pass { "yes" } else { "no, in maintenance" }, is_pass),
            row(4, "Internal address", after("no"), false),
            row(5, "Ignored pattern", after("no, none of 2"), false),
            row(6, "Superuser or staff", after("no, not logged in"), false),
            row(7, "Otherwise", after("503"), !is_pass),
        ],
    }
}

fn record_page() -> RecordPage {
    let who = |label: &str, source: &str| WhoRow { label: label.into(), source: source.into() };
    let suggestion = |label: &str, pattern: &str, description: &str| Suggestion {
        label: label.into(),
        kind: "regex".into(),
        pattern: pattern.into(),
        description: description.into(),
    };
    let languages = [("en", "English"), ("de", "Deutsch"), ("ar", "العربية"), ("fr", "Français")];
    RecordPage {
        id: 7,
        domain: "forum.example.com".into(),
        name: "Community forum".into(),
        site_url: "https://forum.example.com/".into(),
        status: Phase::Maintenance.into(),
        since: Some(at("2026-11-21T02:25:00Z")),
        next: None,
        closes_at: None,
        by: Some("ann".into()),
        overdue: Some("12 min".into()),
        site_notice: None,
        holding: Some(holding()),
        windows: vec![
            SiteWindow {
                name: "window-12 “Database upgrade”".into(),
                href: Some("/admin/schedule/12/".into()),
                when: span("Sat 21 Nov, 03:00–04:00 UTC", "2026-11-21T03:00:00Z", "now, 47 min left"),
                repeats: String::new(),
                is_of_all: false,
            },
            SiteWindow {
                name: "window-3".into(),
                href: None,
                when: span("Sun 22 Nov, 02:00–03:30 UTC", "2026-11-22T02:00:00Z", "in 22 h"),
                repeats: "every week on Sunday".into(),
                is_of_all: true,
            },
        ],
        more_windows: true,
        question: None,
        others: String::new(),
        zone: "UTC".into(),
        end_example: "2026-11-21 03:30".into(),
        is_protected: false,
        may_change_site: true,
        revision: 118,
        in_maintenance: Field::ticked("in_maintenance", true),
        box_hint: "Visitors get the 503 page. Who gets in is listed under “Who gets in?”.".into(),
        how: Field::new("how", "close"),
        drain_minutes: Field::new("drain_minutes", "15"),
        may_drain: false,
        read_only: Field::ticked("read_only", true),
        typed_domain: Field::new("typed_domain", ""),
        expected_end: Field::new("expected_end", "2026-11-21 03:00"),
        at_end: Field::new("at_end", "remind"),
        messages: vec![
            message(0, "en", "English", "Back soon", "Sorry, this site is unavailable"),
            message(1, "ar", "العربية", "سنعود قريبًا", "عذرًا، هذا الموقع غير متاح"),
            message(2, "", "", "", ""),
        ],
        languages: languages.map(|(value, label)| Choice::new(value, label)).to_vec(),
        patterns: vec![
            pattern(
                0,
                "regex",
                "^health/",
                "Load balancer probe",
                Some("Also lets in everything that starts with it."),
            ),
            pattern(1, "exact", "/robots.txt", "", None),
            pattern(2, "regex", "", "", None),
            pattern(3, "regex", "", "", None),
            pattern(4, "regex", "", "", None),
        ],
        suggestions: vec![
            suggestion("robots.txt", r"^robots\.txt$", "Crawlers treat a 503 here as “stay away”"),
            suggestion("Certificate renewal", r"^\.well-known/acme-challenge/", "Certificate renewal"),
            suggestion("Health check", "^healthz?/?$", "Health check"),
            suggestion("Sitemap", r"^sitemap\.xml$", "Sitemap"),
            suggestion("Favicon", r"^favicon\.ico$", "Favicon"),
        ],
        networks: vec![network(0, "198.51.100.0/24", "Office"), network(1, "", ""), network(2, "", "")],
        redirect_url: Field::new("redirect_url", ""),
        retry_after: Field::new("retry_after", ""),
        retry_after_setting: 120,
        is_answer_open: true,
        errors: Vec::new(),
        warnings: None,
        conflict: None,
        is_checked: false,
        tester: Tester {
            who: vec![
                who("Panel /admin/", "always"),
                who("Addresses 10.0.0.0/8", "settings"),
                who("Addresses 198.51.100.0/24", "this site"),
                who("2 ignored patterns", "this site"),
                who("Superusers", "always"),
                who("Staff of this site", ""),
            ],
            seen: seen(),
            target: Field::new("target", "/cart"),
            method: Field::new("method", "GET"),
            ip: Field::new("ip", "203.0.113.9"),
            user: Field::new("as", ""),
            methods: ["GET", "POST", "HEAD"].map(|method| Choice::new(method, method)).to_vec(),
            users: vec![Choice::new("", "Visitor, not logged in"), Choice::new("ann", "ann (superuser)")],
            verdicts: vec![verdict("", false)],
            error: None,
            was_asked: true,
            is_asked: false,
        },
    }
}

fn preview_page() -> PreviewPage {
    let header = |name: &str, value: &str| HeaderLine { name: name.into(), value: value.into() };
    let choices = |pairs: &[(&str, &str)]| -> Vec<Choice> {
        pairs.iter().map(|(value, label)| Choice::new(*value, *label)).collect()
    };
    PreviewPage {
        id: 7,
        domain: "forum.example.com".into(),
        is_closed: true,
        is_draining: false,
        is_read_only: false,
        kind: "html".into(),
        language: "en".into(),
        languages: choices(&[("en", "English"), ("ar", "العربية")]),
        frame: "desktop".into(),
        scheme: "light".into(),
        kinds: choices(&[("html", "HTML"), ("json", "JSON"), ("text", "Text")]),
        page_href: Some("/admin/sites/7/preview/page?kind=html&language=en".into()),
        status_line: "503 Service Unavailable".into(),
        headers: vec![
            header("Content-Type", "text/html; charset=utf-8"),
            header("Retry-After", "1088"),
            header("Cache-Control", "no-store"),
            header("Vary", "Accept, Accept-Language"),
            header("Content-Language", "en"),
        ],
        body: String::new(),
        size: "4.2 of 8 KB".into(),
        template_error: None,
        redirect: None,
    }
}

fn history_page() -> HistoryPage {
    let row = |revision, at_text: &str, actor: &str, origin: &str, subject: &str, what: &str| HistoryRow {
        revision,
        at: Moment::with_seconds(at_text.parse().expect("a valid time"), &TimeZone::UTC, now()),
        actor: actor.into(),
        origin: origin.into(),
        subject: subject.into(),
        subject_href: Some("/admin/sites/7/".into()),
        what: what.into(),
        is_refusal: false,
        changes: Vec::new(),
        may_undo: true,
        is_asked: false,
        note: None,
    };
    let change = |label: &str, before: &str, after: &str| FieldChange {
        label: label.into(),
        before: before.into(),
        after: after.into(),
    };
    HistoryPage {
        people: vec![Choice::new("ann", "ann"), Choice::new("bo", "bo")],
        kinds: vec![Choice::new("maintenance", "Maintenance"), Choice::new("pattern", "Ignored patterns")],
        rows: vec![
            row(118, "2026-11-21T03:12:04Z", "ann", "web, 203.0.113.9", "forum.example.com", "Maintenance started"),
            HistoryRow {
                changes: vec![change("Ignored pattern", "", "^health/ (Load balancer probe)")],
                ..row(117, "2026-11-21T03:05:40Z", "bo", "web, 198.51.100.4", "api.example.com", "Pattern added")
            },
            HistoryRow {
                changes: vec![
                    change("Expected end", "02:30 UTC", "03:30 UTC"),
                    change("At the expected end", "Stay closed", "Open the site"),
                ],
                note: Some("Undone by change 116".into()),
                may_undo: false,
                ..row(112, "2026-11-21T02:58:11Z", "CLI, root@web1", "", "billing.example.com", "Settings changed")
            },
            HistoryRow {
                is_refusal: true,
                may_undo: false,
                subject_href: None,
                ..row(111, "2026-11-20T22:41:09Z", "nobody", "web, 192.0.2.77", "ann", "Log-in refused")
            },
        ],
        pager: Some(Pager {
            shown: "Changes 118 to 69".into(),
            previous: None,
            next: Some(Link { label: "Older".into(), href: "/admin/history/?before=69".into() }),
        }),
        back: "history/".into(),
        ..HistoryPage::default()
    }
}

fn settings_page() -> SettingsPage {
    let row = |name: &str, value: &str, source: &str, help: &str| SettingRow {
        name: name.into(),
        value: value.into(),
        source: source.into(),
        help: help.into(),
    };
    SettingsPage {
        version: "0.1.0".into(),
        groups: vec![
            SettingGroup {
                title: "Server".into(),
                rows: vec![
                    row("BIND", "127.0.0.1:8080", "default", "Address and port to listen on."),
                    row("DATABASE_URL", "sqlite://maintenance.sqlite3", "environment", "Where everything is kept."),
                    row("SECRET_KEY", "set", "database", "Signs the session cookies; the same on every server."),
                ],
            },
            SettingGroup {
                title: "Who gets in".into(),
                rows: vec![
                    row("INTERNAL_IPS", "10.0.0.0/8", ".env file", "Addresses that always pass."),
                    row("TRUSTED_PROXIES", "", "default", "Peers whose forwarded headers are believed."),
                ],
            },
        ],
    }
}

fn span(text: &str, start: &str, distance: &str) -> Span {
    Span { text: text.into(), start: at(start), end: Some(at("2026-11-22T03:30:00Z")), distance: distance.into() }
}

fn holding() -> Holding {
    let row = |what: &str, id: &str, by: Option<&str>, until_note| CauseRow {
        is_box: id == "box",
        is_read_only: id == "window-12",
        what: what.into(),
        since: Some(at("2026-11-21T02:25:00Z")),
        until: Some(at("2026-11-21T03:00:00Z")),
        until_note,
        is_overdue: id == "box",
        by: by.map(Into::into),
        is_shown: id == "box",
        end_href: format!("/admin/sites/7/end/{id}/"),
    };
    Holding {
        title: "What holds it closed",
        rows: vec![
            row("The box", "box", Some("ann"), "expected"),
            row("Lease-3 “deploy 7”", "lease-3", Some("ci"), "unless it is renewed, then it stays"),
            row("Window-12 “Database upgrade”", "window-12", None, ""),
        ],
        message: "Visitors read the site’s message: while the box is ticked it comes before those of leases and \
                  windows."
            .into(),
    }
}

fn window_row(id: i64, name: &str, site: &str, when: Span) -> WindowRow {
    WindowRow {
        id,
        name: name.into(),
        site: site.into(),
        site_href: (site != "All sites").then(|| "/admin/sites/7/".to_owned()),
        when: Some(when),
        planned_end: None,
        repeats: String::new(),
        note: String::new(),
        may_change: true,
        may_extend: true,
        may_skip: false,
    }
}

fn schedule_page() -> SchedulePage {
    let running = span("Sat 21 Nov, 03:00–04:15 UTC", "2026-11-21T03:00:00Z", "now, 62 min left");
    let weekly = span("Sun 22 Nov, 02:00–03:30 CET", "2026-11-22T01:00:00Z", "in 21 h");
    let past = span("Thu 19 Nov, 02:00–02:20 UTC", "2026-11-19T02:00:00Z", "2 days ago");
    SchedulePage {
        running: vec![WindowRow {
            planned_end: Some(at("2026-11-21T04:00:00Z")),
            ..window_row(12, "window-12 “Database upgrade”", "forum.example.com", running)
        }],
        ahead: vec![
            WindowRow {
                repeats: "every week on Sunday".into(),
                may_skip: true,
                ..window_row(3, "window-3", "All sites", weekly.clone())
            },
            WindowRow {
                when: None,
                note: "It is not active: it closes nothing.".into(),
                ..window_row(5, "window-5 “Move”", "a-very-long-name-of-a-preview.feature-1234.example.com", weekly)
            },
        ],
        over: vec![WindowRow {
            note: "Left out.".into(),
            may_change: false,
            ..window_row(9, "window-9", "All sites", past)
        }],
        timeline: Some(Drawing {
            days: (21..=30).chain(1..=4).map(|day| day.to_string()).collect(),
            width: 1344,
            height: 20,
            ticks: "M96 0v20M192 0v20".into(),
            rows: vec![
                DrawingRow { site: "All sites".into(), bars: "M104 3h6v14h-6zM776 3h6v14h-6z".into() },
                DrawingRow { site: "forum.example.com".into(), bars: "M12 3h40v14h-40z".into() },
            ],
            more: 2,
        }),
        zone: "UTC".into(),
        add_href: "/admin/schedule/add/".into(),
        back: "schedule/".into(),
        total: 4,
        ..SchedulePage::default()
    }
}

fn window_page() -> WindowFormPage {
    let choices = |pairs: &[(&str, &str)]| -> Vec<Choice> {
        pairs.iter().map(|(value, label)| Choice::new(*value, *label)).collect()
    };
    WindowFormPage {
        sites: Field::new("sites", "7"),
        site_choices: choices(&[("all", "All sites"), ("7", "forum.example.com")]),
        name: Field::new("name", "Database upgrade"),
        zone: Field::new("zone", "Europe/Berlin"),
        start: Field::new("start", "2026-11-22 02:00"),
        example: "2026-11-21 03:30".into(),
        ending: Field::new("ending", "lasts"),
        lasts: Field::new("lasts", "90"),
        end: Field::new("end", ""),
        repeats: Field::new("repeats", "weekly"),
        repeat_choices: choices(&[
            ("", "Never"),
            ("weekly", "Every week, on the weekday of the start"),
            ("rule", "By a rule of your own"),
        ]),
        rule: Field::new("rule", ""),
        until: Field::new("until", ""),
        how: Field::new("how", "drain"),
        drain_minutes: Field::new("drain_minutes", "15"),
        notice_minutes: Field::new("notice", "30"),
        notice_choices: choices(&[("0", "Nobody is told"), ("30", "30 min before")]),
        language: Field::new("language", "en"),
        language_name: "English".into(),
        heading: Field::new("heading", ""),
        body: Field::new("body", ""),
        read_only: Field::ticked("read_only", false),
        counts: Field::ticked("counts", true),
        read: "c0ffee".into(),
        preview: Preview {
            times: vec![
                span("Sun 22 Nov, 02:00–03:30 CET", "2026-11-22T01:00:00Z", "in 21 h"),
                span("Sun 29 Nov, 02:00–03:30 CET", "2026-11-29T01:00:00Z", "in 8 days"),
            ],
            has_more: true,
            repeats: "every week on Sunday until the end of 2027-03-31".into(),
            sites: "forum.example.com".into(),
            does: "forum.example.com drains up to 15 min, then closes".into(),
            notice: "22 Nov, 01:30 CET".into(),
            remarks: vec![
                "It overlaps window-3 “Backup” on all sites: Sun 22 Nov, 02:00–03:00 UTC.".into(),
                "2027-03-28 02:00 does not exist, because the clocks are put forward: it begins at 03:00 that day."
                    .into(),
            ],
        },
        ..WindowFormPage::default()
    }
}
