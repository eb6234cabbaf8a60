//! Whole records of sites: read many at once, written field by field where they differ.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::prelude::*;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::rows::{
    MaintenanceRow, SiteRow, alias_rows, insert_rows, maintenance_row, message_rows, network_rows, pattern_rows,
    site_row,
};
use super::schema::{ignored_patterns, internal_networks, maintenances, messages, site_aliases, sites};
use super::window::Windows;
use super::{Reader, StoreError, Writer};
use crate::change::Revision;
use crate::lease::Lease;
use crate::maintenance::{AtEnd, MaintenanceRecord};
use crate::message::Message;
use crate::network::InternalNetwork;
use crate::pattern::{IgnoredPattern, PatternKind};
use crate::record::SiteRecord;
use crate::site::{Alias, Domain, Site, SiteId};
use crate::window::{SiteException, Window};

/// A site's row and the row of its maintenance record.
type RecordRow = (SiteRow, MaintenanceRow);

/// Ids in one `IN (…)`; well below what either engine takes.
const IDS_AT_ONCE: usize = 500;

/// What the list of windows needs of a site.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteLine {
    /// Key.
    pub id: SiteId,
    /// Its domain.
    pub domain: Domain,
    /// Its own windows.
    pub windows: Vec<Window>,
    /// What became on this site of times of windows of all sites.
    pub exceptions: Vec<SiteException>,
}

impl Reader<'_> {
    /// A line for every site, by id.
    pub fn site_lines(&mut self) -> Result<Vec<SiteLine>, StoreError> {
        let rows: Vec<(i64, String)> =
            sites::table.select((sites::id, sites::domain)).order(sites::id).load(self.conn)?;
        let mut windows = Windows::load(self.conn, None)?;
        let lines = rows.into_iter().map(|(id, domain)| {
            Ok(SiteLine {
                id: SiteId(id),
                domain: parsed("domain", &domain)?,
                windows: windows.own.remove(&id).unwrap_or_default(),
                exceptions: windows.exceptions.remove(&id).unwrap_or_default(),
            })
        });
        lines.collect()
    }

    /// Every site's record with the revision it was last changed at, by id.
    pub fn record_list(&mut self) -> Result<Vec<(SiteRecord, Revision)>, StoreError> {
        let rows: Vec<RecordRow> = sites::table
            .inner_join(maintenances::table.on(maintenances::site_id.eq(sites::id)))
            .order(sites::id)
            .load(self.conn)?;
        let mut parts = Parts::load(self.conn, None)?;
        rows.into_iter().map(|row| parts.assemble(row)).collect()
    }

    /// The records of these sites, by id; unknown ids are left out.
    pub fn record_some(&mut self, ids: &[SiteId]) -> Result<Vec<(SiteRecord, Revision)>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS_AT_ONCE) {
            let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
            let rows: Vec<RecordRow> = sites::table
                .inner_join(maintenances::table.on(maintenances::site_id.eq(sites::id)))
                .filter(sites::id.eq_any(&ids))
                .order(sites::id)
                .load(self.conn)?;
            let mut parts = Parts::load(self.conn, Some(&ids))?;
            for row in rows {
                found.push(parts.assemble(row)?);
            }
        }
        Ok(found)
    }

    /// One site's record.
    pub fn record(&mut self, id: SiteId) -> Result<Option<(SiteRecord, Revision)>, StoreError> {
        Ok(self.record_some(&[id])?.pop())
    }

    /// The names of all sites, by id, without their records.
    pub fn site_list(&mut self) -> Result<Vec<Site>, StoreError> {
        let rows: Vec<SiteRow> = sites::table.order(sites::id).load(self.conn)?;
        let aliases = site_aliases::table
            .select((site_aliases::site_id, site_aliases::alias))
            .order(site_aliases::id)
            .load(self.conn)?;
        named(rows, aliases)
    }

    /// The names of these sites, by id, without their records; unknown ids are left out.
    pub fn site_some(&mut self, ids: &[SiteId]) -> Result<Vec<Site>, StoreError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let rows: Vec<SiteRow> = sites::table.filter(sites::id.eq_any(&ids)).order(sites::id).load(self.conn)?;
        let aliases = site_aliases::table
            .filter(site_aliases::site_id.eq_any(&ids))
            .select((site_aliases::site_id, site_aliases::alias))
            .order(site_aliases::id)
            .load(self.conn)?;
        named(rows, aliases)
    }

    /// Number of sites.
    pub fn site_count(&mut self) -> Result<i64, StoreError> {
        Ok(sites::table.count().get_result(self.conn)?)
    }

    /// The site that holds this domain or alias, if any.
    pub fn site_holding(&mut self, name: &str) -> Result<Option<SiteId>, StoreError> {
        let by_domain =
            sites::table.filter(sites::domain.eq(name)).select(sites::id).first::<i64>(self.conn).optional()?;
        if let Some(id) = by_domain {
            return Ok(Some(SiteId(id)));
        }
        let by_alias = site_aliases::table
            .filter(site_aliases::alias.eq(name))
            .select(site_aliases::site_id)
            .first::<i64>(self.conn);
        Ok(by_alias.optional()?.map(SiteId))
    }
}

/// Puts sites together with their aliases.
fn named(rows: Vec<SiteRow>, aliases: Vec<(i64, String)>) -> Result<Vec<Site>, StoreError> {
    let mut aliases = group(aliases, |(site, alias)| Ok((site, parsed("alias", &alias)?)))?;
    rows.into_iter().map(|row| site_of(row, &mut aliases)).collect()
}

impl Writer<'_> {
    /// Adds a site; its own id is ignored unless `keep_id`, which puts a removed site back under its old one.
    pub fn record_insert(
        &mut self,
        record: &SiteRecord,
        revision: Revision,
        keep_id: bool,
    ) -> Result<SiteId, StoreError> {
        let site = &record.site;
        let values = (
            sites::domain.eq(site.domain.as_str()),
            sites::name.eq(&site.name),
            sites::is_default.eq(site.is_default),
            sites::is_protected.eq(site.is_protected),
            sites::time_zone.eq(&site.time_zone),
            sites::revision.eq(revision.0),
        );
        let id: i64 = if keep_id {
            diesel::insert_into(sites::table).values((sites::id.eq(site.id.0), values)).execute(self.conn)?;
            self.ids_follow("sites")?;
            site.id.0
        } else {
            diesel::insert_into(sites::table).values(values).returning(sites::id).get_result(self.conn)?
        };
        diesel::insert_into(maintenances::table)
            .values(maintenance_row(id, &record.maintenance, &record.drains))
            .execute(self.conn)?;
        self.alias_replace(id, &site.aliases)?;
        self.message_replace(id, &record.messages)?;
        self.pattern_replace(id, &record.patterns)?;
        self.network_replace(id, &record.networks)?;
        self.lease_update(SiteId(id), &[], &record.leases)?;
        self.window_update(Some(SiteId(id)), &[], &record.windows)?;
        self.site_exception_replace(SiteId(id), &record.exceptions)?;
        Ok(SiteId(id))
    }

    /// Writes what differs between `before` and `after`, and marks the site with `revision`.
    pub fn record_update(
        &mut self,
        before: &SiteRecord,
        after: &SiteRecord,
        revision: Revision,
    ) -> Result<(), StoreError> {
        let id = before.site.id.0;
        diesel::update(sites::table.find(id)).set(site_row(&after.site, revision)).execute(self.conn)?;
        if (&before.maintenance, &before.drains) != (&after.maintenance, &after.drains) {
            let row = maintenance_row(id, &after.maintenance, &after.drains);
            diesel::update(maintenances::table.find(id)).set(row).execute(self.conn)?;
        }
        if before.site.aliases != after.site.aliases {
            self.alias_replace(id, &after.site.aliases)?;
        }
        if before.messages != after.messages {
            self.message_replace(id, &after.messages)?;
        }
        if before.patterns != after.patterns {
            self.pattern_replace(id, &after.patterns)?;
        }
        if before.networks != after.networks {
            self.network_replace(id, &after.networks)?;
        }
        self.lease_update(before.site.id, &before.leases, &after.leases)?;
        self.window_update(Some(before.site.id), &before.windows, &after.windows)?;
        if before.exceptions != after.exceptions {
            self.site_exception_replace(before.site.id, &after.exceptions)?;
        }
        Ok(())
    }

    /// Takes the *default* mark from every other site; at most one site bears it.
    pub fn site_clear_default(&mut self, except: Option<SiteId>) -> Result<(), StoreError> {
        let except = except.map_or(-1, |id| id.0);
        diesel::update(sites::table.filter(sites::is_default.eq(true)).filter(sites::id.ne(except)))
            .set(sites::is_default.eq(false))
            .execute(self.conn)?;
        Ok(())
    }

    /// Removes a site with everything that hangs on it.
    pub fn site_delete(&mut self, id: SiteId) -> Result<(), StoreError> {
        diesel::delete(sites::table.find(id.0)).execute(self.conn)?;
        Ok(())
    }

    fn alias_replace(&mut self, site: i64, aliases: &[Alias]) -> Result<(), StoreError> {
        diesel::delete(site_aliases::table.filter(site_aliases::site_id.eq(site))).execute(self.conn)?;
        let rows: Vec<_> = alias_rows(site, aliases).collect();
        insert_rows!(&mut *self.conn, site_aliases::table, rows);
        Ok(())
    }

    fn message_replace(&mut self, site: i64, messages: &[Message]) -> Result<(), StoreError> {
        diesel::delete(messages::table.filter(messages::site_id.eq(site))).execute(self.conn)?;
        let rows: Vec<_> = message_rows(site, messages).collect();
        insert_rows!(&mut *self.conn, messages::table, rows);
        Ok(())
    }

    fn pattern_replace(&mut self, site: i64, patterns: &[IgnoredPattern]) -> Result<(), StoreError> {
        diesel::delete(ignored_patterns::table.filter(ignored_patterns::site_id.eq(site))).execute(self.conn)?;
        let rows: Vec<_> = pattern_rows(site, patterns).collect();
        insert_rows!(&mut *self.conn, ignored_patterns::table, rows);
        Ok(())
    }

    fn network_replace(&mut self, site: i64, networks: &[InternalNetwork]) -> Result<(), StoreError> {
        diesel::delete(internal_networks::table.filter(internal_networks::site_id.eq(site))).execute(self.conn)?;
        let rows: Vec<_> = network_rows(site, networks).collect();
        insert_rows!(&mut *self.conn, internal_networks::table, rows);
        Ok(())
    }
}

/// A site with its aliases, which are taken out of the map.
fn site_of(row: SiteRow, aliases: &mut HashMap<i64, Vec<Alias>>) -> Result<Site, StoreError> {
    Ok(Site {
        id: SiteId(row.id),
        domain: parsed::<Domain>("domain", &row.domain)?,
        name: row.name,
        aliases: aliases.remove(&row.id).unwrap_or_default(),
        is_default: row.is_default,
        is_protected: row.is_protected,
        time_zone: row.time_zone,
    })
}

/// The rows that hang on sites, by site id.
struct Parts {
    aliases: HashMap<i64, Vec<Alias>>,
    messages: HashMap<i64, Vec<Message>>,
    patterns: HashMap<i64, Vec<IgnoredPattern>>,
    networks: HashMap<i64, Vec<InternalNetwork>>,
    leases: HashMap<i64, Vec<Lease>>,
    windows: Windows,
}

/// Loads rows of a table that hangs on `sites`, of some sites or of all.
macro_rules! rows_of {
    ($conn:expr, $table:ident, $ids:expr, ($($column:ident),+), $order:expr) => {{
        let query = $table::table.select(($table::site_id, $($table::$column),+)).order($order);
        match $ids {
            Some(ids) => query.filter($table::site_id.eq_any(ids)).load($conn)?,
            None => query.load($conn)?,
        }
    }};
}

impl Parts {
    fn load(conn: &mut super::DbConnection, ids: Option<&[i64]>) -> Result<Self, StoreError> {
        let aliases: Vec<(i64, String)> = rows_of!(conn, site_aliases, ids, (alias), site_aliases::id);
        let messages: Vec<(i64, String, String, String, String, String, String)> = rows_of!(
            conn,
            messages,
            ids,
            (language, heading, body, contact, link_label, link_url),
            (messages::position, messages::id)
        );
        let patterns: Vec<(i64, String, String, String)> = rows_of!(
            conn,
            ignored_patterns,
            ids,
            (kind, pattern, description),
            (ignored_patterns::position, ignored_patterns::id)
        );
        let networks: Vec<(i64, String, String)> = rows_of!(
            conn,
            internal_networks,
            ids,
            (network, description),
            (internal_networks::position, internal_networks::id)
        );
        Ok(Self {
            aliases: group(aliases, |(site, alias)| Ok((site, parsed("alias", &alias)?)))?,
            messages: group(messages, |(site, language, heading, body, contact, link_label, link_url)| {
                Ok((site, Message { language, heading, body, contact, link_label, link_url }))
            })?,
            patterns: group(patterns, |(site, kind, pattern, description)| {
                Ok((site, IgnoredPattern { kind: parsed::<PatternKind>("kind", &kind)?, pattern, description }))
            })?,
            networks: group(networks, |(site, network, description)| {
                Ok((site, InternalNetwork { network: parsed("network", &network)?, description }))
            })?,
            leases: super::lease::load(conn, ids)?,
            windows: Windows::load(conn, ids)?,
        })
    }

    fn assemble(&mut self, (site, record): RecordRow) -> Result<(SiteRecord, Revision), StoreError> {
        let id = site.id;
        let revision = Revision(site.revision);
        let site = site_of(site, &mut self.aliases)?;
        let drains = record.drains_json;
        let maintenance = MaintenanceRecord {
            in_maintenance: record.in_maintenance,
            since: record.since.map(Timestamp::from),
            started_by: record.started_by,
            expected_end: record.expected_end.map(Timestamp::from),
            at_end: parsed::<AtEnd>("at_end", &record.at_end)?,
            redirect_url: record.redirect_url,
            retry_after: record.retry_after.and_then(|seconds| u32::try_from(seconds).ok()),
            level: parsed("level", &record.level)?,
        };
        let record = SiteRecord {
            site,
            maintenance,
            messages: self.messages.remove(&id).unwrap_or_default(),
            patterns: self.patterns.remove(&id).unwrap_or_default(),
            networks: self.networks.remove(&id).unwrap_or_default(),
            leases: self.leases.remove(&id).unwrap_or_default(),
            windows: self.windows.own.remove(&id).unwrap_or_default(),
            exceptions: self.windows.exceptions.remove(&id).unwrap_or_default(),
            drains: parsed_json("drains_json", &drains)?,
            shared: Arc::clone(&self.windows.shared),
        };
        Ok((record, revision))
    }
}

fn group<R, T>(
    rows: Vec<R>,
    read: impl Fn(R) -> Result<(i64, T), StoreError>,
) -> Result<HashMap<i64, Vec<T>>, StoreError> {
    let mut grouped: HashMap<i64, Vec<T>> = HashMap::new();
    for row in rows {
        let (site, part) = read(row)?;
        grouped.entry(site).or_default().push(part);
    }
    Ok(grouped)
}

/// What is kept of a value whose parts the database does not need to know.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("lists and maps with text keys are JSON")
}

/// Reads such a value back.
pub(super) fn parsed_json<T: DeserializeOwned>(column: &str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Unreadable { what: format!("{column} `{text}`: {error}") })
}

/// Reads a stored word back into its type.
pub(super) fn parsed<T>(column: &str, text: &str) -> Result<T, StoreError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error| StoreError::Unreadable { what: format!("{column} `{text}`: {error}") })
}
