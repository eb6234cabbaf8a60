//! Drains in the panel: how one is asked for, and the page that shows who is left, live.
//!
//! [`look`] is what is known at one moment, [`watch`] reads it once a second for all who watch, [`stream`] sends it to
//! browsers as it changes.

mod act;
mod look;
mod mode;
mod show;
mod stream;
mod view;
mod watch;

pub(super) use act::{close, end_visit, extend};
pub(super) use mode::{Mode, long_drain};
pub(super) use show::{live, show};
pub(super) use stream::{Places, events};
pub(super) use view::who;
pub use watch::Watches;
