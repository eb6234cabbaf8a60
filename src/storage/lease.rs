//! Leases of sites.

use std::collections::HashMap;

use diesel::prelude::*;
use jiff::Timestamp;

use super::record::{json, parsed, parsed_json};
use super::schema::leases;
use super::timestamp::UtcTime;
use super::{DbConnection, Reader, StoreError, Writer};
use crate::lease::{Lease, LeaseId};
use crate::site::SiteId;

#[derive(Queryable)]
struct LeaseRow {
    id: i64,
    site_id: i64,
    name: String,
    started_by: String,
    since: UtcTime,
    expires_at: UtcTime,
    on_expiry: String,
    messages_json: String,
}

/// The leases of some sites or of every site, by site id.
pub(super) fn load(conn: &mut DbConnection, ids: Option<&[i64]>) -> Result<HashMap<i64, Vec<Lease>>, StoreError> {
    let rows: Vec<LeaseRow> = match ids {
        Some(ids) => leases::table.filter(leases::site_id.eq_any(ids)).order(leases::id).load(conn)?,
        None => leases::table.order(leases::id).load(conn)?,
    };
    let mut grouped: HashMap<i64, Vec<Lease>> = HashMap::new();
    for row in rows {
        grouped.entry(row.site_id).or_default().push(Lease {
            id: LeaseId(row.id),
            name: row.name,
            started_by: row.started_by,
            since: row.since.into(),
            expires_at: row.expires_at.into(),
            on_expiry: parsed("on_expiry", &row.on_expiry)?,
            messages: parsed_json("messages_json", &row.messages_json)?,
        });
    }
    Ok(grouped)
}

impl Reader<'_> {
    /// The site of a lease; `None` when there is no such lease.
    pub fn lease_site(&mut self, id: LeaseId) -> Result<Option<SiteId>, StoreError> {
        let site: Option<i64> = leases::table.find(id.0).select(leases::site_id).first(self.conn).optional()?;
        Ok(site.map(SiteId))
    }

    /// The sites with leases that would have gone by themselves before `before`.
    pub fn lease_sites_lifted(&mut self, before: Timestamp) -> Result<Vec<SiteId>, StoreError> {
        let sites: Vec<i64> = leases::table
            .filter(leases::expires_at.le(UtcTime(before)))
            .filter(leases::on_expiry.eq("lift"))
            .select(leases::site_id)
            .distinct()
            .order(leases::site_id)
            .load(self.conn)?;
        Ok(sites.into_iter().map(SiteId).collect())
    }
}

impl Writer<'_> {
    /// Adds a lease; its own id is ignored.
    pub fn lease_insert(&mut self, site: SiteId, lease: &Lease) -> Result<LeaseId, StoreError> {
        let values = (leases::site_id.eq(site.0), columns(lease));
        let id: i64 = diesel::insert_into(leases::table).values(values).returning(leases::id).get_result(self.conn)?;
        Ok(LeaseId(id))
    }

    /// Writes leases that differ: those that are new (under the id that they have), changed, or gone.
    pub(super) fn lease_update(&mut self, site: SiteId, before: &[Lease], after: &[Lease]) -> Result<(), StoreError> {
        for gone in before.iter().filter(|lease| !after.iter().any(|other| other.id == lease.id)) {
            diesel::delete(leases::table.find(gone.id.0)).execute(self.conn)?;
        }
        for lease in after.iter().filter(|lease| !before.contains(lease)) {
            let changed = diesel::update(leases::table.find(lease.id.0)).set(columns(lease)).execute(self.conn)?;
            if changed == 0 {
                diesel::insert_into(leases::table)
                    .values((leases::id.eq(lease.id.0), leases::site_id.eq(site.0), columns(lease)))
                    .execute(self.conn)?;
            }
        }
        Ok(())
    }
}

/// The columns of a lease but for its id and its site.
type Columns<'l> = (
    diesel::dsl::Eq<leases::name, &'l str>,
    diesel::dsl::Eq<leases::started_by, &'l str>,
    diesel::dsl::Eq<leases::since, UtcTime>,
    diesel::dsl::Eq<leases::expires_at, UtcTime>,
    diesel::dsl::Eq<leases::on_expiry, &'static str>,
    diesel::dsl::Eq<leases::messages_json, String>,
);

fn columns(lease: &Lease) -> Columns<'_> {
    (
        leases::name.eq(lease.name.as_str()),
        leases::started_by.eq(lease.started_by.as_str()),
        leases::since.eq(UtcTime(lease.since)),
        leases::expires_at.eq(UtcTime(lease.expires_at)),
        leases::on_expiry.eq(lease.on_expiry.as_str()),
        leases::messages_json.eq(json(&lease.messages)),
    )
}
