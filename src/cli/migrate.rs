//! `maintenance migrate`: brings the database up to date.

use clap::Args;
use serde::Serialize;

use super::Context;
use super::exit::Exit;
use crate::storage::{Open, Prepared};

const EXAMPLES: &str = "\
Examples:
  maintenance migrate
  maintenance migrate --database-url sqlite:///var/lib/maintenance/state.sqlite3
";

/// Creates the database when it is missing, and brings its tables up to date
///
/// `serve` does the same at its start. All missing migrations run in one transaction: all of them or none. A database
/// of a newer version of this program is refused.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Migrate {
    /// Print an object instead: database, created and migrations (those that ran)
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct View {
    database: String,
    created: bool,
    migrations: Vec<String>,
}

pub fn run(context: &Context, args: &Migrate) -> anyhow::Result<Exit> {
    let url = &context.database.database_url;
    let Prepared { is_new, migrated } = context.database.store().prepare(Open::Migrate)?;
    let view = View { database: url.to_string(), created: is_new, migrations: migrated };
    if args.json {
        context.console.json(&view)?;
        return Ok(Exit::Done);
    }
    let ran = view.migrations.join(", ");
    context.console.print(&match (view.created, view.migrations.is_empty()) {
        (true, _) => format!("Created {url} and ran: {ran}.\n"),
        (false, false) => format!("Migrated {url}: {ran}.\n"),
        (false, true) => format!("{url} is up to date. Nothing changed.\n"),
    })?;
    Ok(Exit::Done)
}
