//! Takes a web site down for maintenance and brings it back.

#![forbid(unsafe_code)]

mod accept;
pub mod change;
pub mod clock;
pub mod language;
pub mod maintenance;
pub mod markup;
pub mod message;
pub mod page;
pub mod pattern;
mod policy;
pub mod response;
pub mod site;
pub mod template;
pub mod user;
mod voice;
pub mod wording;
