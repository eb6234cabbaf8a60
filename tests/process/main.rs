//! Real processes: start, stop, kill, two at once; and the examples as anybody would run them.

mod examples;
mod program;
mod serve;
