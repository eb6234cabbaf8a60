//! `maintenance on`: starts maintenance.

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::child::Signal;
use super::confirm::{self, WaitArgs};
use super::console::Console;
use super::directory::{Directory, SiteArgs, confirm_all};
use super::drain::{self, DrainArgs, Ended};
use super::exit::{Exit, Usage};
use super::state::states;
use super::switched::{self, Outcome};
use super::{Context, actor, lease, open, text, time};
use crate::actions::{Actions, Start, Take};
use crate::cause::CauseId;
use crate::change::Revision;
use crate::clock;
use crate::config::GateSettings;
use crate::lease::OnExpiry;
use crate::maintenance::{AtEnd, Level, Phase};
use crate::record::SiteRecord;
use crate::site::SiteId;
use crate::storage::Store;

const EXAMPLES: &str = "\
Examples:
  maintenance on                                         the default site, until `maintenance off`
  maintenance on forum --for 30m --message \"Upgrade under way. Nothing is lost.\"
  maintenance on forum shop --until 03:30 --open-at-end  opens both at 03:30 UTC by itself
  maintenance on forum --drain 15m                       lets those at work finish, for at most 15 minutes
  maintenance on forum --force                           closes a site that drains at once
  maintenance on --all --yes
";

/// Starts maintenance: visitors get the 503 page
///
/// Takes effect at once, on every running server. When a site is in maintenance already, message and expected end are
/// changed if they are given, and otherwise nothing is. A protected site asks for its domain first.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct On {
    #[command(flatten)]
    sites: SiteArgs,

    /// What the page says, in the site's first language; without it, the site's message stays as it is
    ///
    /// Plain text: a blank line begins a paragraph, addresses become links, and {end}, {site} and {contact} are
    /// filled in.
    #[arg(long, short, value_name = "TEXT")]
    message: Option<String>,

    /// Expected end, from now: 30m, 2h, 1h30m, 90s
    #[arg(long = "for", value_name = "DURATION", value_parser = time::duration, group = "end")]
    lasts: Option<SignedDuration>,

    /// Expected end: 03:30 (the next one) or "2026-11-21 03:30", in UTC, or a time with an offset
    #[arg(long, value_name = "TIME", value_parser = time::When::parse, group = "end", conflicts_with = "lasts")]
    until: Option<time::When>,

    /// Open the site by itself at the expected end; without it, it stays closed and is shown as overdue
    #[arg(long, requires = "end")]
    open_at_end: bool,

    /// Close it for writing only: GET, HEAD and OPTIONS pass, everything else gets the 503 page
    #[arg(long, conflicts_with = "lease")]
    read_only: bool,

    /// Do not ask: neither for --all nor for the domain of a protected site
    #[arg(long, short)]
    yes: bool,

    /// Hold the site by a lease instead of the box: for a deploy that may die; see `maintenance renew`
    ///
    /// The lease must be renewed within this time. `maintenance run` takes, renews and ends one around a command.
    #[arg(long, value_name = "DURATION", value_parser = time::duration, conflicts_with_all = ["lasts", "until"])]
    lease: Option<SignedDuration>,

    /// What happens when the lease is not renewed in time: lift opens the site, stay keeps it closed
    #[arg(long, value_name = "WHAT", default_value = "stay", requires = "lease")]
    on_expiry: OnExpiry,

    /// What holds the lease, for people
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true, requires = "lease")]
    name: String,

    #[command(flatten)]
    drain: DrainArgs,

    /// Return at once; without it, the command waits with --drain until the site is closed
    #[arg(long)]
    detach: bool,

    /// Close a site that drains now, whoever is at work
    #[arg(long, conflicts_with_all = ["drain", "force_at", "lease"])]
    force: bool,

    #[command(flatten)]
    wait: WaitArgs,

    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Print a list of objects instead: the fields of `status --json`, with `result` (started, updated, forced, already)
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    gate: GateSettings,
}

pub fn run(context: &Context, args: &On) -> anyhow::Result<Exit> {
    let console = &context.console;
    let store = open::existing(context)?;
    let directory = Directory::read(&store)?;
    let chosen = directory.choose(console, &args.sites, args.gate.site_id)?;
    let ids: Vec<SiteId> = chosen.iter().map(|site| site.id).collect();
    let now = clock::now();
    let mut start = Start {
        message: args.message.clone(),
        expected_end: args.expected_end(now),
        at_end: args.expected_end(now).map(|_| if args.open_at_end { AtEnd::Open } else { AtEnd::Remind }),
        level: args.read_only.then_some(Level::ReadOnly),
        language: args.gate.language_code.clone(),
        force: args.force,
        drain_until: args.drain.until(now),
        typed_domains: None,
    };
    if args.dry_run {
        return plan(context, args, &store, &start, &store.read(|reader| reader.record_some(&ids))?, now);
    }
    if args.detach && !args.drain.is_given() {
        return Err(Usage("--detach belongs to --drain".to_owned()).into());
    }
    confirm_all(console, &args.sites, args.yes, "Start maintenance on", &chosen)?;
    args.drain.confirm(console, args.yes, now)?;
    if !args.yes {
        start.typed_domains = Some(typed_domains(context, &store, &ids, now)?);
    }
    if let Some(length) = args.lease {
        return take(
            context,
            args,
            &store,
            &ids,
            Take {
                length,
                on_expiry: args.on_expiry,
                name: args.name.clone(),
                message: args.message.clone(),
                language: args.gate.language_code.clone(),
                drain_until: args.drain.until(clock::now()),
                typed_domains: start.typed_domains,
            },
        );
    }
    // Durations count from the moment of the change, not from before a question was answered.
    start.expected_end = args.expected_end(clock::now());
    start.drain_until = args.drain.until(clock::now());
    let actions = open::actions(context, &store);
    let done = actions.start(&actor::operator(), &ids, &start)?;
    let now = clock::now();
    let outcomes: Vec<Outcome> = done.value.into_iter().map(|switched| Outcome::of(switched, now)).collect();
    if args.json {
        switched::print_json(context, &store, &outcomes, now)?;
        return args.see_through(context, &actions, &ids, done.revision);
    }
    let mut page = String::new();
    for outcome in &outcomes {
        page.push_str(&outcome.sentence(now));
        page.push('\n');
        if outcome.is_changed() {
            page.push_str(&format!("Let in: {}.", let_in(&outcome.record, &args.gate)));
            page.push_str(&format!(
                "   Undo: maintenance undo   Check: maintenance why https://{}/\n",
                outcome.domain()
            ));
        }
    }
    if outcomes.is_empty() {
        page.push_str("No site was named that there is. Nothing changed.\n");
    }
    console.print(&page)?;
    args.see_through(context, &actions, &ids, done.revision)
}

/// Holds the sites by leases.
fn take(context: &Context, args: &On, store: &Store, ids: &[SiteId], take: Take) -> anyhow::Result<Exit> {
    let actions = open::actions(context, store);
    let done = actions.lease_take(&actor::operator(), ids, &take)?;
    if args.json {
        context.console.json(&done.value.iter().map(lease::View::of).collect::<Vec<_>>())?;
    } else {
        let now = clock::now();
        let line = |leased| format!("Maintenance started: {}.\n", lease::told(leased, now));
        let renew: String = done.value.iter().map(|leased| format!(" {}", CauseId::Lease(leased.lease.id))).collect();
        let lines: String = done.value.iter().map(line).collect();
        context.console.print(&format!("{lines}Renew: maintenance renew{renew}\n"))?;
    }
    args.see_through(context, &actions, ids, done.revision)
}

impl On {
    /// Waits as it is told to: until the sites that drain are closed, then until every server enforces that.
    fn see_through(
        &self,
        context: &Context,
        actions: &Actions,
        sites: &[SiteId],
        revision: Revision,
    ) -> anyhow::Result<Exit> {
        let (console, store) = (&context.console, actions.store());
        let exit = self.see_drained(console, actions, sites, clock::now())?;
        // The end of a drain is a change of its own.
        let last = store.read(|reader| reader.change_last())?;
        confirm::wait(console, store, last.max(revision), &self.wait)?;
        Ok(exit)
    }

    /// Waits until the sites that drain are closed, unless it is not to be waited for.
    fn see_drained(
        &self,
        console: &Console,
        actions: &Actions,
        sites: &[SiteId],
        now: Timestamp,
    ) -> anyhow::Result<Exit> {
        if !self.drain.is_given() {
            return Ok(Exit::Done);
        }
        let records = actions.store().read(|reader| reader.record_some(sites))?;
        let draining = records.iter().map(|(record, _)| record);
        let draining: Vec<&SiteRecord> =
            draining.filter(|record| record.causes().standing(now).phase() == Phase::Draining).collect();
        let names = draining.iter().map(|record| record.site.domain.as_str()).collect::<Vec<_>>().join(" ");
        let ids: Vec<SiteId> = draining.iter().map(|record| record.site.id).collect();
        let how = format!(
            "look: maintenance status {names}   close now: maintenance on {names} --force   cancel: maintenance off {names}"
        );
        if ids.is_empty() {
            return Ok(Exit::Done);
        }
        if self.detach {
            console.note(&how);
            return Ok(Exit::Done);
        }
        match drain::follow(console, actions, &ids)? {
            Ended::Closed => Ok(Exit::Done),
            Ended::Cancelled => Ok(Exit::Failed),
            Ended::Interrupted => {
                console.note(&format!("the drain goes on; {how}"));
                Ok(Exit::Command(Signal::Interrupt.exit_code()))
            }
        }
    }

    fn expected_end(&self, now: Timestamp) -> Option<Timestamp> {
        let lasting = self.lasts.and_then(|lasts| now.checked_add(lasts).ok());
        lasting.or_else(|| self.until.map(|until| until.after(now)))
    }
}

/// Asks for the domain of each protected site that would be closed.
pub(super) fn typed_domains(
    context: &Context,
    store: &Store,
    ids: &[SiteId],
    now: Timestamp,
) -> anyhow::Result<Vec<String>> {
    let records = store.read(|reader| reader.record_some(ids))?;
    let asking = records.iter().filter(|(record, _)| record.site.is_protected && !record.maintenance.box_holds(now));
    let typed = asking.map(|(record, _)| {
        let domain = record.site.domain.as_str();
        let question = format!("{domain} is protected. Start maintenance on it?");
        Ok(context.console.confirm_by_typing(&question, domain, "--yes")?)
    });
    typed.collect()
}

/// What starting maintenance would come to on a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Would {
    Start,
    Update,
    Force,
    Nothing,
}

impl Would {
    fn of(start: &Start, record: &SiteRecord, now: Timestamp) -> Self {
        let is_draining = record.causes().standing(now).phase() == Phase::Draining;
        let moves_drain = is_draining && start.drain_until.is_some();
        match record.maintenance.box_holds(now) {
            _ if is_draining && start.force => Self::Force,
            false => Self::Start,
            true if start.level.is_some_and(|level| level != record.maintenance.level) => Self::Update,
            true if moves_drain || start.message.is_some() || start.expected_end.is_some() => Self::Update,
            true => Self::Nothing,
        }
    }

    /// The word in JSON.
    fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Update => "update",
            Self::Force => "force",
            Self::Nothing => "nothing",
        }
    }
}

/// Says what would change.
fn plan(
    context: &Context,
    args: &On,
    store: &Store,
    start: &Start,
    records: &[(SiteRecord, Revision)],
    now: Timestamp,
) -> anyhow::Result<Exit> {
    let planned: Vec<(&SiteRecord, Would)> =
        records.iter().map(|(record, _)| (record, Would::of(start, record, now))).collect();
    if args.json {
        let records: Vec<_> = records.iter().map(|(record, revision)| (record, *revision)).collect();
        let states = states(context, store, &records, now)?.into_iter().zip(&planned);
        let plans: Vec<switched::Plan> =
            states.map(|(state, (_, would))| switched::Plan::of(would.as_str(), state)).collect();
        context.console.json(&plans)?;
        return Ok(Exit::Done);
    }
    let mut page = String::new();
    for (record, would) in planned {
        let end = start.expected_end.map(|end| format!(", expected end {}", time::short(end, now))).unwrap_or_default();
        let domain = &record.site.domain;
        let state = record.causes().standing(now).in_words();
        let extent = if start.level == Some(Level::ReadOnly) { " for writing only" } else { "" };
        let drain = match start.drain_until {
            Some(until) => format!(", once those at work have finished, at {} at the latest", time::short(until, now)),
            None => String::new(),
        };
        page.push_str(&match would {
            Would::Start if record.site.is_protected => {
                format!("Would start maintenance on {domain}{extent}{drain}{end}. It is protected.\n")
            }
            Would::Start => format!("Would start maintenance on {domain}{extent}{drain}{end}.\n"),
            Would::Force => format!("Would close {domain} at once, whoever is at work.\n"),
            Would::Update if record.causes().standing(now).phase() == Phase::Draining => {
                format!("{domain} is draining already. Would go on{drain}{end}.\n")
            }
            Would::Update => {
                format!("{domain} is already {state}. Would change message, expected end or how much is closed{end}.\n")
            }
            Would::Nothing => format!("{domain} is already {state}. Nothing would change.\n"),
        });
        page.push_str(&format!("Let in: {}.\n", let_in(record, &args.gate)));
    }
    context.console.print(&page)?;
    Ok(Exit::Done)
}

/// Who sees a closed site, as far as the settings of this shell and the site's record say.
fn let_in(record: &SiteRecord, gate: &GateSettings) -> String {
    let mut rules = vec!["superusers".to_owned()];
    if !gate.block_staff {
        rules.push("staff".to_owned());
    }
    let of_site = record.networks.iter().map(|row| row.network);
    let networks: Vec<String> =
        gate.internal_ips.iter().copied().chain(of_site).map(|network| network.to_string()).collect();
    if !networks.is_empty() {
        rules.push(text::list(&networks, 3));
    }
    let patterns = record.patterns.len() + gate.admin_ignored_urls.0.len();
    if patterns > 0 {
        rules.push(text::count(patterns, "pattern"));
    }
    rules.join(", ")
}
