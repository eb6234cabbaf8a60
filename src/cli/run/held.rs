//! The leases that a run holds: taken, confirmed, renewed, ended.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::task::spawn_blocking;

use crate::actions::{ActionError, Actions, Leased, Take};
use crate::cli::console::Console;
use crate::cli::drain::{self, Ended};
use crate::cli::lease::told;
use crate::cli::switched::described;
use crate::cli::{Context, actor, confirm};
use crate::clock;
use crate::record::SiteRecord;
use crate::site::SiteId;
use crate::storage::Store;

/// Signs of life within the length of a lease.
const RENEWALS_PER_LEASE: i32 = 3;

/// Pause before a failed renewal is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long the end of the leases is tried while the database does not answer.
const END_WITHIN: Duration = Duration::from_secs(60);

/// The leases of one run.
pub struct Held {
    store: Store,
    actions: Actions,
    console: Console,
    leases: Vec<Leased>,
    length: jiff::SignedDuration,
}

impl Held {
    /// Closes the sites.
    pub fn take(context: &Context, store: Store, sites: &[SiteId], take: &Take) -> anyhow::Result<Self> {
        let console = context.console;
        // Whoever runs it waits for the servers by itself.
        let actions = Actions::new(store.clone(), || {}).with_visit_idle(context.visits.idle());
        let done = actions.lease_take(&actor::operator(), sites, take)?;
        let now = clock::now();
        for leased in &done.value {
            console.note(&format!("maintenance started: {}", told(leased, now)));
        }
        Ok(Self { store, actions, console, leases: done.value, length: take.length })
    }

    /// Waits until those at work have finished, and nothing without a drain.
    ///
    /// # Errors
    /// When somebody ended maintenance meanwhile.
    pub async fn drained(&self, has_drain: bool) -> anyhow::Result<()> {
        if !has_drain {
            return Ok(());
        }
        let sites: Vec<SiteId> = self.leases.iter().map(|leased| leased.record.site.id).collect();
        match drain::wait_until_closed(&self.console, &self.actions, &sites).await? {
            Ended::Closed => Ok(()),
            Ended::Cancelled | Ended::Interrupted => bail!("maintenance was ended while the sites were draining"),
        }
    }

    /// Waits until every live server enforces it, with the end of a drain that came later.
    pub async fn confirmed(&self, timeout: Duration) -> anyhow::Result<()> {
        let (store, console) = (self.store.clone(), self.console);
        let last = store.clone();
        let revision = spawn_blocking(move || last.read(|reader| reader.change_last())).await??;
        spawn_blocking(move || confirm::insist(&console, &store, revision, timeout)).await?
    }

    /// Renews the leases until it is dropped.
    pub async fn renew_for_ever(&self) {
        let every = Duration::try_from(self.length / RENEWALS_PER_LEASE).unwrap_or(RETRY_AFTER);
        let mut is_lost = false;
        let mut pause = every;
        loop {
            tokio::time::sleep(pause).await;
            pause = match self.renew().await {
                Ok(()) => every,
                Err(ActionError::NoSuchLease) => {
                    if !is_lost {
                        self.console.warn("a lease is gone: somebody ended maintenance while the command runs");
                    }
                    is_lost = true;
                    every
                }
                Err(error) => {
                    self.console.warn(&format!("the leases could not be renewed, which is tried again: {error}"));
                    RETRY_AFTER.min(every)
                }
            };
        }
    }

    /// Renews each of them; one that is gone does not keep the others from it.
    async fn renew(&self) -> Result<(), ActionError> {
        let (actions, length) = (self.actions.clone(), self.length);
        let ids: Vec<_> = self.leases.iter().map(|leased| leased.lease.id).collect();
        let renew = move || {
            let actor = actor::operator();
            let each: Vec<_> = ids.iter().map(|id| actions.lease_renew(&actor, *id, length).map(drop)).collect();
            each.into_iter().collect()
        };
        self.store.apart(renew).await
    }

    /// Ends the leases, trying again while the database does not answer, and says what still holds a site.
    ///
    /// # Errors
    /// When the database did not answer in time: the leases then do what was said beforehand.
    pub async fn end(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + END_WITHIN;
        let mut records: Vec<SiteRecord> = Vec::new();
        for leased in &self.leases {
            let ended = loop {
                let (actions, id) = (self.actions.clone(), leased.lease.id);
                match self.store.apart(move || actions.lease_end(&actor::operator(), id)).await {
                    Err(ActionError::Store(error)) if error.is_passing() && Instant::now() < deadline => {
                        tokio::time::sleep(RETRY_AFTER).await;
                    }
                    done => break done,
                }
            };
            records.extend(ended.with_context(|| self.how_to_open())?.value.map(|leased| leased.record));
        }
        let now = clock::now();
        for record in &records {
            let domain = &record.site.domain;
            let causes: Vec<String> = record.causes().at(now).iter().map(|cause| described(cause, now)).collect();
            self.console.note(&match causes.is_empty() {
                true => format!("maintenance ended on {domain}"),
                false => format!("{domain} is still closed by {}", causes.join("; ")),
            });
        }
        Ok(())
    }

    /// `the sites stay closed; open them with: maintenance off forum.example.com`.
    pub fn how_to_open(&self) -> String {
        let domains: Vec<&str> = self.leases.iter().map(|leased| leased.record.site.domain.as_str()).collect();
        format!("held closed: {0}; open with: maintenance off {0}", domains.join(" "))
    }
}
