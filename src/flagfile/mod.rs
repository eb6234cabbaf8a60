//! The flag file: tells a web server that a site is in maintenance, and has the page ready, so that both work even when
//! the application, this program and its database are all stopped.

mod layout;

pub use layout::{FlagPath, FlagPathError, Layout, RETRY_AFTER_STEPS, SiteFile, retry_after_step};
