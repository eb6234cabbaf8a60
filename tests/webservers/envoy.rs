//! Envoy, which Debian does not have: `TEST_ENVOY` names its program. `tests/run` takes it from PyPI.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::helpers::{Modes, Stage, WebServer, acceptance, curl};

const ENVOY: WebServer = WebServer { name: "envoy", command };

fn command(stage: &Stage, printed: &Path) -> Command {
    // Envoy tells the form by the ending.
    let file = stage.path("envoy.yaml");
    fs::copy(printed, &file).unwrap();
    let mut command = Command::new(program().expect("it was looked for"));
    command.args(["--concurrency", "1", "--use-dynamic-base-id", "--log-level", "error", "--config-path"]).arg(file);
    command
}

/// Envoy's program.
fn program() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "no setting: where tests/run has put Envoy")]
    std::env::var("TEST_ENVOY").ok()
}

/// Whether there is one; says so when not.
fn is_here() -> bool {
    let is_here = program().is_some();
    if !is_here {
        eprintln!("not tried: TEST_ENVOY does not name Envoy's program");
    }
    is_here
}

#[test]
fn envoy_asks_about_each_request() {
    if is_here() {
        // Envoy names its own address for visitors of this very machine.
        acceptance(&ENVOY, "check", Modes { knows_loopback: false, ..Modes::of("check") });
    }
}

#[test]
fn envoy_speaks_http_2() {
    if is_here() {
        let stage = Stage::start(&ENVOY, "check");
        assert_eq!(curl(&stage, &["--http2-prior-knowledge"], "/x").0, 200);
        stage.switch("on", 503);
        assert_eq!(curl(&stage, &["--http2-prior-knowledge", "--request", "POST"], "/x").0, 503);
        assert_eq!(curl(&stage, &["--http2-prior-knowledge"], "/ignored-page/").0, 200);
    }
}
