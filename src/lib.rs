//! Takes a web site down for maintenance and brings it back.

#![forbid(unsafe_code)]

pub mod actions;
pub mod change;
pub mod clock;
pub mod field;
pub mod maintenance;
pub mod message;
pub mod network;
pub mod path;
pub mod pattern;
pub mod record;
pub mod sharded;
pub mod site;
pub mod storage;
pub mod user;
