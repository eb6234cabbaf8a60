//! Connections to PostgreSQL: opened so that a server, or a client, that vanishes is noticed by the other side.

pub(super) mod refusal;

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, InstrumentationEvent, SimpleConnection as _};
use diesel::{Connection as _, ConnectionError, PgConnection};

use super::attempt::Pulse;
use super::transaction::Purpose;
use super::{DatabaseOptions, StoreError};

/// Key of the advisory lock under which writers take turns ("mmode" in ASCII).
const WRITE_LOCK: i64 = 0x6d_6d_6f_64_65;

/// What either side asks of TCP, so that it notices within ten seconds that the other one is gone: probes after 4 s of
/// silence, every 2 s, three times; and what was sent must be acknowledged within 10 s.
const KEEPALIVE_IDLE_SECONDS: u32 = 4;
const KEEPALIVE_INTERVAL_SECONDS: u32 = 2;
const KEEPALIVE_COUNT: u32 = 3;
const UNACKNOWLEDGED_MILLISECONDS: u32 = 10_000;

/// Opens a connection and makes its session ours. `pulse` tells from then on whether the server owes an answer.
///
/// # Errors
/// A variant of [`StoreError`] that says why not, without the password.
pub(super) fn establish(url: &str, options: &DatabaseOptions, pulse: &Arc<Pulse>) -> Result<PgConnection, StoreError> {
    pulse.ask();
    let opened = PgConnection::establish(&with_parameters(url, options.connect_timeout));
    pulse.answered();
    let mut conn = opened.map_err(|error| match error {
        ConnectionError::CouldntSetupConfiguration(error) => StoreError::from(error),
        other => refusal::of(url, &other.to_string()),
    })?;
    let watched = Arc::clone(pulse);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| match event {
        InstrumentationEvent::StartQuery { .. } => watched.ask(),
        InstrumentationEvent::FinishQuery { .. } => watched.answered(),
        _ => {}
    });
    // After connecting, not while: proxies that share connections refuse settings at the start.
    conn.batch_execute(&session(options))?;
    Ok(conn)
}

/// The address with what libpq is to watch the connection by, as far as the address does not say itself.
fn with_parameters(url: &str, connect_timeout: Duration) -> String {
    // libpq takes it for each host of a list.
    let hosts = url.split(['?', '/']).nth(2).map_or(1, |authority| authority.split(',').count() as u64);
    let ours = [
        ("connect_timeout", (connect_timeout.as_secs() / hosts).max(1).to_string()),
        ("tcp_user_timeout", UNACKNOWLEDGED_MILLISECONDS.to_string()),
        ("keepalives_idle", KEEPALIVE_IDLE_SECONDS.to_string()),
        ("keepalives_interval", KEEPALIVE_INTERVAL_SECONDS.to_string()),
        ("keepalives_count", KEEPALIVE_COUNT.to_string()),
        // Whoever sets PGAPPNAME wins.
        ("fallback_application_name", "maintenance".to_owned()),
    ];
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let is_given = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let mut full = url.to_owned();
    for (name, value) in ours {
        if !is_given(name) {
            if !full.ends_with(['?', '&']) {
                full.push(if full.contains('?') { '&' } else { '?' });
            }
            full.push_str(&format!("{name}={value}"));
        }
    }
    full
}

/// What every session begins with. A server or client that froze must not keep others waiting for ever: statements,
/// waits for a lock and idle transactions end, and the server watches its end of the connection as we watch ours.
fn session(options: &DatabaseOptions) -> String {
    let statement = options.statement_timeout.as_millis();
    format!(
        "SET client_min_messages = warning; SET standard_conforming_strings = on; \
         SET statement_timeout = {statement}; SET lock_timeout = {}; \
         SET idle_in_transaction_session_timeout = {statement}; \
         SET tcp_keepalives_idle = {KEEPALIVE_IDLE_SECONDS}; SET tcp_keepalives_interval = {KEEPALIVE_INTERVAL_SECONDS}; \
         SET tcp_keepalives_count = {KEEPALIVE_COUNT}; SET tcp_user_timeout = {UNACKNOWLEDGED_MILLISECONDS}",
        lock_timeout(options).as_millis(),
    )
}

/// How long a writer waits for its turn. Shorter than a statement may take, so that it fails as what it is.
fn lock_timeout(options: &DatabaseOptions) -> Duration {
    options.statement_timeout / 2
}

/// Lets a session take and wait as long as it likes: another server's migration may take a while.
pub(super) fn without_limits(conn: &mut PgConnection) -> Result<(), StoreError> {
    let unlimited = "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0";
    Ok(conn.batch_execute(unlimited)?)
}

/// Begins a transaction, in one message.
///
/// # Errors
/// [`StoreError::Locked`] when other writers did not end in time.
pub(super) fn begin(conn: &mut PgConnection, purpose: Purpose, options: &DatabaseOptions) -> Result<(), StoreError> {
    let sql = match purpose {
        Purpose::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned(),
        // A writer that freezes loses its transaction before those who wait for it lose their patience.
        Purpose::Write => format!(
            "BEGIN; SET LOCAL idle_in_transaction_session_timeout = {}; SELECT pg_advisory_xact_lock({WRITE_LOCK})",
            (lock_timeout(options) * 3 / 4).as_millis()
        ),
        Purpose::Beside => "BEGIN; SET LOCAL synchronous_commit = off".to_owned(),
    };
    let Err(error) = AnsiTransactionManager::begin_transaction_sql(conn, &sql) else { return Ok(()) };
    let error = StoreError::from(error);
    if matches!(error, StoreError::Unreachable { .. }) {
        return Err(error);
    }
    // The transaction may have begun, which Diesel does not know.
    conn.batch_execute("ROLLBACK")?;
    match (purpose, error) {
        // In whatever language the server says it: nothing else of this can fail.
        (Purpose::Write, StoreError::Database(_)) => Err(StoreError::Locked),
        (_, error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(url: &str) -> String {
        with_parameters(url, Duration::from_secs(6))
    }

    #[test]
    fn what_the_address_says_itself_is_left_and_the_rest_is_added() {
        let url = completed("postgres://ada@db/m?keepalives_idle=60&connect_timeout=9");
        assert!(url.starts_with("postgres://ada@db/m?keepalives_idle=60&connect_timeout=9&tcp_user_timeout=10000&"));
        assert_eq!(url.matches("keepalives_idle=").count(), 1);
        for url in ["postgres://ada@db/m", "postgres://ada@db/m?"] {
            assert!(completed(url).starts_with("postgres://ada@db/m?connect_timeout=6&"), "{url}");
        }
    }

    #[test]
    fn several_hosts_share_the_time_for_connecting() {
        assert!(completed("postgres://ada@a,b:5433,c/m").contains("connect_timeout=2&"));
        assert!(completed("postgres://ada@a,b,c,d,e,f,g/m").contains("connect_timeout=1&"));
    }
}
