//! The thread that follows the change log.
//!
//! It asks the database in bounded time only, and nobody else publishes what was read: an answer that comes after it
//! was given up is thrown away.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::beginning::Beginning;
use super::clock::ClockWatch;
use super::contact::{Contact, ContactError};
use super::failure::Failure;
use super::mirror::Mirror;
use super::news::{News, State};
use super::reporter::Reporter;
use super::{Confirmed, Enforced, Failing, Health, Latency, Source, TemplateFolder};
use crate::change::Revision;
use crate::clock;
use crate::flagfile::{FlagPath, OnRules, Writer};
use crate::lasting;
use crate::rules::Rules;
use crate::snapshot::Snapshot;
use crate::storage::{Look, Store, StoreError, Watch};
use crate::template::PageTemplates;

/// Called on the follower's thread with the actions of new log entries, before their snapshot is in force. None at all
/// means that anything may have changed.
pub(crate) type OnChange = Box<dyn Fn(&[String]) + Send>;

/// What a follower works with.
pub(crate) struct Following {
    /// How the first contact is made, and with which database.
    pub(crate) contact: Contact,
    /// The rules of every snapshot.
    pub(crate) rules: Arc<Rules>,
    /// Where the templates of every snapshot come from.
    pub(crate) folder: TemplateFolder,
    /// Who must forget what when something changes.
    pub(crate) on_change: OnChange,
    /// Where flag files are kept, and what is to be done when their rules have changed.
    pub(crate) files: Option<(FlagPath, Option<OnRules>)>,
    /// Name of this server.
    pub(crate) name: String,
}

/// Follows the log for as long as somebody holds its [`Enforced`].
pub(crate) struct Follower {
    contact: Contact,
    rules: Arc<Rules>,
    folder: TemplateFolder,
    templates: Arc<PageTemplates>,
    on_change: OnChange,
    snapshot: Arc<ArcSwap<Snapshot>>,
    revision: watch::Sender<Revision>,
    health: Arc<ArcSwap<Health>>,
    confirmed: Arc<Confirmed>,
    latency: Arc<Latency>,
    wake: Receiver<()>,
    report: SyncSender<()>,
    /// Rings for the writer of flag files; hangs up when the follower ends.
    files: Option<SyncSender<()>>,
    mirror: Option<Mirror>,
    clock: ClockWatch,
    watch: Option<Watch>,
    /// Which database was met first; nothing is taken from another.
    origin: Option<String>,
}

impl Follower {
    /// Enforces the first state and starts the threads.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(crate) fn start(following: Following, beginning: Beginning) -> Result<Enforced, StoreError> {
        let Following { contact, rules, folder, on_change, files, name } = following;
        let Beginning { snapshot, health, met } = beginning;
        let templates = Arc::clone(snapshot.templates());
        let (revision, seen) = watch::channel(snapshot.revision());
        let (wake, woken) = sync_channel(1);
        let (report, changed) = sync_channel(1);
        let snapshot = Arc::new(ArcSwap::from_pointee(snapshot));
        let identity = contact.store().url().identity();
        let files = files.map(|(path, on_rules)| Writer::new(path, identity, Arc::clone(&snapshot), on_rules));
        let (writer, files) = files.unzip();
        let (bell, rung) = sync_channel(1);
        let enforced = Enforced {
            snapshot,
            files,
            revision: seen.clone(),
            health: Arc::new(ArcSwap::from_pointee(health)),
            confirmed: Arc::default(),
            latency: Arc::default(),
            wake,
        };
        let url = contact.store().url();
        let start_mirror = |path: &PathBuf| Mirror::start(path.clone(), url, Arc::clone(&enforced.confirmed));
        let mut follower = Self {
            mirror: contact.mirror().map(start_mirror),
            snapshot: Arc::clone(&enforced.snapshot),
            revision,
            health: Arc::clone(&enforced.health),
            confirmed: Arc::clone(&enforced.confirmed),
            latency: Arc::clone(&enforced.latency),
            wake: woken,
            report: report.clone(),
            files: writer.is_some().then_some(bell),
            clock: ClockWatch::default(),
            watch: None,
            origin: None,
            contact,
            rules,
            folder,
            templates,
            on_change,
        };
        let health = Arc::clone(&enforced.health);
        let files = enforced.files.clone();
        let reporter = Reporter { store: follower.store().clone(), name, revision: seen, files, health, changed };
        if let Some((state, watch)) = met {
            follower.origin = Some(state.origin.clone());
            follower.mirror_all(state);
            follower.confirmed.set(clock::now());
            // Should it fail here, the first step begins with it.
            follower.watch = follower.learn().is_ok().then_some(watch);
        }
        spawn("follower", move || follower.run())?;
        spawn("reporter", move || reporter.run())?;
        if let Some(writer) = writer {
            spawn("flag-files", move || writer.run(&rung, &report))?;
        }
        Ok(enforced)
    }

    fn store(&self) -> &Store {
        self.contact.store()
    }

    fn run(mut self) {
        let failing = self.health.load().failing.clone();
        let mut failure = failing.map(|failing| Failure::new(failing.since, self.snapshot.load().revision()));
        loop {
            let pause = failure.as_ref().map_or(self.store().watch_interval(), |failure| failure.pause);
            let woken = match self.wake.recv_timeout(pause) {
                Ok(()) => true,
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            // A fault of ours must not end the following: it is tried again, as when the database fails.
            let done = match lasting::round(|| self.step(woken)) {
                Ok(done) => done.map_err(|error| (error.to_string(), error.kind())),
                Err(fault) => Err((format!("the following failed by {fault}"), "fault")),
            };
            // Whatever became of the look: without a database time goes on as well.
            if let Err(fault) = lasting::round(|| self.renew_plans()) {
                log::error!("What repeats could not be laid out anew, which is tried again: {fault}");
            }
            match done {
                Ok(()) => {
                    if let Some(failure) = failure.take() {
                        let was_known = self.health.load().source != Source::Unknown;
                        self.health.store(Arc::default());
                        self.report();
                        let changes = News::count(self.store(), failure.revision).ok();
                        failure.over(changes.filter(|_| was_known));
                    }
                }
                Err((reason, kind)) => {
                    self.watch = None;
                    let next = Failure::again(failure.take(), &reason, self.snapshot.load().revision());
                    let failing = Failing { reason, kind, since: next.since };
                    let source = self.health.load().source;
                    self.health.store(Arc::new(Health { failing: Some(failing), source }));
                    failure = Some(next);
                }
            }
        }
    }

    /// One look: catches up when something was written or this process says so.
    fn step(&mut self, woken: bool) -> Result<(), ContactError> {
        match &mut self.watch {
            Some(watch) => {
                let look = watch.look()?;
                if look == Look::New || woken {
                    self.catch_up()?;
                } else if look == Look::Same {
                    self.confirmed.set(clock::now());
                }
                if self.clock.is_due() {
                    self.measure_clock()?;
                }
            }
            None => self.reconnect()?,
        }
        self.reload_templates()
    }

    /// Lays out anew what repeats for longer than was laid out.
    fn renew_plans(&self) {
        if let Some(renewed) = self.snapshot.load().renewed(clock::now()) {
            self.enforce(renewed);
        }
    }

    /// Whatever happened while nobody looked, the database may be another one: everything is read again.
    fn reconnect(&mut self) -> Result<(), ContactError> {
        if self.health.load().source != Source::Database {
            match self.contact.make() {
                // Too late to refuse the start: no site stands in for unknown hosts.
                Err(error @ ContactError::NoSuchSite { .. }) => log::error!("{error}"),
                made => made?,
            }
        }
        let origin = News::origin(self.store())?;
        self.recognise(&origin)?;
        self.learn()?;
        let mut watch = self.store().watch()?;
        watch.look()?;
        self.read_all()?;
        self.watch = Some(watch);
        Ok(())
    }

    /// Whether it is the database that was met first. One that was made anew opens closed sites.
    fn recognise(&self, origin: &str) -> Result<(), ContactError> {
        match &self.origin {
            Some(first) if first != origin => Err(ContactError::Another),
            _ => Ok(()),
        }
    }

    /// What else the database tells: its clock, and the secret of the cookies.
    fn learn(&mut self) -> Result<(), StoreError> {
        self.measure_clock()?;
        let secret = self.contact.learn_secret()?;
        if let Some((mirror, secret)) = self.mirror.as_ref().zip(secret) {
            mirror.secret(secret);
        }
        Ok(())
    }

    fn measure_clock(&mut self) -> Result<(), StoreError> {
        self.clock.measure(self.contact.store())?;
        if let Some(mirror) = &self.mirror {
            mirror.clock_offset(clock::offset());
        }
        Ok(())
    }

    /// Loads what was touched after the revision in force and swaps the snapshot.
    fn catch_up(&mut self) -> Result<(), ContactError> {
        loop {
            let asked_at = clock::now();
            let current = self.snapshot.load_full();
            match News::read(self.store(), current.revision(), self.origin.clone())? {
                News::Nothing => {
                    self.confirmed.set(asked_at);
                    return Ok(());
                }
                News::Replaced => return self.read_all(),
                News::Everything => {
                    log::info!("All sites were replaced or changed at once; they are read again.");
                    return self.read_all();
                }
                News::Changes { revision, made_at, actions, sites } => {
                    (self.on_change)(&actions);
                    self.enforce(current.with(&sites, revision, clock::now()));
                    if let Some(mirror) = &self.mirror {
                        mirror.some(sites, revision);
                    }
                    let now = clock::now();
                    made_at.into_iter().for_each(|at| self.latency.enforced(at, now));
                }
            }
        }
    }

    /// Reads all sites, and forgets who is signed in.
    fn read_all(&mut self) -> Result<(), ContactError> {
        let asked_at = clock::now();
        let state = State::read(self.store())?;
        self.recognise(&state.origin)?;
        self.origin = Some(state.origin.clone());
        let (current, is_known) = (self.snapshot.load_full(), self.health.load().source != Source::Unknown);
        if is_known && state.revision < current.revision() {
            log::warn!(
                "The database was replaced by an older one: it is at revision {}, this server was at {}. All sites are \
                 read again.",
                state.revision,
                current.revision()
            );
        }
        (self.on_change)(&[]);
        self.enforce(state.compile(&self.rules, Arc::clone(&self.templates)));
        self.mirror_all(state);
        self.confirmed.set(asked_at);
        Ok(())
    }

    fn mirror_all(&self, state: State) {
        if let Some(mirror) = &self.mirror {
            mirror.all(state.records, state.revision);
        }
    }

    /// Builds all pages anew when a file of the templates folder has changed.
    fn reload_templates(&mut self) -> Result<(), ContactError> {
        match self.folder.changed() {
            Some(templates) => {
                log::info!("The templates have changed and were read again.");
                self.templates = Arc::new(templates);
                self.read_all()
            }
            None => Ok(()),
        }
    }

    fn enforce(&self, next: Snapshot) {
        let revision = next.revision();
        self.snapshot.store(Arc::new(next));
        self.revision.send_replace(revision);
        self.report();
        if let Some(files) = &self.files {
            files.try_send(()).ok();
        }
    }

    fn report(&self) {
        // A full channel means that a word is already waiting.
        self.report.try_send(()).ok();
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
    match std::thread::Builder::new().name(name.to_owned()).spawn(work) {
        Ok(_) => Ok(()),
        Err(error) => Err(StoreError::Unreachable { reason: format!("no thread could be started: {error}") }),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use jiff::SignedDuration;

    use super::*;
    use crate::auth::Keys;
    use crate::config::Settings;
    use crate::record::SiteRecord;
    use crate::schedule::{Repeat, Schedule};
    use crate::site::{Domain, Site, SiteId};
    use crate::storage::{DatabaseOptions, DatabaseUrl};
    use crate::window::{Window, WindowId};

    /// A site that a window closes for the whole of each minute.
    fn closed_minute_by_minute() -> SiteRecord {
        let rule = "* * * * *".to_owned();
        let schedule = Schedule::Repeat(Repeat { rule, zone: "UTC".to_owned(), minutes: 1, from: None, until: None });
        let site = Site {
            id: SiteId(1),
            domain: Domain::parse("forum.example.com").unwrap(),
            name: String::new(),
            aliases: Vec::new(),
            is_default: true,
            is_protected: false,
            time_zone: "UTC".to_owned(),
        };
        SiteRecord { windows: vec![Window { id: WindowId(1), ..Window::new(schedule) }], ..SiteRecord::new(site) }
    }

    #[test]
    fn what_repeats_goes_on_closing_a_site_however_long_the_database_is_away() {
        let url = DatabaseUrl::parse("/nonexistent/folder/m.sqlite3").unwrap();
        let store = Store::new(&url, DatabaseOptions::default());
        let settings = Settings::from_environment().expect("the tests' environment has no wrong setting");
        let rules = Arc::new(settings.gate.rules().unwrap());
        let folder = TemplateFolder::new(None, None);
        let contact = Contact::new(&store, &settings, &Keys::default(), None);
        // Laid out two hours ago, for an hour: that is over.
        let (now, records) = (clock::now(), [closed_minute_by_minute()]);
        let made_at = now - SignedDuration::from_hours(2);
        let snapshot = Snapshot::build(&records, Revision(7), Arc::clone(&rules), folder.load().into(), made_at);
        assert_eq!(snapshot.closed(now).count(), 0);
        let failing = Failing { reason: "away".to_owned(), kind: "unreachable", since: made_at };
        let health = Health { failing: Some(failing), source: Source::Database };
        let beginning = Beginning { snapshot, health, met: None };
        let (on_change, name) = (Box::new(|_: &[String]| ()), "web1".to_owned());
        let enforced =
            Follower::start(Following { contact, rules, folder, on_change, files: None, name }, beginning).unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while enforced.load().closed(clock::now()).count() == 0 {
            assert!(Instant::now() < deadline, "the site is open");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(enforced.health().failing.is_some() && enforced.load().revision() == Revision(7));
    }
}
