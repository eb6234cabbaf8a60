//! Many servers on one database: real processes on a real PostgreSQL, which is stopped, killed, filled up and cut off
//! while requests run.
//!
//! Each test has a cluster of its own, so they run side by side. Nothing here needs `TEST_POSTGRES_URL`.

mod cable;
mod clock;
mod command;
mod drain;
mod helpers;
mod input;
mod outage;
mod restart;
mod session;
mod start;
mod storm;
mod wait;
