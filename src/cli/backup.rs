//! `maintenance backup`: copies the database while it is in use.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::exit::Exit;
use super::{Context, open};

const EXAMPLES: &str = "\
Examples:
  maintenance backup /var/backups/maintenance.sqlite3
  maintenance backup latest.sqlite3 --force
";

/// Copies the database into a file, also while servers use it
///
/// The copy is of one moment and whole: it appears under its name when it is complete, and only its owner may read it,
/// because it holds password hashes and secrets. For SQLite; use pg_dump for PostgreSQL.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Backup {
    /// File to write
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Replace the file when it is there
    #[arg(long)]
    force: bool,

    /// Print an object instead: file and bytes
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct View {
    file: String,
    bytes: u64,
}

pub fn run(context: &Context, args: &Backup) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let bytes = store.backup(&args.file, args.force)?;
    let view = View { file: args.file.display().to_string(), bytes };
    if args.json {
        context.console.json(&view)?;
    } else {
        let url = store.url();
        context.console.print(&format!("Copied {url} to {} ({bytes} bytes).\n", view.file))?;
    }
    Ok(Exit::Done)
}
