//! What this server remembers of visits: whether they are at work, and when it last noted that they were seen.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use jiff::{SignedDuration, Timestamp};

use crate::decision::Visit;
use crate::site::SiteId;
use crate::storage::KeyHash;
use crate::visit::NOTE_EVERY;

/// Parts with a lock each, so that threads rarely meet.
const SHARDS: usize = 16;

/// Most visits remembered in one part; about six megabytes in all.
const MOST_PER_SHARD: usize = 4_096;

/// Entries looked at to make room for one: the longest unused of them goes.
const SAMPLE: usize = 16;

/// How long "nobody" is believed. Who signs in gets a new key; a restored backup may bring one back.
const NOBODY_FOR: SignedDuration = SignedDuration::from_mins(1);

/// Visits by what they are known by.
#[derive(Default)]
pub(super) struct Memory {
    shards: [Mutex<Shard>; SHARDS],
    /// Grows with each [`Memory::forget`]: what was read before is not kept after.
    generation: AtomicU64,
}

type Shard = HashMap<(KeyHash, SiteId), Entry, RandomState>;

struct Entry {
    answer: Option<Answer>,
    noted_at: Timestamp,
    used_at: Timestamp,
}

/// Whether somebody is at work, and until when that is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) visit: Visit,
    pub(super) until: Timestamp,
}

impl Answer {
    /// Somebody is believed in until something is forgotten, nobody for a minute.
    pub(super) fn of(visit: Visit, now: Timestamp) -> Self {
        let until = if let Visit::Since(_) = visit { Timestamp::MAX } else { now + NOBODY_FOR };
        Self { visit, until }
    }
}

impl Memory {
    /// Whether somebody is at work, when that was asked before.
    pub(super) fn answer(&self, site: SiteId, key: &KeyHash, now: Timestamp) -> Option<Visit> {
        let mut shard = self.shard(key);
        let entry = shard.get_mut(&(*key, site))?;
        entry.used_at = now;
        entry.answer.filter(|answer| now < answer.until).map(|answer| answer.visit)
    }

    /// To be read before a question whose answer is to be kept.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Keeps an answer, unless something was forgotten since the question.
    pub(super) fn keep(&self, site: SiteId, key: &KeyHash, answer: Answer, now: Timestamp, generation: u64) {
        let mut shard = self.shard(key);
        // Looked at under the lock: whoever forgets raises the number first and empties this part afterwards.
        if self.generation() == generation {
            entry(&mut shard, site, key, now).answer = Some(answer);
        }
    }

    /// Whether a visit that was seen now is to be noted: it was not within the last minute.
    pub(super) fn is_due(&self, site: SiteId, key: &KeyHash, now: Timestamp) -> bool {
        let mut shard = self.shard(key);
        let entry = entry(&mut shard, site, key, now);
        // A clock that went back must not keep it from being noted.
        let is_due = now.duration_since(entry.noted_at).abs() >= NOTE_EVERY;
        if is_due {
            entry.noted_at = now;
        }
        is_due
    }

    /// What this key was of is gone, on every site.
    pub(super) fn forget_key(&self, key: &KeyHash) {
        self.shard(key).retain(|(known, _), _| known != key);
    }

    /// Forgets who is at work: the next request of each asks anew. What was noted stays noted.
    pub(super) fn forget(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        for shard in &self.shards {
            for entry in lock(shard).values_mut() {
                entry.answer = None;
            }
        }
    }

    fn shard(&self, key: &KeyHash) -> MutexGuard<'_, Shard> {
        // Any bits of a hash do.
        lock(&self.shards[usize::from(key[0]) % SHARDS])
    }
}

fn entry<'s>(shard: &'s mut Shard, site: SiteId, key: &KeyHash, now: Timestamp) -> &'s mut Entry {
    let at = (*key, site);
    if shard.len() >= MOST_PER_SHARD && !shard.contains_key(&at) {
        let unused = shard.iter().take(SAMPLE).min_by_key(|(_, entry)| entry.used_at).map(|(at, _)| *at);
        if let Some(unused) = unused {
            shard.remove(&unused);
        }
    }
    let entry = shard.entry(at).or_insert(Entry { answer: None, noted_at: Timestamp::MIN, used_at: now });
    entry.used_at = now;
    entry
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    // Nothing panics while it is held.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: SiteId = SiteId(1);
    const KEY: KeyHash = [7; 32];

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).unwrap()
    }

    #[test]
    fn a_visit_is_noted_once_a_minute_whatever_the_clock_does() {
        let memory = Memory::default();
        let due = |second| memory.is_due(SITE, &KEY, at(second));
        assert_eq!([0, 1, 59, 60, 61, 119, 120].map(due), [true, false, false, true, false, false, true]);
        assert!(due(-3_600) && !due(-3_599), "the clock went back");
        assert!(memory.is_due(SiteId(2), &KEY, at(1)), "another site is another visit");
    }

    #[test]
    fn who_is_at_work_is_remembered_and_nobody_only_for_a_minute() {
        let memory = Memory::default();
        assert_eq!(memory.answer(SITE, &KEY, at(0)), None);
        let keep = |answer| memory.keep(SITE, &KEY, answer, at(0), memory.generation());
        keep(Answer::of(Visit::Since(at(-9)), at(0)));
        assert_eq!(memory.answer(SITE, &KEY, at(100_000)), Some(Visit::Since(at(-9))));
        keep(Answer { visit: Visit::Since(at(-9)), until: at(300) });
        assert_eq!(memory.answer(SITE, &KEY, at(299)), Some(Visit::Since(at(-9))));
        assert_eq!(memory.answer(SITE, &KEY, at(300)), None, "the session is over by age");
        keep(Answer::of(Visit::Nobody, at(0)));
        assert_eq!(memory.answer(SITE, &KEY, at(59)), Some(Visit::Nobody));
        assert_eq!(memory.answer(SITE, &KEY, at(60)), None);
    }

    #[test]
    fn an_answer_of_before_a_change_is_not_kept_after_it() {
        let memory = Memory::default();
        let (generation, answer) = (memory.generation(), Answer::of(Visit::Since(at(0)), at(0)));
        memory.keep(SITE, &KEY, answer, at(0), generation);
        assert!(memory.is_due(SITE, &KEY, at(0)));
        memory.forget();
        memory.keep(SITE, &KEY, answer, at(1), generation);
        assert_eq!(memory.answer(SITE, &KEY, at(1)), None);
        assert!(!memory.is_due(SITE, &KEY, at(1)), "what was noted stays noted");
    }

    #[test]
    fn the_memory_has_a_limit_and_whoever_was_not_seen_for_longest_leaves() {
        let memory = Memory::default();
        let key = |n: u64| {
            let mut key = KEY;
            key[8..16].copy_from_slice(&n.to_be_bytes());
            key
        };
        let most = 3 * MOST_PER_SHARD as u64;
        for n in 0..most {
            memory.is_due(SITE, &key(n), at(n as i64));
        }
        assert_eq!(memory.shard(&KEY).len(), MOST_PER_SHARD);
        memory.forget_key(&key(most - 1));
        assert_eq!(memory.shard(&KEY).len(), MOST_PER_SHARD - 1);
    }
}
