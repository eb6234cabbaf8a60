//! `maintenance run`: a command around which sites are closed.
//!
//! The sites are held by leases that this process renews. So whatever becomes of it, and of the machine, what was said
//! beforehand happens: the command line decides at the start, not whoever is left at the end.

mod held;

use std::ffi::OsString;
use std::time::Duration;

use clap::Args;
use jiff::SignedDuration;

use self::held::Held;
use super::child::{self, Child};
use super::directory::{DefaultSite, Directory, SiteArgs};
use super::drain::DrainArgs;
use super::exit::Exit;
use super::{Context, confirm, open, text, time};
use crate::actions::Take;
use crate::clock;
use crate::lease::OnExpiry;
use crate::site::SiteId;
use crate::storage::StoreError;

const EXAMPLES: &str = "\
Examples:
  maintenance run forum -- ./deploy.sh
  maintenance run forum shop --on-failure lift --message \"Upgrade under way.\" -- make migrate
  maintenance run forum --drain 15m -- ./deploy.sh
  maintenance run --lease 5m --name \"deploy 7\" -- ansible-playbook site.yml
";

/// Closes sites, runs a command, and opens them when it has succeeded
///
/// The command begins when every live server enforces the change, with --drain when those at work have finished. Its
/// output is passed through, and its exit code is that of this command. When it fails, the sites stay closed or open,
/// as --on-failure says; the same happens when this process is killed or its machine dies, because the sites are held
/// by leases that only this process renews. SIGINT and SIGTERM reach the command, and its end is waited for.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Run {
    #[command(flatten)]
    sites: SiteArgs,

    /// What happens when the command fails or this process dies: stay keeps the sites closed, lift opens them
    #[arg(long, value_name = "WHAT", default_value = "stay")]
    on_failure: OnExpiry,

    /// How long the sites are held without a sign of life from this process; it gives one three times as often
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = time::duration)]
    lease: SignedDuration,

    /// What the page says while it runs; the sites' messages when not given
    #[arg(long, short, value_name = "TEXT")]
    message: Option<String>,

    /// What holds the sites, for people; the name of the program when not given
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,

    /// How long to wait at most for all servers before the command; then nothing is run and the sites open again
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = time::duration)]
    timeout: SignedDuration,

    #[command(flatten)]
    drain: DrainArgs,

    /// Do not ask: neither for --all nor for the domain of a protected site, nor about a drain of more than a day
    #[arg(long, short)]
    yes: bool,

    /// The command with its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,

    #[command(flatten)]
    default: DefaultSite,

    /// Language of the message
    #[arg(long, env = "LANGUAGE_CODE", default_value = "en", hide = true, value_name = "TAG")]
    language_code: String,
}

pub fn run(context: &Context, args: &Run) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run_here(context, args))
}

async fn run_here(context: &Context, args: &Run) -> anyhow::Result<Exit> {
    let console = &context.console;
    let (store, watchdog) = open::existing_watched(context)?;
    let directory = Directory::read(&store)?;
    let chosen = directory.choose(console, &args.sites, args.default.site_id)?;
    super::directory::confirm_all(console, &args.sites, args.yes, "Start maintenance on", &chosen)?;
    args.drain.confirm(console, args.yes, clock::now())?;
    let ids: Vec<SiteId> = chosen.iter().map(|site| site.id).collect();
    let typed_domains = match args.yes {
        true => None,
        false => Some(super::on::typed_domains(context, &store, &ids, clock::now())?),
    };
    let take = Take {
        length: args.lease,
        on_expiry: args.on_failure,
        name: args.name.clone().unwrap_or_else(|| child::program_of(&args.command)),
        message: args.message.clone(),
        language: args.language_code.clone(),
        drain_until: args.drain.until(clock::now()),
        typed_domains,
    };
    // Before anything is closed, so that no signal finds nobody.
    let mut signals = child::Signals::listen()?;
    let held = Held::take(context, store.clone(), &ids, &take)?;
    let timeout = Duration::try_from(args.timeout)?;
    let confirmed = tokio::select! {
        confirmed = async {
            held.drained(args.drain.is_given()).await?;
            held.confirmed(timeout).await
        } => confirmed,
        () = held.renew_for_ever() => unreachable!("it is renewed for ever"),
        signal = signals.next() => {
            held.end().await?;
            return Ok(Exit::Command(signal.exit_code()));
        }
    };
    if let Err(error) = confirmed {
        held.end().await?;
        return Err(error.context(format!(
            "{} was not run, and the sites are open again",
            text::plain(&child::program_of(&args.command))
        )));
    }
    // The command must not be left alone because of the database.
    drop(watchdog);
    let child = match Child::start(&args.command) {
        Ok(child) => child,
        Err(error) => {
            held.end().await?;
            return Err(error);
        }
    };
    let code = tokio::select! {
        code = child.ended(&mut signals) => code?,
        () = held.renew_for_ever() => unreachable!("it is renewed for ever"),
    };
    let program = text::plain(&child::program_of(&args.command));
    if code != 0 && args.on_failure == OnExpiry::Stay {
        console.note(&format!("{program} failed with {code}; {}", held.how_to_open()));
        return Ok(Exit::Command(code));
    }
    if code != 0 {
        console.note(&format!("{program} failed with {code}; the sites open, as --on-failure says"));
    }
    held.end().await?;
    let servers = store.clone();
    let wait = move || {
        confirm::briefly(&servers);
        Ok::<_, StoreError>(())
    };
    store.apart(wait).await?;
    Ok(Exit::Command(code))
}
