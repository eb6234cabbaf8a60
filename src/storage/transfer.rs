//! Everything at once: read site by site to be written elsewhere, and replaced as a whole.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use super::rows::{alias_rows, insert_rows, maintenance_row, message_rows, network_rows, pattern_rows, site_row};
use super::schema::{
    ignored_patterns, internal_networks, maintenances, messages, site_aliases, sites, user_sites, users,
};
use super::timestamp::UtcTime;
use super::{DbConnection, Reader, StoreError, Writer};
use crate::change::Revision;
use crate::record::SiteRecord;
use crate::site::SiteId;
use crate::transfer::{Transfer, UserRecord};
use crate::user::username_key;

/// Sites read at once.
const SITES_AT_ONCE: i64 = 500;

#[derive(Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
struct UserRow<'a> {
    id: i64,
    username: &'a str,
    username_key: String,
    password_hash: &'a str,
    is_active: bool,
    is_staff: bool,
    is_superuser: bool,
    is_limited_to_sites: bool,
    theme: &'a str,
    has_shortcuts: bool,
    created_at: UtcTime,
    last_login_at: Option<UtcTime>,
}

impl<'a> UserRow<'a> {
    fn of(UserRecord { user, password_hash }: &'a UserRecord) -> Self {
        Self {
            id: user.id.0,
            username: &user.username,
            username_key: username_key(&user.username),
            password_hash,
            is_active: user.rights.is_active,
            is_staff: user.rights.is_staff,
            is_superuser: user.rights.is_superuser,
            is_limited_to_sites: user.rights.sites.is_some(),
            theme: user.theme.as_str(),
            has_shortcuts: user.has_shortcuts,
            created_at: UtcTime(user.created_at),
            last_login_at: user.last_login_at.map(UtcTime),
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = user_sites)]
struct UserSiteRow {
    user_id: i64,
    site_id: i64,
}

impl Reader<'_> {
    /// Hands on every site's record by id, some hundred at once, for as long as `take` wants more.
    pub fn record_each(&mut self, mut take: impl FnMut(&SiteRecord) -> bool) -> Result<(), StoreError> {
        let mut after = i64::MIN;
        loop {
            let ids: Vec<i64> = sites::table
                .filter(sites::id.gt(after))
                .select(sites::id)
                .order(sites::id)
                .limit(SITES_AT_ONCE)
                .load(self.conn)?;
            let Some(last) = ids.last() else { return Ok(()) };
            after = *last;
            let ids: Vec<SiteId> = ids.into_iter().map(SiteId).collect();
            if !self.record_some(&ids)?.iter().all(|(record, _)| take(record)) {
                return Ok(());
            }
        }
    }

    /// Every user with the password hash, by id.
    pub fn user_record_list(&mut self) -> Result<Vec<UserRecord>, StoreError> {
        let hashes: Vec<(i64, String)> =
            users::table.select((users::id, users::password_hash)).order(users::id).load(self.conn)?;
        let mut hashes: HashMap<i64, String> = hashes.into_iter().collect();
        let users = self.user_list()?.into_iter();
        let mut records: Vec<UserRecord> = users
            .map(|user| UserRecord { password_hash: hashes.remove(&user.id.0).unwrap_or_default(), user })
            .collect();
        records.sort_by_key(|record| record.user.id);
        Ok(records)
    }
}

impl Writer<'_> {
    /// Puts these sites in place of all that there are, and these users in place of all users with their sessions, under
    /// the ids that they bear. Without users those of the database stay; who is limited to sites keeps those that
    /// are there again under the same id and domain.
    pub fn transfer_replace(&mut self, transfer: &Transfer, revision: Revision) -> Result<(), StoreError> {
        let given: Vec<(i64, i64, String)> = user_sites::table
            .inner_join(sites::table.on(sites::id.eq(user_sites::site_id)))
            .select((user_sites::user_id, user_sites::site_id, sites::domain))
            .order((user_sites::user_id, user_sites::site_id))
            .load(self.conn)?;
        diesel::delete(sites::table).execute(self.conn)?;
        let shared = self.window_shared()?;
        self.window_update(None, &shared, &[])?;
        self.window_update(None, &[], &transfer.windows)?;
        self.site_insert_all(&transfer.sites, revision)?;
        match &transfer.users {
            Some(users) => {
                diesel::delete(users::table).execute(self.conn)?;
                self.user_insert_all(users)?;
            }
            None => {
                let again: HashSet<(i64, &str)> =
                    transfer.sites.iter().map(|record| (record.site.id.0, record.site.domain.as_str())).collect();
                let kept = given.iter().filter(|(_, site, domain)| again.contains(&(*site, domain.as_str())));
                let rows: Vec<_> = kept.map(|(user, site, _)| UserSiteRow { user_id: *user, site_id: *site }).collect();
                insert_rows!(&mut *self.conn, user_sites::table, rows);
            }
        }
        ["sites", "users", "windows", "leases"].iter().try_for_each(|table| self.ids_follow(table))
    }

    fn site_insert_all(&mut self, records: &[SiteRecord], revision: Revision) -> Result<(), StoreError> {
        let rows: Vec<_> = records.iter().map(|record| site_row(&record.site, revision)).collect();
        insert_rows!(&mut *self.conn, sites::table, rows);
        let rows: Vec<_> = records
            .iter()
            .map(|record| maintenance_row(record.site.id.0, &record.maintenance, &record.drains))
            .collect();
        insert_rows!(&mut *self.conn, maintenances::table, rows);
        let rows: Vec<_> =
            records.iter().flat_map(|record| alias_rows(record.site.id.0, &record.site.aliases)).collect();
        insert_rows!(&mut *self.conn, site_aliases::table, rows);
        let rows: Vec<_> = records.iter().flat_map(|record| message_rows(record.site.id.0, &record.messages)).collect();
        insert_rows!(&mut *self.conn, messages::table, rows);
        let rows: Vec<_> = records.iter().flat_map(|record| pattern_rows(record.site.id.0, &record.patterns)).collect();
        insert_rows!(&mut *self.conn, ignored_patterns::table, rows);
        let rows: Vec<_> = records.iter().flat_map(|record| network_rows(record.site.id.0, &record.networks)).collect();
        insert_rows!(&mut *self.conn, internal_networks::table, rows);
        for record in records {
            self.lease_update(record.site.id, &[], &record.leases)?;
            self.window_update(Some(record.site.id), &[], &record.windows)?;
            if !record.exceptions.is_empty() {
                self.site_exception_replace(record.site.id, &record.exceptions)?;
            }
        }
        Ok(())
    }

    fn user_insert_all(&mut self, records: &[UserRecord]) -> Result<(), StoreError> {
        let rows: Vec<UserRow<'_>> = records.iter().map(UserRow::of).collect();
        insert_rows!(&mut *self.conn, users::table, rows);
        let given = records.iter().flat_map(|UserRecord { user, .. }| {
            let sites = user.rights.sites.iter().flatten();
            sites.map(|site| UserSiteRow { user_id: user.id.0, site_id: site.0 })
        });
        let rows: Vec<_> = given.collect();
        insert_rows!(&mut *self.conn, user_sites::table, rows);
        Ok(())
    }

    /// Lets the next id of a table come after those that were written with their ids, and after all that were ever
    /// given: the log speaks of them. SQLite sees to it by itself.
    pub(super) fn ids_follow(&mut self, table: &str) -> Result<(), StoreError> {
        match &mut *self.conn {
            #[cfg(feature = "sqlite")]
            DbConnection::Sqlite(_) => {}
            #[cfg(feature = "postgres")]
            DbConnection::Postgres(conn) => {
                let follow = format!(
                    "SELECT setval(ids, greatest((SELECT max(id) FROM {table}), pg_sequence_last_value(ids))) \
                     FROM (SELECT pg_get_serial_sequence('{table}', 'id')::regclass AS ids) AS found"
                );
                diesel::sql_query(follow).execute(conn)?;
            }
        }
        #[cfg(not(feature = "postgres"))]
        let _ = table;
        Ok(())
    }
}
