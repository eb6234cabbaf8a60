//! Where each value came from, and what is said about a wrong one.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};
use serde::Serialize;

use super::environment::{self, DotEnv};
use crate::storage::DatabaseUrl;

/// Where the value of a setting came from; the first of these that has one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SettingSource {
    /// A flag on the command line, or the application's own code.
    Flag,
    /// A variable of the environment.
    Environment,
    /// The `.env` file in the working folder.
    #[serde(rename = ".env")]
    File,
    /// Nobody said anything.
    Default,
}

/// A setting as the panel shows it. Secrets are shown as *set* or *not set*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingView {
    /// Name of its variable, such as `INTERNAL_IPS`.
    pub name: String,
    /// Name of its flag, such as `--internal-ips`; empty for a secret, which has none on the command line.
    pub flag: String,
    /// The value in force, a database address without its password; empty when there is none.
    pub value: String,
    /// Where it came from.
    pub source: SettingSource,
    /// What it does, in one line.
    pub help: String,
}

/// What is needed to say where values came from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    dot_env: DotEnv,
}

impl Sources {
    /// Sources with what the `.env` file set.
    pub fn new(dot_env: DotEnv) -> Self {
        Self { dot_env }
    }

    /// Every setting among these arguments of a command: each that has an environment variable.
    pub fn view<'a>(&self, args: impl IntoIterator<Item = &'a Arg>, matches: &ArgMatches) -> Vec<SettingView> {
        args.into_iter().filter_map(|arg| self.view_one(arg, matches)).collect()
    }

    fn view_one(&self, arg: &Arg, matches: &ArgMatches) -> Option<SettingView> {
        let name = arg.get_env()?.to_str()?.to_owned();
        let id = arg.get_id().as_str();
        let raw = matches.try_get_raw(id).ok().flatten().into_iter().flatten();
        let raw = raw.map(|value| value.to_string_lossy()).collect::<Vec<_>>().join(" ");
        let value = match matches.try_get_one::<DatabaseUrl>(id) {
            Ok(Some(url)) => url.to_string(),
            _ if !arg.is_hide_env_values_set() => raw,
            _ if raw.is_empty() => "not set".to_owned(),
            _ => "set".to_owned(),
        };
        let source = match matches.value_source(id) {
            Some(ValueSource::CommandLine) => SettingSource::Flag,
            Some(ValueSource::EnvVariable) if self.dot_env.set(&name) => SettingSource::File,
            Some(ValueSource::EnvVariable) => SettingSource::Environment,
            _ => SettingSource::Default,
        };
        let flag = arg.get_long().filter(|_| !arg.is_hide_set()).map(|long| format!("--{long}")).unwrap_or_default();
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        Some(SettingView { name, flag, value, source, help })
    }

    /// Takes a variable that is set to nothing for one that is not set, in all commands.
    pub fn without_empty_variables(command: Command) -> Command {
        let is_empty = |arg: &Arg| arg.get_env().is_some_and(environment::is_empty);
        let command = command.mut_args(|arg| if is_empty(&arg) { arg.env(None::<&'static str>) } else { arg });
        command.mut_subcommands(Self::without_empty_variables)
    }

    fn of_variable(&self, name: &str, value: &str) -> SettingSource {
        match environment::variable(name) {
            Some(set) if set == value && self.dot_env.set(name) => SettingSource::File,
            Some(set) if set == value => SettingSource::Environment,
            None if self.dot_env.missing(name) == Some(value) => SettingSource::File,
            _ => SettingSource::Flag,
        }
    }
}

/// What is wrong with the value of a setting: its names, where the value came from, the value unless it is a
/// secret, and what would be right. `None` when the error is not about a setting.
pub fn wrong_value(error: &clap::Error, command: &Command, sources: &Sources) -> Option<String> {
    if !matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue) {
        return None;
    }
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return None };
    let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) else { return None };
    let mut command = command.clone();
    command.build();
    let arg = find(&command, flag)?;
    let env = arg.get_env()?.to_str()?;
    let long = arg.get_long()?;
    let shown = if arg.is_hide_env_values_set() { "this value".to_owned() } else { format!("`{value}`") };
    let origin = match sources.of_variable(env, value) {
        SettingSource::File => " (from the file .env)",
        SettingSource::Environment => " (from the environment)",
        SettingSource::Flag | SettingSource::Default => "",
    };
    let flag = if arg.is_hide_set() { String::new() } else { format!(" (--{long})") };
    Some(format!("the setting {env}{flag} cannot be {shown}{origin}: {}", right_value(error)))
}

/// The argument that clap's error shows as `flag`, in this command or one below it.
fn find<'c>(command: &'c Command, flag: &str) -> Option<&'c Arg> {
    let own = command.get_arguments().find(|arg| arg.get_env().is_some() && arg.to_string() == flag);
    own.or_else(|| command.get_subcommands().find_map(|command| find(command, flag)))
}

fn right_value(error: &clap::Error) -> String {
    match (error.source(), error.get(ContextKind::ValidValue)) {
        (Some(reason), _) => reason.to_string(),
        (None, Some(ContextValue::Strings(words))) => format!("it is one of {}", words.join(", ")),
        (None, _) => "a value is needed".to_owned(),
    }
}
