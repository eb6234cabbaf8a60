//! What of the history is asked for, and what of it may be seen.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::admin::page::Choice;
use crate::change::Revision;
use crate::site::Domain;
use crate::snapshot::Snapshot;
use crate::storage::ChangeFilter;
use crate::user::Rights;

/// Kinds of changes: first part of their actions, what is read, and whether only superusers see them.
const KINDS: [(&str, &str, bool); 9] = [
    ("maintenance", "Maintenance", false),
    ("drain", "Drains", false),
    ("visit", "People at work", false),
    ("window", "Windows", false),
    ("lease", "Leases", false),
    ("site", "Sites, patterns, messages", false),
    ("user", "Users", true),
    ("session", "Sessions", true),
    ("login", "Log-ins", true),
];

/// The query of the history and of its exports.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// A domain or a part of one; for superusers also of a user name.
    pub(super) site: String,
    /// Whoever acted.
    pub(super) person: String,
    /// One of [`KINDS`].
    pub(super) kind: String,
    /// Entries before this revision.
    before: String,
}

impl Asked {
    /// The same without what means nothing: space around, an unknown kind.
    pub(super) fn cleaned(self, rights: &Rights) -> Self {
        let is_known = kinds(rights).iter().any(|choice| choice.value == self.kind);
        Self { site: self.site.trim().to_owned(), kind: if is_known { self.kind } else { String::new() }, ..self }
    }

    /// Where this page begins; `None` at the newest entry.
    pub(super) fn before(&self) -> Option<Revision> {
        self.before.parse().ok().map(Revision)
    }

    /// Whether anything is asked for but a place in the list.
    pub(super) fn is_filtered(&self) -> bool {
        !(self.site.is_empty() && self.person.is_empty() && self.kind.is_empty())
    }

    /// The entries that are asked for, of those that these rights may see.
    pub(super) fn filter(&self, rights: &Rights, snapshot: &Snapshot) -> ChangeFilter {
        let domain = Domain::parse(&self.site).ok();
        // A site keeps its history when its domain changes.
        let site = domain.as_ref().and_then(|domain| snapshot.named_site(domain.as_str()));
        let given = |text: &String| (!text.is_empty()).then(|| text.clone());
        ChangeFilter {
            site_id: site.map(|site| site.id),
            subject_part: given(&self.site).filter(|_| site.is_none()),
            actor: given(&self.person),
            action: given(&self.kind).map(|kind| format!("{kind}.")),
            before: self.before(),
            ..visible(rights)
        }
    }

    /// What was found, as a sentence; `None` when nothing was asked for.
    pub(super) fn sentence(&self, is_found: bool) -> Option<String> {
        if !self.is_filtered() {
            return None;
        }
        let mut words = vec![if is_found { "Changes".to_owned() } else { "No change is".to_owned() }];
        if !self.site.is_empty() {
            words.push(format!("about “{}”", self.site));
        }
        if !self.person.is_empty() {
            words.push(format!("by {}", self.person));
        }
        if let Some((_, label, _)) = KINDS.iter().find(|(kind, ..)| *kind == self.kind) {
            words.push(format!("of the kind “{label}”"));
        }
        Some(format!("{}.", words.join(" ")))
    }

    /// The filters as a query, `?site=…&before=…`; empty when there is none.
    pub(super) fn query(&self, before: Option<Revision>) -> String {
        let before = before.map(|revision| revision.to_string()).unwrap_or_default();
        let pairs = [("site", &self.site), ("person", &self.person), ("kind", &self.kind), ("before", &before)];
        let pairs: Vec<String> = pairs
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
    }
}

/// All that these rights may see.
pub(super) fn visible(rights: &Rights) -> ChangeFilter {
    let is_superuser = rights.superuser();
    ChangeFilter {
        sites: rights.sites.clone().filter(|_| !is_superuser),
        only_sites: !is_superuser,
        ..ChangeFilter::default()
    }
}

/// Kinds to choose from.
pub(super) fn kinds(rights: &Rights) -> Vec<Choice> {
    let is_superuser = rights.superuser();
    let seen = KINDS.iter().filter(|(.., is_for_superusers)| is_superuser || !is_for_superusers);
    seen.map(|(kind, label, _)| Choice::new(*kind, *label)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staff() -> Rights {
        Rights { is_active: true, is_staff: true, ..Rights::default() }
    }

    #[test]
    fn staff_see_nothing_of_users_and_only_their_sites() {
        use crate::site::SiteId;
        let all = visible(&staff());
        assert!(all.only_sites && all.sites.is_none());
        let limited = visible(&Rights { sites: Some(vec![SiteId(7)]), ..staff() });
        assert!(limited.only_sites && limited.sites == Some(vec![SiteId(7)]));
        let root = visible(&Rights { is_superuser: true, sites: Some(vec![SiteId(7)]), ..staff() });
        assert!(!root.only_sites && root.sites.is_none());
    }

    #[test]
    fn a_kind_that_is_not_ones_own_counts_as_none() {
        let asked = |kind: &str| Asked { kind: kind.to_owned(), ..Asked::default() };
        assert_eq!(asked("user").cleaned(&staff()).kind, "");
        assert_eq!(asked("maintenance").cleaned(&staff()).kind, "maintenance");
        assert_eq!(asked("x").cleaned(&Rights { is_superuser: true, ..staff() }).kind, "");
    }

    #[test]
    fn the_query_keeps_what_was_asked() {
        let asked = Asked { site: "a&b=c".to_owned(), person: "CLI, root@web1".to_owned(), ..Asked::default() };
        assert_eq!(asked.query(Some(Revision(7))), "?site=a%26b%3Dc&person=CLI%2C%20root%40web1&before=7");
        assert_eq!(Asked::default().query(None), "");
    }

    #[test]
    fn what_was_found_is_said_in_one_sentence() {
        let asked = Asked { site: "shop".to_owned(), person: "ann".to_owned(), ..Asked::default() };
        assert_eq!(asked.sentence(true).as_deref(), Some("Changes about “shop” by ann."));
        assert_eq!(asked.sentence(false).as_deref(), Some("No change is about “shop” by ann."));
        assert_eq!(Asked::default().sentence(true), None);
    }
}
