//! A hundred thousand sites: `cargo bench --bench scale [-- sqlite|postgres]`.
//!
//! The real program is started on databases with one, ten and 100,000 sites. Measured are the time from the start of the
//! process until it listens and is ready, the memory that it holds when it has come to rest, the processor time that its
//! threads take for one flip, and the size of its mirror. Budgets: at most 100 ms to listen on one site in SQLite; 30 MB
//! with one site, 150 MB with 100,000; 10 ms of work for one flip among 100,000, as among ten.

use std::collections::HashMap;
use std::error::Error;
use std::ffi::OsString;
use std::fs::{self, DirEntry};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use maintenance_mode::actions::{Actions, Actor, Start};
use maintenance_mode::site::SiteId;
use maintenance_mode::storage::{DatabaseUrl, Open, Store};

#[path = "../tests/cluster/helpers/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with tests/cluster, which needs other parts of it")]
mod helpers;

use helpers::{Cluster, Machine, commands_on, eventually, free_address, status};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Numbers of sites that are compared.
const SIZES: [usize; 3] = [1, 10, 100_000];

/// Starts of which the median counts.
const STARTS: usize = 5;

/// Flips of which the mean counts.
const FLIPS: u32 = 200;

/// How long a server rests before its memory is read.
const REST: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let engines: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    // Without the word that `cargo bench` gives, it is only tried out.
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    let sizes = if is_bench { &SIZES[..] } else { &SIZES[..2] };
    println!(
        "{:<10} {:>8} {:>10} {:>10} {:>10} {:>12} {:>12} {:>10}",
        "engine", "sites", "listens", "ready", "memory", "flip, writer", "flip, server", "mirror"
    );
    let measured = ["sqlite", "postgres"].into_iter().filter(|engine| engines.is_empty() || engines.contains(engine));
    for engine in measured {
        for sites in sizes {
            if let Err(error) = measure(engine, *sites) {
                eprintln!("scale: {engine}, {sites} sites: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

/// Measures one engine with so many sites, and prints a line.
fn measure(engine: &str, sites: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("scale.sqlite3");
    let cluster = (engine == "postgres").then(|| Cluster::with(&["fsync=on"]));
    let url = cluster.as_ref().map_or_else(|| format!("sqlite://{}", file.display()), Cluster::url);
    commands_on(&url).run("migrate").succeeds();
    match &cluster {
        Some(cluster) => cluster.sql_in("app", &fill("generate_series(1, {last}) AS number", sites)),
        None => SqliteConnection::establish(file.to_str().ok_or("the path is no text")?)?
            .batch_execute(&fill("(WITH RECURSIVE n(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM n WHERE number < {last}) SELECT number FROM n)", sites))?,
    }

    let mut starts: Vec<(Duration, Duration)> = Vec::new();
    for _ in 0..STARTS {
        let server = Running::start(&url, folder.path())?;
        starts.push((server.listened, server.ready));
    }
    let median = |of: fn(&(Duration, Duration)) -> Duration| {
        let mut times: Vec<Duration> = starts.iter().map(of).collect();
        times.sort_unstable();
        times[times.len() / 2]
    };
    let (listens, ready) = (median(|start| start.0), median(|start| start.1));

    let server = Running::start(&url, folder.path())?;
    std::thread::sleep(REST);
    let memory = server.memory_kib()?;
    let (writer, work) = server.flip(&url)?;
    let mirror = server.mirror_bytes();
    println!(
        "{engine:<10} {sites:>8} {:>7.0} ms {:>7.0} ms {:>7.1} MB {:>9.2} ms {:>9.2} ms {:>7} KB",
        milliseconds(listens),
        milliseconds(ready),
        memory as f64 / 1_024.0,
        milliseconds(writer),
        milliseconds(work),
        mirror / 1_024,
    );
    Ok(())
}

/// Statements that put sites into an empty database: open ones, each tenth with an alias.
fn fill(numbers: &str, sites: usize) -> String {
    let numbers = numbers.replace("{last}", &sites.to_string());
    format!(
        "INSERT INTO sites (domain, name, is_default, is_protected, time_zone, revision) \
         SELECT 'www.site-' || number || '.example', 'Site ' || number, number = 1, FALSE, 'UTC', 0 FROM {numbers}; \
         INSERT INTO maintenances (site_id, in_maintenance, at_end) SELECT id, FALSE, 'remind' FROM sites; \
         INSERT INTO site_aliases (site_id, alias) SELECT id, 'site-' || id || '.example' FROM sites WHERE id % 10 = 0;"
    )
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// The program, serving; killed when dropped.
struct Running {
    child: Child,
    address: SocketAddr,
    machine: Machine,
    /// The folder of the database.
    beside: PathBuf,
    /// From the start of the process until somebody could connect.
    listened: Duration,
    /// From the start of the process until it said that it is ready.
    ready: Duration,
}

impl Running {
    fn start(url: &str, beside: &Path) -> Result<Self> {
        let (machine, address) = (commands_on(url), free_address());
        let mut command: Command = machine.command(&["serve"]);
        command.env("BIND", address.to_string()).stdout(Stdio::null()).stderr(Stdio::null());
        let started = Instant::now();
        let child = command.spawn()?;
        let mut server = Self {
            child,
            address,
            machine,
            beside: beside.to_owned(),
            listened: Duration::ZERO,
            ready: Duration::ZERO,
        };
        server.wait(|server| TcpStream::connect(server.address).is_ok())?;
        server.listened = started.elapsed();
        server.wait(|server| status(server.address, "localhost", "/readyz").is_ok_and(|status| status == 200))?;
        server.ready = started.elapsed();
        Ok(server)
    }

    fn wait(&mut self, holds: impl Fn(&Self) -> bool) -> Result<()> {
        while !holds(self) {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("the server ended: {status}").into());
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        Ok(())
    }

    /// What it holds in memory, in KiB.
    fn memory_kib(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("the memory is not told")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// Processor time that each of its threads has taken, to the nanosecond.
    fn threads(&self) -> Result<HashMap<OsString, Duration>> {
        let mut threads = HashMap::new();
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let task = task?;
            // A thread may end while it is looked at.
            let Ok(times) = fs::read_to_string(task.path().join("schedstat")) else { continue };
            let nanoseconds = times.split(' ').next().and_then(|time| time.parse().ok());
            threads.insert(task.file_name(), Duration::from_nanos(nanoseconds.ok_or("the time is not told")?));
        }
        Ok(threads)
    }

    /// Processor time taken since then, but for that of threads that have ended.
    fn work_since(&self, before: &HashMap<OsString, Duration>) -> Result<Duration> {
        let taken = |(thread, now): (OsString, Duration)| now - before.get(&thread).copied().unwrap_or_default();
        Ok(self.threads()?.into_iter().map(taken).sum())
    }

    /// Flips the first site again and again: what a flip costs the writer, and what the server more than doing nothing.
    fn flip(&self, url: &str) -> Result<(Duration, Duration)> {
        let store = Store::open(&DatabaseUrl::parse(url)?, Open::Existing)?;
        let (actions, actor) = (Actions::new(store, || {}), Actor::operator("a benchmark"));
        let (idle_began, idle_before) = (Instant::now(), self.threads()?);
        std::thread::sleep(REST);
        let idle = self.work_since(&idle_before)?.div_duration_f64(idle_began.elapsed());

        let (began, before) = (Instant::now(), self.threads()?);
        let mut written = Duration::ZERO;
        for number in 0..FLIPS {
            let called = Instant::now();
            let site = [SiteId(1)];
            let done = if number % 2 == 0 {
                actions.start(&actor, &site, &Start::default())
            } else {
                actions.end(&actor, &site)
            };
            let revision = done?.revision;
            written += called.elapsed();
            // Asked of the database, because asking the server would be work of the server.
            let confirmed = || {
                actions
                    .store()
                    .read(|reader| reader.server_list())
                    .map(|servers| servers.iter().map(|server| server.revision).max())
            };
            eventually("the server confirms the flip", || {
                confirmed().is_ok_and(|confirmed| confirmed >= Some(revision))
            });
        }
        let work = self.work_since(&before)?.saturating_sub(began.elapsed().mul_f64(idle));
        Ok((written / FLIPS, work / FLIPS))
    }

    /// Size of the mirror of the last known state; zero when there is none.
    fn mirror_bytes(&self) -> u64 {
        let files = |folder: &Path| fs::read_dir(folder).map(|entries| entries.flatten().collect()).unwrap_or_default();
        let mirrors = Vec::into_iter(files(self.machine.folder())).chain(files(&self.beside));
        let mirrors =
            mirrors.filter(|file: &DirEntry| file.path().extension().is_some_and(|ending| ending == "mirror"));
        mirrors.filter_map(|file| Some(file.metadata().ok()?.len())).max().unwrap_or(0)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
