//! The commands and their arguments, as clap reads them. The help is made from these comments.

use std::ffi::OsString;

use clap::{CommandFactory as _, Parser, Subcommand};

use super::exit::EXIT_CODES;
use super::{
    agent, backup, check, completions, emit, export, history, import, man, migrate, off, on, pattern, renew, run,
    serve, servers, session, site, status, task, tasks, undo, user, why, window,
};
use crate::config::{DatabaseSettings, Sources, VisitSettings};

const EXAMPLES: &str = "\
Examples:
  maintenance                                  start the server, as `maintenance serve` does
  maintenance on forum --for 30m --message \"Upgrade under way.\"
  maintenance off forum
  maintenance status
  maintenance why https://forum.example.com/cart --ip 203.0.113.9
";

/// Takes web sites down for maintenance and brings them back
///
/// Without a command: `serve`. Sites are named by id, by domain or alias, or by a part of one that only one site
/// has; where none is named, the default site is meant. Data goes to stdout, everything else to stderr.
#[derive(Debug, Parser)]
#[command(name = "maintenance", version, before_help = EXAMPLES, override_usage = "maintenance [COMMAND] [OPTIONS]")]
pub struct Cli {
    #[command(flatten)]
    pub database: DatabaseSettings,
    #[command(flatten)]
    pub visits: VisitSettings,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Serve(Box<serve::Serve>),
    Agent(Box<agent::Agent>),
    On(Box<on::On>),
    Off(off::Off),
    Run(Box<run::Run>),
    Renew(renew::Renew),
    Task(task::Task),
    Tasks(tasks::Tasks),
    Status(status::Status),
    Why(Box<why::Why>),
    Check(Box<check::Check>),
    Undo(undo::Undo),
    #[command(alias = "sites")]
    Site(site::SiteCommand),
    #[command(alias = "patterns")]
    Pattern(pattern::PatternCommand),
    #[command(alias = "windows")]
    Window(window::WindowCommand),
    #[command(alias = "users")]
    User(user::UserCommand),
    History(history::History),
    #[command(alias = "server")]
    Servers(servers::Servers),
    #[command(alias = "session")]
    Sessions(session::Sessions),
    Emit(Box<emit::Emit>),
    Migrate(migrate::Migrate),
    Backup(backup::Backup),
    Export(export::Export),
    Import(import::Import),
    Completions(completions::Completions),
    Man(man::Man),
}

/// The whole command line: exit codes at the end of every long help, and variables that are set to nothing taken
/// for not set.
pub fn command() -> clap::Command {
    let command = Cli::command().after_help(EXIT_CODES).mut_subcommands(with_exit_codes);
    // They are needed to say who is let in, and described at `serve` and `why`.
    let command = command.mut_subcommand("on", |on| on.mut_args(hidden_setting));
    let command = command.mut_subcommand("emit", |emit| emit.mut_args(hidden_setting));
    Sources::without_empty_variables(command)
}

fn hidden_setting(arg: clap::Arg) -> clap::Arg {
    let is_setting = arg.get_env().is_some();
    arg.hide(is_setting)
}

fn with_exit_codes(command: clap::Command) -> clap::Command {
    let command = if command.get_after_long_help().is_none() { command.after_long_help(EXIT_CODES) } else { command };
    command.mut_subcommands(with_exit_codes)
}

/// Whether an option stands before the command as well.
fn is_global(option: &str) -> bool {
    option.starts_with("--database-") || option.starts_with("--visit-idle")
}

/// Puts `serve` where no command is named, so that `maintenance --bind …` is `maintenance serve --bind …`.
///
/// A word that is no command is left for clap, which knows what was meant.
pub fn with_default_command(command: &clap::Command, mut words: Vec<OsString>) -> Vec<OsString> {
    let mut at = 1;
    while let Some(word) = words.get(at).map(|word| word.to_string_lossy().into_owned()) {
        match word.as_str() {
            word if is_global(word) && word.contains('=') => at += 1,
            word if is_global(word) => at += 2,
            "-h" | "--help" | "-V" | "--version" | "help" => return words,
            word if word.starts_with('-') => break,
            _ => return words,
        }
    }
    debug_assert!(command.find_subcommand("serve").is_some());
    words.insert(words.len().min(1), OsString::from("serve"));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(words: &str) -> String {
        let words = words.split(' ').map(OsString::from).collect();
        let words = with_default_command(&command(), words);
        words.into_iter().map(|word| word.into_string().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_arguments_agree_with_each_other() {
        command().debug_assert();
    }

    #[test]
    fn no_command_is_serve() {
        for (typed, meant) in [
            ("maintenance", "maintenance serve"),
            ("maintenance --bind :80", "maintenance serve --bind :80"),
            ("maintenance --database-url a.db", "maintenance serve --database-url a.db"),
            ("maintenance --database-url=a.db --bind :80", "maintenance serve --database-url=a.db --bind :80"),
            ("maintenance --database-url a.db status", "maintenance --database-url a.db status"),
            ("maintenance --database-pool-size=2 status", "maintenance --database-pool-size=2 status"),
            ("maintenance --help", "maintenance --help"),
            ("maintenance stauts", "maintenance stauts"),
        ] {
            assert_eq!(completed(typed), meant);
        }
    }

    #[test]
    fn every_command_has_examples_and_one_short_line_of_help() {
        fn check(command: &clap::Command) {
            for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
                let name = command.get_name();
                assert!(command.get_before_help().is_some(), "{name} has no examples");
                let about = command.get_about().unwrap_or_else(|| panic!("{name} has no help")).to_string();
                assert!(!about.contains('\n') && about.chars().count() <= 80, "{name}: {about}");
                for arg in command.get_arguments() {
                    assert!(arg.get_help().is_some(), "{name}: {arg} has no help");
                }
                check(command);
            }
        }
        check(&command());
    }
}
