//! The address of the database.

use std::fmt;
use std::path::Path;

use super::StoreError;

/// Where the state lives: a SQLite file or a PostgreSQL server.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// Path of a SQLite file.
    #[cfg(feature = "sqlite")]
    Sqlite(std::path::PathBuf),
    /// A libpq address: `postgres://user:password@host:port/database`.
    #[cfg(feature = "postgres")]
    Postgres(String),
}

impl DatabaseUrl {
    /// Reads `sqlite://PATH`, `sqlite:PATH`, `PATH`, `postgres://…` or `postgresql://…`.
    ///
    /// # Errors
    /// [`StoreError::Url`] for an empty address, an unknown scheme, or an engine that is not built in.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        let url = url.trim();
        let refuse = |reason: &str| StoreError::Url { url: without_password(url), reason: reason.to_owned() };
        if url.is_empty() {
            return Err(refuse("it is empty; give a file name or postgres://user@host/database"));
        }
        // The words of libpq, which would be sent on as a whole, and repeated as such.
        if url.to_ascii_lowercase().contains("password=") && !url.contains("://") {
            let reason = "it is a list of words; write postgres://user:password@host/database";
            return Err(StoreError::Url { url: String::new(), reason: reason.to_owned() });
        }
        let (scheme, rest) = match url.split_once(':') {
            Some((scheme, rest)) if scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                (scheme.to_ascii_lowercase(), rest)
            }
            _ => ("sqlite".to_owned(), url),
        };
        match scheme.as_str() {
            "sqlite" | "file" => Self::sqlite(rest.strip_prefix("//").unwrap_or(rest), refuse),
            "postgres" | "postgresql" if !rest.starts_with("//") || rest.contains(char::is_whitespace) => {
                let reason = "it is not of the form postgres://user:password@host/database, with %20 for a blank";
                Err(StoreError::Url { url: String::new(), reason: reason.to_owned() })
            }
            "postgres" | "postgresql" => Self::postgres(url, refuse),
            _ => Err(refuse("its scheme is not known; use sqlite:FILE or postgres://user@host/database")),
        }
    }

    #[cfg(feature = "sqlite")]
    fn sqlite(path: &str, refuse: impl Fn(&str) -> StoreError) -> Result<Self, StoreError> {
        match path {
            "" => Err(refuse("it names no file")),
            ":memory:" => Err(refuse("a database in memory cannot be shared with the command line; give a file name")),
            path => Ok(Self::Sqlite(path.into())),
        }
    }

    #[cfg(not(feature = "sqlite"))]
    fn sqlite(_: &str, refuse: impl Fn(&str) -> StoreError) -> Result<Self, StoreError> {
        Err(refuse("this program was built without SQLite (cargo feature `sqlite`)"))
    }

    #[cfg(feature = "postgres")]
    fn postgres(url: &str, _: impl Fn(&str) -> StoreError) -> Result<Self, StoreError> {
        Ok(Self::Postgres(url.to_owned()))
    }

    #[cfg(not(feature = "postgres"))]
    fn postgres(_: &str, refuse: impl Fn(&str) -> StoreError) -> Result<Self, StoreError> {
        Err(refuse("this program was built without PostgreSQL (cargo feature `postgres`)"))
    }

    /// The SQLite file, or `None` on PostgreSQL.
    pub fn sqlite_path(&self) -> Option<&Path> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(path) => Some(path),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => None,
        }
    }

    /// The address by which files of ours know their database: without password, a file with its whole path.
    pub(crate) fn identity(&self) -> String {
        match self.sqlite_path().and_then(|path| std::path::absolute(path).ok()) {
            Some(path) => format!("sqlite://{}", path.display()),
            None => self.to_string(),
        }
    }

    /// The host of another machine to which everything goes unencrypted, because TLS is not built in.
    pub fn in_the_clear(&self) -> Option<String> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => None,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) if cfg!(feature = "postgres-tls") => None,
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => hosts_of(url).into_iter().find(|host| !is_this_machine(host)),
        }
    }
}

/// The hosts of an address: of its authority, else of its query, without ports.
#[cfg(feature = "postgres")]
fn hosts_of(url: &str) -> Vec<String> {
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let authority = address.split('/').nth(2).unwrap_or_default();
    let hosts = authority.rsplit('@').next().unwrap_or_default();
    let queried = query.split('&').filter_map(|pair| pair.strip_prefix("host=").or(pair.strip_prefix("hostaddr=")));
    let without_port = |host: &str| match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default().to_owned(),
        None => host.split(':').next().unwrap_or_default().to_owned(),
    };
    let named = hosts.split(',').map(without_port);
    let queried = queried.flat_map(|hosts| hosts.split(',').map(ToOwned::to_owned));
    named.chain(queried).filter(|host| !host.is_empty()).collect()
}

/// Whether a host is this machine, or the folder of a socket.
#[cfg(feature = "postgres")]
fn is_this_machine(host: &str) -> bool {
    let is_loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    is_loopback || host.eq_ignore_ascii_case("localhost") || host.starts_with(['/', '@']) || host.starts_with("%2")
}

/// Shows the address without its password.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => f.write_str(&without_password(url)),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Cuts `user:secret@` down to `user:…@`, and a `password=` in the query, so that no log shows it.
pub(super) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority_ends = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(authority_ends);
    let authority = match authority.rsplit_once('@') {
        Some((login, host)) => {
            let user = login.split(':').next().unwrap_or_default();
            if login.contains(':') { format!("{user}:…@{host}") } else { format!("{user}@{host}") }
        }
        None => authority.to_owned(),
    };
    let tail = match tail.find("password=") {
        Some(at) => format!("{}password=…", &tail[..at]),
        None => tail.to_owned(),
    };
    format!("{scheme}://{authority}{tail}")
}

#[cfg(all(test, feature = "sqlite", feature = "postgres"))]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_of_the_address_names_the_engine() {
        for path in ["maintenance.sqlite3", "sqlite:maintenance.sqlite3", "sqlite://maintenance.sqlite3"] {
            assert_eq!(DatabaseUrl::parse(path).unwrap(), DatabaseUrl::Sqlite("maintenance.sqlite3".into()), "{path}");
        }
        assert_eq!(DatabaseUrl::parse("sqlite:///var/m.db").unwrap(), DatabaseUrl::Sqlite("/var/m.db".into()));
        for url in ["postgres://ada@db/m", "postgresql://ada@db/m"] {
            assert_eq!(DatabaseUrl::parse(url).unwrap(), DatabaseUrl::Postgres(url.to_owned()), "{url}");
        }
    }

    #[test]
    fn an_unknown_scheme_or_an_empty_address_is_refused_in_words() {
        for (url, part) in
            [("", "empty"), ("mysql://db/m", "scheme"), ("sqlite:", "no file"), ("sqlite::memory:", "memory")]
        {
            let error = DatabaseUrl::parse(url).unwrap_err().to_string();
            assert!(error.contains(part), "{url}: {error}");
        }
    }

    #[test]
    #[cfg(not(feature = "postgres-tls"))]
    fn another_machine_without_tls_is_named_and_this_one_is_not() {
        let host = |url: &str| DatabaseUrl::parse(url).unwrap().in_the_clear();
        for url in [
            "postgres://ada@localhost/m",
            "postgres://ada:p@127.0.0.1:5432/m",
            "postgres://ada@[::1]:5432/m",
            "postgres:///m",
            "postgres:///m?host=/run/postgresql",
            "postgres://ada@%2Frun%2Fpostgresql/m",
            "m.sqlite3",
        ] {
            assert_eq!(host(url), None, "{url}");
        }
        for (url, named) in [
            ("postgres://ada:p@db.example:5432/m", "db.example"),
            ("postgres://localhost,db2.example:5433/m", "db2.example"),
            ("postgres://[2001:db8::7]:5432/m", "2001:db8::7"),
            ("postgres:///m?user=ada&host=10.0.0.7", "10.0.0.7"),
        ] {
            assert_eq!(host(url).as_deref(), Some(named), "{url}");
        }
    }

    #[test]
    fn a_password_in_the_address_is_never_shown() {
        let url = DatabaseUrl::parse("postgres://ada:s3cret@db:5432/m?password=s3cret").unwrap();
        assert_eq!(url.to_string(), "postgres://ada:…@db:5432/m?password=…");
        assert!(!format!("{url:?}").contains("s3cret"));
        for wrong in ["postgres:/ada:s3cret@db/m", "postgres://ada:s3cret x@db/m", "host=db password=s3cret"] {
            let error = DatabaseUrl::parse(wrong).unwrap_err().to_string();
            assert!(error.contains("postgres://user:password@host/database") && !error.contains("s3cret"), "{error}");
        }
    }
}
