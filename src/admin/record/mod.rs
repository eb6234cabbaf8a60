//! The page of a site: the maintenance record as one form, and beside it who gets in and why.
//!
//! [`typed`] is the form as text, [`edited`] what it would make of the stored record, [`view`] the page of both;
//! [`tester`] asks the decision itself. Whatever is refused, and for whatever reason, comes back with everything that
//! was typed.

mod conflict;
mod edited;
pub(super) mod end;
mod question;
mod rows;
mod save;
mod show;
mod tester;
mod told;
mod typed;
mod view;
mod words;

pub(super) use save::{EXPIRED, save};
pub(super) use show::show;
pub(super) use told::not_stored;
pub(super) use words::language_name;

#[cfg(test)]
mod tests {
    use crate::maintenance::MaintenanceRecord;
    use crate::message::Message;
    use crate::network::{InternalNetwork, parse_network};
    use crate::pattern::{IgnoredPattern, PatternKind};
    use crate::record::SiteRecord;
    use crate::site::{Domain, Site, SiteId};

    /// An open site with two messages, two patterns and one address.
    pub(super) fn a_record() -> SiteRecord {
        let site = Site {
            id: SiteId(7),
            domain: Domain::parse("forum.example.com").unwrap(),
            name: String::new(),
            aliases: Vec::new(),
            is_default: false,
            is_protected: false,
            time_zone: "UTC".to_owned(),
        };
        let pattern = |kind, pattern: &str, description: &str| IgnoredPattern {
            kind,
            pattern: pattern.to_owned(),
            description: description.to_owned(),
        };
        let message = |language: &str, body: &str| Message {
            language: language.to_owned(),
            body: body.to_owned(),
            ..Message::default()
        };
        SiteRecord {
            maintenance: MaintenanceRecord { redirect_url: Some("/down".to_owned()), ..MaintenanceRecord::default() },
            messages: vec![message("en", "Back soon"), message("de", "")],
            patterns: vec![
                pattern(PatternKind::Regex, "^health/", "Probe"),
                pattern(PatternKind::Exact, "/robots.txt", ""),
            ],
            networks: vec![InternalNetwork {
                network: parse_network("198.51.100.0/24").unwrap(),
                description: "Office".to_owned(),
            }],
            ..SiteRecord::new(site)
        }
    }
}
