//! The panel: HTML for people.
//!
//! A page is a `Serialize` struct ([`page`]) and a template of the same shape; the template shows, the struct
//! decides. [`templates`] loads and renders them, [`assets`] holds the one style sheet and the one script.

pub mod assets;
pub mod page;
pub mod templates;
pub(crate) fn configure(_: crate::Maintenance, _: &mut actix_web::web::ServiceConfig) {}
