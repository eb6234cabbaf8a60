//! The log of the server: one line an event, on stderr.

use std::fmt::Write as _;
use std::io::Write as _;

use env_logger::{Builder, WriteStyle};
use log::kv::{self, Key, Value, VisitSource};

use super::text;
use crate::{clock, config};

/// What is logged when `RUST_LOG` says nothing.
const DEFAULT_FILTER: &str = "info";

/// Starts the log. `RUST_LOG` says what is kept: `error`, `warn`, `info`, `debug`, `trace`, also by module.
pub fn start() {
    let filter = config::variable("RUST_LOG").filter(|filter| !filter.is_empty());
    Builder::new()
        .parse_filters(filter.as_deref().unwrap_or(DEFAULT_FILTER))
        .write_style(WriteStyle::Never)
        .format(|out, record| if is_of_client(record) { Ok(()) } else { writeln!(out, "{}", line(record)) })
        .init();
}

/// Whether a record says only that a client has sent what is no HTTP, or went away: anybody could fill the log with
/// these, which Actix takes for errors. They are there from `debug` on.
fn is_of_client(record: &log::Record<'_>) -> bool {
    record.target() == "actix_http::h1::dispatcher"
        && record.args().to_string().starts_with("stream error: ")
        && log::max_level() < log::LevelFilter::Debug
}

/// `2026-11-21T03:12:04.123456Z WARN  The database is slow. duration_ms=812`. What a request brought cannot begin a
/// line of its own: control characters are escaped.
fn line(record: &log::Record<'_>) -> String {
    let mut line = format!("{} {:<5} {}", clock::now(), record.level(), text::plain(&record.args().to_string()));
    // Writing into a text never fails.
    drop(record.key_values().visit(&mut Pairs(&mut line)));
    line
}

struct Pairs<'a>(&'a mut String);

impl<'kvs> VisitSource<'kvs> for Pairs<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        write!(self.0, " {key}={}", text::plain(&value.to_string())).map_err(kv::Error::boxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_do_wrong_is_no_error_of_the_server() {
        let is_left_out = |target, message: &str| {
            is_of_client(&log::Record::builder().args(format_args!("{message}")).target(target).build())
        };
        assert!(is_left_out("actix_http::h1::dispatcher", "stream error: request parse error: Invalid method"));
        assert!(!is_left_out("actix_http::h1::dispatcher", "Response payload stream error: disk"));
        assert!(!is_left_out("maintenance_mode::storage", "stream error: no"));
    }

    #[test]
    fn a_line_is_one_line_whatever_a_request_brought() {
        let pairs = [("request.path", "/a\nb")];
        let arguments = format_args!("Held\r\n2026-11-21T00:00:00Z ERROR forged");
        let record = log::Record::builder().args(arguments).level(log::Level::Warn).key_values(&pairs).build();
        let line = line(&record);
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(line.contains(" WARN  Held\\r\\n2026") && line.ends_with(" request.path=/a\\nb"), "{line}");
    }
}
