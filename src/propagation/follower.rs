//! The thread that follows the change log.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::watch;

use super::reporter::Reporter;
use super::{Confirmed, Enforced, Failing, Health, Latency, Source, TemplateFolder};
use crate::change::Revision;
use crate::clock;
use crate::record::SiteRecord;
use crate::site::SiteId;
use crate::snapshot::{Rules, Snapshot};
use crate::storage::{Reader, Store, StoreError, Watch};
use crate::template::PageTemplates;

/// Entries of the log read at once.
const FEED_CHUNK: i64 = 1_000;

/// Longest pause between two tries while the database does not answer.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(2);

/// How often a failure that lasts is written to the log again.
const REMIND_EVERY: Duration = Duration::from_secs(60);

/// Called on the follower's thread with the actions of new log entries, before their snapshot is in force.
pub(crate) type OnChange = Box<dyn Fn(&[String]) + Send>;

/// Follows the log for as long as somebody holds its [`Enforced`].
pub(crate) struct Follower {
    store: Store,
    snapshot: Arc<ArcSwap<Snapshot>>,
    revision: watch::Sender<Revision>,
    health: Arc<ArcSwap<Health>>,
    confirmed: Arc<Confirmed>,
    latency: Arc<Latency>,
    wake: Receiver<()>,
    on_change: OnChange,
    rules: Arc<Rules>,
    watch: Option<Watch>,
    report: SyncSender<()>,
    templates: TemplateFolder,
}

impl Follower {
    /// Builds the first snapshot and starts the thread.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) fn start(
        store: &Store,
        rules: Rules,
        templates: TemplateFolder,
        on_change: OnChange,
        name: String,
    ) -> Result<Enforced, StoreError> {
        let rules = Arc::new(rules);
        let first = build(store, &rules, Arc::new(templates.load()))?;
        let (revision, seen) = watch::channel(first.revision());
        let (wake, woken) = sync_channel(1);
        let (report, changed) = sync_channel(1);
        let reporter = Reporter { store: store.clone(), name, revision: seen.clone(), changed };
        let enforced = Enforced {
            snapshot: Arc::new(ArcSwap::from_pointee(first)),
            revision: seen,
            health: Arc::default(),
            confirmed: Arc::default(),
            latency: Arc::default(),
            wake,
        };
        enforced.confirmed.set(clock::now());
        let follower = Self {
            store: store.clone(),
            snapshot: Arc::clone(&enforced.snapshot),
            revision,
            health: Arc::clone(&enforced.health),
            confirmed: Arc::clone(&enforced.confirmed),
            latency: Arc::clone(&enforced.latency),
            wake: woken,
            on_change,
            rules,
            watch: None,
            report,
            templates,
        };
        spawn("follower", move || follower.run())?;
        spawn("reporter", move || reporter.run())?;
        Ok(enforced)
    }

    fn run(mut self) {
        let mut failing: Option<Failure> = None;
        loop {
            let pause = failing.as_ref().map_or(self.store.watch_interval(), |failure| failure.pause);
            let woken = match self.wake.recv_timeout(pause) {
                Ok(()) => true,
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            match self.step(woken) {
                Ok(()) => {
                    self.confirmed.set(clock::now());
                    if failing.take().is_some() {
                        log::info!("The database answers again.");
                        self.health.store(Arc::default());
                    }
                }
                Err(error) => {
                    self.watch = None;
                    let failure = Failure::again(failing.take(), &error);
                    let failing_now = Failing::new(&error, failure.since);
                    self.health.store(Arc::new(Health { failing: Some(failing_now), source: Source::Database }));
                    failing = Some(failure);
                }
            }
        }
    }

    /// One look: catches up when something was written or this process says so.
    fn step(&mut self, woken: bool) -> Result<(), StoreError> {
        match &mut self.watch {
            Some(watch) => {
                if watch.look()? || woken {
                    self.catch_up()?;
                }
            }
            None => {
                // Whatever happened while nobody looked, the file may be another one: everything is read again.
                let mut watch = self.store.watch()?;
                watch.look()?;
                self.read_all()?;
                self.watch = Some(watch);
            }
        }
        self.reload_templates()
    }

    /// Loads what was touched after the revision in force and swaps the snapshot.
    fn catch_up(&mut self) -> Result<(), StoreError> {
        loop {
            let current = self.snapshot.load_full();
            let read = self.store.read(|reader| News::read(reader, current.revision()))?;
            match read {
                News::Nothing => return Ok(()),
                News::Replaced => {
                    log::warn!("The database was replaced by an older one; all sites are read again.");
                    return self.read_all();
                }
                News::Changes { revision, made_at, actions, sites } => {
                    (self.on_change)(&actions);
                    self.enforce(current.with(&sites, revision, clock::now()))?;
                    let now = clock::now();
                    made_at.into_iter().for_each(|at| self.latency.enforced(at, now));
                }
            }
        }
    }

    /// Reads all sites, and forgets who is signed in.
    fn read_all(&self) -> Result<(), StoreError> {
        let templates = Arc::clone(self.snapshot.load().templates());
        (self.on_change)(&[]);
        self.enforce(build(&self.store, &self.rules, templates)?)
    }

    /// Builds all pages anew when a file of the templates folder has changed.
    fn reload_templates(&mut self) -> Result<(), StoreError> {
        match self.templates.changed() {
            Some(templates) => {
                log::info!("The templates have changed and were read again.");
                self.enforce(build(&self.store, &self.rules, Arc::new(templates))?)
            }
            None => Ok(()),
        }
    }

    fn enforce(&self, next: Snapshot) -> Result<(), StoreError> {
        let revision = next.revision();
        self.snapshot.store(Arc::new(next));
        self.revision.send_replace(revision);
        // A full channel means that a word is already waiting.
        self.report.try_send(()).ok();
        Ok(())
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
    match std::thread::Builder::new().name(name.to_owned()).spawn(work) {
        Ok(_) => Ok(()),
        Err(error) => Err(StoreError::Unreachable { reason: format!("no thread could be started: {error}") }),
    }
}

/// What the log says after a revision.
enum News {
    Nothing,
    /// The log is shorter than what this process has seen: a backup was put back.
    Replaced,
    Changes {
        revision: Revision,
        made_at: Vec<Timestamp>,
        actions: Vec<String>,
        sites: Vec<(SiteId, Option<SiteRecord>)>,
    },
}

impl News {
    fn read(reader: &mut Reader<'_>, since: Revision) -> Result<Self, StoreError> {
        let feed = reader.change_feed(since, FEED_CHUNK)?;
        let Some(last) = feed.last() else {
            let is_shorter = reader.change_last()? < since;
            return Ok(if is_shorter { Self::Replaced } else { Self::Nothing });
        };
        let revision = last.revision;
        let mut touched: Vec<SiteId> = feed.iter().filter_map(|entry| entry.site).collect();
        touched.sort_unstable();
        touched.dedup();
        let mut sites: Vec<(SiteId, Option<SiteRecord>)> = touched.into_iter().map(|id| (id, None)).collect();
        let ids: Vec<SiteId> = sites.iter().map(|(id, _)| *id).collect();
        for (record, _) in reader.record_some(&ids)? {
            if let Ok(at) = sites.binary_search_by_key(&record.site.id, |(id, _)| *id) {
                sites[at].1 = Some(record);
            }
        }
        let (made_at, actions) = feed.into_iter().map(|entry| (entry.at, entry.action)).unzip();
        Ok(Self::Changes { revision, made_at, actions, sites })
    }
}

/// Reads all sites at one revision.
fn build(store: &Store, rules: &Arc<Rules>, templates: Arc<PageTemplates>) -> Result<Snapshot, StoreError> {
    let (revision, records) = store.read(|reader| {
        let records: Vec<SiteRecord> = reader.record_list()?.into_iter().map(|(record, _)| record).collect();
        Ok((reader.change_last()?, records))
    })?;
    Ok(Snapshot::build(&records, revision, Arc::clone(rules), templates, clock::now()))
}

/// A failure that may last: when it began, when it was last said, how long to wait.
struct Failure {
    since: Timestamp,
    said: Instant,
    pause: Duration,
}

impl Failure {
    fn again(last: Option<Self>, error: &StoreError) -> Self {
        match last {
            None => {
                log::error!("The database does not answer; every site keeps its last known state. {error}");
                Self { since: clock::now(), said: Instant::now(), pause: Duration::from_millis(50) }
            }
            Some(mut failure) => {
                if failure.said.elapsed() >= REMIND_EVERY {
                    log::error!("The database still does not answer, since {}. {error}", failure.since);
                    failure.said = Instant::now();
                }
                failure.pause = (failure.pause * 2).min(LONGEST_BACK_OFF);
                failure
            }
        }
    }
}
