//! The whole program over HTTP: real servers on free ports, one database each.

mod account;
mod answer;
mod faults;
mod gate;
mod helpers;
mod library;
mod login;
mod settings;
mod site_form;
mod tester;
mod users;
