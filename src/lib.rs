//! Takes a web site down for maintenance and brings it back.

#![forbid(unsafe_code)]

mod accept;
pub mod actions;
pub mod admin;
pub mod app;
pub mod auth;
mod body;
pub mod change;
#[cfg(feature = "cli")]
pub mod cli;
pub mod clock;
pub mod config;
pub mod decision;
mod endpoints;
pub mod export;
pub mod field;
pub mod language;
pub mod maintenance;
pub mod markup;
pub mod message;
pub mod middleware;
pub mod network;
pub mod page;
pub mod path;
pub mod pattern;
mod policy;
pub mod propagation;
pub mod record;
mod redirect;
pub mod response;
pub mod sample;
pub mod server;
pub mod sharded;
pub mod site;
pub mod snapshot;
pub mod storage;
pub mod template;
pub mod user;
mod voice;
pub mod wording;

pub use app::{BuildError, Maintenance, MaintenanceBuilder};
