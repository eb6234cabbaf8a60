//! Exact paths and prefixes, found by hash: a thousand of them cost as much as one.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{IgnoredPattern, PatternKind, without_slash};

/// The exact and prefix rows of a site. All texts are without their first slash; values are numbers of rows.
#[derive(Debug, Default)]
pub(super) struct FixedPaths {
    exact: HashMap<Box<str>, usize, RandomState>,
    prefixes: HashMap<Box<str>, Prefix, RandomState>,
    /// The prefix `/`.
    everything: Option<usize>,
    longest_prefix: usize,
}

/// The first row for a prefix in each of its two spellings.
#[derive(Debug, Default)]
struct Prefix {
    /// `static`, which covers `/static` too.
    itself: Option<usize>,
    /// `static/`, which covers what lies below.
    below: Option<usize>,
}

impl FixedPaths {
    /// Enters a row. Of two equal rows the first counts. Regex rows are not its matter.
    pub(super) fn insert(&mut self, number: usize, row: &IgnoredPattern) {
        let text = without_slash(&row.pattern);
        match row.kind {
            PatternKind::Regex => {}
            PatternKind::Exact => {
                self.exact.entry(text.into()).or_insert(number);
            }
            PatternKind::Prefix if text.is_empty() => {
                self.everything.get_or_insert(number);
            }
            PatternKind::Prefix => {
                let (name, below) = text.strip_suffix('/').map_or((text, false), |name| (name, true));
                let prefix = self.prefixes.entry(name.into()).or_default();
                if below { &mut prefix.below } else { &mut prefix.itself }.get_or_insert(number);
                self.longest_prefix = self.longest_prefix.max(name.len());
            }
        }
    }

    /// The first row, in order, that covers a clean path.
    #[inline]
    pub(super) fn first(&self, path: &str) -> Option<usize> {
        let exact = if self.exact.is_empty() { None } else { self.exact.get(path).copied() };
        let prefix = if self.prefixes.is_empty() { None } else { self.first_prefix(path) };
        [exact, prefix, self.everything].into_iter().flatten().min()
    }

    /// Tries the path up to each of its slashes, then the whole.
    fn first_prefix(&self, path: &str) -> Option<usize> {
        let mut first: Option<usize> = None;
        let mut consider = |row: Option<usize>| {
            first = first.into_iter().chain(row).min();
        };
        let slashes = path.bytes().enumerate().filter(|(_, byte)| *byte == b'/').map(|(at, _)| at);
        for at in slashes.take_while(|at| *at <= self.longest_prefix) {
            if let Some(prefix) = self.prefixes.get(&path[..at]) {
                consider(prefix.itself);
                consider(prefix.below);
            }
        }
        if path.len() <= self.longest_prefix && !path.ends_with('/') {
            consider(self.prefixes.get(path).and_then(|prefix| prefix.itself));
        }
        first
    }
}

/// Whether one exact or prefix row covers a clean path, given without its first slash. The definition, in one place.
pub(super) fn covers(row: &IgnoredPattern, path: &str) -> bool {
    let text = without_slash(&row.pattern);
    match row.kind {
        PatternKind::Regex => false,
        PatternKind::Exact => path == text,
        PatternKind::Prefix if text.is_empty() || text.ends_with('/') => path.starts_with(text),
        PatternKind::Prefix => path.strip_prefix(text).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
    }
}
