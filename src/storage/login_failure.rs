//! Counts of refused log-ins, by account and by address, shared by all servers.

use std::net::{IpAddr, Ipv6Addr};

use diesel::prelude::*;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::schema::login_failures;
use super::timestamp::UtcTime;
use super::{Reader, StoreError, Writer};
use crate::user::username_key;

/// What refused log-ins are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginScope<'a> {
    /// The name that was typed, whether or not there is such a user.
    Account(&'a str),
    /// A browser that has logged in with that name before, by its number.
    Device(&'a str, &'a str),
    /// The client address; IPv6 by its /64, because a single host has all of it.
    Address(IpAddr),
}

impl LoginScope<'_> {
    /// Key of the row. Names are hashed: people type passwords into the wrong field.
    fn key(&self) -> String {
        match self {
            Self::Account(username) => format!("account:{}", name_hash(username)),
            Self::Device(username, device) => format!("{}{device}", devices_of(username)),
            Self::Address(IpAddr::V4(address)) => format!("{ADDRESSES}{address}"),
            Self::Address(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
                Some(address) => format!("{ADDRESSES}{address}"),
                None => format!("{ADDRESSES}{}/64", Ipv6Addr::from(u128::from(*address) >> 64 << 64)),
            },
        }
    }
}

/// What the keys of all addresses begin with.
const ADDRESSES: &str = "address:";

/// What the keys of all devices of a name begin with.
fn devices_of(username: &str) -> String {
    format!("device:{}:", name_hash(username))
}

/// First half of the SHA-256 of a name in its unique form, in hexadecimal digits.
fn name_hash(username: &str) -> String {
    Sha256::digest(username_key(username))[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Refused log-ins of one scope.
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
    pub fn login_failures(&mut self, scope: LoginScope<'_>) -> Result<Option<LoginFailures>, StoreError> {
        let row: Option<(i32, UtcTime, Option<UtcTime>)> = login_failures::table
            .find(scope.key())
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
    pub fn login_failures_set(&mut self, scope: LoginScope<'_>, value: &LoginFailures) -> Result<(), StoreError> {
        let key = scope.key();
        let values = (
            login_failures::failures.eq(i32::try_from(value.failures).unwrap_or(i32::MAX)),
            login_failures::last_at.eq(UtcTime(value.last_at)),
            login_failures::blocked_until.eq(value.blocked_until.map(UtcTime)),
        );
        let changed = diesel::update(login_failures::table.find(&key)).set(values).execute(self.conn)?;
        if changed == 0 {
            diesel::insert_into(login_failures::table)
                .values((login_failures::scope.eq(&key), values))
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// Forgets the refused log-ins of a scope; `false` when there were none.
    pub fn login_failures_clear(&mut self, scope: LoginScope<'_>) -> Result<bool, StoreError> {
        Ok(diesel::delete(login_failures::table.find(scope.key())).execute(self.conn)? > 0)
    }

    /// Forgets the refused log-ins of a name, on all its devices, and those of all addresses; returns how many
    /// scopes. For the operator who opens a locked account: which address is in its way is not kept.
    pub fn login_failures_clear_for(&mut self, username: &str) -> Result<usize, StoreError> {
        let own = login_failures::scope
            .eq(LoginScope::Account(username).key())
            .or(login_failures::scope.like(format!("{}%", devices_of(username))))
            .or(login_failures::scope.like(format!("{ADDRESSES}%")));
        Ok(diesel::delete(login_failures::table.filter(own)).execute(self.conn)?)
    }

    /// Forgets what is older than `before`; returns how many scopes.
    pub fn login_failures_delete_older(&mut self, before: Timestamp) -> Result<usize, StoreError> {
        let old = login_failures::table.filter(login_failures::last_at.lt(UtcTime(before)));
        Ok(diesel::delete(old).execute(self.conn)?)
    }
}
