//! The program in a browser: what a person sees, with script and without, by keyboard alone, on every screen.
//!
//! `tests/run browser` installs Chromium, its driver and axe-core, and runs these.

mod accessibility;
mod command_line;
mod draining;
mod helpers;
mod keyboard;
mod notice;
mod outage;
mod pictures;
mod public_page;
mod schedule;
mod servers;
mod walk;
