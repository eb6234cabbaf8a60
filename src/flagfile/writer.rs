//! The thread that keeps the files what the snapshot says.
//!
//! It follows the snapshot: it wakes with each new one, at each moment at which a site changes by itself, and every few
//! seconds to look whether somebody else has touched a file. Where nothing is known of the sites the files stay as they
//! are: they are the last known state.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::watch;

use super::error::FolderError;
use super::files::{Done, Files, has_flags_of};
use super::layout::FlagPath;
use super::rules::{self, RuleMarks};
use crate::change::Revision;
use crate::clock;
use crate::lasting;
use crate::snapshot::Snapshot;

/// How often the files on the disk are looked at, a folder that failed is tried again, and one that somebody else
/// writes is asked for.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How often a process that stands by looks whether the other one has followed a change.
const LOOK_FOR_FLAGS_EVERY: Duration = Duration::from_millis(100);

/// How often a failure that lasts is written to the log again.
const REMIND_EVERY: Duration = Duration::from_secs(600);

/// How often one is that has become another.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// Called for the first rules that are found, and when they have changed, whoever writes them: web servers read rules only
/// when they are told to.
pub(crate) type OnRules = Box<dyn Fn() + Send>;

/// How the files fare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState {
    /// Nothing was written yet, because nothing is known of the sites.
    Waiting,
    /// They are what the state in force says.
    Written,
    /// Another process writes them, and this one goes on when that ends.
    StandingBy,
    /// They cannot be written.
    Failing {
        /// Why, in words. Names the folder; not for strangers.
        reason: String,
        /// Since when.
        since: Timestamp,
    },
}

impl FileState {
    /// A stable word: `waiting`, `written`, `standing-by` or `failing`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Written => "written",
            Self::StandingBy => "standing-by",
            Self::Failing { .. } => "failing",
        }
    }
}

/// Sees how the files fare, and which revision they are of.
#[derive(Debug, Clone)]
pub struct FlagFiles {
    state: Arc<ArcSwap<FileState>>,
    written: watch::Receiver<Revision>,
}

impl FlagFiles {
    /// How they fare.
    pub fn state(&self) -> Arc<FileState> {
        self.state.load_full()
    }

    /// The revision that the files on the disk are of; zero before the first.
    pub fn revision(&self) -> Revision {
        *self.written.borrow()
    }
}

/// Keeps the files.
pub(crate) struct Writer {
    path: FlagPath,
    database: String,
    snapshot: Arc<ArcSwap<Snapshot>>,
    on_rules: Option<OnRules>,
    /// Those that `on_rules` was called for last.
    told: RuleMarks,
    files: Option<Files>,
    state: Arc<ArcSwap<FileState>>,
    written: watch::Sender<Revision>,
    looked: Option<Instant>,
    /// The failure that was written to the log last, and when.
    said: Option<(Instant, String)>,
    /// Whether the process that writes has not come to the state that is in force here.
    is_ahead: bool,
    /// When another process was last found to write.
    stood_by: Option<Instant>,
    /// Whether there is a next time.
    goes_on: bool,
}

impl Writer {
    /// A writer for the files of a database. Nothing is touched yet.
    pub(crate) fn new(
        path: FlagPath,
        database: String,
        snapshot: Arc<ArcSwap<Snapshot>>,
        on_rules: Option<OnRules>,
    ) -> (Self, FlagFiles) {
        let (written, seen) = watch::channel(Revision(0));
        let state = Arc::new(ArcSwap::from_pointee(FileState::Waiting));
        let files = FlagFiles { state: Arc::clone(&state), written: seen };
        let writer = Self {
            path,
            database,
            snapshot,
            on_rules,
            told: RuleMarks::new(),
            files: None,
            state,
            written,
            looked: None,
            said: None,
            is_ahead: false,
            stood_by: None,
            goes_on: false,
        };
        (writer, files)
    }

    /// Writes until nobody rings any more. `report` is rung when the files have become those of another revision.
    pub(crate) fn run(mut self, bell: &Receiver<()>, report: &SyncSender<()>) {
        self.goes_on = true;
        loop {
            let before = *self.written.borrow();
            // A fault of ours must not end the writing.
            if let Err(fault) = lasting::round(|| self.step()) {
                self.files = None;
                self.fail(format!("the writing failed by {fault}"));
            }
            if *self.written.borrow() != before {
                // A full channel means that a word is already waiting.
                report.try_send(()).ok();
            }
            match bell.recv_timeout(self.pause()) {
                Ok(()) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Makes the files what is in force now, and says how that went.
    pub(crate) fn step(&mut self) {
        let snapshot = self.snapshot.load_full();
        if !snapshot.is_known() {
            return;
        }
        if self.waits_for_flags() {
            return self.look_for_flags(&snapshot);
        }
        match self.write(&snapshot) {
            Ok(done) => self.took(&snapshot, done),
            Err(FolderError::Locked { root }) => self.stand_by(&snapshot, root),
            Err(error) => {
                // Begins anew, should somebody else be able to write.
                self.files = None;
                self.fail(error.to_string());
            }
        }
        self.tell(&snapshot);
    }

    /// Rules that are on the disk count, also when something else failed or another process has written them.
    fn tell(&mut self, snapshot: &Snapshot) {
        let Some(on_rules) = &self.on_rules else { return };
        let found = rules::marks(&self.path, snapshot);
        if found != self.told {
            on_rules();
            self.told = found;
        }
    }

    fn write(&mut self, snapshot: &Snapshot) -> Result<Done, FolderError> {
        let looks = self.looked.is_none_or(|looked| looked.elapsed() >= LOOK_EVERY);
        if looks {
            self.looked = Some(Instant::now());
            if self.files.as_ref().is_some_and(|files| !files.is_ours()) {
                log::warn!("The lock in `{}` was removed; the folder is taken anew.", self.path.root().display());
                self.files = None;
            }
        }
        self.is_ahead = false;
        let files = match &mut self.files {
            Some(files) => files,
            None => self.files.insert(Files::take(&self.path, &self.database)?),
        };
        files.write(snapshot, clock::now(), looks)
    }

    fn took(&mut self, snapshot: &Snapshot, done: Done) {
        if let Some(error) = done.failed {
            return self.fail(error.to_string());
        }
        let last = self.state.swap(Arc::new(FileState::Written));
        match &*last {
            FileState::Written => {}
            FileState::Waiting => {
                log::info!("The files for a web server in `{}` are in place.", self.path.root().display());
            }
            FileState::StandingBy => log::info!(
                "The other process does not write the files in `{}` any more; this one goes on.",
                self.path.root().display()
            ),
            FileState::Failing { since, .. } => {
                log::info!(
                    "The files in `{}` can be written again, since {since} they could not.",
                    self.path.root().display()
                );
            }
        }
        self.said = None;
        self.written.send_replace(snapshot.revision());
    }

    /// The other process says itself how it fares, unless it hangs: a state is in force here once its flags are there.
    fn stand_by(&mut self, snapshot: &Snapshot, root: PathBuf) {
        if *self.state.swap(Arc::new(FileState::StandingBy)) != FileState::StandingBy {
            log::info!("Another process writes the files in `{}`; this one stands by.", root.display());
        }
        self.said = None;
        self.stood_by = Some(Instant::now());
        self.look_for_flags(snapshot);
    }

    /// Whether the folder was asked for just now, so that only its flags are worth a look.
    fn waits_for_flags(&self) -> bool {
        self.is_ahead && self.stood_by.is_some_and(|asked| asked.elapsed() < LOOK_EVERY)
    }

    fn look_for_flags(&mut self, snapshot: &Snapshot) {
        self.is_ahead = !has_flags_of(&self.path, snapshot, clock::now());
        if !self.is_ahead {
            self.written.send_replace(snapshot.revision());
        }
    }

    fn fail(&mut self, reason: String) {
        let since = match &*self.state.load_full() {
            FileState::Failing { since, .. } => *since,
            _ => clock::now(),
        };
        let is_due = self
            .said
            .as_ref()
            .is_none_or(|(at, said)| at.elapsed() >= if *said == reason { REMIND_EVERY } else { REPORT_EVERY });
        if is_due {
            self.said = Some((Instant::now(), reason.clone()));
            let again = if self.goes_on { ", tried again until it works" } else { "" };
            log::error!("The files for a web server are not what they should be, since {since}{again}: {reason}");
        }
        self.state.store(Arc::new(FileState::Failing { reason, since }));
    }

    /// How long nothing changes by itself.
    fn pause(&self) -> Duration {
        let changes_at = self.files.as_ref().map_or(Timestamp::MAX, Files::changes_at);
        let left = Duration::try_from(changes_at.duration_since(clock::now())).unwrap_or(Duration::ZERO);
        left.min(if self.is_ahead { LOOK_FOR_FLAGS_EVERY } else { LOOK_EVERY })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::folder::Folder;
    use super::*;
    use crate::config::Settings;
    use crate::record::SiteRecord;
    use crate::site::{Domain, Site, SiteId};
    use crate::template::PageTemplates;

    fn closed_site() -> Snapshot {
        let mut record = SiteRecord::new(Site {
            id: SiteId(1),
            domain: Domain::parse("shop.example.com").unwrap(),
            name: String::new(),
            aliases: Vec::new(),
            is_default: true,
            is_protected: false,
            time_zone: "UTC".to_owned(),
        });
        record.maintenance.in_maintenance = true;
        record.maintenance.since = Some(clock::now());
        let rules = Arc::new(Settings::from_environment().unwrap().gate.rules().unwrap());
        Snapshot::build(&[record], Revision(4), rules, Arc::new(PageTemplates::default()), clock::now())
    }

    #[test]
    fn who_stands_by_has_not_followed_before_the_one_that_writes_has() {
        let root = tempfile::tempdir().unwrap();
        let path = FlagPath::parse(&format!("{}/{{domain}}/on", root.path().display())).unwrap();
        let _other = Folder::take(&path, "database").unwrap();
        let snapshot = Arc::new(ArcSwap::from_pointee(closed_site()));
        let (mut writer, files) = Writer::new(path, "database".to_owned(), snapshot, None);
        writer.step();
        assert_eq!((&*files.state(), files.revision()), (&FileState::StandingBy, Revision(0)));
        assert_eq!(writer.pause(), LOOK_FOR_FLAGS_EVERY);
        fs::create_dir(root.path().join("shop.example.com")).unwrap();
        fs::write(root.path().join("shop.example.com/on"), "").unwrap();
        writer.step();
        assert_eq!(files.revision(), Revision(4));
        assert_eq!(writer.pause(), LOOK_EVERY);
    }
}
