//! `maintenance window`: planned times of maintenance.

mod add;
mod end;
mod extend;
mod list;
mod remove;
mod skip;
mod start;
mod view;

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};

use super::confirm::{self, WaitArgs};
use super::directory::{DefaultSite, Directory, NoSite, SiteArgs};
use super::exit::{Exit, Usage};
use super::{Context, actor, open, time};
use crate::cause::CauseId;
use crate::clock;
use crate::maintenance::Level;
use crate::message::Message;
use crate::schedule::Schedule;
use crate::site::Site;
use crate::storage::Store;
use crate::window::{Window, WindowId};

const EXAMPLES: &str = "\
Examples:
  maintenance window add forum --start \"2026-11-22 02:00\" --for 1h --name \"Database upgrade\"
  maintenance window add --repeat \"0 2 * * SUN\" --for 90m --zone Europe/Berlin
  maintenance window list
  maintenance window start forum              now, until `maintenance window end forum`
  maintenance window extend window-12 --by 15m
  maintenance window skip window-12
";

/// Plans times at which maintenance starts and ends by itself
///
/// A window closes its sites at the second on every server; nothing has to happen at its start or its end.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, arg_required_else_help = true)]
pub struct WindowCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(Box<add::Add>),
    List(list::List),
    Start(start::Start),
    End(end::End),
    Skip(skip::Skip),
    Extend(extend::Extend),
    Remove(remove::Remove),
}

pub fn run(context: &Context, args: &WindowCommand) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Add(args) => add::run(context, args),
        Command::List(args) => list::run(context, args),
        Command::Start(args) => start::run(context, args),
        Command::End(args) => end::run(context, args),
        Command::Skip(args) => skip::run(context, args),
        Command::Extend(args) => extend::run(context, args),
        Command::Remove(args) => remove::run(context, args),
    }
}

/// What a new window is for and says, however its times are given.
#[derive(Debug, Args)]
struct New {
    #[command(flatten)]
    sites: SiteArgs,

    /// What people call it
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    name: String,

    /// Close for writing only: GET, HEAD and OPTIONS pass
    #[arg(long)]
    read_only: bool,

    /// Let those at work finish first, for at most so long after each start, such as 15m
    #[arg(long, value_name = "DURATION", value_parser = time::duration)]
    drain: Option<SignedDuration>,

    /// What the page says while it runs; the site's messages when not given
    #[arg(long, short, value_name = "TEXT")]
    message: Option<String>,

    /// Do not ask: neither about what is pointed out nor about all sites or a protected one
    #[arg(long, short)]
    yes: bool,

    #[command(flatten)]
    wait: WaitArgs,

    /// Print a list of objects instead, one for each window
    ///
    /// Each has id, site, domain, name, enabled, zone, rule, until, notice_minutes, drain_minutes, level (full, read-only),
    /// message, running and times (starts_at, ends_at, changed).
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    default: DefaultSite,

    /// Language of the message
    #[arg(long, env = "LANGUAGE_CODE", default_value = "en", hide = true, value_name = "TAG")]
    language_code: String,
}

/// A window with the site that it is for; `None` means all of them.
type Owned<'d> = (Option<&'d Site>, Window);

impl New {
    /// Whom windows are for: one for each site, or one for all.
    fn owners<'d>(&self, context: &Context, directory: &'d Directory) -> Result<Vec<Option<&'d Site>>, NoSite> {
        if self.sites.all {
            return Ok(vec![None]);
        }
        let chosen = directory.choose(&context.console, &self.sites, self.default.site_id)?;
        Ok(chosen.into_iter().map(Some).collect())
    }

    /// A window at these times.
    fn window(&self, schedule: Schedule) -> Window {
        let message = self.message.as_ref().map(|text| {
            Message { language: self.language_code.clone(), body: text.clone(), ..Message::default() }.cleaned()
        });
        Window {
            name: self.name.trim().to_owned(),
            drain_minutes: self.drain.map_or(0, time::minutes),
            level: if self.read_only { Level::ReadOnly } else { Level::Full },
            messages: message.into_iter().collect(),
            ..Window::new(schedule)
        }
    }

    /// Adds the windows, all or none, and tells of each by `told`.
    fn add(
        &self,
        context: &Context,
        store: &Store,
        windows: Vec<Owned<'_>>,
        told: impl Fn(&Owned<'_>, Timestamp) -> String,
    ) -> anyhow::Result<Exit> {
        let errors = windows.iter().map(|(_, window)| window.check()).find(|errors| !errors.is_empty());
        if let Some(errors) = errors {
            return Err(Usage(format!("nothing was planned: {errors}")).into());
        }
        let (owners, windows): (Vec<_>, Vec<_>) =
            windows.into_iter().map(|(owner, window)| (owner, (owner.map(|site| site.id), window))).unzip();
        let done = open::actions(context, store).window_add_some(&actor::operator(), &windows)?;
        let now = clock::now();
        let added: Vec<Owned<'_>> = owners.into_iter().zip(done.value.into_iter().map(|it| it.window)).collect();
        if self.json {
            let views: Vec<view::View> = added.iter().map(|(owner, it)| view::View::of(it, *owner, now)).collect();
            context.console.json(&views)?;
        } else {
            context.console.print(&added.iter().map(|it| told(it, now)).collect::<String>())?;
        }
        confirm::wait(&context.console, store, done.revision, &self.wait)?;
        Ok(Exit::Done)
    }
}

/// Reads `window-12` or `12`.
fn window_id(text: &str) -> Result<WindowId, String> {
    match (text.parse::<i64>(), text.parse()) {
        (Ok(id), _) if id > 0 => Ok(WindowId(id)),
        (_, Ok(CauseId::Window(id))) => Ok(id),
        _ => Err("a window is named window-NUMBER; `maintenance window list` has them".to_owned()),
    }
}
