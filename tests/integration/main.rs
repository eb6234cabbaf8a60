//! The whole program over HTTP: real servers on free ports, one database each.

mod account;
mod answer;
mod faults;
mod gate;
mod helpers;
mod history;
mod library;
mod login;
mod preview;
mod routes;
mod settings;
mod sites;
mod users;
