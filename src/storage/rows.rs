//! Rows of a site's record as they are written, many in one statement.

use diesel::Insertable;

use super::record::json;
use super::schema::{ignored_patterns, internal_networks, maintenances, messages, site_aliases, sites};
use super::timestamp::UtcTime;
use crate::change::Revision;
use crate::drain::Drain;
use crate::maintenance::MaintenanceRecord;
use crate::message::Message;
use crate::network::InternalNetwork;
use crate::pattern::IgnoredPattern;
use crate::site::{Alias, Site};

/// Rows in one statement; with nine columns well below the values that either engine takes (32,766 and 65,535).
pub(super) const ROWS_AT_ONCE: usize = 500;

/// Inserts rows into a table, some hundred at once. Diesel's multi-connection has no batch insert.
macro_rules! insert_rows {
    ($conn:expr, $table:expr, $rows:expr) => {
        for rows in $rows.chunks($crate::storage::rows::ROWS_AT_ONCE) {
            $crate::storage::connection::each_engine!($conn, |conn| {
                diesel::insert_into($table).values(rows).execute(conn)?
            });
        }
    };
}
pub(super) use insert_rows;

#[derive(diesel::Queryable, Insertable, diesel::AsChangeset)]
#[diesel(table_name = sites, treat_none_as_null = true)]
pub(super) struct SiteRow {
    pub(super) id: i64,
    pub(super) domain: String,
    pub(super) name: String,
    pub(super) is_default: bool,
    pub(super) is_protected: bool,
    pub(super) time_zone: String,
    pub(super) revision: i64,
}

#[derive(diesel::Queryable, Insertable, diesel::AsChangeset)]
#[diesel(table_name = maintenances, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct MaintenanceRow {
    pub(super) site_id: i64,
    pub(super) in_maintenance: bool,
    pub(super) since: Option<UtcTime>,
    pub(super) started_by: Option<String>,
    pub(super) expected_end: Option<UtcTime>,
    pub(super) at_end: String,
    pub(super) redirect_url: Option<String>,
    pub(super) retry_after: Option<i32>,
    pub(super) level: String,
    pub(super) drains_json: String,
}

#[derive(Insertable)]
#[diesel(table_name = site_aliases)]
pub(super) struct AliasRow {
    site_id: i64,
    alias: String,
}

#[derive(Insertable)]
#[diesel(table_name = messages)]
pub(super) struct MessageRow<'a> {
    site_id: i64,
    position: i32,
    language: &'a str,
    heading: &'a str,
    body: &'a str,
    contact: &'a str,
    link_label: &'a str,
    link_url: &'a str,
}

#[derive(Insertable)]
#[diesel(table_name = ignored_patterns)]
pub(super) struct PatternRow<'a> {
    site_id: i64,
    position: i32,
    kind: &'a str,
    pattern: &'a str,
    description: &'a str,
}

#[derive(Insertable)]
#[diesel(table_name = internal_networks)]
pub(super) struct NetworkRow<'a> {
    site_id: i64,
    position: i32,
    network: String,
    description: &'a str,
}

pub(super) fn site_row(site: &Site, revision: Revision) -> SiteRow {
    SiteRow {
        id: site.id.0,
        domain: site.domain.as_str().to_owned(),
        name: site.name.clone(),
        is_default: site.is_default,
        is_protected: site.is_protected,
        time_zone: site.time_zone.clone(),
        revision: revision.0,
    }
}

pub(super) fn maintenance_row(site_id: i64, record: &MaintenanceRecord, drains: &[Drain]) -> MaintenanceRow {
    MaintenanceRow {
        site_id,
        in_maintenance: record.in_maintenance,
        since: record.since.map(UtcTime),
        started_by: record.started_by.clone(),
        expected_end: record.expected_end.map(UtcTime),
        at_end: record.at_end.as_str().to_owned(),
        redirect_url: record.redirect_url.clone(),
        retry_after: record.retry_after.and_then(|seconds| i32::try_from(seconds).ok()),
        level: record.level.as_str().to_owned(),
        drains_json: json(&drains),
    }
}

pub(super) fn alias_rows(site_id: i64, aliases: &[Alias]) -> impl Iterator<Item = AliasRow> {
    aliases.iter().map(move |alias| AliasRow { site_id, alias: alias.to_string() })
}

pub(super) fn message_rows(site_id: i64, rows: &[Message]) -> impl Iterator<Item = MessageRow<'_>> {
    (0..).zip(rows).map(move |(position, message)| MessageRow {
        site_id,
        position,
        language: &message.language,
        heading: &message.heading,
        body: &message.body,
        contact: &message.contact,
        link_label: &message.link_label,
        link_url: &message.link_url,
    })
}

pub(super) fn pattern_rows(site_id: i64, rows: &[IgnoredPattern]) -> impl Iterator<Item = PatternRow<'_>> {
    (0..).zip(rows).map(move |(position, row)| PatternRow {
        site_id,
        position,
        kind: row.kind.as_str(),
        pattern: &row.pattern,
        description: &row.description,
    })
}

pub(super) fn network_rows(site_id: i64, rows: &[InternalNetwork]) -> impl Iterator<Item = NetworkRow<'_>> {
    (0..).zip(rows).map(move |(position, row)| NetworkRow {
        site_id,
        position,
        network: row.network.to_string(),
        description: &row.description,
    })
}
