//! A hash map whose clone is cheap and whose copy-on-write change touches one small shard.
//!
//! A snapshot of 100,000 sites is immutable and swapped whole; a change of one site must not copy the other 99,999.
//! The entries are spread over shards, about as many shards as a shard has entries, so a change copies the list of
//! shards and one shard: both grow with the square root of the size.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use foldhash::fast::RandomState;

/// Shards of a new map; always a power of two.
const FIRST_SHARDS: usize = 16;

/// Most shards a map grows to. Beyond 16 million entries the shards grow instead.
const MOST_SHARDS: usize = 4096;

type Shard<K, V> = HashMap<K, V, RandomState>;

/// A hash map that shares its parts with its clones.
///
/// `clone` is one reference count. The first change after a clone copies the list of shards and the shard it lands
/// in; an owner without clones changes in place. Iteration order is not defined.
///
/// Keys are hashed with a fast, randomly seeded hasher: look-ups by a stranger's text are fine, keys made by strangers
/// are not what it is for.
#[derive(Debug, Clone)]
pub struct ShardedMap<K, V> {
    shards: Arc<[Arc<Shard<K, V>>]>,
    hasher: RandomState,
    len: usize,
}

impl<K, V> ShardedMap<K, V> {
    /// An empty map.
    pub fn new() -> Self {
        let hasher = RandomState::default();
        Self { shards: empty_shards(FIRST_SHARDS, &hasher), hasher, len: 0 }
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All entries, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.shards.iter().flat_map(|shard| shard.iter())
    }
}

impl<K: Hash + Eq, V> ShardedMap<K, V> {
    /// The value of `key`. One look-up, no allocation.
    #[inline]
    pub fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.shards[self.shard_of(key)].get(key)
    }

    /// The shard of a key. The upper half of the hash chooses it, because the table inside uses the lower bits.
    #[inline]
    fn shard_of<Q: Hash + ?Sized>(&self, key: &Q) -> usize {
        let upper = (self.hasher.hash_one(key) >> 32) as usize;
        upper & (self.shards.len() - 1)
    }
}

impl<K: Hash + Eq + Clone, V: Clone> ShardedMap<K, V> {
    /// Puts a value under a key and returns the one that it replaces.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let shard = self.shard_of(&key);
        let replaced = Arc::make_mut(&mut Arc::make_mut(&mut self.shards)[shard]).insert(key, value);
        if replaced.is_none() {
            self.len += 1;
            self.grow_when_crowded();
        }
        replaced
    }

    /// Takes a key out and returns its value. A key that is not there copies nothing.
    pub fn remove<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let shard = self.shard_of(key);
        if !self.shards[shard].contains_key(key) {
            return None;
        }
        let removed = Arc::make_mut(&mut Arc::make_mut(&mut self.shards)[shard]).remove(key);
        self.len -= usize::from(removed.is_some());
        removed
    }

    /// Keeps about as many shards as a shard has entries, so that both parts of a copy stay small.
    fn grow_when_crowded(&mut self) {
        let shards = self.shards.len();
        if shards < MOST_SHARDS && self.len > shards * shards {
            let mut grown =
                Self { shards: empty_shards(shards * 2, &self.hasher), hasher: self.hasher.clone(), len: self.len };
            let list = Arc::make_mut(&mut grown.shards);
            for (key, value) in self.iter() {
                let upper = (self.hasher.hash_one(key) >> 32) as usize;
                Arc::make_mut(&mut list[upper & (shards * 2 - 1)]).insert(key.clone(), value.clone());
            }
            *self = grown;
        }
    }
}

/// A list of one shared empty shard.
fn empty_shards<K, V>(count: usize, hasher: &RandomState) -> Arc<[Arc<Shard<K, V>>]> {
    let empty = Arc::new(HashMap::with_hasher(hasher.clone()));
    std::iter::repeat_n(empty, count).collect()
}

impl<K, V> Default for ShardedMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Hash + Eq + Clone, V: Clone> FromIterator<(K, V)> for ShardedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_answers_as_a_plain_map_does(steps in proptest::collection::vec((any::<bool>(), 0u16..600, any::<u8>()), 0..2000)) {
            let mut plain = HashMap::new();
            let mut sharded = ShardedMap::new();
            for (insert, key, value) in steps {
                if insert {
                    prop_assert_eq!(sharded.insert(key, value), plain.insert(key, value));
                } else {
                    prop_assert_eq!(sharded.remove(&key), plain.remove(&key));
                }
                prop_assert_eq!(sharded.len(), plain.len());
            }
            for key in 0..600 {
                prop_assert_eq!(sharded.get(&key), plain.get(&key));
            }
            prop_assert_eq!(sharded.iter().map(|(k, v)| (*k, *v)).collect::<HashMap<_, _>>(), plain);
        }
    }

    #[test]
    fn a_clone_does_not_see_later_changes() {
        let mut first: ShardedMap<String, u32> = [("a".to_owned(), 1), ("b".to_owned(), 2)].into_iter().collect();
        let second = first.clone();
        first.insert("a".to_owned(), 10);
        first.remove("b");
        assert_eq!((second.get("a"), second.get("b")), (Some(&1), Some(&2)));
        assert_eq!((first.get("a"), first.get("b"), first.len()), (Some(&10), None, 1));
    }

    #[test]
    fn a_change_copies_one_shard_and_shares_the_others() {
        let before: ShardedMap<u32, u32> = (0..100_000).map(|n| (n, n)).collect();
        let mut after = before.clone();
        after.insert(7, 0);
        let copied = before.shards.iter().zip(after.shards.iter()).filter(|(a, b)| !Arc::ptr_eq(a, b)).count();
        assert_eq!(copied, 1);
        assert!(before.shards.len() >= 256, "{} shards", before.shards.len());
        let largest = before.shards.iter().map(|shard| shard.len()).max();
        assert!(largest < Some(400), "largest shard holds {largest:?}");
    }
}
