//! The whole program over HTTP: real servers on free ports, one database each.

mod account;
mod answer;
mod gate;
mod helpers;
mod history;
mod login;
mod settings;
mod users;
