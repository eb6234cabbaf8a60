//! `maintenance why`: what the gate would do with a request, and which rule decides.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::console::{Colour, Console};
use super::directory::Directory;
use super::exit::{Exit, Usage};
use super::{Context, actor, open, text};
use crate::change::Revision;
use crate::clock;
use crate::config::GateSettings;
use crate::decision::{ExplainedRow, Identity, KnownUser, RequestFacts, Verdict, Visit, explain};
use crate::maintenance::MaintenanceRecord;
use crate::middleware::is_safe;
use crate::path::RequestPath;
use crate::record::SiteRecord;
use crate::site::request_host;
use crate::snapshot::Snapshot;
use crate::storage::Store;
use crate::template::PageTemplates;
use crate::user::User;

const EXAMPLES: &str = "\
Examples:
  maintenance why https://forum.example.com/cart
  maintenance why /cart --site forum --ip 203.0.113.9
  maintenance why /cart --user ada --json
";

/// Tells what happens to a request, and which rule decides
///
/// Asks the same rules as the gate, with the state of the database and the settings of this shell. The host of the
/// address chooses the site; a path alone is of the default site. For an open site it answers twice: as it is now,
/// and as it would be once maintenance has started.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Why {
    /// Address or path that is asked for
    #[arg(value_name = "URL_OR_PATH")]
    target: String,

    /// Site, whatever the host of the address says: id, domain, alias, or a part that only one site has
    #[arg(long, value_name = "SITE")]
    site: Option<String>,

    /// Address of the client
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    ip: Option<IpAddr>,

    /// Who is signed in; nobody when not given
    #[arg(long, value_name = "USERNAME")]
    user: Option<String>,

    /// As somebody who has signed in on the site, before a drain that runs
    #[arg(long)]
    at_work: bool,

    /// Method of the request
    #[arg(long, value_name = "METHOD", default_value = "GET", value_parser = method)]
    method: String,

    /// Print an object instead: site, url, method, ip, user, verdict (pass, hold, not-found, bad-host), reason, row, rows,
    /// once_closed
    ///
    /// `row` is the number of the rule that decides, `rows` are all rules. For an open site, `once_closed` holds the
    /// same for the time when maintenance has started; it is null for a closed one.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    gate: GateSettings,
}

fn address(text: &str) -> Result<IpAddr, String> {
    let address = text.trim().trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let address =
        address.map_err(|_| "it is an IPv4 or IPv6 address, such as 203.0.113.9 or 2001:db8::1".to_owned())?;
    Ok(address.to_canonical())
}

/// A method is a token (RFC 9110, section 9.1).
fn method(text: &str) -> Result<String, String> {
    actix_web::http::Method::from_bytes(text.trim().to_ascii_uppercase().as_bytes())
        .map(|method| method.to_string())
        .map_err(|_| "it is a method such as GET, HEAD or POST".to_owned())
}

/// What is asked for: a site's host, if one is named, and a path.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    host: Option<String>,
    path: String,
}

/// One answer with its reason.
#[derive(Serialize)]
struct Answer {
    verdict: &'static str,
    reason: &'static str,
    row: u8,
    rows: Vec<ExplainedRow>,
    #[serde(skip)]
    sentence: String,
}

/// Everything that `--json` shows.
#[derive(Serialize)]
struct View<'a> {
    site: Option<&'a str>,
    url: &'a str,
    method: &'a str,
    ip: Option<IpAddr>,
    user: Option<&'a str>,
    #[serde(flatten)]
    now: &'a Answer,
    once_closed: Option<&'a Answer>,
}

pub fn run(context: &Context, args: &Why) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let directory = Directory::read(&store)?;
    let Target { host, path } = Target::parse(&args.target, &directory)?;
    let host = match (&args.site, host) {
        (Some(site), _) => directory.one(Some(site), None)?.domain.to_string(),
        (None, Some(host)) => host,
        (None, None) => directory.one(None, args.gate.site_id)?.domain.to_string(),
    };
    let identity = identity(&store, args.user.as_deref())?;
    let is_safe = args.method.parse().is_ok_and(|method| is_safe(&method));
    let (revision, records) = store.read(|reader| {
        let records = reader.record_list()?.into_iter().map(|(record, _)| record).collect::<Vec<_>>();
        Ok((reader.change_last()?, records))
    })?;
    let facts = RequestFacts {
        host: request_host(&host),
        path: RequestPath::of_target(&path),
        client: args.ip,
        identity,
        visit: if args.at_work { Visit::Since(Timestamp::MIN) } else { Visit::Nobody },
        is_safe,
    };
    let now = clock::now();
    let snapshot = snapshot(&args.gate, &records, revision, now)?;
    let site = facts.host.as_ref().ok().and_then(|host| snapshot.site_for(host));
    let status = args.gate.status;
    let answer = answer(&snapshot, &facts, status, now);
    let once_closed = match site.and_then(|site| records.iter().find(|record| record.site.id == site.id)) {
        Some(record) if !record.maintenance.box_holds(now) => {
            let closed = snapshot.with(&[(record.site.id, Some(closed(record, now)))], revision, now);
            Some(self::answer(&closed, &facts, status, now))
        }
        _ => None,
    };
    let url = format!("{}{}", if path.starts_with('/') { format!("https://{host}") } else { String::new() }, path);
    let domain = site.map(|site| site.domain.as_str());
    if args.json {
        let user = args.user.as_deref();
        let view = View {
            site: domain,
            url: &url,
            method: &args.method,
            ip: args.ip,
            user,
            now: &answer,
            once_closed: once_closed.as_ref(),
        };
        context.console.json(&view)?;
    } else {
        context.console.print(&page(&context.console, args, &url, &answer, once_closed.as_ref()))?;
    }
    Ok(Exit::Done)
}

impl Target {
    /// Reads an address, a path, or a host with a path where the host is one of a known site.
    fn parse(text: &str, directory: &Directory) -> Result<Self, Usage> {
        // A fragment is never sent.
        let text = text.trim().split('#').next().unwrap_or_default();
        if text.is_empty() {
            return Err(Usage(
                "give an address such as https://forum.example.com/cart, or a path such as /cart".to_owned(),
            ));
        }
        let path =
            |path: &str| if path.is_empty() || path.starts_with('?') { format!("/{path}") } else { path.to_owned() };
        let split = |rest: &str| {
            let end = rest.find(['/', '?', '\\']).unwrap_or(rest.len());
            (rest[..end].to_owned(), rest[end..].to_owned())
        };
        if let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| !scheme.contains('/')) {
            if !["http", "https", "ws", "wss"].contains(&scheme.to_ascii_lowercase().as_str()) {
                return Err(Usage(format!(
                    "`{}` is not a web address: it begins with https:// or http://",
                    text::plain(text)
                )));
            }
            let (host, rest) = split(rest);
            let host = request_host(&host).map_err(|error| Usage(format!("`{}`: {error}", text::plain(&host))))?;
            return Ok(Self { host: Some(host.into_owned()), path: path(&rest) });
        }
        if text.starts_with('/') {
            return Ok(Self { host: None, path: text.to_owned() });
        }
        let (host, rest) = split(text);
        match request_host(&host).map(Cow::into_owned) {
            Ok(host) if directory.of_host(&host).is_some() => Ok(Self { host: Some(host), path: path(&rest) }),
            // As patterns are often written: without the first slash.
            _ => Ok(Self { host: None, path: format!("/{text}") }),
        }
    }
}

fn identity(store: &Store, username: Option<&str>) -> anyhow::Result<Identity> {
    let Some(username) = username else { return Ok(Identity::Anonymous) };
    let User { username, rights, .. } = super::user::find(store, username)?;
    Ok(Identity::Known(Arc::new(KnownUser { username, rights })))
}

/// The state as a server with these settings would enforce it.
fn snapshot(
    gate: &GateSettings,
    records: &[SiteRecord],
    revision: Revision,
    now: Timestamp,
) -> anyhow::Result<Snapshot> {
    let rules = gate.rules().context("MAINTENANCE_ADMIN_IGNORED_URLS cannot be used")?;
    // Who is held does not depend on the page, so the built-in one will do.
    Ok(Snapshot::build(records, revision, Arc::new(rules), Arc::new(PageTemplates::default()), now))
}

/// The same site after `maintenance on`.
fn closed(record: &SiteRecord, now: Timestamp) -> SiteRecord {
    let maintenance = MaintenanceRecord {
        in_maintenance: true,
        since: Some(now),
        started_by: Some(actor::operator().name),
        expected_end: None,
        ..record.maintenance.clone()
    };
    SiteRecord { maintenance, ..record.clone() }
}

fn answer(snapshot: &Snapshot, facts: &RequestFacts<'_>, status: u16, now: Timestamp) -> Answer {
    let (verdict, rows) = explain(snapshot, facts, now);
    let row = rows.iter().find(|row| row.decides).map_or(0, |row| row.number);
    let why = rows.iter().find(|row| row.decides).map(|row| row.answer.clone()).unwrap_or_default();
    let why = why.strip_prefix("yes: ").unwrap_or_default();
    let with = |text: &str| if why.is_empty() { format!("{text}.") } else { format!("{text}: {why}.") };
    let (verdict, reason, sentence) = match verdict {
        Verdict::Pass(pass) => {
            let because = match pass.reason() {
                "built-in" => "Let in, because the panel and health checks are always reachable.".to_owned(),
                "no-site" => "Let in, because no site has this host.".to_owned(),
                "unknown" => "Let in, because the state of the sites is not known.".to_owned(),
                "open" => "Let in, because the site is open.".to_owned(),
                "internal-ip" => with("Let in, because the address is internal"),
                "ignored-pattern" => with("Let in, because an ignored pattern matches"),
                _ => format!("Let in, because {why}."),
            };
            ("pass", pass.reason(), because)
        }
        Verdict::Hold(_) => ("hold", "maintenance", format!("{status}: kept out. No rule lets it in.")),
        Verdict::Unknown => ("hold", "unknown", "503: the state of the sites is not known.".to_owned()),
        Verdict::NoSuchSite => ("not-found", "no-site", "404: no site has this host.".to_owned()),
        Verdict::BadHost => ("bad-host", "bad-host", "400: the host is malformed.".to_owned()),
        Verdict::Identify => unreachable!("who asks is known here"),
    };
    Answer { verdict, reason, row, rows, sentence }
}

fn page(console: &Console, args: &Why, url: &str, now: &Answer, once_closed: Option<&Answer>) -> String {
    let from = args.ip.map_or_else(|| "an unknown address".to_owned(), |ip| ip.to_string());
    let who =
        args.user.as_deref().map_or_else(|| "not logged in".to_owned(), |user| format!("as {}", text::plain(user)));
    let mut page = format!("{} {} from {from}, {who}\n\n", args.method, text::plain(url));
    let Some(once_closed) = once_closed else {
        page.push_str(&format!("{}\n{}", now.sentence, table(console, &now.rows)));
        return page;
    };
    page.push_str(&format!("Now: {}\n\n", now.sentence));
    page.push_str(&format!(
        "Once maintenance has started: {}\n{}",
        once_closed.sentence,
        table(console, &once_closed.rows)
    ));
    page
}

/// The rules in order, the one that decides marked.
fn table(console: &Console, rows: &[ExplainedRow]) -> String {
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let mark = if row.decides { "→" } else { " " };
            vec![format!("{mark} {:>2}", row.number), row.question.to_owned(), text::plain(&row.answer)]
        })
        .collect();
    let lines = text::columns(&cells);
    let painted = rows.iter().zip(lines.lines()).map(|(row, line)| match (row.decides, row.answer.as_str()) {
        (true, _) => console.paint(Colour::Strong, line),
        (false, "not asked") => console.paint(Colour::Quiet, line),
        (false, _) => line.to_owned(),
    });
    painted.map(|line| line + "\n").collect()
}
