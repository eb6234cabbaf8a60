//! `maintenance window`: planned times of maintenance.

mod add;
mod end;
mod extend;
mod list;
mod remove;
mod skip;
mod start;
mod view;

use clap::{Args, Subcommand};

use super::Context;
use super::exit::Exit;
use crate::cause::CauseId;
use crate::window::WindowId;

const EXAMPLES: &str = "\
Examples:
  maintenance window add forum --start \"2026-11-22 02:00\" --for 1h --name \"Database upgrade\"
  maintenance window add --repeat \"0 2 * * SUN\" --for 90m --zone Europe/Berlin
  maintenance window list
  maintenance window start forum              now, until `maintenance window end forum`
  maintenance window extend window-12 --by 15m
  maintenance window skip window-12
";

/// Plans times at which maintenance starts and ends by itself
///
/// A window closes its sites at the second on every server; nothing has to happen at its start or its end.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, arg_required_else_help = true)]
pub struct WindowCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(Box<add::Add>),
    List(list::List),
    Start(start::Start),
    End(end::End),
    Skip(skip::Skip),
    Extend(extend::Extend),
    Remove(remove::Remove),
}

pub fn run(context: &Context, args: &WindowCommand) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Add(args) => add::run(context, args),
        Command::List(args) => list::run(context, args),
        Command::Start(args) => start::run(context, args),
        Command::End(args) => end::run(context, args),
        Command::Skip(args) => skip::run(context, args),
        Command::Extend(args) => extend::run(context, args),
        Command::Remove(args) => remove::run(context, args),
    }
}

/// Reads `window-12` or `12`.
fn window_id(text: &str) -> Result<WindowId, String> {
    match (text.parse::<i64>(), text.parse()) {
        (Ok(id), _) if id > 0 => Ok(WindowId(id)),
        (_, Ok(CauseId::Window(id))) => Ok(id),
        _ => Err("a window is named window-NUMBER; `maintenance window list` has them".to_owned()),
    }
}
