//! Whether a page is that of a maintenance, whatever status it is sent with.

use super::Visits;
use super::answer::Answer;
use super::html::{Page, forbids_index};
use super::question::Question;
use super::quote::quoted;
use super::state::State;

/// What titles of such pages say, in lower case. Words that pages about maintenance have, too, are none of them.
const TITLES: [&str; 34] = [
    "under maintenance",
    "down for maintenance",
    "closed for maintenance",
    "offline for maintenance",
    "unavailable for maintenance",
    "undergoing maintenance",
    "is in maintenance",
    "maintenance mode",
    "maintenance in progress",
    "temporarily unavailable",
    "briefly unavailable",
    "temporarily down",
    "temporarily offline",
    "be back soon",
    "be back shortly",
    "be right back",
    "wartungsarbeiten",
    "wartungsmodus",
    "wird gewartet",
    "site en maintenance",
    "maintenance en cours",
    "sitio en mantenimiento",
    "sito in manutenzione",
    "site em manutenção",
    "site in onderhoud",
    "onderhoudsmodus",
    "przerwa techniczna",
    "prace konserwacyjne",
    "технические работы",
    "техническое обслуживание",
    "bakım çalışması",
    "メンテナンス中",
    "维护中",
    "維護中",
];

/// What such a page has as its whole title.
const WHOLE_TITLES: [&str; 6] = ["maintenance", "wartung", "mantenimiento", "manutenzione", "manutenção", "onderhoud"];

/// Words that a page has which tells of a maintenance, in lower case: stems of the word in some languages.
const WORDS: [&str; 10] = [
    "maintenance",
    "wartung",
    "mantenim",
    "manuten",
    "onderhoud",
    "konserwac",
    "обслуживан",
    "メンテナンス",
    "维护",
    "back soon",
];

/// What web servers say by themselves, in lower case, when nobody behind them answers: nginx and its kin, HAProxy, Varnish,
/// Envoy, Traefik, and Apache, whose page speaks of maintenance. What goes for a maintenance may be a stopped application.
const STOCK: [&str; 8] = [
    "<center>nginx",
    "<center>openresty",
    "no server is available to handle this request",
    "guru meditation",
    "no healthy upstream",
    "upstream connect error",
    "no available server",
    "due to maintenance downtime or capacity",
];

/// What a page that comes with the wrong status gives away.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Guise {
    /// A maintenance page: its title and one more sign, in words.
    Certain(String),
    /// Its title speaks of maintenance, and nothing else does.
    Possible(String),
}

impl Guise {
    /// Looks at an open site's page for the signs of a maintenance page.
    pub(super) fn of(visits: &Visits) -> Option<Self> {
        let trail = &visits.trail;
        let answer = trail.last().seen.as_ref().ok()?;
        let page = answer.page().filter(|_| State::of(trail) == State::Open && is_in_disguise(answer))?;
        if page.is_built_in {
            return Some(Self::Certain("it is the built-in page of this program".to_owned()));
        }
        if !page.speaks_of_maintenance() {
            return None;
        }
        let title = format!("its title is “{}”", quoted(&page.title));
        let sign = sign(answer, &page).or_else(|| is_everywhere(visits, &page).then_some("every address answers so"));
        Some(match sign {
            Some(sign) => Self::Certain(format!("{title}, and {sign}")),
            None => Self::Possible(title),
        })
    }

    /// What is known for certain.
    pub(super) fn certain(visits: &Visits) -> Option<String> {
        match Self::of(visits) {
            Some(Self::Certain(why)) => Some(why),
            _ => None,
        }
    }
}

/// Whether a status is none that a maintenance page has, but one that people send it with: of success, or of a page that
/// is refused or missing. Too much that was asked before is told with 429 alone.
pub(super) fn is_in_disguise(answer: &Answer) -> bool {
    answer.status < 300 || (400..500).contains(&answer.status) && answer.status != 429 && !answer.is_marked()
}

impl Page {
    /// Whether the title is one of a maintenance page.
    pub(super) fn speaks_of_maintenance(&self) -> bool {
        let title = self.title.to_lowercase().replace('’', "'");
        WHOLE_TITLES.contains(&title.as_str()) || TITLES.iter().any(|known| title.contains(known))
    }
}

/// What a page of a site that is there to stay does not do.
fn sign(answer: &Answer, page: &Page) -> Option<&'static str> {
    if answer.header("retry-after").is_some() {
        Some("Retry-After says when to come back")
    } else if page.is_noindex || answer.lines("x-robots-tag").any(forbids_index) {
        Some("crawlers shall not keep it")
    } else if page.refresh.is_some() {
        Some("it loads itself again")
    } else {
        None
    }
}

/// Whether a path that no site has gives the same page.
fn is_everywhere(visits: &Visits, page: &Page) -> bool {
    let Ok(first) = &visits.trail.site().seen else { return false };
    let Some(Ok(other)) = visits.seen(&Question::UnknownPath) else { return false };
    other.is_like(first) && (first.is_redirect() || other.page().is_some_and(|other| other.title == page.title))
}

/// Whether an answer says by any sign that it is that of a maintenance, and not of an overload or a fault.
pub(super) fn tells_of_maintenance(answer: &Answer) -> bool {
    let text = || String::from_utf8_lossy(&answer.body).to_lowercase();
    let is_readable =
        || !answer.is_encoded() && answer.page().is_some_and(|page| page.is_built_in || page.speaks_of_maintenance());
    if answer.is_marked() {
        return true;
    }
    let text = text();
    if STOCK.iter().any(|known| text.contains(known)) {
        return false;
    }
    answer.header("retry-after").is_some() || is_readable() || WORDS.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_speaks_of_maintenance_or_merely_names_it() {
        for (title, expected) in [
            ("Maintenance", true),
            ("Site under maintenance – Shop", true),
            ("We’ll be back soon!", true),
            ("Wartungsarbeiten", true),
            ("Sito in manutenzione", true),
            ("Car maintenance Smith", false),
            ("Website maintenance services", false),
            ("Jobs in maintenance", false),
            ("Maintenance plans and prices", false),
            ("How we planned our maintenance", false),
            ("", false),
        ] {
            assert_eq!(
                Page { title: title.to_owned(), ..Page::default() }.speaks_of_maintenance(),
                expected,
                "{title}"
            );
        }
    }

    #[test]
    fn a_maintenance_is_told_from_an_overload() {
        let with = |headers: &[(&str, &str)], body: &str| Answer {
            status: 503,
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: body.as_bytes().to_vec(),
            ..Answer::default()
        };
        assert!(!tells_of_maintenance(&with(&[], "<h1>503 Service Unavailable</h1>")));
        assert!(tells_of_maintenance(&with(&[("retry-after", "9")], "")));
        assert!(tells_of_maintenance(&with(&[("x-maintenance", "planned")], "")));
        let nginx =
            "<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n<hr><center>nginx/1.22.1</center>";
        let apache = "The server is temporarily unable to service your\nrequest due to maintenance downtime or capacity\nproblems.";
        for stock in [nginx, apache, "No server is available to handle this request.", "<p>Guru Meditation:</p>"] {
            assert!(!tells_of_maintenance(&with(&[("retry-after", "9")], stock)), "{stock}");
        }
        assert!(tells_of_maintenance(&with(&[("x-maintenance", "planned")], nginx)), "the mark is ours");
        assert!(tells_of_maintenance(&with(&[], "Wegen Wartung geschlossen")));
    }
}
