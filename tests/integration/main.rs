//! The whole program over HTTP: real servers on free ports, one database each.

mod answer;
mod gate;
mod helpers;
mod login;
