//! Drains come to their end: each server looks whether somebody is still at work.
//!
//! Nothing here closes a site at its deadline, which every server knows beforehand. What is written is an earlier end,
//! so that all servers close, and afterwards how each drain ended, for the history.

mod left;
mod settler;
mod sight;

pub(crate) use left::Left;
pub(crate) use settler::settle;
#[cfg(feature = "cli")]
pub(crate) use sight::Sight;
