//! The sessions of sites as they were read last, so that people who are signed in go on while the database is away.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use jiff::{SignedDuration, Timestamp};

use crate::storage::KeyHash;

/// Parts with a lock each, so that threads rarely meet.
const SHARDS: usize = 16;

/// Most sessions kept in one part; 8192 in all, which is at most 32 megabytes.
const MOST_PER_SHARD: usize = 512;

/// Longest state that is kept, in bytes of JSON.
const LONGEST_STATE: usize = 4_096;

/// Entries looked at to make room for one: the one that was read longest ago goes.
const SAMPLE: usize = 16;

/// How long a session is believed that the database has not confirmed since. Another server may have ended it meanwhile.
const BELIEVED_FOR: SignedDuration = SignedDuration::from_hours(1);

/// States of sessions, by the hash of their key.
#[derive(Default)]
pub(super) struct LastKnown([Mutex<Shard>; SHARDS]);

#[derive(Default)]
struct Shard {
    kept: HashMap<KeyHash, Kept, RandomState>,
    /// How often something was forgotten here.
    forgotten: u64,
}

struct Kept {
    /// As it is stored.
    state: String,
    /// When the session is over by age.
    until: Timestamp,
    read_at: Timestamp,
}

impl LastKnown {
    /// The state of a session when it was read last; `None` when that is not known any more.
    pub(super) fn state(&self, key: &KeyHash, now: Timestamp) -> Option<String> {
        let shard = self.shard(key);
        let is_believed = |kept: &&Kept| now < kept.until && now.duration_since(kept.read_at).abs() < BELIEVED_FOR;
        shard.kept.get(key).filter(is_believed).map(|kept| kept.state.clone())
    }

    /// To be asked for ahead of the database, for [`LastKnown::keep`].
    pub(super) fn forgotten(&self, key: &KeyHash) -> u64 {
        self.shard(key).forgotten
    }

    /// Keeps what was read, unless something was forgotten since `forgotten` was asked for. `until` is when the session is
    /// over by age.
    pub(super) fn keep(&self, key: &KeyHash, state: String, until: Timestamp, read_at: Timestamp, forgotten: u64) {
        let mut shard = self.shard(key);
        if shard.forgotten != forgotten || state.len() > LONGEST_STATE {
            shard.kept.remove(key);
            return;
        }
        if shard.kept.len() >= MOST_PER_SHARD && !shard.kept.contains_key(key) {
            let oldest = shard.kept.iter().take(SAMPLE).min_by_key(|(_, kept)| kept.read_at).map(|(key, _)| *key);
            if let Some(oldest) = oldest {
                shard.kept.remove(&oldest);
            }
        }
        shard.kept.insert(*key, Kept { state, until, read_at });
    }

    /// The session has changed, or is gone.
    pub(super) fn forget_key(&self, key: &KeyHash) {
        let mut shard = self.shard(key);
        shard.kept.remove(key);
        shard.forgotten += 1;
    }

    /// Any session may have ended.
    pub(super) fn forget(&self) {
        for shard in &self.0 {
            let mut shard = lock(shard);
            shard.kept.clear();
            shard.forgotten += 1;
        }
    }

    fn shard(&self, key: &KeyHash) -> MutexGuard<'_, Shard> {
        // Any bits of a hash do.
        lock(&self.0[usize::from(key[0]) % SHARDS])
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    // Nothing panics while it is held.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: KeyHash = [7; 32];

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).unwrap()
    }

    fn keep(known: &LastKnown, until: i64) {
        known.keep(&KEY, "{}".to_owned(), at(until), at(0), known.forgotten(&KEY));
    }

    #[test]
    fn a_state_is_believed_for_an_hour_and_not_after_its_session_is_over() {
        let known = LastKnown::default();
        keep(&known, 9_999);
        assert_eq!([0, 3_599, 3_600].map(|second| known.state(&KEY, at(second)).is_some()), [true, true, false]);
        keep(&known, 60);
        assert_eq!([59, 60].map(|second| known.state(&KEY, at(second)).is_some()), [true, false]);
    }

    #[test]
    fn what_is_forgotten_or_too_long_is_not_known() {
        let known = LastKnown::default();
        let is_known = || known.state(&KEY, at(1)).is_some();
        keep(&known, 60);
        known.forget_key(&KEY);
        assert!(!is_known());
        let asked = known.forgotten(&KEY);
        known.forget_key(&KEY);
        known.keep(&KEY, "{}".to_owned(), at(60), at(0), asked);
        assert!(!is_known(), "it was forgotten between the question and the answer");
        keep(&known, 60);
        known.forget();
        assert!(!is_known());
        keep(&known, 60);
        known.keep(&KEY, "x".repeat(LONGEST_STATE + 1), at(60), at(0), known.forgotten(&KEY));
        assert!(!is_known());
    }

    #[test]
    fn there_is_a_limit_and_what_was_read_long_ago_goes() {
        let known = LastKnown::default();
        let key = |n: u64| {
            let mut key = KEY;
            key[8..16].copy_from_slice(&n.to_be_bytes());
            key
        };
        let most = 3 * MOST_PER_SHARD as u64;
        for n in 0..most {
            known.keep(&key(n), String::new(), at(9_999), at(n as i64), 0);
        }
        assert_eq!(known.shard(&KEY).kept.len(), MOST_PER_SHARD);
        assert!(known.state(&key(most - 1), at(most as i64)).is_some());
    }
}
