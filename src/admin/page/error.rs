//! The page that is shown instead of another.

use serde::Serialize;

use super::{Link, Page};

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
    /// Whether the page asks again by itself (with script) and offers to do so.
    pub tries_again: bool,
    /// What was typed, to be sent again.
    pub kept: Option<KeptForm>,
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
    /// The same with what was typed, and a sentence about it. It no longer asks again by itself, which would lose it.
    #[must_use]
    pub fn keeping(mut self, kept: KeptForm, sentence: &str) -> Self {
        self.paragraphs.push(sentence.to_owned());
        self.tries_again = false;
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

    /// 503: the database does not answer; `closed` sites stay in maintenance.
    pub fn no_database(base: &str, closed: usize) -> Self {
        Self {
            status: 503,
            heading: "The database does not answer".to_owned(),
            paragraphs: vec![format!("Sites keep their last known state: {closed} in maintenance. Trying again.")],
            links: vec![home(base)],
            tries_again: true,
            ..Self::default()
        }
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
