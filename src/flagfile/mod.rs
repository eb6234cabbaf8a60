//! The flag file: tells a web server that a site is in maintenance, and has the page ready, so that both work even when
//! the application, this program and its database are all stopped.
//!
//! `layout` says where the files lie, `content` what they hold, `files` which are due, `folder` how they are written,
//! below folders that are open (`directory`), `list` which are ours, `rules` when a web server must be told, and `writer`
//! when all this is done. `docs/FILES.md` is the reference.

mod content;
mod directory;
mod error;
mod files;
mod folder;
mod layout;
mod list;
mod rules;
mod stamp;
mod writer;

pub use error::FolderError;
pub use layout::{FlagPath, FlagPathError, Layout, SiteFile, retry_after_step};
pub use writer::{FileState, FlagFiles};
pub(crate) use writer::{OnRules, Writer};
