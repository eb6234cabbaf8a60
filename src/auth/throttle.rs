//! How often one may try to log in: counted by account and by address, with a delay that grows.
//!
//! Each try is counted *before* its password is checked and taken off again when it was right, so that a thousand
//! tries at the same moment are a thousand tries. While a block lasts, tries are refused unseen and not counted.
//!
//! Nobody can lock out somebody else for ever:
//! - a browser that has logged in with that name before bears a device cookie and has a count of its own, which
//!   strangers cannot reach; neither the account's count nor that of a shared address concerns it;
//! - a block of an account lasts at most five minutes and ends by itself;
//! - the operator opens it with `maintenance user unlock NAME`.
//!
//! A right password forgets the count of its account, but never that of its address: an address does not become
//! better by knowing one password.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::storage::{LoginFailures, LoginScope, Store, StoreError, TransactionError};

/// How tries of one scope are slowed down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Failures before the first block.
    pub free: u32,
    /// Length of the first block; each further failure doubles it.
    pub first: SignedDuration,
    /// Longest block.
    pub longest: SignedDuration,
    /// After so long without a failure the count begins anew.
    pub forgets_after: SignedDuration,
}

/// By account, and by device within an account.
pub const ACCOUNT: Rule = Rule {
    free: 5,
    first: SignedDuration::from_secs(30),
    longest: SignedDuration::from_mins(5),
    forgets_after: SignedDuration::from_hours(24),
};

/// By address. More is free, because many people may share one.
pub const ADDRESS: Rule = Rule {
    free: 20,
    first: SignedDuration::from_secs(30),
    longest: SignedDuration::from_mins(15),
    forgets_after: SignedDuration::from_hours(1),
};

impl Rule {
    /// Until when tries are refused; `None` when the next one may be made.
    ///
    /// A block that would last longer than the longest one is of a clock that went back, and is none.
    pub fn blocked_until(&self, counted: Option<&LoginFailures>, now: Timestamp) -> Option<Timestamp> {
        let until = counted?.blocked_until?;
        let left = until.duration_since(now);
        (left > SignedDuration::ZERO && left <= self.longest).then_some(until)
    }

    /// The count after one more failure.
    pub fn count(&self, counted: Option<&LoginFailures>, now: Timestamp) -> LoginFailures {
        let is_recent = |counted: &&LoginFailures| now.duration_since(counted.last_at) < self.forgets_after;
        let failures = counted.filter(is_recent).map_or(0, |counted| counted.failures).saturating_add(1);
        LoginFailures { failures, last_at: now, blocked_until: self.block(failures).map(|length| now + length) }
    }

    /// The count less one try that turned out right; `None` when nothing is left.
    fn uncount(&self, counted: &LoginFailures) -> Option<LoginFailures> {
        let failures = counted.failures.saturating_sub(1);
        let blocked_until = counted.blocked_until.filter(|_| failures >= self.free);
        (failures > 0).then_some(LoginFailures { failures, last_at: counted.last_at, blocked_until })
    }

    /// Length of the block that a failure of that number begins.
    fn block(&self, failures: u32) -> Option<SignedDuration> {
        let doublings = failures.checked_sub(self.free)?;
        let factor = 1_i32.checked_shl(doublings).filter(|factor| *factor > 0).unwrap_or(i32::MAX);
        Some(self.first.checked_mul(factor).map_or(self.longest, |length| length.min(self.longest)))
    }
}

/// Who tries, as far as it is known before the password is.
#[derive(Debug, Clone, Copy)]
pub struct Try<'a> {
    /// The name that was typed.
    pub username: &'a str,
    /// The device, when its cookie is genuine and of that name.
    pub device: Option<&'a str>,
    /// Client address; `None` over a Unix socket.
    pub address: Option<IpAddr>,
}

impl<'a> Try<'a> {
    /// The counts that concern this try: that of a known device alone, else those of account and address.
    fn scopes(self) -> impl Iterator<Item = (LoginScope<'a>, &'static Rule)> {
        let device = self.device.map(|device| (LoginScope::Device(self.username, device), &ACCOUNT));
        let account = device.is_none().then_some((LoginScope::Account(self.username), &ACCOUNT));
        let address = self.address.filter(|_| device.is_none()).map(|address| (LoginScope::Address(address), &ADDRESS));
        device.into_iter().chain(account).chain(address)
    }
}

/// A try that may not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Throttled {
    /// Too many tries.
    #[error("too many tries; blocked until {until}")]
    Until {
        /// When the next try may be made.
        until: Timestamp,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TransactionError for Throttled {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Until { .. } => None,
        }
    }
}

/// Counts a try, unless it is refused.
///
/// # Errors
/// [`Throttled::Until`], and nothing is counted; when the database fails.
pub fn admit(store: &Store, attempt: Try<'_>, now: Timestamp) -> Result<(), Throttled> {
    // Refused tries are many and must not hold the writers' lock.
    check(store, attempt, now)?;
    store.write(|writer| {
        let mut counts = Vec::new();
        for (scope, rule) in attempt.scopes() {
            let counted = writer.login_failures(scope)?;
            if let Some(until) = rule.blocked_until(counted.as_ref(), now) {
                return Err(Throttled::Until { until });
            }
            counts.push((scope, rule.count(counted.as_ref(), now)));
        }
        for (scope, count) in counts {
            writer.login_failures_set(scope, &count)?;
        }
        Ok(())
    })
}

/// Whether a try may be made, without counting it.
///
/// # Errors
/// [`Throttled::Until`] with the longest block; when the database fails.
pub fn check(store: &Store, attempt: Try<'_>, now: Timestamp) -> Result<(), Throttled> {
    let until = store.read(|reader| {
        let mut latest = None;
        for (scope, rule) in attempt.scopes() {
            latest = latest.max(rule.blocked_until(reader.login_failures(scope)?.as_ref(), now));
        }
        Ok(latest)
    })?;
    until.map_or(Ok(()), |until| Err(Throttled::Until { until }))
}

/// Takes a try off the counts because its password was right: the account's begins anew, the address's is one less.
///
/// # Errors
/// When the database fails.
pub fn admit_was_right(store: &Store, attempt: Try<'_>) -> Result<(), StoreError> {
    store.write(|writer| {
        for (scope, rule) in attempt.scopes() {
            let left = match scope {
                LoginScope::Address(_) => writer.login_failures(scope)?.and_then(|counted| rule.uncount(&counted)),
                LoginScope::Account(_) | LoginScope::Device(..) => None,
            };
            match left {
                Some(left) => writer.login_failures_set(scope, &left)?,
                None => drop(writer.login_failures_clear(scope)?),
            }
        }
        Ok(())
    })
}

/// Removes counts that are forgotten anyhow; returns how many.
///
/// # Errors
/// When the database fails.
pub fn purge(store: &Store, now: Timestamp) -> Result<usize, StoreError> {
    let longest = ACCOUNT.forgets_after.max(ADDRESS.forgets_after);
    store.write(|writer| writer.login_failures_delete_older(now - longest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::tests::{at, is_on_disk, store};
    use proptest::prelude::*;

    fn fail(store: &Store, attempt: Try<'_>, second: i64) -> Option<i64> {
        match admit(store, attempt, at(second)) {
            Ok(()) => None,
            Err(Throttled::Until { until }) => Some(until.duration_since(at(second)).as_secs()),
            Err(error) => panic!("{error}"),
        }
    }

    fn by(username: &str, address: &str) -> Try<'static> {
        let username = Box::leak(username.to_owned().into_boxed_str());
        Try { username, device: None, address: Some(address.parse().unwrap()) }
    }

    #[test]
    fn the_delay_grows_to_its_limit() {
        let mut lengths = Vec::new();
        let mut counted = None;
        let mut now = at(0);
        for _ in 0..12 {
            let after = ACCOUNT.count(counted.as_ref(), now);
            lengths.push(after.blocked_until.map_or(0, |until| until.duration_since(now).as_secs()));
            now = after.blocked_until.unwrap_or(now);
            counted = Some(after);
        }
        assert_eq!(lengths, [0, 0, 0, 0, 30, 60, 120, 240, 300, 300, 300, 300]);
        assert_eq!(ADDRESS.block(u32::MAX), Some(ADDRESS.longest));
    }

    #[test]
    fn a_count_is_forgotten_after_a_quiet_time() {
        let counted = LoginFailures { failures: 9, last_at: at(0), blocked_until: None };
        assert_eq!(ACCOUNT.count(Some(&counted), at(3600)).failures, 10);
        assert_eq!(ACCOUNT.count(Some(&counted), at(24 * 3600)).failures, 1);
    }

    #[test]
    fn a_clock_that_went_back_blocks_nobody_for_longer() {
        let counted = LoginFailures { failures: 9, last_at: at(9000), blocked_until: Some(at(9300)) };
        assert_eq!(ACCOUNT.blocked_until(Some(&counted), at(9100)), Some(at(9300)));
        assert_eq!(ACCOUNT.blocked_until(Some(&counted), at(100)), None);
    }

    #[test]
    fn an_account_is_blocked_from_every_address_and_a_stranger_name_alike() {
        let (_folder, store) = store();
        for try_number in 0..5 {
            assert_eq!(fail(&store, by("ada", &format!("203.0.113.{try_number}")), 0), None);
        }
        assert_eq!(fail(&store, by(" ADA ", "203.0.113.77"), 10), Some(20));
        assert_eq!(fail(&store, by("bo", "203.0.113.77"), 10), None);
        assert_eq!(fail(&store, by("ada", "203.0.113.77"), 30), None);
        assert_eq!(fail(&store, by("ada", "203.0.113.77"), 30), Some(60));
    }

    #[test]
    fn an_address_is_blocked_for_every_account_and_ipv6_by_its_network() {
        let (_folder, store) = store();
        for user in 0..20 {
            assert_eq!(fail(&store, by(&format!("user{user}"), &format!("2001:db8:0:1::{user:x}")), 0), None);
        }
        assert_eq!(fail(&store, by("ada", "2001:db8:0:1:ffff::1"), 0), Some(30));
        assert_eq!(fail(&store, by("ada", "2001:db8:0:2::1"), 0), None);
        for user in 0..20 {
            assert_eq!(fail(&store, by(&format!("other{user}"), "203.0.113.9"), 0), None);
        }
        assert_eq!(fail(&store, by("bo", "::ffff:203.0.113.9"), 0), Some(30));
    }

    #[test]
    fn a_known_device_has_a_count_of_its_own() {
        let (_folder, store) = store();
        let stranger = by("ada", "203.0.113.9");
        for second in 0..5 {
            fail(&store, stranger, second);
        }
        assert!(fail(&store, stranger, 6).is_some());
        let known = Try { device: Some("0123"), ..stranger };
        for second in 0..5 {
            assert_eq!(fail(&store, known, second), None);
        }
        assert_eq!(fail(&store, known, 5), Some(29));
        assert_eq!(fail(&store, Try { device: Some("4567"), ..stranger }, 5), None);
    }

    #[test]
    fn a_right_password_forgets_the_account_but_not_the_address() {
        let (_folder, store) = store();
        for round in 0..4 {
            for _ in 0..4 {
                assert_eq!(fail(&store, by("ada", "203.0.113.9"), round), None);
            }
            assert_eq!(fail(&store, by("ada", "203.0.113.9"), round), None);
            admit_was_right(&store, by("ada", "203.0.113.9")).unwrap();
        }
        let counted = |scope| store.read(|reader| reader.login_failures(scope)).unwrap();
        assert_eq!(counted(LoginScope::Account("ada")), None);
        let address = counted(LoginScope::Address("203.0.113.9".parse().unwrap())).unwrap();
        assert_eq!((address.failures, address.blocked_until), (16, None));
    }

    #[test]
    fn names_are_not_kept_and_old_counts_go() {
        let (_folder, store) = store();
        fail(&store, by("hunter2hunter2", "203.0.113.9"), 0);
        assert_eq!(purge(&store, at(3600)).unwrap(), 0);
        assert_eq!(purge(&store, at(25 * 3600)).unwrap(), 2);
        assert!(!is_on_disk(&store, "hunter2hunter2"));
    }

    proptest! {
        #[test]
        fn no_block_is_longer_than_the_longest(steps in proptest::collection::vec(0i64..2000, 1..60)) {
            let (mut now, mut counted) = (at(0), None);
            for step in steps {
                now += SignedDuration::from_secs(step);
                if let Some(until) = ADDRESS.blocked_until(counted.as_ref(), now) {
                    prop_assert!(until.duration_since(now) <= ADDRESS.longest);
                } else {
                    counted = Some(ADDRESS.count(counted.as_ref(), now));
                }
            }
        }
    }
}
