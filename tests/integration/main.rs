//! The whole program over HTTP: real servers on free ports, one database each.

mod account;
mod answer;
mod calendar;
mod faults;
mod gate;
mod health;
mod helpers;
mod history;
mod import;
mod in_flight;
mod library;
mod login;
mod metrics;
mod notice;
mod outages;
mod phases;
mod preview;
mod routes;
mod schedule;
mod servers;
mod settings;
mod site_form;
mod sites;
mod tester;
mod users;
mod visits;
