//! `maintenance completions`: completion for a shell.

use clap::{Args, Command};
use clap_complete::Shell;

use super::Context;
use super::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  maintenance completions bash > /etc/bash_completion.d/maintenance
  maintenance completions zsh > ~/.zfunc/_maintenance
  maintenance completions fish > ~/.config/fish/completions/maintenance.fish
";

/// Prints the completion script for a shell
///
/// Made from the same definition as the help, so it knows every command and option.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub fn run(context: &Context, args: &Completions, mut program: Command) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, "maintenance", &mut script);
    context.console.print_bytes(&script)?;
    Ok(Exit::Done)
}
