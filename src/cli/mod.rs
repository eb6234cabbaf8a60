//! The command line: one file per command.
//!
//! Arguments are parsed first, then settings are checked, then the database is opened. Commands read from
//! `storage` and change things only through `actions`, as the panel does. Data goes to stdout and everything else
//! to stderr; how a command ends is decided in `exit` alone.

mod actor;
mod agent;
mod args;
mod backup;
mod check;
mod child;
mod completions;
mod confirm;
mod console;
mod describe;
mod directory;
mod drain;
mod emit;
mod exit;
mod export;
mod history;
mod import;
mod lease;
mod logging;
mod man;
mod migrate;
mod off;
mod on;
mod open;
mod pattern;
mod renew;
mod run;
mod serve;
mod servers;
mod session;
mod site;
mod state;
mod status;
mod switched;
mod task;
mod tasks;
mod text;
mod time;
mod undo;
mod user;
mod why;
mod window;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{ArgMatches, FromArgMatches as _};

use self::args::{Cli, Command};
pub(crate) use self::console::Console;
use self::exit::Exit;
use crate::config::{DatabaseSettings, DotEnv, Sources, VisitSettings, wrong_value};

/// What every command is given.
struct Context {
    console: Console,
    database: DatabaseSettings,
    visits: VisitSettings,
}

/// Runs the command that the program was started with, and says how it ended.
///
/// To be called before any other thread starts: the `.env` file changes the environment.
pub fn run() -> ExitCode {
    let dot_env = DotEnv::load();
    let console = Console::detect();
    let exit = match dot_env {
        Ok(dot_env) => run_with(console, std::env::args_os().collect(), &Sources::new(dot_env.clone())),
        Err(error) => {
            console.error(&error.into());
            Exit::Usage
        }
    };
    ExitCode::from(exit.code())
}

fn run_with(console: Console, words: Vec<OsString>, sources: &Sources) -> Exit {
    let command = args::command();
    let words = args::with_default_command(&command, words);
    let parsed = command.clone().try_get_matches_from(words).and_then(|matches| {
        let cli = Cli::from_arg_matches(&matches)?;
        Ok((cli, matches))
    });
    match parsed {
        Ok((cli, matches)) => match dispatch(&console, cli, &command, &matches, sources) {
            Ok(exit) => exit,
            Err(error) => {
                console.error(&error);
                Exit::of(&error)
            }
        },
        Err(error) => {
            match wrong_value(&error, &command, sources) {
                Some(text) => console.error(&anyhow::Error::msg(text)),
                // Help and version go to stdout. That nobody reads them is no failure.
                None => drop(error.print()),
            }
            if error.use_stderr() { Exit::Usage } else { Exit::Done }
        }
    }
}

fn dispatch(
    console: &Console,
    cli: Cli,
    command: &clap::Command,
    matches: &ArgMatches,
    sources: &Sources,
) -> anyhow::Result<Exit> {
    let context = Context { console: *console, database: cli.database, visits: cli.visits };
    match cli.command {
        Command::Serve(args) => serve::run(&context, args, command, matches, sources),
        Command::Agent(args) => agent::run(&context, &args),
        Command::On(args) => on::run(&context, &args),
        Command::Off(args) => off::run(&context, &args),
        Command::Run(args) => run::run(&context, &args),
        Command::Renew(args) => renew::run(&context, &args),
        Command::Task(args) => task::run(&context, &args),
        Command::Tasks(args) => tasks::run(&context, &args),
        Command::Status(args) => status::run(&context, &args),
        Command::Why(args) => why::run(&context, &args),
        Command::Check(args) => check::run(&context, &args),
        Command::Undo(args) => undo::run(&context, &args),
        Command::Site(args) => site::run(&context, &args),
        Command::Pattern(args) => pattern::run(&context, &args),
        Command::Window(args) => window::run(&context, &args),
        Command::User(args) => user::run(&context, &args),
        Command::History(args) => history::run(&context, &args),
        Command::Servers(args) => servers::run(&context, &args),
        Command::Sessions(args) => session::run(&context, &args),
        Command::Emit(args) => emit::run(&context, &args),
        Command::Migrate(args) => migrate::run(&context, &args),
        Command::Backup(args) => backup::run(&context, &args),
        Command::Export(args) => export::run(&context, &args),
        Command::Import(args) => import::run(&context, &args),
        Command::Completions(args) => completions::run(&context, &args, command.clone()),
        Command::Man(args) => man::run(&context, &args, command.clone()),
    }
}
