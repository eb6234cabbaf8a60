//! A lease as commands hold and tell it.

use jiff::Timestamp;
use serde::Serialize;

use super::{text, time};
use crate::actions::Leased;
use crate::cause::CauseId;
use crate::lease::OnExpiry;
use crate::site::SiteId;

/// A lease, as `--json` shows it. The fields are relied on by scripts: only add.
#[derive(Debug, Serialize)]
pub struct View {
    /// `lease-3`: what `renew` and `off --cause` are given.
    id: CauseId,
    site: SiteId,
    domain: String,
    name: String,
    started_by: String,
    since: Timestamp,
    expires_at: Timestamp,
    /// `lift` or `stay`.
    on_expiry: OnExpiry,
}

impl View {
    pub fn of(leased: &Leased) -> Self {
        let (lease, site) = (&leased.lease, &leased.record.site);
        Self {
            id: CauseId::Lease(lease.id),
            site: site.id,
            domain: site.domain.to_string(),
            name: lease.name.clone(),
            started_by: lease.started_by.clone(),
            since: lease.since,
            expires_at: lease.expires_at,
            on_expiry: lease.on_expiry,
        }
    }
}

/// `lease-3 “deploy 7” on forum.example.com until 03:22:04 UTC, then it stays closed`.
pub fn told(leased: &Leased, now: Timestamp) -> String {
    let (lease, site) = (&leased.lease, &leased.record.site);
    let name = if lease.name.is_empty() { String::new() } else { format!(" “{}”", text::plain(&lease.name)) };
    let then = match lease.on_expiry {
        OnExpiry::Lift => "then it opens",
        OnExpiry::Stay => "then it stays closed",
    };
    format!(
        "{}{name} on {} until {}, {then}",
        CauseId::Lease(lease.id),
        site.domain,
        time::exact(lease.expires_at, now)
    )
}
