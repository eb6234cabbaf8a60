//! Real processes: start, stop, kill, two at once; and the examples as anybody would run them.

mod examples;
mod files;
mod program;
mod serve;
