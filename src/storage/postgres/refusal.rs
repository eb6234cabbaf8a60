//! What libpq and the server say when they give no connection, told apart by what is to be done.
//!
//! Diesel hands on the text alone. The words of libpq are English in this program; a server may use another language,
//! and then its own words are shown with a general hint.

use crate::storage::StoreError;
use crate::storage::url::without_password;

/// What to do when there are more connections than the server allows.
const TOO_MANY: &str = "it has too many connections; raise its max_connections or lower DATABASE_POOL_SIZE";

/// Words of a server that may change its mind by itself, and what they mean.
const PASSING: [(&str, &str); 11] = [
    ("the database system is starting up", "it is starting up"),
    ("the database system is shutting down", "it is shutting down"),
    ("the database system is in recovery mode", "it is recovering from a crash"),
    ("the database system is not yet accepting connections", "it is not ready yet"),
    ("the database system is not accepting connections", "it accepts no connections at the moment"),
    ("terminating connection due to", "it is shutting down"),
    ("too many clients already", TOO_MANY),
    ("remaining connection slots are reserved", TOO_MANY),
    ("too many connections for", "its role or database has too many connections; raise that limit"),
    ("session is not read-only", "no server of the address has the role that target_session_attrs asks for"),
    ("session is read-only", "no server of the address takes changes at the moment"),
];

/// Words of a refusal that lasts, and what to do about it.
const LASTING: [(&str, &str); 8] = [
    ("server does not support SSL", "set `ssl = on` there, with a certificate, or ask for less with sslmode"),
    (
        "no encryption",
        "add a line to its pg_hba.conf; when it asks for TLS, use a program that was built with the cargo feature \
         `postgres-tls`",
    ),
    ("pg_hba.conf", "add a line for this role, database and address to its pg_hba.conf"),
    ("password authentication failed", "check the user and the password in DATABASE_URL"),
    ("no password supplied", "give a password in DATABASE_URL or in ~/.pgpass"),
    ("certificate", "check sslmode, sslrootcert and the certificate of the server"),
    ("SSL error", "check sslmode, sslrootcert and the certificate of the server"),
    ("permission denied for database", "run `GRANT CONNECT ON DATABASE` for its role"),
];

/// Why there is no connection, by the text of libpq.
pub(in crate::storage) fn of(url: &str, said: &str) -> StoreError {
    let said = said.trim();
    if let Some(reason) = malformed(said) {
        return StoreError::Url { url: without_password(url), reason };
    }
    if let Some((_, meaning)) = PASSING.iter().find(|(words, _)| said.contains(words)) {
        return StoreError::Unreachable { reason: (*meaning).to_owned() };
    }
    // With several hosts, or TLS tried and then not, there are several lines; the last attempt counts.
    let first = said.lines().next().unwrap_or(said);
    let line = said.lines().rev().find(|line| line.contains("failed: ")).unwrap_or(first);
    let reason = line.rsplit_once("failed: ").map_or(line, |(_, reason)| reason).trim();
    let words = reason.trim_start_matches("FATAL:").trim_start_matches("ERROR:").trim();
    if said.contains("SSL support is not compiled in") {
        let mode = said.split('"').nth(1).unwrap_or_default();
        let hint = "use a program that was built with the cargo feature `postgres-tls`".to_owned();
        return StoreError::Refused { reason: format!("sslmode={mode} asks for TLS, which is not built in"), hint };
    }
    if let Some((_, hint)) = LASTING.iter().find(|(words, _)| said.contains(words)) {
        return StoreError::Refused { reason: words.to_owned(), hint: (*hint).to_owned() };
    }
    if said.contains("does not exist") {
        return absent(words);
    }
    if let Some(reason) = unanswered(said, line) {
        return StoreError::Unreachable { reason };
    }
    if is_of_the_server(reason) {
        let hint = "check DATABASE_URL and the log of the server".to_owned();
        return StoreError::Refused { reason: words.to_owned(), hint };
    }
    StoreError::Unreachable { reason: words.to_owned() }
}

/// What is wrong with an address that libpq cannot read. Its own words may repeat the address, password and all.
fn malformed(said: &str) -> Option<String> {
    let says = |words: &str| said.contains(words);
    let quoted = || said.split('"').nth(1).unwrap_or_default();
    if says("SSL support is not compiled in") {
        return None;
    }
    if says("invalid URI query parameter") {
        return Some(format!("it has the parameter `{}`, which is not known", quoted()));
    }
    if says("invalid port number") || says("option \"port\"") {
        return Some("its port is not a number from 1 to 65535".to_owned());
    }
    if says("invalid percent-encoded token") || says("forbidden value %00") {
        return Some("a % in it is not followed by two hexadecimal digits; write %25 for a %".to_owned());
    }
    if says("for connection option") || says("value \"") && says("invalid") {
        return said.lines().next().map(ToOwned::to_owned);
    }
    ["in URI", "URI query", "IPv6 host address", "unexpected character"].iter().any(|words| says(words)).then(|| {
        "it is not of the form postgres://user:password@host:port/database; in a password, write %40 for @, %2F for / \
         and %3A for :"
            .to_owned()
    })
}

/// A role or a database that is not there.
fn absent(words: &str) -> StoreError {
    let name = words.split('"').nth(1).unwrap_or_default();
    let hint = if words.starts_with("database") {
        format!("create it with `createdb {name}`, or correct the name in DATABASE_URL")
    } else {
        format!("create it with `createuser {name}`, or correct the user in DATABASE_URL")
    };
    StoreError::Refused { reason: words.to_owned(), hint }
}

/// Nobody answers there, for whatever reason.
fn unanswered(said: &str, line: &str) -> Option<String> {
    let place = place(line);
    if said.contains("could not translate host name") {
        let host = said.split('"').nth(1).unwrap_or_default();
        return Some(format!("the host `{host}` cannot be found; check its name in DATABASE_URL"));
    }
    if line.contains("Connection refused") {
        return Some(format!("nobody listens at {place}; is PostgreSQL running there, and are host and port right?"));
    }
    if line.contains("timeout expired") || line.contains("timed out") {
        return Some(format!("nobody answers at {place}; check host and port, and the firewall in between"));
    }
    if line.contains("No such file or directory") {
        return Some(format!("there is no socket at {place}; is PostgreSQL running, and is the folder right?"));
    }
    None
}

/// `127.0.0.1 port 5432`, or the path of a socket.
fn place(line: &str) -> String {
    let mut quoted = line.split('"').skip(1).step_by(2);
    let host = quoted.next().unwrap_or("that address");
    let port = line.split("port ").nth(1).map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    match port.filter(|port| !port.is_empty()) {
        Some(port) => format!("{host} port {port}"),
        None => host.to_owned(),
    }
}

/// Whether the server itself says no: its severity stands before the words, in whatever language.
fn is_of_the_server(reason: &str) -> bool {
    let severity = reason.split(':').next().unwrap_or_default();
    !severity.is_empty() && severity.chars().all(|letter| letter.is_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "postgres://ada:s3cret@db/m";

    /// What libpq puts before the words of a server.
    fn said(words: &str) -> String {
        format!("connection to server at \"10.0.0.7\", port 5432 failed: {words}")
    }

    #[test]
    fn what_passes_by_itself_is_told_from_what_somebody_must_change() {
        for (words, is_passing, part) in [
            ("FATAL:  the database system is starting up", true, "starting up"),
            ("FATAL:  the database system is in recovery mode", true, "recovering"),
            ("FATAL:  sorry, too many clients already", true, "DATABASE_POOL_SIZE"),
            ("Connection refused\n\tIs the server running on that host?", true, "nobody listens at 10.0.0.7 port 5432"),
            ("timeout expired", true, "nobody answers at 10.0.0.7 port 5432"),
            ("Network is unreachable", true, "unreachable"),
            ("FATAL:  password authentication failed for user \"ada\"", false, "check the user and the password"),
            ("FATAL:  database \"m\" does not exist", false, "createdb m"),
            ("FATAL:  role \"ada\" does not exist", false, "createuser ada"),
            ("server does not support SSL, but SSL was required", false, "ssl = on"),
        ] {
            let error = of(URL, &said(words));
            assert_eq!(error.is_passing(), is_passing, "{words}: {error}");
            assert!(error.to_string().contains(part), "{words}: {error}");
        }
    }

    #[test]
    fn a_server_that_speaks_another_language_is_quoted_with_a_general_hint() {
        let words = "FATAL:  Passwort-Authentifizierung für Benutzer »ada« fehlgeschlagen";
        let error = of(URL, &said(words));
        assert!(!error.is_passing());
        let told = error.to_string();
        assert!(told.contains("Passwort-Authentifizierung") && told.contains("log of the server"), "{told}");
    }

    #[test]
    fn an_address_that_cannot_be_read_is_never_repeated_with_its_password() {
        let said =
            "unexpected character \"c\" in position 3 in URI (expected \":\" or \"/\"): \"postgres://ada:s3cret@db/m\"";
        let error = of(URL, said);
        assert!(matches!(error, StoreError::Url { .. }), "{error}");
        assert!(!error.to_string().contains("s3cret") && !error.is_passing(), "{error}");
    }
}
