//! A site's patterns in both dialects, with what is to be said of them in comments.

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::SiteRules;
use crate::pattern::{Dialect, IgnoredPattern, Untold};

/// A pattern that a web server could not be told: requests for its paths are held while the web server decides by
/// itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The pattern, as typed.
    pub pattern: String,
    /// Why.
    pub reason: Untold,
    /// Which servers do not know it.
    pub servers: &'static str,
}

/// The patterns of a site in the dialects there are.
pub(super) struct Told {
    pub(super) pcre: Vec<Line>,
    pub(super) re2: Vec<Line>,
    pub(super) left_out: Vec<LeftOut>,
}

/// One pattern: a comment, and the expression unless it is left out.
pub(super) struct Line {
    pub(super) comment: String,
    pub(super) expression: Option<String>,
}

impl Told {
    pub(super) fn of(rules: &SiteRules<'_>) -> Self {
        let lines = |dialect| rules.ignored.iter().map(|row| Line::of(row, dialect)).collect();
        let left_out = rules.ignored.iter().filter_map(|row| {
            let (pcre, re2) = (row.in_dialect(Dialect::Pcre).err(), row.in_dialect(Dialect::Re2).err());
            let (reason, servers) = match (pcre, re2) {
                (Some(reason), Some(_)) => (reason, "web servers"),
                (Some(reason), None) => (reason, "nginx, Apache and HAProxy"),
                (None, Some(reason)) => (reason, "Caddy"),
                (None, None) => return None,
            };
            Some(LeftOut { pattern: row.pattern.clone(), reason, servers })
        });
        Self { pcre: lines(Dialect::Pcre), re2: lines(Dialect::Re2), left_out: left_out.collect() }
    }
}

impl Line {
    fn of(row: &IgnoredPattern, dialect: Dialect) -> Self {
        // One line, whatever an old database may hold. The quotes keep a backslash from ending it: Apache would go on in
        // the next line.
        let pattern: String = row.pattern.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        match row.in_dialect(dialect) {
            Ok(told) if told.is_narrowed => {
                Self { comment: format!("# Only for ASCII: `{pattern}`"), expression: Some(told.expression) }
            }
            Ok(told) => Self { comment: format!("# {}: `{pattern}`", row.kind), expression: Some(told.expression) },
            Err(reason) => Self { comment: format!("# Left out: `{pattern}`: {reason}"), expression: None },
        }
    }
}

impl SiteRules<'_> {
    /// The first line of each file.
    pub(super) fn header(&self) -> String {
        format!("# For {}. The program `maintenance` writes this file anew when its rules change.\n", self.domain)
    }

    /// The networks in order, each once.
    pub(super) fn networks_once(&self) -> BTreeSet<IpNet> {
        self.networks.iter().copied().collect()
    }
}
