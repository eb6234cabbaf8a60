//! The thread that ends drains when nobody is left.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;

use super::left::Left;
use super::sight::Sight;
use crate::actions::{ActionError, Actions};
use crate::clock;
use crate::closed::ClosedSite;
use crate::lasting;
use crate::propagation::{Enforced, Health};
use crate::site::SiteId;
use crate::snapshot::Snapshot;

/// Pause between two looks, and so the time for which a site drains with nobody left. Each look reads the record of each
/// site that drains and counts who is at work there, and asks nothing while none drains.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Ends drains for as long as `alive` is, and keeps who is left.
///
/// Every server does so. Who comes second finds the drain ended, so it does not matter who is first, and none of them is
/// needed.
pub(crate) fn settle<T: Send + Sync + 'static>(alive: &Arc<T>, enforced: &Enforced, actions: Actions, left: Left) {
    let (alive, snapshot) = (Arc::downgrade(alive), Arc::clone(enforced.pointer()));
    let health = Arc::clone(enforced.health_pointer());
    let settler =
        Settler { alive, snapshot, health, actions, left, sight: Sight::default(), unreadable: HashSet::new() };
    if let Err(error) = std::thread::Builder::new().name("settler".to_owned()).spawn(move || settler.run()) {
        log::warn!("Drains end at their deadline only: no thread could be started: {error}");
    }
}

struct Settler<T> {
    alive: Weak<T>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    health: Arc<ArcSwap<Health>>,
    actions: Actions,
    left: Left,
    sight: Sight,
    /// Sites whose drain cannot be read, so that it is said once.
    unreadable: HashSet<SiteId>,
}

impl<T> Settler<T> {
    fn run(mut self) {
        while self.alive.strong_count() > 0 {
            // It goes on with the sites as they are then.
            if let Err(fault) = lasting::round(|| self.look()) {
                log::error!("Whether drains come to an end could not be looked at, which is tried again: {fault}");
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Asks about each site that drains, or whose drain has come to its deadline.
    fn look(&mut self) {
        let sites = unsettled(&self.snapshot.load(), clock::now());
        self.left.retain(&sites);
        if sites.is_empty() {
            self.look_on();
        }
        for site in sites {
            if self.settle_one(site).is_break() {
                return;
            }
        }
    }

    /// While no site drains nobody asks, but those at work are lost sight of all the same when the database goes away.
    fn look_on(&mut self) {
        match self.health.load().failing {
            Some(_) => _ = self.sight.is_lost(),
            None => self.sight.sees(),
        }
    }

    /// Ends the drain of a site when it is over, and keeps who is left. Breaks when the database does not answer: about the
    /// other sites neither.
    fn settle_one(&mut self, site: SiteId) -> ControlFlow<()> {
        let (actions, knows) = (self.actions.clone(), self.sight.knows());
        match self.actions.store().apart_blocking(move || actions.drain_settle(site, knows)) {
            Ok(settled) => {
                self.sight.sees();
                self.unreadable.remove(&site);
                self.left.keep(site, settled.left);
            }
            Err(ActionError::Store(error)) if error.is_passing() => {
                if self.sight.is_lost() {
                    log::warn!("Whether anybody is still at work could not be asked, which is tried again: {error}");
                }
                return ControlFlow::Break(());
            }
            Err(error) => {
                if self.unreadable.insert(site) {
                    log::error!("The drain of site {site} ends at its deadline only: {error}");
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// Keys of the sites that are draining, or whose drain has ended without anybody noting it, as far as this server knows.
fn unsettled(snapshot: &Snapshot, now: Timestamp) -> Vec<SiteId> {
    let may_be = |closed: &ClosedSite| closed.may_drain() && !closed.is_settled(now);
    let sites = snapshot.planned_sites().filter(|site| site.closed().is_some_and(may_be));
    sites.map(|site| site.id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::Knows;
    use crate::auth::tests::{actions, store};
    use crate::change::Revision;
    use crate::config::Settings;
    use crate::propagation::{Failing, Source};
    use crate::template::PageTemplates;

    #[test]
    fn an_outage_while_no_site_drains_counts_as_well() {
        let (_folder, store) = store();
        let rules = Settings::from_environment().expect("no setting is wrong").gate.rules().unwrap();
        let snapshot =
            Snapshot::build(&[], Revision(0), Arc::new(rules), Arc::new(PageTemplates::default()), clock::now());
        let alive = Arc::new(());
        let mut settler = Settler {
            alive: Arc::downgrade(&alive),
            snapshot: Arc::new(ArcSwap::from_pointee(snapshot)),
            health: Arc::default(),
            actions: actions(&store),
            left: Left::default(),
            sight: Sight::of_long_ago(),
            unreadable: HashSet::new(),
        };
        settler.look();
        assert_eq!(settler.sight.knows(), Knows::Everything);
        let failing = Failing { reason: "away".to_owned(), kind: "unreachable", since: clock::now() };
        settler.health.store(Arc::new(Health { failing: Some(failing), source: Source::Database }));
        settler.look();
        settler.health.store(Arc::default());
        settler.look();
        assert_eq!(settler.sight.knows(), Knows::DeadlinesOnly, "nobody is taken to have left for a while");
    }
}
