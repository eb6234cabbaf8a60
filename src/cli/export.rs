//! `maintenance export`: writes the whole configuration as JSON.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::exit::Exit;
use super::{Context, open, text};
use crate::aside::{self, FileError};
use crate::clock;
use crate::storage::{Store, StoreError};
use crate::transfer::{Document, Origin};

const EXAMPLES: &str = "\
Examples:
  maintenance export /var/backups/maintenance.json
  maintenance export | DATABASE_URL=postgres://maintenance@db/maintenance maintenance import -
  maintenance export --without-users sites.json
";

/// Writes all sites and users as JSON, to be taken in by `import`
///
/// The document is of one moment, also while servers use the database, and has every id, so that SITE_ID goes on to mean
/// the same site. It holds password hashes: a file is written whole, and only its owner may read it. It does not hold
/// the history, sessions and the secret that cookies are encrypted with: after a move everybody logs in again. `history
/// --json --limit 0` and `backup` keep the history.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Export {
    /// File to write; stdout when it is `-` or not given
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// Leave out the users with their password hashes
    #[arg(long)]
    without_users: bool,

    /// Replace the file when it is there
    #[arg(long)]
    force: bool,

    /// Print an object about the written file instead: file, bytes, sites and users
    #[arg(long, requires = "file")]
    json: bool,
}

#[derive(Serialize)]
struct View {
    file: String,
    bytes: u64,
    sites: usize,
    users: usize,
}

/// How much was written.
struct Counts {
    sites: usize,
    users: usize,
}

pub fn run(context: &Context, args: &Export) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let Some(file) = args.file.as_deref().filter(|file| *file != Path::new("-")) else {
        return to_stdout(context, &store, !args.without_users);
    };
    let write = |aside: &Path| {
        let refused = |source: io::Error| FileError::Refused { path: file.to_owned(), source };
        let out = OpenOptions::new().write(true).open(aside).map_err(refused)?;
        match write(&store, BufWriter::new(out), !args.without_users) {
            Ok(counts) => Ok(counts),
            Err(error) => match error.downcast::<io::Error>() {
                Ok(error) => Err(refused(error).into()),
                Err(error) => Err(error),
            },
        }
    };
    let (Counts { sites, users }, bytes) = aside::write::<_, anyhow::Error>(file, args.force, write)?;
    let view = View { file: file.display().to_string(), bytes, sites, users };
    if args.json {
        context.console.json(&view)?;
    } else {
        let (sites, users) = (text::count(sites, "site"), text::count(users, "user"));
        let url = store.url();
        context.console.print(&format!("Exported {sites} and {users} of {url} to {} ({bytes} bytes).\n", view.file))?;
    }
    Ok(Exit::Done)
}

/// Prints the document when it is complete: whoever reads stdout may take long, and the database keeps no transaction
/// open for somebody who pauses.
fn to_stdout(context: &Context, store: &Store, with_users: bool) -> anyhow::Result<Exit> {
    let mut document = Vec::new();
    write(store, &mut document, with_users)?;
    context.console.print_bytes(&document)?;
    Ok(Exit::Done)
}

/// Writes the document in one reading transaction, site by site.
fn write(store: &Store, out: impl Write, with_users: bool) -> anyhow::Result<Counts> {
    let written = store.read(|reader| {
        let origin = Origin {
            exported_at: clock::now(),
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            revision: reader.change_last()?,
        };
        let mut counts = Counts { sites: 0, users: 0 };
        let mut document = match Document::begin(out, &origin) {
            Ok(document) => document,
            Err(error) => return Ok(Err(error)),
        };
        let mut written = Ok(());
        reader.record_each(|record| {
            written = document.site(record);
            counts.sites += 1;
            written.is_ok()
        })?;
        if written.is_ok() {
            written = document.windows(&reader.window_shared()?);
        }
        if with_users && written.is_ok() {
            let users = reader.user_record_list()?;
            counts.users = users.len();
            written = document.users(&users);
        }
        Ok::<_, StoreError>(written.and_then(|()| document.end()).map(|_| counts))
    })?;
    Ok(written?)
}
