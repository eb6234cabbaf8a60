//! What visitors see: the exact answer of a closed site.

use serde::Serialize;

use super::{Choice, Link, Page};

/// The preview of a site's 503 answer.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PreviewPage {
    /// Key of the site.
    pub id: i64,
    /// Its domain.
    pub domain: String,
    /// Whether visitors get this now.
    pub is_closed: bool,
    /// Whether those at work still get the site.
    pub is_draining: bool,
    /// Whether they get it only for what would change something.
    pub is_read_only: bool,
    /// `html`, `json` or `text`.
    pub kind: String,
    /// Language shown.
    pub language: String,
    /// Languages to choose from.
    pub languages: Vec<Choice>,
    /// `phone`, `desktop`.
    pub frame: String,
    /// `light` or `dark`.
    pub scheme: String,
    /// Kinds to choose from.
    pub kinds: Vec<Choice>,
    /// Address of the exact page for the frame; `None` for JSON and text.
    pub page_href: Option<String>,
    /// Status line: `503 Service Unavailable`.
    pub status_line: String,
    /// Headers, in the order in which they are sent.
    pub headers: Vec<HeaderLine>,
    /// The body of JSON and text.
    pub body: String,
    /// Size of the body: `4.2 of 8 KB`.
    pub size: String,
    /// The site's own template failed: what is wrong. The built-in page is shown instead.
    pub template_error: Option<String>,
    /// Where visitors are redirected to instead of getting this page.
    pub redirect: Option<Link>,
}

impl Page for PreviewPage {
    const TEMPLATE: &'static str = "admin/sites/preview.html";
}

/// One header of the answer.
#[derive(Debug, Clone, Serialize)]
pub struct HeaderLine {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}
