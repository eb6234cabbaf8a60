//! `maintenance agent`: keeps the files for a web server on its host, and answers no requests.

mod told;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use arc_swap::ArcSwap;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use self::told::Told;
use super::Context;
use super::exit::{Exit, Usage};
use crate::actions::Actions;
use crate::config::{GateSettings, InstanceSettings, MirrorSetting, host_name};
use crate::draining::{Left, settle};
use crate::flagfile::{FileState, FlagPath, Writer};
use crate::propagation::{Beginning, Contact, Enforced, Follower, Following, TemplateFolder};
use crate::storage::{Store, StoreError};

const EXAMPLES: &str = "\
Examples:
  maintenance agent --maintenance-file '/var/lib/maintenance/{domain}/on' --on-change nginx -s reload
  MAINTENANCE_FILE=/var/lib/maintenance/{domain}/on maintenance agent --once
";

/// Name of the mirror in the folder of the files.
const MIRROR: &str = ".maintenance-mirror";

/// Keeps the files by which a web server decides without this program
///
/// Follows the database as a server does, and writes the files of MAINTENANCE_FILE: the web server on this host shows
/// the page by itself, also while the application, this program and the database are stopped. Answers no requests. While
/// the database does not answer the files stay as they are, and windows go on to begin and end. `maintenance servers`
/// lists it, and `on --wait` waits for it. On SIGTERM or SIGINT it ends and leaves the files as they are.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Agent {
    /// Write the files once, run the command of --on-change once, and end; 1 when either fails
    #[arg(long)]
    once: bool,

    /// Command that is run at the start and when rules for a web server have changed, with everything that follows; last
    /// on the line
    ///
    /// Web servers read a changed flag or page by themselves, but rules only when they are told to. It is run whoever on
    /// this host has written the rules, and again after a pause until it ends with 0. No shell is in between; what it
    /// prints goes to the log. One that runs longer than a minute is ended.
    #[arg(long, value_name = "COMMAND", num_args = 1.., allow_hyphen_values = true)]
    on_change: Vec<OsString>,

    #[command(flatten)]
    instance: InstanceSettings,

    #[command(flatten)]
    gate: GateSettings,
}

impl Agent {
    /// Name in the list of servers: as set, else of the host.
    fn name(&self) -> String {
        self.instance.server_name.clone().unwrap_or_else(|| format!("{}:agent", host_name()))
    }

    /// File of the last known state: as set, else in the folder of the files.
    fn mirror(&self, path: &FlagPath) -> Option<PathBuf> {
        match &self.instance.mirror {
            Some(MirrorSetting::None) => None,
            Some(MirrorSetting::File(file)) => Some(file.clone()),
            None => Some(path.root().join(MIRROR)),
        }
    }
}

pub fn run(context: &Context, args: &Agent) -> anyhow::Result<Exit> {
    let Some(path) = args.gate.maintenance_file.clone() else {
        let text = "give the place of the files by --maintenance-file or MAINTENANCE_FILE, for example \
                    /var/lib/maintenance/{domain}/on";
        return Err(Usage(text.to_owned()).into());
    };
    super::logging::start();
    if args.once { once(context, args, path) } else { follow(context, args, path) }
}

/// Writes the files by the state of the database.
fn once(context: &Context, args: &Agent, path: FlagPath) -> anyhow::Result<Exit> {
    let store = context.database.store();
    let contact = Contact::reading(&store, &args.gate, None);
    let folder = template_folder(&args.gate);
    let beginning = Beginning::find(&contact, &Arc::new(args.gate.rules()?), folder.load(), None)?;
    if !beginning.is_of_database() {
        bail!("the database does not answer; the files stay as they are");
    }
    let snapshot = Arc::new(ArcSwap::from_pointee(beginning.into_snapshot()));
    let (mut writer, files) = Writer::new(path, store.url().identity(), snapshot, None);
    writer.step();
    match &*files.state() {
        // The other process has the same state, or will have at once. Rules that are not new may never have been told.
        FileState::Written | FileState::StandingBy => {
            let is_told = Told::command(&args.on_change).is_none_or(|told| told.run());
            Ok(if is_told { Exit::Done } else { Exit::Failed })
        }
        FileState::Failing { .. } | FileState::Waiting => Ok(Exit::Failed),
    }
}

/// Keeps the files until a signal ends it.
fn follow(context: &Context, args: &Agent, path: FlagPath) -> anyhow::Result<Exit> {
    let store = context.database.store();
    let name = args.name();
    // So that the mirror finds its folder; what is wrong with it the writer says.
    drop(path.make_root());
    let contact = Contact::reading(&store, &args.gate, args.mirror(&path));
    let rules = Arc::new(args.gate.rules()?);
    let folder = template_folder(&args.gate);
    let beginning = Beginning::find(&contact, &rules, folder.load(), None)
        .with_context(|| format!("the agent could not start on {}", store.url()))?;
    let on_rules = Told::command(&args.on_change).map(Told::start).transpose()?;
    let (on_change, files) = (Box::new(|_: &[String]| ()), Some((path, on_rules)));
    let enforced =
        Follower::start(Following { contact, rules, folder, on_change, files, name: name.clone() }, beginning)?;
    // Where it is the only process on the database, drains end in time all the same.
    let alive = Arc::new(());
    let actions = Actions::new(store.clone(), || {}).with_visit_idle(context.visits.idle());
    settle(&alive, &enforced, actions, Left::default());
    actix_web::rt::System::new().block_on(until_told())?;
    if enforced.health().failing.is_none() {
        leave(&store, name).unwrap_or_else(|error| {
            log::warn!("This agent could not be taken out of the list of servers: {error}");
        });
    }
    stop(enforced);
    Ok(Exit::Done)
}

/// What is written goes on to be whole: threads that are ended in the middle leave the old file or the new one.
fn stop(enforced: Enforced) {
    drop(enforced);
    log::info!("Stopped; the files stay as they are.");
}

async fn until_told() -> std::io::Result<()> {
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

fn leave(store: &Store, name: String) -> Result<(), StoreError> {
    let apart = store.clone();
    store.apart_blocking(move || apart.write_beside(|writer| writer.server_delete_named(&name)))
}

fn template_folder(gate: &GateSettings) -> TemplateFolder {
    TemplateFolder::new(gate.templates.as_deref(), gate.template_503.as_deref())
}
