//! `maintenance servers`: who decides by this database, and by which revision.

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::exit::Exit;
use super::{Context, open, text, time};
use crate::change::Revision;
use crate::server_info::{LIVE_FOR, Server};

const EXAMPLES: &str = "\
Examples:
  maintenance servers
  maintenance servers --json
";

/// Lists the servers that share this database, and which revision each enforces
///
/// A server that was not seen for 15 seconds is not alive any more: nobody waits for it, and after a day it is
/// forgotten.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Servers {
    /// Print a list of objects instead
    ///
    /// Each has name, version, revision, started_at, deciding_since, last_seen and live. The times are those of the
    /// database's clock.
    #[arg(long)]
    json: bool,
}

/// A server in `--json`.
#[derive(Serialize)]
struct View {
    name: String,
    version: String,
    revision: Revision,
    started_at: Timestamp,
    deciding_since: Option<Timestamp>,
    last_seen: Timestamp,
    live: bool,
}

impl View {
    fn of(server: Server, now: Timestamp) -> Self {
        Self {
            live: server.is_live(now),
            name: server.name,
            version: server.version,
            revision: server.revision,
            started_at: server.started_at,
            deciding_since: server.enforced_at,
            last_seen: server.last_seen_at,
        }
    }
}

pub fn run(context: &Context, args: &Servers) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let (servers, last, now) =
        store.read(|reader| Ok((reader.server_list()?, reader.change_last()?, reader.clock()?)))?;
    if args.json {
        context.console.json(&servers.into_iter().map(|server| View::of(server, now)).collect::<Vec<_>>())?;
    } else if servers.is_empty() {
        context.console.note("no server has run within the last day");
    } else {
        let rows = servers.iter().map(|server| {
            let state = match (server.is_live(now), server.revision >= last) {
                (false, _) => format!("gone, last seen {} ago", time::span(server.last_seen_at, now)),
                (true, true) => format!("enforces revision {}", server.revision),
                (true, false) => format!("is behind: revision {} of {last}", server.revision),
            };
            vec![text::plain(&server.name), server.version.clone(), state]
        });
        context.console.print(&text::columns(&rows.collect::<Vec<_>>()))?;
        debug_assert!(LIVE_FOR.as_secs() == 15, "the help says 15 seconds");
    }
    Ok(Exit::Done)
}
