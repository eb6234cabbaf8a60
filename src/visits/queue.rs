//! What was seen and is not written yet, and the thread that writes it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::memory::{Answer, Memory};
use crate::clock;
use crate::decision::Visit;
use crate::lasting;
use crate::site::SiteId;
use crate::storage::{KeyHash, Store, StoreError, VisitNote};
use crate::visit::VisitKind;

/// How long notes are collected before they are written in one transaction.
const COLLECTED_FOR: Duration = Duration::from_secs(2);

/// Pause after a failure of the database.
const PAUSE: Duration = Duration::from_secs(5);

/// Most notes, and most sessions, that wait; what comes on top is noted with its next request.
const MOST_WAITING: usize = 100_000;

/// Most notes in one statement.
const AT_ONCE: usize = 1_000;

/// Notes that wait to be written.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

/// At most one note for each visit: the last.
#[derive(Default)]
struct Waiting {
    notes: HashMap<(SiteId, KeyHash), VisitNote>,
    sessions: HashSet<KeyHash>,
    is_closed: bool,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.notes.is_empty() && self.sessions.is_empty()
    }

    fn put(&mut self, note: VisitNote) {
        let key = (note.site, note.key_hash);
        let is_wanted = match self.notes.get(&key) {
            Some(known) => known.seen_at < note.seen_at,
            None => self.notes.len() < MOST_WAITING,
        };
        if is_wanted {
            self.notes.insert(key, note);
        }
    }
}

impl Queue {
    /// Notes that a visit was seen.
    pub(super) fn note(&self, note: VisitNote) {
        self.lock().put(note);
        self.changed.notify_one();
    }

    /// Notes that a session was used.
    pub(super) fn used(&self, session: KeyHash) {
        let mut waiting = self.lock();
        if waiting.sessions.len() < MOST_WAITING {
            waiting.sessions.insert(session);
        }
        drop(waiting);
        self.changed.notify_one();
    }

    /// Nothing will be noted any more: what waits is written, and the thread ends.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_one();
    }

    /// Waits for notes and collects for a while. `None` when there are none and never will be.
    fn collect(&self) -> Option<Waiting> {
        let is_idle = |waiting: &mut Waiting| waiting.is_empty() && !waiting.is_closed;
        let waiting = self.changed.wait_while(self.lock(), is_idle).unwrap_or_else(PoisonError::into_inner);
        let mut waiting = self.pause(waiting, COLLECTED_FOR);
        let is_closed = waiting.is_closed;
        let taken = std::mem::replace(&mut *waiting, Waiting { is_closed, ..Waiting::default() });
        (!taken.is_empty()).then_some(taken)
    }

    fn pause<'q>(&self, waiting: MutexGuard<'q, Waiting>, time: Duration) -> MutexGuard<'q, Waiting> {
        let paused = self.changed.wait_timeout_while(waiting, time, |waiting| !waiting.is_closed);
        paused.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Puts back what could not be written, for a later time. `false` when there will be none.
    fn put_back(&self, taken: Waiting) -> bool {
        let mut waiting = self.lock();
        taken.notes.into_values().for_each(|note| waiting.put(note));
        waiting.sessions.extend(taken.sessions);
        !self.pause(waiting, PAUSE).is_closed
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing panics while it is held.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the thread that writes what is noted, and tells the memory whose visit has ended.
pub(super) fn write_from(queue: &Arc<Queue>, store: &Store, memory: &Arc<Memory>) {
    let (queue, store, memory) = (Arc::clone(queue), store.clone(), Arc::clone(memory));
    let work = move || {
        while let Some(taken) = queue.collect() {
            match lasting::round(|| write_and_remember(&store, &memory, &taken)) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    // The follower says that the database does not answer.
                    if !error.is_passing() {
                        log::warn!("Who is at work could not be written, which is tried again: {error}");
                    }
                    if !queue.put_back(taken) {
                        return;
                    }
                }
                // Not put back, lest it fail for ever: whoever is still there is noted anew within a minute.
                Err(fault) => log::error!("Who is at work could not be written: {fault}"),
            }
        }
    };
    if let Err(error) = std::thread::Builder::new().name("visits".to_owned()).spawn(work) {
        log::warn!("Who is at work is not written: no thread could be started: {error}");
    }
}

fn write_and_remember(store: &Store, memory: &Memory, taken: &Waiting) -> Result<(), StoreError> {
    let generation = memory.generation();
    let ended = write(store, taken, clock::now())?;
    remember(memory, taken, &ended, generation);
    Ok(())
}

/// Remembers of those who were noted who is at work and who has ended, so that a drain need not look them up. Until when
/// a session lasts is remembered where it is read.
fn remember(memory: &Memory, noted: &Waiting, ended: &[(SiteId, KeyHash)], generation: u64) {
    let (ended, now): (HashSet<_>, _) = (ended.iter().collect(), clock::now());
    for (at, note) in &noted.notes {
        let visit = match note.kind {
            _ if ended.contains(at) => Visit::Nobody,
            VisitKind::Session => continue,
            VisitKind::App | VisitKind::Visitor => Visit::Since(note.signed_in_at),
        };
        memory.keep(note.site, &note.key_hash, Answer::of(visit, now), now, generation);
    }
}

/// Writes notes in one transaction. Returns the visits that have ended.
fn write(store: &Store, taken: &Waiting, now: Timestamp) -> Result<Vec<(SiteId, KeyHash)>, StoreError> {
    let notes: Vec<VisitNote> = taken.notes.values().cloned().collect();
    let sessions: Vec<KeyHash> = taken.sessions.iter().copied().collect();
    let writing = store.clone();
    store.apart_blocking(move || {
        writing.write_beside(|writer| {
            let mut ended = Vec::new();
            for notes in notes.chunks(AT_ONCE) {
                ended.append(&mut writer.visit_note(notes)?);
            }
            for sessions in sessions.chunks(AT_ONCE) {
                writer.site_session_seen(sessions, now)?;
            }
            Ok(ended)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::tests::{at, store};
    use std::time::Instant;

    fn note(key: u8, seen: i64) -> VisitNote {
        VisitNote {
            site: SiteId(1),
            key_hash: [key; 32],
            kind: VisitKind::App,
            name: "ada".to_owned(),
            address: None,
            signed_in_at: at(0),
            seen_at: at(seen),
        }
    }

    fn until(what: &str, holds: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !holds() {
            assert!(Instant::now() < deadline, "not in time: {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn seen(store: &Store, key: u8) -> Option<Timestamp> {
        let visit = store.read(|reader| reader.visit_by_key(SiteId(1), &[key; 32])).unwrap();
        visit.map(|visit| visit.last_seen_at)
    }

    fn with_a_site() -> (tempfile::TempDir, Store) {
        let (folder, store) = store();
        let insert = "INSERT INTO sites (id, domain, name, is_default, is_protected, time_zone, revision) \
                      VALUES (1, 'a.example', '', 1, 0, 'UTC', 0)";
        store.write(|writer| writer.execute(insert)).unwrap();
        (folder, store)
    }

    #[test]
    fn only_the_last_note_of_a_visit_waits() {
        let mut waiting = Waiting::default();
        for seen in [5, 9, 7] {
            waiting.put(note(1, seen));
        }
        waiting.put(note(2, 1));
        let mut seen: Vec<_> = waiting.notes.values().map(|note| note.seen_at).collect();
        seen.sort();
        assert_eq!(seen, [at(1), at(9)]);
    }

    #[test]
    fn notes_are_written_in_the_background_and_at_the_end() {
        let (_folder, store) = with_a_site();
        let (queue, memory) = (Arc::<Queue>::default(), Arc::<Memory>::default());
        write_from(&queue, &store, &memory);
        queue.note(note(1, 3));
        until("it is written", || seen(&store, 1) == Some(at(3)));
        queue.note(note(2, 4));
        queue.close();
        until("the rest is written at once", || seen(&store, 2) == Some(at(4)));
    }

    #[test]
    fn notes_wait_while_the_database_does_not_answer() {
        let (_folder, store) = with_a_site();
        let (queue, memory) = (Arc::<Queue>::default(), Arc::<Memory>::default());
        store.write(|writer| writer.execute("ALTER TABLE visits RENAME TO gone")).unwrap();
        let taken = Waiting { notes: HashMap::from([((SiteId(1), [1; 32]), note(1, 3))]), ..Waiting::default() };
        assert!(write(&store, &taken, at(3)).is_err());
        queue.note(note(1, 5));
        queue.lock().is_closed = true;
        assert!(!queue.put_back(taken), "nobody waits for the end");
        assert_eq!(queue.lock().notes[&(SiteId(1), [1; 32])].seen_at, at(5), "the later note stays");
        store.write(|writer| writer.execute("ALTER TABLE gone RENAME TO visits")).unwrap();
        write_from(&queue, &store, &memory);
        until("it is written after all", || seen(&store, 1) == Some(at(5)));
    }
}
