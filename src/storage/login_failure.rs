//! Counts of refused log-ins, by account and by address, shared by all servers.

use diesel::prelude::*;
use jiff::Timestamp;

use super::schema::login_failures;
use super::timestamp::UtcTime;
use super::{Reader, StoreError, Writer};

/// Refused log-ins of one scope (`user:ada`, `address:203.0.113.9`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginFailures {
    /// How many in a row.
    pub failures: u32,
    /// The last one.
    pub last_at: Timestamp,
    /// Until when further tries are refused unseen.
    pub blocked_until: Option<Timestamp>,
}

impl Reader<'_> {
    /// Refused log-ins of a scope.
    pub fn login_failures(&mut self, scope: &str) -> Result<Option<LoginFailures>, StoreError> {
        let row: Option<(i32, UtcTime, Option<UtcTime>)> = login_failures::table
            .find(scope)
            .select((login_failures::failures, login_failures::last_at, login_failures::blocked_until))
            .first(self.conn)
            .optional()?;
        Ok(row.map(|(failures, last_at, blocked_until)| LoginFailures {
            failures: u32::try_from(failures).unwrap_or(0),
            last_at: last_at.into(),
            blocked_until: blocked_until.map(Timestamp::from),
        }))
    }
}

impl Writer<'_> {
    /// Sets the count of a scope.
    pub fn login_failures_set(&mut self, scope: &str, value: &LoginFailures) -> Result<(), StoreError> {
        let values = (
            login_failures::failures.eq(i32::try_from(value.failures).unwrap_or(i32::MAX)),
            login_failures::last_at.eq(UtcTime(value.last_at)),
            login_failures::blocked_until.eq(value.blocked_until.map(UtcTime)),
        );
        let changed = diesel::update(login_failures::table.find(scope)).set(values).execute(self.conn)?;
        if changed == 0 {
            diesel::insert_into(login_failures::table)
                .values((login_failures::scope.eq(scope), values))
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// Forgets the refused log-ins of a scope; `false` when there were none.
    pub fn login_failures_clear(&mut self, scope: &str) -> Result<bool, StoreError> {
        Ok(diesel::delete(login_failures::table.find(scope)).execute(self.conn)? > 0)
    }

    /// Forgets what is older than `before`; returns how many scopes.
    pub fn login_failures_delete_older(&mut self, before: Timestamp) -> Result<usize, StoreError> {
        let old = login_failures::table.filter(login_failures::last_at.lt(UtcTime(before)));
        Ok(diesel::delete(old).execute(self.conn)?)
    }
}
