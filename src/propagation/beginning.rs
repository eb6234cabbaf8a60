//! What a server starts from: the database, else its mirror, else nothing.

use std::sync::Arc;

use jiff::Timestamp;

use super::contact::{Contact, ContactError};
use super::news::State;
use super::{Failing, Health, Source, mirror};
use crate::clock;
use crate::config::OnUnknown;
use crate::maintenance::Phase;
use crate::rules::Rules;
use crate::snapshot::Snapshot;
use crate::storage::Watch;
use crate::template::PageTemplates;

/// The first state that is enforced.
pub(crate) struct Beginning {
    pub(super) snapshot: Snapshot,
    pub(super) health: Health,
    /// The state of the database, and what sees its next change; `None` when it does not answer.
    pub(super) met: Option<(State, Watch)>,
}

impl Beginning {
    /// Whether it is the state of the database.
    #[cfg(feature = "cli")]
    pub(crate) fn is_of_database(&self) -> bool {
        self.met.is_some()
    }

    /// The first state alone.
    #[cfg(feature = "cli")]
    pub(crate) fn into_snapshot(self) -> Snapshot {
        self.snapshot
    }

    /// Asks the database; when that does not answer but may soon, the mirror. Logs what it starts from, unless that is
    /// the database. `on_unknown` says what becomes of requests while nothing is known; `None` is for somebody who answers
    /// none.
    ///
    /// # Errors
    /// When the database cannot be used until somebody changes something.
    pub(crate) fn find(
        contact: &Contact,
        rules: &Arc<Rules>,
        templates: PageTemplates,
        on_unknown: Option<OnUnknown>,
    ) -> Result<Self, ContactError> {
        let templates = Arc::new(templates);
        match meet(contact) {
            Ok((state, watch)) => {
                let snapshot = state.compile(rules, templates);
                Ok(Self { snapshot, health: Health::default(), met: Some((state, watch)) })
            }
            Err(error) if error.is_passing() => {
                let reason = error.to_string();
                let (snapshot, source) = without_database(contact, rules, templates, on_unknown, &reason);
                let failing = Some(Failing { reason, kind: error.kind(), since: clock::now() });
                Ok(Self { snapshot, health: Health { failing, source }, met: None })
            }
            Err(error) => Err(error),
        }
    }
}

fn meet(contact: &Contact) -> Result<(State, Watch), ContactError> {
    contact.make()?;
    let mut watch = contact.store().watch()?;
    watch.look()?;
    Ok((State::read(contact.store())?, watch))
}

fn without_database(
    contact: &Contact,
    rules: &Arc<Rules>,
    templates: Arc<PageTemplates>,
    on_unknown: Option<OnUnknown>,
    reason: &str,
) -> (Snapshot, Source) {
    let url = contact.store().url();
    let mirrored = contact.mirror().map(|path| (path, mirror::read(path, url)));
    match mirrored {
        Some((path, Ok(mirrored))) => {
            if url.sqlite_path().is_none() {
                clock::set_offset(mirrored.clock_offset);
            }
            if let Some(secret) = &mirrored.secret {
                contact.take_secret(secret);
            }
            let as_of = mirrored.as_of;
            let state = State { revision: mirrored.revision, records: mirrored.records, origin: String::new() };
            let snapshot = state.compile(rules, templates);
            log::error!(
                "This server starts without its database. It goes on from the mirror `{}`, which agreed with it {} ago; \
                 sites: {}, in maintenance: {}. {reason}",
                path.display(),
                age(as_of),
                snapshot.len(),
                snapshot.count_closed(Phase::Maintenance, clock::now()),
            );
            return (snapshot, Source::Mirror { as_of });
        }
        Some((_, Err(error))) if !error.is_missing() => log::error!("{error}"),
        Some((_, Err(_))) | None => {}
    }
    let (snapshot, what) = match on_unknown {
        Some(OnUnknown::Hold) => (
            Snapshot::unknown_held(Arc::clone(rules), templates, clock::now()),
            "every request is answered 503 until the database answers (MAINTENANCE_ON_UNKNOWN)",
        ),
        Some(OnUnknown::Pass) => (
            Snapshot::unknown_passed(Arc::clone(rules), templates),
            "every request passes until the database answers (MAINTENANCE_ON_UNKNOWN)",
        ),
        None => (
            Snapshot::unknown_passed(Arc::clone(rules), templates),
            "everything stays as it is until the database answers",
        ),
    };
    log::error!("This server starts with neither database nor mirror, so {what}. {reason}");
    (snapshot, Source::Unknown)
}

/// How long ago, in whole minutes and seconds.
fn age(as_of: Timestamp) -> String {
    let seconds = clock::now().duration_since(as_of).as_secs().max(0);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}
