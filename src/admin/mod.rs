//! The panel: HTML for people.
//!
//! A page is a `Serialize` struct ([`page`]) and a template of the same shape; the template shows, the struct
//! decides. [`templates`] loads and renders them, [`assets`] holds the one style sheet and the one script.
//!
//! [`routes`] is the whole list of what there is and for whom; `guard` keeps everybody else out before a handler
//! runs. A handler reads from storage, changes things through [`crate::actions`] only, and answers with a page or a
//! redirect; `error` turns every refusal into a page.

mod account;
mod asset;
pub mod assets;
mod bulk;
mod cause;
mod client_name;
mod draining;
mod error;
mod fields;
mod flash;
mod form;
mod frame;
mod guard;
mod history;
mod kept;
mod login;
mod own;
pub mod page;
mod panel;
mod password;
mod preview;
mod reach;
mod record;
pub mod routes;
mod seen;
mod server;
mod setting;
mod setup;
mod site;
pub mod templates;
mod user;
mod window;
mod words;

pub(crate) use draining::Watches;
pub(crate) use routes::configure;
