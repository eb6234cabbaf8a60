//! The page that is shown instead of another.

use serde::Serialize;

use super::{Link, Moment, Page};

/// Heading while the database does not answer.
const NO_DATABASE: &str = "The database does not answer";

/// An answer that is not the page one asked for.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ErrorPage {
    /// HTTP status: 400, 403, 404, 410, 413, 429, 500, 503.
    pub status: u16,
    /// What happened, in a few words.
    pub heading: String,
    /// What it means and what to do now; one paragraph each.
    pub paragraphs: Vec<String>,
    /// Where to go from here; the first is the main one.
    pub links: Vec<Link>,
    /// Number by which the log knows this request; only for what is our fault.
    pub request_id: Option<String>,
    /// What the page does while the database does not answer; `None` when it is about something else.
    pub waits: Option<Wait>,
    /// What was typed, to be sent again.
    pub kept: Option<KeptForm>,
}

/// What a page does while the database does not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wait {
    /// Where script looks whether it answers again; empty for the same address.
    pub look: String,
    /// Whether the page answers a form. Nothing sends that again but a person, who is told when the database answers;
    /// any other page loads itself again.
    pub is_of_form: bool,
}

/// A form that was sent in vain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptForm {
    /// Where it was sent.
    pub action: String,
    /// Its fields with their values, the token among them.
    pub fields: Vec<(String, String)>,
}

impl Page for ErrorPage {
    const TEMPLATE: &'static str = "admin/error.html";
}

impl ErrorPage {
    /// The same with what was typed, and a sentence about it. It no longer looks whether the database answers: whoever
    /// goes on finds out.
    #[must_use]
    pub fn keeping(mut self, kept: KeptForm, sentence: &str) -> Self {
        self.paragraphs.push(sentence.to_owned());
        self.waits = None;
        self.kept = Some(kept);
        self
    }

    /// 403: who may do it instead. `needed` is a role (`superusers`), `who` the user names that have it.
    pub fn not_allowed(base: &str, needed: &str, who: &[String]) -> Self {
        Self {
            status: 403,
            heading: "This page is not for you".to_owned(),
            paragraphs: vec![format!("It is for {needed}."), who_can(who)],
            links: vec![home(base)],
            ..Self::default()
        }
    }

    /// 403: a site that the user is not given. `who` names those who are.
    pub fn not_your_site(base: &str, who: &[String]) -> Self {
        Self {
            status: 403,
            heading: "This site is not one of yours".to_owned(),
            paragraphs: vec![who_can(who)],
            links: vec![home(base)],
            ..Self::default()
        }
    }

    /// 404: there is no such page, or not any more.
    pub fn not_found(base: &str) -> Self {
        Self {
            status: 404,
            heading: "There is no such page".to_owned(),
            paragraphs: vec!["The address may be mistyped, or what it showed has been deleted.".to_owned()],
            links: vec![home(base)],
            ..Self::default()
        }
    }

    /// 500: our fault; says nothing but the number under which the log has the rest.
    pub fn our_fault(base: &str, request_id: &str) -> Self {
        Self {
            status: 500,
            heading: "Something went wrong here".to_owned(),
            paragraphs: vec!["It is not your fault. Sites keep their state. The log has the details.".to_owned()],
            links: vec![home(base)],
            request_id: Some(request_id.to_owned()),
            ..Self::default()
        }
    }

    /// 503 instead of a page: the database does not answer. The page loads itself again once it does.
    pub fn no_database(base: &str, outage: &Outage) -> Self {
        Self {
            status: 503,
            heading: NO_DATABASE.to_owned(),
            paragraphs: vec![outage.words()],
            links: vec![home(base)],
            waits: Some(Wait { look: String::new(), is_of_form: false }),
            ..Self::default()
        }
    }

    /// 503 to a form: the database does not answer. `back` is the page that the form was on. Without a sentence of what
    /// became of the form, which the caller knows.
    pub fn no_database_for_form(base: &str, outage: &Outage, back: &str) -> Self {
        let form = Link { label: "Back to the page".to_owned(), href: back.to_owned() };
        let links = if back == base { vec![home(base)] } else { vec![form, home(base)] };
        let wait = Wait { look: format!("{base}servers/database/"), is_of_form: true };
        Self {
            status: 503,
            heading: NO_DATABASE.to_owned(),
            paragraphs: vec![outage.state()],
            links,
            waits: Some(wait),
            ..Self::default()
        }
    }

    /// The same with a sentence of what became of the form.
    #[must_use]
    pub fn saying(mut self, sentence: &str) -> Self {
        self.paragraphs.push(sentence.to_owned());
        self
    }
}

/// What is known while the database does not answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outage {
    /// Since when; `None` when that was not noticed yet.
    pub since: Option<Moment>,
    /// What this server decides by meanwhile.
    pub knows: Knowledge,
    /// How many sites stay in maintenance.
    pub closed: usize,
}

/// What a server knows of the sites while the database does not answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Knowledge {
    /// The state as it was when the database last answered.
    #[default]
    LastState,
    /// An older state: the server has started since then.
    AsOf {
        /// When it was the database's.
        at: Moment,
        /// How old it is: `12 min`.
        age: String,
    },
    /// Nothing: the server has started since then, and nothing was kept.
    Nothing,
}

impl Outage {
    /// What follows the words *The database does not answer* where somebody goes on asking it.
    pub fn words(&self) -> String {
        format!("{} Trying again.", self.state())
    }

    /// The same where nobody asks it again.
    pub fn state(&self) -> String {
        let since = self.since.as_ref().map(|since| format!("It has not answered since {}. ", since.short));
        let since = since.unwrap_or_default();
        let closed = self.closed;
        let state = match &self.knows {
            Knowledge::LastState => format!("Sites keep their last known state: {closed} in maintenance."),
            Knowledge::AsOf { at, age } => format!(
                "This server has started without it. Sites keep the state of {}, {age} old: {closed} in maintenance.",
                at.short
            ),
            Knowledge::Nothing => "This server has started without it and knows the state of no site.".to_owned(),
        };
        format!("{since}{state}")
    }
}

fn home(base: &str) -> Link {
    Link { label: "All sites".to_owned(), href: base.to_owned() }
}

fn who_can(who: &[String]) -> String {
    match who {
        [] => "Nobody can at the moment. On the server, run “maintenance user createsuperuser”.".to_owned(),
        who => format!("Who can: {}.", who.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, tz::TimeZone};

    use super::*;

    #[test]
    fn an_outage_is_told_with_its_beginning_and_with_what_is_known() {
        let at = |text: &str| {
            let (at, now): (Timestamp, Timestamp) = (text.parse().unwrap(), "2026-11-21T14:30:00Z".parse().unwrap());
            Moment::of(at, &TimeZone::UTC, now)
        };
        let since = Some(at("2026-11-21T14:02:00Z"));
        let known = Knowledge::AsOf { at: at("2026-11-21T13:50:00Z"), age: "12 min".to_owned() };
        for (since, knows, words) in [
            (None, Knowledge::LastState, "Sites keep their last known state: 2 in maintenance. Trying again."),
            (
                since.clone(),
                Knowledge::LastState,
                "It has not answered since 14:02 UTC. Sites keep their last known state: 2 in maintenance. Trying again.",
            ),
            (
                since.clone(),
                known,
                "It has not answered since 14:02 UTC. This server has started without it. Sites keep the state of \
                 13:50 UTC, 12 min old: 2 in maintenance. Trying again.",
            ),
            (
                since,
                Knowledge::Nothing,
                "It has not answered since 14:02 UTC. This server has started without it and knows the state of no \
                 site. Trying again.",
            ),
        ] {
            assert_eq!(Outage { since, knows, closed: 2 }.words(), words);
        }
    }
}
