//! *Who gets in?*, how the user is seen, and the tester: all by the decision itself, over a snapshot in which this site
//! is as it is typed.

use actix_web::http::Method;
use jiff::Timestamp;

use super::typed::TypedTest;
use crate::admin::page::{Choice, Field, Tester, VerdictRow, VerdictTable, WhoRow};
use crate::admin::seen::Onlooker;
use crate::admin::words::count;
use crate::decision::{Identity, Pass, RequestFacts, Verdict, explain};
use crate::maintenance::{AtEnd, Level, MaintenanceRecord, Phase};
use crate::middleware::is_safe;
use crate::path::RequestPath;
use crate::record::SiteRecord;
use crate::rules::Rules;
use crate::site::request_host;
use crate::snapshot::Snapshot;
use crate::user::User;

/// Methods to choose from.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Most networks that one line names.
const MAX_NETWORKS_NAMED: usize = 6;

/// Who asks, of what, and over which state.
pub(super) struct Asker<'a> {
    /// Path of the panel.
    pub(super) base: &'a str,
    /// The state in force, with its rules.
    pub(super) snapshot: &'a Snapshot,
    /// The user.
    pub(super) me: &'a User,
    /// How the user is seen.
    pub(super) onlooker: &'a Onlooker,
    /// Everybody.
    pub(super) users: &'a [User],
    /// Now.
    pub(super) now: Timestamp,
}

impl Asker<'_> {
    /// The whole column beside the form. `record` is the site as it is typed, without what cannot be enforced;
    /// `was_closed` tells whether it is closed in fact.
    pub(super) fn tester(&self, record: &SiteRecord, was_closed: bool, test: &TypedTest) -> Tester {
        let shown_ip = if test.ip.is_empty() { self.onlooker.address() } else { test.ip.clone() };
        let method = test.method.to_ascii_uppercase();
        let method = if method.is_empty() { METHODS[0].to_owned() } else { method };
        let mut tester = Tester {
            who: who(record, self.snapshot.rules(), self.base, self.now),
            seen: self.onlooker.seen_on(record),
            target: Field::new("target", &test.target),
            ip: Field::new("ip", shown_ip),
            user: Field::new("as", &test.user),
            methods: METHODS.iter().map(|method| Choice::new(*method, *method)).collect(),
            users: self.people(record.site.id),
            was_asked: test.is_asked,
            method: Field::new("method", &method),
            ..Tester::default()
        };
        if test.is_asked {
            self.answer(&mut tester, record, was_closed, test);
        }
        tester
    }

    /// The state in force, but for this site.
    fn over(&self, record: &SiteRecord) -> Snapshot {
        // What the page says plays no part in who gets it.
        let record = SiteRecord { messages: Vec::new(), ..record.clone() };
        self.snapshot.with(&[(record.site.id, Some(record))], self.snapshot.revision(), self.now)
    }

    fn answer(&self, tester: &mut Tester, record: &SiteRecord, was_closed: bool, test: &TypedTest) {
        let target = self.target(&test.target, record);
        let client = self.client_of(&test.ip);
        let identity = self.identity(&test.user);
        if let Err(error) = &target {
            tester.target.error = Some(error.clone());
        }
        if let Err(error) = &client {
            tester.ip.error = Some(error.clone());
        }
        if let Err(error) = &identity {
            tester.error = Some(error.clone());
        }
        let is_safe = match Method::from_bytes(tester.method.value.as_bytes()) {
            Ok(method) => {
                if !METHODS.contains(&method.as_str()) {
                    tester.methods.push(Choice::new(method.as_str(), method.as_str()));
                }
                is_safe(&method)
            }
            Err(_) => {
                let shown: String = test.method.chars().take(40).collect();
                tester.method.error = Some(format!("“{shown}” is not a method, such as GET or POST."));
                tester.method.value = METHODS[0].to_owned();
                return;
            }
        };
        let (Ok(target), Ok(client), Ok(identity)) = (target, client, identity) else { return };
        let path = RequestPath::of_target(&target.path);
        let visit = self.visit(&test.user);
        let facts = RequestFacts { host: request_host(&target.host), path, client, identity, visit, is_safe };
        let is_closed = record.is_closed(self.now);
        let table = |when: &str, snapshot: &Snapshot| self.table(when, snapshot, record, &facts);
        let first = match (is_closed, was_closed) {
            (true, true) => "",
            (false, false) => "Now",
            _ => "Once saved",
        };
        tester.verdicts.push(table(first, &self.over(record)));
        if !is_closed {
            tester.verdicts.push(table("Once maintenance has started", &self.over(&started(record, self.now))));
        }
    }

    fn table(&self, when: &str, snapshot: &Snapshot, record: &SiteRecord, facts: &RequestFacts<'_>) -> VerdictTable {
        let (verdict, rows) = explain(snapshot, facts, self.now);
        let is_me = matches!(&facts.identity, Identity::Known(user) if user.username == self.me.username);
        let rows = rows.into_iter().map(|row| VerdictRow {
            number: row.number.into(),
            rule: row.question.to_owned(),
            answer: row.answer,
            decides: row.decides,
        });
        VerdictTable {
            when: when.to_owned(),
            is_pass: matches!(verdict, Verdict::Pass(_)),
            sentence: match verdict {
                Verdict::Pass(pass) => format!("Let in, because {}.", reason(&pass, facts, is_me)),
                Verdict::Unknown => "503: the state of the sites is not known.".to_owned(),
                Verdict::NoSuchSite => "404: there is no site for this host.".to_owned(),
                Verdict::BadHost => "400: the host is malformed.".to_owned(),
                Verdict::Hold(_) | Verdict::Identify => held(record, snapshot.rules()),
            },
            rows: rows.collect(),
        }
    }
}

/// The rules in the order in which they are asked.
fn who(record: &SiteRecord, rules: &Rules, base: &str, now: Timestamp) -> Vec<WhoRow> {
    let row = |label: String, source: &str| WhoRow { label, source: source.to_owned() };
    let mut rows = vec![row(format!("Panel {base} and health checks"), "always")];
    let addresses = |networks: Vec<String>| {
        let more = networks.len().saturating_sub(MAX_NETWORKS_NAMED);
        let named = networks.iter().take(MAX_NETWORKS_NAMED).cloned().collect::<Vec<_>>().join(", ");
        if more == 0 { format!("Addresses {named}") } else { format!("Addresses {named} and {more} more") }
    };
    if !rules.internal.is_empty() {
        rows.push(row(format!("Addresses {}", rules.internal), "settings"));
    }
    if !record.networks.is_empty() {
        rows.push(row(addresses(record.networks.iter().map(super::typed::network_text).collect()), "this site"));
    }
    if !record.patterns.is_empty() {
        rows.push(row(count(record.patterns.len(), "ignored pattern"), "this site"));
    }
    if !rules.ignored.is_empty() {
        rows.push(row(count(rules.ignored.len(), "ignored pattern"), "settings"));
    }
    rows.push(row("Superusers".to_owned(), "always"));
    rows.push(match rules.block_staff {
        true => row("Not staff, they are blocked".to_owned(), "settings"),
        false => row("Staff of this site".to_owned(), ""),
    });
    let standing = record.causes().standing(now);
    if standing.phase() == Phase::Draining {
        rows.push(row("Those at work since before the drain".to_owned(), "until it closes"));
    }
    if standing.level() == Some(Level::ReadOnly) {
        rows.push(row("Everybody, to read".to_owned(), "this site"));
    }
    rows
}

/// The record once maintenance has started; as it is when it has.
fn started(record: &SiteRecord, now: Timestamp) -> SiteRecord {
    if record.is_closed(now) {
        return record.clone();
    }
    let maintenance = MaintenanceRecord {
        in_maintenance: true,
        since: Some(now),
        expected_end: None,
        at_end: AtEnd::Remind,
        ..record.maintenance.clone()
    };
    SiteRecord { maintenance, ..record.clone() }
}

/// Why a request is let in, to go on *because*.
fn reason(pass: &Pass<'_>, facts: &RequestFacts<'_>, is_me: bool) -> String {
    let who = match &facts.identity {
        _ if is_me => "you are".to_owned(),
        Identity::Known(user) => format!("{} is", user.username),
        Identity::Anonymous | Identity::Unresolved => "this is".to_owned(),
    };
    match pass {
        Pass::BuiltIn => "the panel and health checks are always reachable".to_owned(),
        Pass::Unknown => "the state of the sites is not known".to_owned(),
        Pass::NoSite => "no site has this host".to_owned(),
        Pass::Open => "the site is open".to_owned(),
        Pass::InternalIp(_, network) => match facts.client {
            Some(address) if network.prefix_len() < network.max_prefix_len() => {
                format!("the address {address} is internal, by {network}")
            }
            Some(address) => format!("the address {address} is internal"),
            None => "the address is internal".to_owned(),
        },
        Pass::IgnoredPattern(_, pattern) => format!("the ignored pattern {} matches", pattern.pattern),
        Pass::Superuser(_) => format!("{who} a superuser"),
        Pass::Staff(_) => format!("{who} staff of this site"),
        Pass::Draining(_) => "whoever was at work before the drain began may finish".to_owned(),
        Pass::ReadOnly(_) => "the site is closed for writing only, and this reads".to_owned(),
    }
}

/// What a request that no rule lets in gets.
fn held(record: &SiteRecord, rules: &Rules) -> String {
    match record.maintenance.redirect_url.as_ref().or(rules.redirect.as_ref()) {
        Some(target) => format!("302: kept out, sent to {target}. No rule lets it in."),
        None => format!("{}: kept out. No rule lets it in.", rules.status.as_u16()),
    }
}
