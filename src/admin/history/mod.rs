//! The history: who did what, when, from where; exports; taking changes back.
//!
//! Staff see the entries of their own sites; users, sessions and log-ins are for superusers.

mod export;
mod filter;
mod list;
mod planned;
mod undo;
mod words;

pub(super) use export::{export_csv, export_jsonl};
pub(super) use list::list;
pub(super) use undo::undo;
