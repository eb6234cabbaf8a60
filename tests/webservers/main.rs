//! Real web servers, each with exactly what `maintenance emit` prints, in front of a small application in Python; the
//! program is closed, opened, killed and started without its database behind them.
//!
//! The web servers are Debian's packages; Envoy's program is looked for in `TEST_ENVOY`, and its test says so when there
//! is none.

mod apache;
mod broken;
mod caddy;
mod envoy;
mod haproxy;
mod helpers;
mod nginx;
mod traefik;
