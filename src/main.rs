//! The program `maintenance`: see `maintenance --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    maintenance_mode::cli::run()
}
