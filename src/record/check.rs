//! Whether a record may be saved: what is wrong with it, and what must be confirmed first.

use std::collections::{BTreeSet, HashSet};

use super::SiteRecord;
use crate::field::{FieldErrors, Warning};
use crate::network::holds_everybody;
use crate::pattern::{self, MAX_PATTERNS_PER_SITE, PatternError, PatternSet, PatternWarning};
use crate::plain::is_trick;
use crate::redirect::Redirect;
use crate::site::{MAX_ALIASES_PER_SITE, MAX_SITE_NAME_CHARS, time_zone};

/// Most languages with a message.
pub const MAX_MESSAGES: usize = 40;
/// Most internal networks of a site.
pub const MAX_NETWORKS: usize = 500;
/// Longest description of a pattern or network, in characters.
pub const MAX_DESCRIPTION_CHARS: usize = 200;

impl SiteRecord {
    /// Everything that is wrong with this record, by form field; empty when it may be saved.
    ///
    /// Whether a name is taken by another site is for the database to say.
    pub fn check(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        self.check_site(&mut errors);
        self.check_options(&mut errors);
        self.check_messages(&mut errors);
        self.check_patterns(&mut errors);
        self.check_networks(&mut errors);
        errors
    }

    fn check_site(&self, errors: &mut FieldErrors) {
        let site = &self.site;
        check_text(errors, "name", &site.name, MAX_SITE_NAME_CHARS);
        if let Err(text) = time_zone(&site.time_zone) {
            errors.add("time_zone", text);
        }
        if site.aliases.len() > MAX_ALIASES_PER_SITE {
            errors.add("aliases", format!("a site has at most {MAX_ALIASES_PER_SITE} aliases"));
        }
        let mut seen = HashSet::from([site.domain.to_string()]);
        for alias in &site.aliases {
            if !seen.insert(alias.to_string()) {
                errors.add("aliases", format!("{alias} stands here twice"));
            }
        }
    }

    fn check_options(&self, errors: &mut FieldErrors) {
        if let Some(Err(error)) = self.maintenance.redirect_url.as_deref().map(Redirect::parse) {
            errors.add("redirect_url", error.to_string());
        }
        if self.maintenance.retry_after.is_some_and(|seconds| !(1..=3600).contains(&seconds)) {
            errors.add("retry_after", "must be 1 to 3600 seconds");
        }
    }

    fn check_messages(&self, errors: &mut FieldErrors) {
        if self.messages.len() > MAX_MESSAGES {
            errors.add("messages", format!("a site has at most {MAX_MESSAGES} messages"));
        }
        let mut languages = HashSet::new();
        for (row, message) in self.messages.iter().enumerate() {
            if let Err(wrong) = message.validate() {
                for wrong in wrong {
                    errors.add(format!("messages[{row}][{}]", wrong.field.as_str()), wrong.error);
                }
            }
            if !languages.insert(message.language.to_ascii_lowercase()) {
                errors.add(format!("messages[{row}][language]"), "there is a message in this language already");
            }
        }
    }

    fn check_patterns(&self, errors: &mut FieldErrors) {
        if self.patterns.len() > MAX_PATTERNS_PER_SITE {
            errors.add("patterns", format!("a site has at most {MAX_PATTERNS_PER_SITE} ignored patterns"));
            return;
        }
        if PatternSet::asks_too_much(&self.patterns) {
            errors.add("patterns", PatternError::TogetherTooCostly);
            return;
        }
        let mut is_sound = true;
        for (row, pattern) in self.patterns.iter().enumerate() {
            if let Err(error) = pattern.check() {
                errors.add(format!("patterns[{row}][pattern]"), error);
                is_sound = false;
            }
            check_text(errors, &format!("patterns[{row}][description]"), &pattern.description, MAX_DESCRIPTION_CHARS);
        }
        if is_sound && let Err(error) = PatternSet::compile(&self.patterns) {
            errors.add("patterns", error);
        }
    }

    fn check_networks(&self, errors: &mut FieldErrors) {
        if self.networks.len() > MAX_NETWORKS {
            errors.add("networks", format!("a site has at most {MAX_NETWORKS} internal networks"));
        }
        let mut seen = HashSet::new();
        for (row, network) in self.networks.iter().enumerate() {
            if !seen.insert(network.network) {
                errors.add(format!("networks[{row}][network]"), format!("{} stands here twice", network.network));
            }
            check_text(errors, &format!("networks[{row}][description]"), &network.description, MAX_DESCRIPTION_CHARS);
        }
    }

    /// What must be confirmed before this record replaces `stored`, less what is confirmed already.
    ///
    /// Only rows that are new or changed are asked about: what was confirmed once stays confirmed.
    pub fn warnings(&self, stored: Option<&Self>, confirmed: &BTreeSet<String>) -> Vec<Warning> {
        self.warnings_among(pattern::warnings(&self.patterns), stored, confirmed)
    }

    /// [`SiteRecord::warnings`] when all warnings about the patterns are known already: to find them compares every
    /// row with every other.
    pub(crate) fn warnings_among(
        &self,
        odd: Vec<(usize, PatternWarning)>,
        stored: Option<&Self>,
        confirmed: &BTreeSet<String>,
    ) -> Vec<Warning> {
        let known = |row: usize| {
            stored.is_some_and(|stored| {
                let mine = &self.patterns[row];
                stored.patterns.iter().any(|theirs| theirs.kind == mine.kind && theirs.pattern == mine.pattern)
            })
        };
        odd.into_iter()
            .filter(|(row, _)| !known(*row))
            .map(|(row, warning)| Warning {
                id: format!("{}:{}", warning.code(), self.patterns[row].pattern),
                field: format!("patterns[{row}][pattern]"),
                text: warning.to_string(),
            })
            .chain(self.network_warnings(stored))
            .filter(|warning| !confirmed.contains(&warning.id))
            .collect()
    }

    fn network_warnings(&self, stored: Option<&Self>) -> impl Iterator<Item = Warning> {
        let is_known =
            move |network| stored.is_some_and(|stored| stored.networks.iter().any(|row| row.network == network));
        let odd = self
            .networks
            .iter()
            .enumerate()
            .filter(move |(_, row)| holds_everybody(&row.network) && !is_known(row.network));
        odd.map(|(row, network)| Warning {
            id: format!("holds_everybody:{}", network.network),
            field: format!("networks[{row}][network]"),
            text: "It holds every address of its kind, so nobody from there sees the 503 page.".to_owned(),
        })
    }
}

/// Refuses a text of one line that is too long or holds control characters.
fn check_text(errors: &mut FieldErrors, field: &str, text: &str, max_chars: usize) {
    if text.chars().count() > max_chars {
        errors.add(field, format!("at most {max_chars} characters"));
    }
    if text.chars().any(char::is_control) {
        errors.add(field, "must not hold control characters or line ends");
    }
    if text.chars().any(is_trick) {
        errors.add(field, "must not hold invisible characters, such as those that turn the direction of a text");
    }
}
