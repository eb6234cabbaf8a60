//! `maintenance man`: the manual.

use clap::{Args, Command};

use super::Context;
use super::exit::{Exit, Usage};

const EXAMPLES: &str = "\
Examples:
  maintenance man | man -l -
  maintenance man on > maintenance-on.1
  maintenance man site add
";

/// Prints a page of the manual, in the format of man
///
/// Without a command: the page of the program, which lists its commands.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Man {
    /// Command whose page is wanted
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

pub fn run(context: &Context, args: &Man, mut root: Command) -> anyhow::Result<Exit> {
    root.build();
    let mut command = &root;
    for word in &args.command {
        command = command
            .find_subcommand(word)
            .ok_or_else(|| Usage(format!("there is no command `{word}`; `maintenance --help` lists them")))?;
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    context.console.print_bytes(&page)?;
    Ok(Exit::Done)
}
