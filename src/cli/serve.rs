//! `maintenance serve`: the server with gate, panel and sample site.

use clap::parser::ValueSource;
use clap::{ArgMatches, Args};

use super::Context;
use super::exit::{Exit, Usage};
use crate::config::{GateSettings, ServerSettings, SettingView, Settings, Sources};

const EXAMPLES: &str = "\
Examples:
  maintenance serve
  maintenance serve --bind 0.0.0.0:8080 --trusted-proxies 10.0.0.2
  DATABASE_URL=sqlite:///var/lib/maintenance/state.sqlite3 maintenance serve
";

const ENVIRONMENT: &str = "\
Every setting is a flag, an environment variable, or a line of the file .env in the working
folder; the first of these that has it wins. A variable that is set to nothing counts as not set.

Only from the environment or .env, because everybody on the machine can read a command line:
  SECRET_KEY  Secret that cookies are encrypted with, at least 32 characters. Made at the first
              start and kept in the database when not given. Give it when several databases or an
              application share log-ins.
  METRICS_TOKEN
              Token that a scraper of /metrics must show (Authorization: Bearer TOKEN), at least 16
              characters. Without it there is no /metrics: its figures name every closed site and the
              traffic on it. Networks cannot protect it, because behind a proxy on the same machine
              everybody comes from 127.0.0.1.
  RUST_LOG    What is logged on stderr: error, warn, info (default), debug or trace.
";

/// Starts the server: the gate, the panel and the sample site
///
/// Creates and migrates the database when it is missing, adds the default site, and prints the address and, while
/// there is no superuser, a link that works once to create the first one. Ends on SIGTERM or SIGINT when the requests
/// under way have been answered.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, after_long_help = format!("{ENVIRONMENT}\n{}", super::exit::EXIT_CODES))]
pub struct Serve {
    #[command(flatten)]
    gate: GateSettings,
    #[command(flatten)]
    server: ServerSettings,
}

pub fn run(
    context: &Context,
    args: Box<Serve>,
    command: &clap::Command,
    matches: &ArgMatches,
    sources: &Sources,
) -> anyhow::Result<Exit> {
    let Serve { gate, server } = *args;
    let matches = matches.subcommand_matches("serve").expect("this command is being run");
    for (id, name) in [("secret_key", "SECRET_KEY"), ("metrics_token", "METRICS_TOKEN")] {
        if matches.value_source(id) == Some(ValueSource::CommandLine) {
            let text =
                format!("everybody on this machine can read a command line: give {name} in the environment or in .env");
            return Err(Usage(text).into());
        }
    }
    server.check().map_err(|error| Usage(error.to_string()))?;
    super::logging::start();
    let views = views(command, matches, sources);
    crate::server::run(Settings::new(context.database.clone(), context.visits, gate, server, views))?;
    Ok(Exit::Done)
}

/// Every setting of this command: those that it shares with all commands, which are arguments of the program, and its own.
fn views(program: &clap::Command, matches: &ArgMatches, sources: &Sources) -> Vec<SettingView> {
    let serve = program.find_subcommand("serve").expect("there is such a command");
    sources.view(program.get_arguments().chain(serve.get_arguments()), matches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_told_to_the_panel_also_those_of_all_commands() {
        let program = crate::cli::args::command();
        for words in [
            ["maintenance", "--database-url=sqlite://data/state.sqlite3", "serve", "--workers=2"],
            ["maintenance", "serve", "--database-url=sqlite://data/state.sqlite3", "--workers=2"],
        ] {
            let matches = program.clone().try_get_matches_from(words).unwrap();
            let views = views(&program, matches.subcommand_matches("serve").unwrap(), &Sources::default());
            let shown = |name: &str| &views.iter().find(|view| view.name == name).expect(name).value;
            assert_eq!(shown("DATABASE_URL"), "sqlite://data/state.sqlite3");
            assert_eq!((shown("DATABASE_POOL_SIZE").as_str(), shown("WORKERS").as_str()), ("8", "2"));
            let mut names: Vec<&str> = views.iter().map(|view| view.name.as_str()).collect();
            let all = Settings::from_environment().unwrap().views;
            let mut all: Vec<&str> = all.iter().map(|view| view.name.as_str()).collect();
            names.sort_unstable();
            all.sort_unstable();
            assert_eq!(names, all);
        }
    }
}
