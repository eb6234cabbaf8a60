//! `maintenance tasks`: the running work that a drain waits for.

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::directory::Directory;
use super::exit::Exit;
use super::{Context, open, text, time};
use crate::clock;
use crate::site::{Site, SiteId};
use crate::task::{RunningTask, TaskId};

const EXAMPLES: &str = "\
Examples:
  maintenance tasks
  maintenance tasks forum --json
";

/// Lists the running tasks, which a drain waits for
///
/// A task is work that has registered itself, by `maintenance task` or in a program. One that was not heard of for 20
/// seconds is gone and is not listed.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Tasks {
    /// Site: id, domain, alias, or a part of a name that only one site has; all when none is named
    #[arg(value_name = "SITE")]
    site: Option<String>,

    /// Print a list of objects instead
    ///
    /// Each has id, name, site, domain, host, pid, started_by, started_at and last_seen. The times are those of the
    /// database's clock.
    #[arg(long)]
    json: bool,
}

/// A task in `--json`. The fields are relied on by scripts: only add.
#[derive(Serialize)]
struct View<'t> {
    id: TaskId,
    name: &'t str,
    site: SiteId,
    domain: &'t str,
    host: &'t str,
    pid: Option<u32>,
    started_by: &'t str,
    started_at: Timestamp,
    last_seen: Timestamp,
}

impl<'t> View<'t> {
    fn of(task: &'t RunningTask, site: &'t Site) -> Self {
        Self {
            id: task.id,
            name: &task.name,
            site: task.site,
            domain: site.domain.as_str(),
            host: &task.host,
            pid: task.pid,
            started_by: &task.started_by,
            started_at: task.started_at,
            last_seen: task.heartbeat_at,
        }
    }

    /// `reindex  forum.example.com  running for 3 min  web1, process 4711  CLI, root@web1`.
    fn row(&self, now: Timestamp) -> Vec<String> {
        let process = self.pid.map(|pid| format!(", process {pid}")).unwrap_or_default();
        vec![
            text::plain(self.name),
            self.domain.to_owned(),
            format!("running for {}", time::span(self.started_at, now)),
            format!("{}{process}", text::plain(self.host)),
            text::plain(self.started_by),
        ]
    }
}

pub fn run(context: &Context, args: &Tasks) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let directory = Directory::read(&store)?;
    let chosen = args.site.as_deref().map(|typed| directory.one(Some(typed), None)).transpose()?;
    let tasks = store.read(|reader| reader.task_list(chosen.map(|site| site.id)))?;
    // A site that was removed since is left out with its tasks.
    let views: Vec<View<'_>> =
        tasks.iter().filter_map(|task| Some(View::of(task, directory.get(task.site)?))).collect();
    if args.json {
        context.console.json(&views)?;
    } else if views.is_empty() {
        context.console.note("no task is running");
    } else {
        let now = clock::now();
        let rows: Vec<Vec<String>> = views.iter().map(|view| view.row(now)).collect();
        context.console.print(&text::columns(&rows))?;
    }
    Ok(Exit::Done)
}
