//! The form of a site's own settings: what was typed becomes a site, or comes back with what is wrong with it.

use jiff::tz;
use serde::Deserialize;

use crate::admin::page::{Conflict, Field, FieldError, SiteFormPage};
use crate::admin::words::sentence;
use crate::field::FieldErrors;
use crate::record::SiteRecord;
use crate::site::{Alias, Domain, Site, SiteId, time_zone};

/// How alike a time zone must be to be what was meant: 0 to 1.
const ALIKE: f64 = 0.7;

/// A site as it is typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::admin) struct SiteForm {
    pub(super) domain: String,
    pub(super) name: String,
    pub(super) aliases: String,
    pub(super) time_zone: String,
    pub(super) is_default: Option<String>,
    pub(super) is_protected: Option<String>,
    /// Revision that the form was read at; missing while a site is added.
    pub(super) revision: i64,
}

impl SiteForm {
    /// The form as a stored site fills it in.
    pub(super) fn of(site: &Site, revision: i64) -> Self {
        let on = |is: bool| is.then(|| "on".to_owned());
        let aliases: Vec<String> = site.aliases.iter().map(Alias::to_unicode).collect();
        Self {
            domain: site.domain.to_unicode(),
            name: site.name.clone(),
            aliases: aliases.join("\n"),
            time_zone: site.time_zone.clone(),
            is_default: on(site.is_default),
            is_protected: on(site.is_protected),
            revision,
        }
    }

    /// The site that was typed.
    ///
    /// # Errors
    /// All that is wrong with it, by field; whether a name is taken is for the database to say.
    pub(super) fn read(&self, id: SiteId) -> Result<Site, FieldErrors> {
        let mut errors = FieldErrors::default();
        let domain = Domain::parse(&self.domain).map_err(|error| errors.add("domain", error)).ok();
        let site = Site {
            id,
            // Stands in so that the rest is looked at all the same; never saved.
            domain: domain.unwrap_or_else(|| Domain::parse("invalid.").expect("a name of one label is a domain")),
            name: self.name.trim().to_owned(),
            aliases: self.read_aliases(&mut errors),
            is_default: self.is_default.is_some(),
            is_protected: self.is_protected.is_some(),
            time_zone: read_zone(&self.time_zone, &mut errors),
        };
        if errors.is_empty() {
            return Ok(site);
        }
        for (field, text) in SiteRecord::new(site).check().iter() {
            errors.add(field, text);
        }
        Err(errors)
    }

    fn read_aliases(&self, errors: &mut FieldErrors) -> Vec<Alias> {
        let mut aliases = Vec::new();
        for name in self.aliases.split([',', ';']).flat_map(str::split_whitespace) {
            match Alias::parse(name) {
                Ok(alias) => aliases.push(alias),
                Err(error) => errors.add("aliases", error),
            }
        }
        aliases
    }

    /// The page of the form, with what was refused at its field.
    pub(super) fn page(&self, errors: &FieldErrors) -> SiteFormPage {
        let said = |name: &str| {
            let texts: Vec<String> = errors.get(name).iter().map(|text| sentence(text)).collect();
            (!texts.is_empty()).then(|| texts.join(" "))
        };
        let refused = |field: Field| Field { error: said(&field.name), ..field };
        let page = SiteFormPage {
            revision: self.revision,
            domain: refused(Field::new("domain", &self.domain)),
            name: refused(Field::new("name", &self.name)),
            aliases: refused(Field::new("aliases", &self.aliases)),
            time_zone: refused(Field::new("time_zone", &self.time_zone)),
            is_default: refused(Field::ticked("is_default", self.is_default.is_some())),
            is_protected: refused(Field::ticked("is_protected", self.is_protected.is_some())),
            ..SiteFormPage::default()
        };
        let fields = [&page.domain, &page.name, &page.aliases, &page.time_zone, &page.is_default, &page.is_protected];
        SiteFormPage { errors: FieldError::of(fields), ..page }
    }
}

/// The zone in its usual spelling. One that is not known is kept as typed and refused, with the nearest one.
pub(in crate::admin) fn read_zone(typed: &str, errors: &mut FieldErrors) -> String {
    let typed = typed.trim();
    match time_zone(typed) {
        Ok(zone) => zone.iana_name().unwrap_or(typed).to_owned(),
        Err(_) if typed.is_empty() => {
            errors.add("time_zone", "write a time zone, such as UTC or Europe/Berlin");
            "UTC".to_owned()
        }
        Err(_) => {
            let shown: String = typed.chars().take(60).collect();
            let nearest = nearest_zone(typed).map(|zone| format!(" Nearest: {zone}.")).unwrap_or_default();
            errors.add("time_zone", format!("There is no time zone “{shown}”.{nearest}"));
            "UTC".to_owned()
        }
    }
}

/// The known zone that is most like a text.
fn nearest_zone(typed: &str) -> Option<String> {
    let typed = typed.to_lowercase().replace(' ', "_");
    let alike = |zone: &str| {
        let zone = zone.to_lowercase();
        let city = zone.rsplit('/').next().unwrap_or_default();
        strsim::jaro_winkler(&zone, &typed).max(strsim::jaro_winkler(city, &typed))
    };
    let zones = tz::db().available().map(|zone| (alike(zone.as_str()), zone.as_str().to_owned()));
    let best = zones.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(&a.1)));
    best.filter(|(likeness, _)| *likeness >= ALIKE).map(|(_, zone)| zone)
}

/// The form with what somebody else has saved meanwhile beside it.
pub(super) fn in_conflict(page: SiteFormPage, revision: i64, conflict: Conflict) -> SiteFormPage {
    SiteFormPage { revision, conflict: Some(conflict), ..page }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(domain: &str, aliases: &str, time_zone: &str) -> SiteForm {
        SiteForm {
            domain: domain.to_owned(),
            aliases: aliases.to_owned(),
            time_zone: time_zone.to_owned(),
            ..SiteForm::default()
        }
    }

    #[test]
    fn names_are_understood_as_people_write_them() {
        let typed = form(" WWW.Bücher.example. ", "a.example.com,\r\n*.Preview.example.com\n\n", "europe/berlin");
        let site = typed.read(SiteId(7)).unwrap();
        assert_eq!(site.domain.as_str(), "www.xn--bcher-kva.example");
        let aliases: Vec<String> = site.aliases.iter().map(ToString::to_string).collect();
        assert_eq!(aliases, ["a.example.com", "*.preview.example.com"]);
        assert_eq!(site.time_zone, "Europe/Berlin");
        let shown = SiteForm::of(&site, 3);
        assert_eq!((shown.domain.as_str(), shown.revision), ("www.bücher.example", 3));
        assert_eq!(shown.read(SiteId(7)).unwrap(), site);
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once_and_at_its_field() {
        let typed = SiteForm { name: "x".repeat(101), ..form("https://a.example", "a.example:80 b/c", "Berlni") };
        let page = typed.page(&typed.read(SiteId(0)).unwrap_err());
        let error = |field: &Field| field.error.clone().unwrap_or_default();
        assert!(error(&page.domain).starts_with("“https://a.example” holds a scheme: "), "{}", error(&page.domain));
        assert!(error(&page.aliases).contains("“a.example:80” holds a port: "), "{}", error(&page.aliases));
        assert!(error(&page.aliases).contains("“b/c” holds a path: "), "{}", error(&page.aliases));
        assert_eq!(error(&page.name), "At most 100 characters.");
        assert_eq!(error(&page.time_zone), "There is no time zone “Berlni”. Nearest: Europe/Berlin.");
        assert_eq!(page.errors.len(), 4);
        assert_eq!(page.domain.value, "https://a.example");
    }

    #[test]
    fn a_zone_that_is_like_no_other_is_refused_without_a_guess() {
        for (typed, said) in [
            ("", "Write a time zone, such as UTC or Europe/Berlin."),
            ("qqqqqq", "There is no time zone “qqqqqq”."),
            ("New York", "There is no time zone “New York”. Nearest: America/New_York."),
        ] {
            let typed = form("a.example", "", typed);
            assert_eq!(typed.page(&typed.read(SiteId(0)).unwrap_err()).time_zone.error.unwrap(), said);
        }
    }
}
