//! Takes a web site down for maintenance and brings it back: from a browser, from a script, or at a set time; for
//! everyone but the people who should still get in.
//!
//! [`Maintenance`] joins everything: its [`gate`](Maintenance::gate) is Actix middleware that answers visitors of a
//! closed site with an honest 503, its [`admin`](Maintenance::admin) is the panel in which a site is closed and opened.
//!
//! # Getting started
//!
//! ```no_run
//! use actix_web::{App, HttpServer, web};
//! use maintenance_mode::Maintenance;
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let maintenance = Maintenance::builder().build()?;
//!     HttpServer::new(move || {
//!         App::new()
//!             .wrap(maintenance.gate())
//!             .configure(maintenance.admin())
//!             .route("/", web::get().to(|| async { "The site is open." }))
//!     })
//!     .bind("127.0.0.1:8080")?
//!     .run()
//!     .await?;
//!     Ok(())
//! }
//! ```
//!
//! Settings come from the environment and from `.env`, as `maintenance serve --help` lists them; what is called on the
//! [builder](MaintenanceBuilder) wins. Wrap the gate outermost, and inside of whatever changes paths.
//!
//! # A tour
//!
//! | module | |
//! |---|---|
//! | [`decision`] | who passes: one pure function over a [`snapshot`] |
//! | [`site`], [`maintenance`], [`message`], [`pattern`], [`network`], [`user`] | what is decided about |
//! | [`page`], [`response`], [`template`] | what a held visitor gets |
//! | [`schedule`], [`window`], [`cause`], [`drain`], [`notice`] | when a site is closed, by what, who may finish, and what is told beforehand |
//! | [`probe`] | what a site's answers tell about it from outside |
//! | [`actions`] | everything that can be changed, with its checks and its log entry |
//! | [`registration`], [`task`] | running work that a drain waits for |
//! | [`visits`] | who is at work on a site: sessions for its users, hooks, a cookie for visitors |
//! | [`middleware`] | the gate, and [`MaintenanceStatus`](middleware::MaintenanceStatus) for your own pages |
//! | [`storage`], [`propagation`] | where it is kept, and how servers follow |
//!
//! # Features
//!
//! `sqlite` and `postgres` are the engines, `admin` the panel, `cli` the program; all are on by default.
//! `postgres-tls` speaks TLS to PostgreSQL with the OpenSSL of the machine, `postgres-tls-vendored` with one of its own.

#![forbid(unsafe_code)]

mod accept;
pub mod actions;
#[cfg(feature = "admin")]
pub mod admin;
pub mod app;
pub mod aside;
pub mod auth;
mod body;
pub mod cause;
pub mod change;
mod check;
#[cfg(feature = "cli")]
pub mod cli;
pub mod clock;
pub mod closed;
pub mod config;
pub mod decision;
pub mod drain;
mod draining;
mod endpoints;
pub mod export;
pub mod field;
pub mod flagfile;
pub mod language;
mod lasting;
pub mod lease;
pub mod maintenance;
pub mod markup;
pub mod message;
mod metrics;
pub mod middleware;
pub mod network;
pub mod notice;
pub mod page;
pub mod path;
pub mod pattern;
mod plain;
mod policy;
#[cfg(feature = "cli")]
pub mod probe;
pub mod propagation;
mod public;
pub mod record;
mod redirect;
pub mod registration;
pub mod response;
pub mod rules;
#[cfg(feature = "admin")]
pub mod sample;
pub mod schedule;
#[cfg(feature = "cli")]
pub mod server;
pub mod server_info;
pub mod sharded;
pub mod site;
pub mod snapshot;
pub mod storage;
pub mod tally;
pub mod task;
pub mod template;
pub mod timeline;
pub mod transfer;
pub mod user;
pub mod visit;
pub mod visits;
mod voice;
pub mod webserver;
pub mod window;
pub mod wording;

pub use app::{BuildError, Maintenance, MaintenanceBuilder};
pub use registration::{Task, TaskBuilder, TaskError};
