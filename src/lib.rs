//! Takes a web site down for maintenance and brings it back.

#![forbid(unsafe_code)]

pub mod admin;
pub mod change;
pub mod clock;
pub mod maintenance;
pub mod message;
pub mod pattern;
pub mod site;
pub mod user;
