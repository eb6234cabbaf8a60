//! How often what happened: cheap enough to be kept for every request.
//!
//! A request that no closed site decides about is counted by its worker, which is the only writer of its counts: one
//! plain addition, no locked instruction, no line of memory that processors pass to and fro. Hosts are not told apart
//! there, because names come from strangers and 100,000 open sites would cost memory where speed counts. What becomes
//! of requests on closed sites is counted at the site, and stays counted when the site opens and closes again.
//!
//! Requests that are let through are under way until their answer's body has ended ([`UnderWay`]); they are counted
//! where what became of them is.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::site::SiteId;

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Let through: the panel, the gate's own endpoints, health.
    BuiltIn,
    /// Let through: nothing is known of any site.
    Unknown,
    /// Let through: no site for this host.
    NoSite,
    /// Let through: the site is open.
    Open,
    /// Let through a closed site: the client address is internal.
    InternalIp,
    /// Let through a closed site: an ignored pattern matches.
    IgnoredPattern,
    /// Let through a closed site: a superuser.
    Superuser,
    /// Let through a closed site: staff.
    Staff,
    /// Let through a draining site: somebody who was at work already.
    Draining,
    /// Let through a site that is closed for writing only: it reads.
    ReadOnly,
    /// Held: the site is in maintenance.
    Held,
    /// Held: nothing is known of any site.
    HeldUnknown,
    /// Refused: no site has this host.
    NoSuchSite,
    /// Refused: the host is malformed.
    BadHost,
}

impl Outcome {
    /// Every outcome, in the order of their numbers.
    pub const ALL: [Self; 14] = [
        Self::BuiltIn,
        Self::Unknown,
        Self::NoSite,
        Self::Open,
        Self::InternalIp,
        Self::IgnoredPattern,
        Self::Superuser,
        Self::Staff,
        Self::Draining,
        Self::ReadOnly,
        Self::Held,
        Self::HeldUnknown,
        Self::NoSuchSite,
        Self::BadHost,
    ];

    /// What was done: `pass`, `hold` or `refuse`.
    pub fn verdict(self) -> &'static str {
        match self {
            Self::Held | Self::HeldUnknown => "hold",
            Self::NoSuchSite | Self::BadHost => "refuse",
            _ => "pass",
        }
    }

    /// Why, as a stable word for headers, logs, JSON and metrics.
    pub fn reason(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::Unknown | Self::HeldUnknown => "unknown",
            Self::NoSite => "no-site",
            Self::Open => "open",
            Self::InternalIp => "internal-ip",
            Self::IgnoredPattern => "ignored-pattern",
            Self::Superuser => "superuser",
            Self::Staff => "staff",
            Self::Draining => "draining",
            Self::ReadOnly => "read-only",
            Self::Held => "maintenance",
            Self::NoSuchSite => "no-such-site",
            Self::BadHost => "bad-host",
        }
    }
}

/// How often each outcome was, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals([u64; Outcome::ALL.len()]);

impl Totals {
    /// How often this outcome was.
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.0[outcome as usize]
    }

    /// The outcomes that were, with how often.
    pub fn counted(&self) -> impl Iterator<Item = (Outcome, u64)> + '_ {
        Outcome::ALL.into_iter().map(|outcome| (outcome, self.of(outcome))).filter(|(_, count)| *count > 0)
    }

    fn add(&mut self, counts: &Counts) {
        for (total, count) in self.0.iter_mut().zip(&counts.outcomes) {
            *total += count.load(Ordering::Relaxed);
        }
    }
}

/// Counts of every outcome and of what is under way, in cache lines of their own.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Counts {
    outcomes: [AtomicU64; Outcome::ALL.len()],
    under_way: AtomicI64,
}

/// The counts of one worker, who alone adds to them: a handle never leaves its thread.
#[derive(Debug, Clone)]
pub struct WorkerCounts(Rc<Shared>);

/// The counts of a worker, shared with who reads them. Handles are counted apart on their own thread, so that one for
/// each request takes no locked instruction.
#[derive(Debug)]
struct Shared(Arc<Counts>);

impl WorkerCounts {
    /// Counts one request.
    #[inline]
    pub fn add(&self, outcome: Outcome) {
        let count = &self.0.0.outcomes[outcome as usize];
        count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// Counts a request as under way until what is returned is dropped.
    #[inline]
    pub fn begin(&self) -> UnderWay {
        self.shift_under_way(1);
        UnderWay(Place::Worker(self.clone()))
    }

    #[inline]
    fn shift_under_way(&self, by: i64) {
        let count = &self.0.0.under_way;
        count.store(count.load(Ordering::Relaxed) + by, Ordering::Relaxed);
    }
}

/// A request that is under way, for as long as this is kept. It never leaves the thread of its worker.
#[derive(Debug)]
#[must_use]
pub struct UnderWay(Place);

#[derive(Debug)]
enum Place {
    Worker(WorkerCounts),
    Site(Arc<Counts>),
}

impl Drop for UnderWay {
    #[inline]
    fn drop(&mut self) {
        match &self.0 {
            Place::Worker(worker) => worker.shift_under_way(-1),
            Place::Site(counts) => drop(counts.under_way.fetch_sub(1, Ordering::Relaxed)),
        }
    }
}

/// Where the requests of a closed site are counted; found in the [`Tallies`] at the first one.
#[derive(Debug, Default)]
pub struct SiteCounts(OnceLock<Arc<Counts>>);

/// All counts of a gate.
#[derive(Debug, Default)]
pub struct Tallies(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    workers: Vec<Arc<Counts>>,
    /// What workers had counted that have ended.
    ended: Totals,
    sites: HashMap<SiteId, Arc<Counts>>,
}

impl Tallies {
    /// Counts for a worker that begins.
    pub fn worker(&self) -> WorkerCounts {
        let counts = Arc::<Counts>::default();
        let mut inner = self.lock();
        inner.settle_ended();
        inner.workers.push(Arc::clone(&counts));
        WorkerCounts(Rc::new(Shared(counts)))
    }

    /// Counts one request on a closed site. `is_known` tells sites that exist from those that were removed, whose
    /// counts are forgotten from time to time.
    #[inline]
    pub fn add_at(&self, site: SiteId, counts: &SiteCounts, outcome: Outcome, is_known: impl Fn(SiteId) -> bool) {
        let counts = counts.0.get_or_init(|| self.site(site, is_known));
        counts.outcomes[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request on a site that is closed or will be as under way until what is returned is dropped.
    pub fn begin_at(&self, site: SiteId, counts: &SiteCounts, is_known: impl Fn(SiteId) -> bool) -> UnderWay {
        let counts = counts.0.get_or_init(|| self.site(site, is_known));
        counts.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(Place::Site(Arc::clone(counts)))
    }

    /// How many requests are under way on this server.
    pub fn under_way(&self) -> u64 {
        let inner = self.lock();
        number(inner.workers.iter().chain(inner.sites.values()))
    }

    /// How many requests are under way whose site was neither closed nor to be closed when they began.
    pub fn under_way_without_site(&self) -> u64 {
        number(self.lock().workers.iter())
    }

    /// How many requests are under way on each site that was closed or to be closed when they began, in the order of
    /// their keys.
    pub fn under_way_by_site(&self) -> BTreeMap<SiteId, u64> {
        self.lock().sites.iter().map(|(id, counts)| (*id, number(std::iter::once(counts)))).collect()
    }

    /// What was counted without a site, over all workers, those that have ended included.
    pub fn without_site(&self) -> Totals {
        let inner = self.lock();
        let mut totals = inner.ended;
        inner.workers.iter().for_each(|counts| totals.add(counts));
        totals
    }

    /// What was counted at each site that is known, in the order of their keys.
    pub fn by_site(&self, is_known: impl Fn(SiteId) -> bool) -> BTreeMap<SiteId, Totals> {
        let mut inner = self.lock();
        inner.sites.retain(|id, _| is_known(*id));
        let totals = inner.sites.iter().map(|(id, counts)| {
            let mut totals = Totals::default();
            totals.add(counts);
            (*id, totals)
        });
        totals.collect()
    }

    #[cold]
    fn site(&self, id: SiteId, is_known: impl Fn(SiteId) -> bool) -> Arc<Counts> {
        let mut inner = self.lock();
        if let Some(counts) = inner.sites.get(&id) {
            return Arc::clone(counts);
        }
        // Each time they have doubled, so that nobody needs to ask for the figures to keep them few.
        if inner.sites.len().is_power_of_two() {
            inner.sites.retain(|id, _| is_known(*id));
        }
        Arc::clone(inner.sites.entry(id).or_default())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many requests are under way by these counts. A request may begin and end while they are read, so that the sum
/// could be below zero for a moment.
fn number<'a>(counts: impl Iterator<Item = &'a Arc<Counts>>) -> u64 {
    let sum: i64 = counts.map(|counts| counts.under_way.load(Ordering::Relaxed)).sum();
    u64::try_from(sum).unwrap_or(0)
}

impl Inner {
    /// Takes over what workers have counted whose handle is gone.
    fn settle_ended(&mut self) {
        let ended = &mut self.ended;
        self.workers.retain_mut(|counts| match Arc::get_mut(counts) {
            Some(counts) => {
                ended.add(counts);
                false
            }
            None => true,
        });
    }
}

/// Counts of rare things by a stable word for each.
#[derive(Debug, Default)]
pub struct WordCounts(Mutex<BTreeMap<&'static str, u64>>);

impl WordCounts {
    /// Begins with these words at zero, so that a first occurrence is seen as a rise.
    pub fn of(words: &[&'static str]) -> Self {
        Self(Mutex::new(words.iter().map(|word| (*word, 0)).collect()))
    }

    /// Counts one.
    pub fn add(&self, word: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(word).or_default() += 1;
    }

    /// Every word with its count, in the order of the words.
    pub fn totals(&self) -> Vec<(&'static str, u64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(word, count)| (*word, *count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_stand_at_their_numbers_and_no_two_have_the_same_words() {
        for (number, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, number, "{outcome:?}");
        }
        let words: std::collections::BTreeSet<_> =
            Outcome::ALL.iter().map(|outcome| (outcome.verdict(), outcome.reason())).collect();
        assert_eq!(words.len(), Outcome::ALL.len());
    }

    #[test]
    fn what_a_worker_counted_stays_counted_when_it_ends() {
        let tallies = Tallies::default();
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    let worker = tallies.worker();
                    (0..1_000).for_each(|_| worker.add(Outcome::Open));
                    worker.clone().add(Outcome::BuiltIn);
                });
            }
        });
        let _next = tallies.worker();
        assert_eq!(tallies.lock().workers.len(), 1, "those that have ended are no longer kept");
        let totals = tallies.without_site();
        assert_eq!((totals.of(Outcome::Open), totals.of(Outcome::BuiltIn), totals.of(Outcome::Held)), (4_000, 4, 0));
    }

    #[test]
    fn a_request_is_under_way_until_its_guard_is_gone() {
        let tallies = Tallies::default();
        let (worker, other, site, known) = (tallies.worker(), tallies.worker(), SiteCounts::default(), |_| true);
        let (first, second) = (worker.begin(), other.begin());
        let at_site = tallies.begin_at(SiteId(7), &site, known);
        assert_eq!((tallies.under_way(), tallies.under_way_without_site()), (3, 2));
        assert_eq!(tallies.under_way_by_site(), BTreeMap::from([(SiteId(7), 1)]));
        drop((first, at_site));
        // A worker that has ended still counts for what it left under way.
        drop((worker, other));
        let third = tallies.worker();
        assert_eq!((tallies.under_way(), tallies.under_way_by_site()[&SiteId(7)]), (1, 0));
        drop(second);
        assert_eq!(tallies.under_way(), 0);
        drop(third);
    }

    #[test]
    fn a_site_that_is_compiled_again_goes_on_counting() {
        let tallies = Tallies::default();
        let known = |_| true;
        for _ in 0..3 {
            let compiled = SiteCounts::default();
            (0..5).for_each(|_| tallies.add_at(SiteId(7), &compiled, Outcome::Held, known));
        }
        tallies.add_at(SiteId(8), &SiteCounts::default(), Outcome::Staff, known);
        let by_site = tallies.by_site(known);
        assert_eq!(by_site[&SiteId(7)].counted().collect::<Vec<_>>(), [(Outcome::Held, 15)]);
        assert_eq!(by_site[&SiteId(8)].counted().collect::<Vec<_>>(), [(Outcome::Staff, 1)]);
    }

    #[test]
    fn counts_of_sites_that_are_gone_are_forgotten_even_when_nobody_reads() {
        let tallies = Tallies::default();
        for id in 1..=10_000 {
            tallies.add_at(SiteId(id), &SiteCounts::default(), Outcome::Held, |known| known.0 + 10 > id);
        }
        assert!(tallies.lock().sites.len() < 32, "{}", tallies.lock().sites.len());
        assert_eq!(tallies.by_site(|id| id == SiteId(10_000)).len(), 1);
    }

    #[test]
    fn rare_things_are_counted_by_word_from_zero_on() {
        let counts = WordCounts::of(&["locked", "full"]);
        counts.add("locked");
        counts.add("other");
        counts.add("locked");
        assert_eq!(counts.totals(), [("full", 0), ("locked", 2), ("other", 1)]);
    }
}
