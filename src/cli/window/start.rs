//! `maintenance window start`: a window that begins now.

use clap::Args;
use jiff::SignedDuration;

use super::view::{self, View};
use crate::cli::confirm::{self, WaitArgs};
use crate::cli::directory::{DefaultSite, Directory, SiteArgs};
use crate::cli::exit::{Exit, Usage};
use crate::cli::{Context, actor, open, time};
use crate::clock;
use crate::maintenance::Level;
use crate::message::Message;
use crate::schedule::{Moment, Schedule};
use crate::site::{self, Site};
use crate::window::Window;

const EXAMPLES: &str = "\
Examples:
  maintenance window start forum              until `maintenance window end forum`
  maintenance window start forum --for 20m --name \"Deploy 7\"
";

/// Begins a window now; without --for it lasts until it is ended
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Start {
    #[command(flatten)]
    sites: SiteArgs,

    /// How long it lasts, such as 90m or 2h
    #[arg(long = "for", visible_alias = "lasts", value_name = "DURATION", value_parser = time::duration)]
    lasts: Option<SignedDuration>,

    /// What people call it
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    name: String,

    /// Close for writing only: GET, HEAD and OPTIONS pass
    #[arg(long)]
    read_only: bool,

    /// What the page says while it runs; the site's messages when not given
    #[arg(long, short, value_name = "TEXT")]
    message: Option<String>,

    #[command(flatten)]
    wait: WaitArgs,

    /// Print a list of objects instead, as `window list --json` does
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    default: DefaultSite,

    /// Language of the message
    #[arg(long, env = "LANGUAGE_CODE", default_value = "en", hide = true, value_name = "TAG")]
    language_code: String,
}

pub fn run(context: &Context, args: &Start) -> anyhow::Result<Exit> {
    let console = &context.console;
    let store = open::existing(context)?;
    let directory = Directory::read(&store)?;
    let owners: Vec<Option<&Site>> = match args.sites.all {
        true => vec![None],
        false => directory.choose(console, &args.sites, args.default.site_id)?.into_iter().map(Some).collect(),
    };
    let actions = open::actions(&store);
    let mut started = Vec::new();
    let mut revision = None;
    for owner in owners {
        let zone = site::time_zone(owner.map_or("UTC", |site| &site.time_zone))?;
        let now = clock::now();
        let end = args.lasts.map(|lasts| now.checked_add(lasts)).transpose()?;
        let schedule =
            Schedule::Once { start: Moment::new(now, zone.clone()), end: end.map(|end| Moment::new(end, zone)) };
        let message = args.message.as_ref().map(|text| {
            Message { language: args.language_code.clone(), body: text.clone(), ..Message::default() }.cleaned()
        });
        let window = Window {
            name: args.name.trim().to_owned(),
            level: if args.read_only { Level::ReadOnly } else { Level::Full },
            messages: message.into_iter().collect(),
            ..Window::new(schedule)
        };
        let errors = window.check();
        if !errors.is_empty() {
            return Err(Usage(format!("nothing was started: {errors}")).into());
        }
        let done = actions.window_add(&actor::operator(), owner.map(|site| site.id), &window)?;
        revision = Some(done.revision);
        started.push((owner, done.value.window));
    }
    let now = clock::now();
    if args.json {
        console.json(&started.iter().map(|(owner, window)| View::of(window, *owner, now)).collect::<Vec<_>>())?;
    } else {
        let line = |(owner, window): &(Option<&Site>, Window)| {
            let until = view::times(window, now, 1).first().and_then(|time| time.ends_at);
            let until = until.map_or("until it is ended".to_owned(), |end| format!("until {}", time::short(end, now)));
            format!(
                "Started {} {until}.   End: maintenance window end window-{}\n",
                view::named(window, *owner),
                window.id
            )
        };
        console.print(&started.iter().map(line).collect::<String>())?;
    }
    if let Some(revision) = revision {
        confirm::wait(console, &store, revision, &args.wait)?;
    }
    Ok(Exit::Done)
}
