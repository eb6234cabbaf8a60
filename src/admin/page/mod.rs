//! One struct per page, in one file per noun: everything a template shows, already decided and worded.
//!
//! Nothing here reads a database, a clock or a request. A handler fills a struct, [`super::templates::Templates`]
//! renders it. Forms are made of [`Field`]s, which carry their name, value and message, so that a refused form
//! is the same page with the same words in it.

mod account;
mod bulk;
mod cause;
mod draining;
mod error;
mod field;
mod frame;
mod history;
mod login;
mod moment;
mod preview;
mod record;
mod sample;
mod schedule;
mod server;
mod setting;
mod site;
mod tester;
mod user;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

pub use account::{AccountPage, SessionRow};
pub use bulk::{BulkPage, BulkRow, DeleteSitePage, StartPage};
pub use cause::{CauseRow, Holding, SiteWindow};
pub use draining::{DrainStep, DrainingPage, Gone, TaskLine, VisitLine};
pub use error::{ErrorPage, KeptForm, Knowledge, Outage};
pub use field::{Choice, Field, FieldError};
pub use frame::{Flash, FlashLevel, Frame, Link, NavLink, Section, Strip, StripSite};
pub use history::{FieldChange, HistoryPage, HistoryRow, UndoPage};
pub use login::{LoggedOutPage, LoginPage, SetupPage};
pub use moment::{Moment, lasted, lasted_from_seconds};
pub use preview::{HeaderLine, PreviewPage};
pub use record::{
    Conflict, ConflictRow, MessageRow, NetworkRow, OthersQuestion, PatternRow, RecordPage, Suggestion, WarningLine,
    Warnings,
};
pub use sample::{MaintenanceStatus, PlannedNotice, SamplePage};
pub use schedule::{Drawing, DrawingRow, Preview, SchedulePage, Span, WindowCan, WindowFormPage, WindowRow};
pub use server::{ServerRow, ServerState, ServersPage, ServersSummary};
pub use setting::{SettingGroup, SettingRow, SettingsPage};
pub use site::{FilterLink, Pager, SiteFormPage, SiteRow, SitesPage, Status};
pub use tester::{Seen, Tester, VerdictRow, VerdictTable, WhoRow};
pub use user::{DeleteUserPage, SiteChoice, UserFormPage, UserRow, UsersPage};

/// A panel page: a struct whose fields are the variables of its template.
pub trait Page: serde::Serialize {
    /// Name of the template, for example `admin/sites/list.html`.
    const TEMPLATE: &'static str;
}
