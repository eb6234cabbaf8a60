//! From a change to the last of three servers that enforces it: `cargo bench --bench propagation [-- sqlite|postgres]`.
//!
//! Three servers follow one database, each with connections and threads of its own; a writer beside them, which wakes
//! nobody but through the database, flips a site a thousand times at random moments. Measured is the time from the
//! acknowledged commit, and from the call before it, until the last server enforces the revision. Budgets: 99 of 100
//! within 50 ms on PostgreSQL, within 150 ms on SQLite. PostgreSQL is started for it, from Debian's packages, and forces
//! every commit to the disk.

use std::error::Error;
use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use maintenance_mode::Maintenance;
use maintenance_mode::actions::{Actions, Actor, Start};
use maintenance_mode::change::Revision;
use maintenance_mode::storage::{DatabaseUrl, Open, Store};
use rand::Rng as _;

#[path = "../tests/cluster/helpers/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with tests/cluster, which needs other parts of it")]
mod helpers;

use helpers::Cluster;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Servers that follow.
const SERVERS: usize = 3;

/// Longest pause between two flips: longer than any interval at which a server looks.
const LONGEST_PAUSE: Duration = Duration::from_millis(60);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Without the word that `cargo bench` gives, it is only tried out.
    let flips = if arguments.iter().any(|argument| argument == "--bench") { 1_000 } else { 5 };
    let engines: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |engine| engines.is_empty() || engines.contains(&engine);
    println!("{flips} flips, {SERVERS} servers; milliseconds until the last one enforces a flip. Load: {}", load());
    println!("{:<10} {:<12} {:>8} {:>8} {:>8} {:>8}", "engine", "from", "p50", "p99", "max", "budget");
    let sqlite = || {
        let folder = tempfile::tempdir()?;
        measure("sqlite", &format!("sqlite://{}", folder.path().join("bench.sqlite3").display()), flips, 150.0)
    };
    let postgres = || {
        let cluster = Cluster::with(&["fsync=on"]);
        measure("postgres", &cluster.url(), flips, 50.0)
    };
    let mut done = Ok(true);
    if is_wanted("sqlite") {
        done = sqlite();
    }
    if is_wanted("postgres") {
        done = done.and_then(|is_met| Ok(postgres()? && is_met));
    }
    println!("Load: {}", load());
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("propagation: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Flips a site and prints how long it took; whether the budget is met.
fn measure(engine: &str, url: &str, flips: usize, budget: f64) -> Result<bool> {
    let servers = (1..=SERVERS).map(|number| server(url, number)).collect::<Result<Vec<_>>>()?;
    let store = Store::open(&DatabaseUrl::parse(url)?, Open::Existing)?;
    let site = store.read(|reader| reader.record_list())?[0].0.site.id;
    let actions = Actions::new(store, || {});
    let actor = Actor::operator("a benchmark");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;

    let (mut from_commit, mut from_call) = (Vec::new(), Vec::new());
    for flip in 0..flips {
        std::thread::sleep(LONGEST_PAUSE.mul_f64(rand::rng().random()));
        let called = Instant::now();
        let done = if flip % 2 == 0 {
            actions.start(&actor, &[site], &Start::default())
        } else {
            actions.end(&actor, &[site])
        };
        let committed = Instant::now();
        let revision = done?.revision;
        if !runtime.block_on(all_enforce(&servers, revision)) {
            return Err(format!("flip {flip} was not enforced within two seconds").into());
        }
        from_commit.push(committed.elapsed());
        from_call.push(called.elapsed());
    }
    let p99 = print(engine, "the commit", from_commit, budget);
    print(engine, "the call", from_call, budget);
    Ok(p99 <= budget)
}

/// A server, as far as it follows: what it needs to listen is not here.
fn server(url: &str, number: usize) -> Result<Maintenance> {
    let builder = Maintenance::builder().database_url(url).setting("SERVER_NAME", &format!("web{number}"));
    Ok(builder.setting("MAINTENANCE_MIRROR", "none").build()?)
}

async fn all_enforce(servers: &[Maintenance], revision: Revision) -> bool {
    let mut is_enforced = true;
    // One after the other: the last one counts.
    for server in servers {
        is_enforced &= server.wait_for(revision).await;
    }
    is_enforced
}

/// Prints a line of the table; the 99th of a hundred, in milliseconds.
fn print(engine: &str, from: &str, mut times: Vec<Duration>, budget: f64) -> f64 {
    times.sort_unstable();
    let milliseconds = |share: f64| {
        let at = ((times.len() as f64 * share).ceil() as usize).clamp(1, times.len());
        times[at - 1].as_secs_f64() * 1_000.0
    };
    let (p50, p99, max) = (milliseconds(0.5), milliseconds(0.99), milliseconds(1.0));
    println!("{engine:<10} {from:<12} {p50:>8.1} {p99:>8.1} {max:>8.1} {budget:>8.0}");
    p99
}

/// How busy the machine is: processes that ran or waited, on average of the last minute, and how many can run at once.
fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{} on {cores} cores", load.split(' ').next().unwrap_or("unknown"))
}
