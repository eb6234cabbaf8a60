//! The pages of the sample site, and the state that any site's templates may show.

use serde::Serialize;

use super::Moment;

/// A page of the sample site. Templates: `sample/home.html`, `sample/ignored.html`, `sample/contact.html`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SamplePage {
    /// Address of the panel.
    pub base: String,
    /// Address of the style sheet's folder.
    pub assets: String,
    /// Domain or name of the site.
    pub site_name: String,
    /// Address of the script that keeps the notice true.
    pub notice_script: String,
    /// Path of the page, to mark its link.
    pub path: String,
    /// The site's state; a template shows it to those who are let in.
    pub maintenance_status: MaintenanceStatus,
}

/// The state of a site as its own templates see it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MaintenanceStatus {
    /// `open`, `draining` or `maintenance`.
    pub phase: String,
    /// Whether it is closed for writing only.
    pub is_read_only: bool,
    /// Why this viewer passes a closed site, to go on *you see it because*: `you are a superuser`; `None` on an open site,
    /// and for those who only read one that is closed for writing.
    pub reason: Option<String>,
    /// Domain of the site.
    pub site: String,
    /// Expected end, if one lies ahead.
    pub until: Option<Moment>,
    /// Page of the site in the panel; `None` for viewers who have no panel.
    pub panel_href: Option<String>,
    /// The next time ahead that every viewer is told of.
    pub notice: Option<PlannedNotice>,
}

/// A time of maintenance that lies ahead.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PlannedNotice {
    /// When the site closes.
    pub starts_at: Moment,
    /// When it is expected to open, if that is known.
    pub ends_at: Option<Moment>,
    /// What the operator says about it.
    pub message: Option<String>,
    /// Language tag of that message.
    pub language: Option<String>,
}
