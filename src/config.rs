//! The settings: read once, by flag, environment variable or `.env` file, in that order, and checked at start.
//!
//! The help of `maintenance serve` is made from this struct, so help, man page and settings cannot disagree.
//! Names follow the Django packages where one of them has the setting.

use std::collections::HashSet;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches, ValueEnum};
use serde::Serialize;

use crate::maintenance::check_redirect;
use crate::network::NetworkSet;
use crate::pattern::{IgnoredPattern, PatternKind};
use crate::site::{self, SiteId};
use crate::storage::{DatabaseUrl, StoreError};
use crate::wording;

/// Default of `DATABASE_URL`: a SQLite file in the working folder.
pub const DEFAULT_DATABASE_URL: &str = "sqlite://maintenance.sqlite3";

/// All settings of a server.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Where the state lives.
    #[command(flatten)]
    pub database: DatabaseSettings,
    /// The decision and the answer.
    #[command(flatten)]
    pub gate: GateSettings,
    /// The server and its panel.
    #[command(flatten)]
    pub server: ServerSettings,
    /// Each setting with its source, for the panel.
    #[arg(skip)]
    pub views: Vec<SettingView>,
    /// Settings given in code, by the long name of their flag.
    #[arg(skip)]
    given: Vec<(String, String)>,
}

/// A setting as the panel shows it. Secrets are shown as *set* or *not set*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingView {
    /// Name of its variable, such as `INTERNAL_IPS`.
    pub name: String,
    /// Name of its flag, such as `--internal-ips`.
    pub flag: String,
    /// The value in force; empty when there is none.
    pub value: String,
    /// Where it came from.
    pub source: SettingSource,
    /// What it does.
    pub help: String,
}

/// Where the value of a setting came from; the first of these that has one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SettingSource {
    /// A flag on the command line, or the application's own code.
    Flag,
    /// A variable of the environment.
    Environment,
    /// The `.env` file in the working folder.
    File,
    /// Nobody said anything.
    Default,
}

/// A setting that cannot be used; says which, its value, and what would be right.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(String);

impl Settings {
    /// Reads the settings of the environment and of `.env`.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn from_environment() -> Result<Self, SettingsError> {
        Self::parse(Vec::new())
    }

    /// The same settings with one more given, by the name of its variable or of its flag.
    ///
    /// # Errors
    /// A name that is no setting, or a value that cannot be used.
    pub fn with(self, name: &str, value: &str) -> Result<Self, SettingsError> {
        let command = Self::command();
        let is_named = |arg: &&clap::Arg| {
            arg.get_env().is_some_and(|env| env == name) || arg.get_long() == Some(name.trim_start_matches("--"))
        };
        let flag = command.get_arguments().find(is_named).and_then(clap::Arg::get_long);
        let flag = flag.ok_or_else(|| SettingsError(format!("there is no setting {name}")))?;
        let mut given = self.given;
        given.push((flag.to_owned(), value.to_owned()));
        Self::parse(given)
    }

    fn command() -> Command {
        Self::augment_args(Command::new("maintenance").args_override_self(true))
    }

    fn parse(given: Vec<(String, String)>) -> Result<Self, SettingsError> {
        let from_file = load_env_file()?;
        let args = given.iter().map(|(flag, value)| OsString::from(format!("--{flag}={value}")));
        let refused = |error: clap::Error| SettingsError(error.to_string().trim_end().to_owned());
        let matches = Self::command()
            .try_get_matches_from(std::iter::once(OsString::from("maintenance")).chain(args))
            .map_err(refused)?;
        let mut settings = Self::from_arg_matches(&matches).map_err(refused)?;
        settings.views = setting_views(&Self::command(), &matches, &from_file);
        settings.given = given;
        Ok(settings)
    }
}

/// Every setting of a command with its value and source.
pub fn setting_views(command: &Command, matches: &ArgMatches, from_file: &HashSet<String>) -> Vec<SettingView> {
    let settings = command.get_arguments().filter_map(|arg| Some((arg, arg.get_env()?.to_str()?, arg.get_long()?)));
    let views = settings.map(|(arg, env, long)| {
        let id = arg.get_id().as_str();
        let raw: Vec<String> = matches
            .try_get_raw(id)
            .ok()
            .flatten()
            .map(|values| values.map(|value| value.to_string_lossy().into_owned()).collect())
            .unwrap_or_default();
        let value = match env {
            "SECRET_KEY" if raw.is_empty() => "not set".to_owned(),
            "SECRET_KEY" => "set".to_owned(),
            "DATABASE_URL" => DatabaseUrl::parse(&raw.join("")).map_or_else(|_| String::new(), |url| url.to_string()),
            _ => raw.join(" "),
        };
        let source = match matches.value_source(id) {
            Some(ValueSource::CommandLine) => SettingSource::Flag,
            Some(ValueSource::EnvVariable) if from_file.contains(env) => SettingSource::File,
            Some(ValueSource::EnvVariable) => SettingSource::Environment,
            _ => SettingSource::Default,
        };
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        SettingView { name: env.to_owned(), flag: format!("--{long}"), value, source, help }
    });
    views.collect()
}

/// Loads `.env` of the working folder into the environment, where a name is not set yet; the names it set.
///
/// # Errors
/// When the file is there but cannot be read as one.
pub fn load_env_file() -> Result<HashSet<String>, SettingsError> {
    let refused = |error: dotenvy::Error| SettingsError(format!("the file .env cannot be read: {error}"));
    let entries = match dotenvy::from_path_iter(".env") {
        Ok(entries) => entries,
        Err(error) if error.not_found() => return Ok(HashSet::new()),
        Err(error) => return Err(refused(error)),
    };
    let mut names = HashSet::new();
    for entry in entries {
        let (name, value) = entry.map_err(refused)?;
        #[expect(clippy::disallowed_methods, reason = "this is the reader of settings")]
        let in_force = std::env::var(&name).ok();
        if in_force.is_none_or(|in_force| in_force == value) {
            names.insert(name);
        }
    }
    dotenvy::from_path(".env").map_err(refused)?;
    Ok(names)
}

/// Where the state lives. Every command needs it.
#[derive(Debug, Clone, Args)]
pub struct DatabaseSettings {
    /// Database: a SQLite file or a PostgreSQL server
    ///
    /// `sqlite://FILE` (relative to the working folder) or `postgres://USER@HOST:PORT/DATABASE`.
    #[arg(long, env = "DATABASE_URL", default_value = DEFAULT_DATABASE_URL, value_parser = database_url,
          value_name = "URL", global = true, hide_env_values = true, help_heading = "Settings")]
    pub database_url: DatabaseUrl,
}

/// What happens to a request whose host belongs to no site while there is no default site either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum UnknownSite {
    /// Let it through: the application knows better.
    #[default]
    Pass,
    /// Answer 404.
    NotFound,
}

/// Settings of the decision and of the answer; `serve` and `why` need them.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Settings")]
pub struct GateSettings {
    /// Site that stands in for hosts that no site has
    ///
    /// Without it: the only site, else the one marked default.
    #[arg(long, env = "SITE_ID", value_name = "ID", value_parser = site_id)]
    pub site_id: Option<SiteId>,

    /// Addresses and networks that always see the site
    ///
    /// Separated by commas or spaces, for example `127.0.0.1,10.0.0.0/8,2001:db8::/32`. Each site can have more
    /// of its own in the panel.
    #[arg(long, env = "INTERNAL_IPS", default_value = "", value_name = "NETWORKS", value_parser = internal_ips,
          hide_default_value = true)]
    pub internal_ips: NetworkSet,

    /// Proxies whose X-Forwarded-For, -Host and -Proto are believed
    ///
    /// Separated by commas or spaces. Without it nobody is believed, and the client is whoever connects.
    #[arg(long, env = "TRUSTED_PROXIES", default_value = "", value_name = "NETWORKS", value_parser = trusted_proxies,
          hide_default_value = true)]
    pub trusted_proxies: NetworkSet,

    /// Show the 503 page to staff as well; superusers always see the site
    #[arg(long, env = "MAINTENANCE_BLOCK_STAFF", value_name = "BOOL", default_value = "false", num_args = 0..=1,
          default_missing_value = "true", value_parser = boolean)]
    pub block_staff: bool,

    /// Regular expressions of paths that pass on every site, beside the panel itself
    ///
    /// Separated by spaces or line ends. Matched from the start of the path, as the patterns in the panel are.
    #[arg(long, env = "MAINTENANCE_ADMIN_IGNORED_URLS", default_value = "", value_name = "PATTERNS",
          value_parser = ignored_urls, hide_default_value = true)]
    pub admin_ignored_urls: IgnoredUrls,

    /// Path under which the panel is served
    #[arg(long, env = "ADMIN_URL", default_value = "/admin/", value_name = "PATH", value_parser = admin_url)]
    pub admin_url: String,

    /// What a host gets that belongs to no site while there is no default site
    #[arg(long, env = "MAINTENANCE_UNKNOWN_SITE", value_enum, default_value = "pass", value_name = "ANSWER")]
    pub unknown_site: UnknownSite,

    /// Folder with templates of your own: `503.html` for all sites, `sites/DOMAIN/503.html` for one
    #[arg(long, env = "MAINTENANCE_TEMPLATES", value_name = "FOLDER")]
    pub templates: Option<PathBuf>,

    /// File of your own 503 page for all sites; wins over `503.html` of the templates folder
    #[arg(long, env = "MAINTENANCE_503_TEMPLATE", value_name = "FILE")]
    pub template_503: Option<PathBuf>,

    /// Address that visitors of a closed site are redirected to (302) instead of getting the page
    ///
    /// An absolute http or https address, or a path beginning with `/`. A site's own address in the panel wins.
    #[arg(long, env = "MAINTENANCE_URL", value_name = "ADDRESS", value_parser = check_redirect)]
    pub maintenance_url: Option<String>,

    /// Status of the maintenance answer
    #[arg(long, env = "MAINTENANCE_STATUS", default_value_t = 503, value_name = "CODE",
          value_parser = clap::value_parser!(u16).range(400..=599))]
    pub status: u16,

    /// Seconds for Retry-After while no end is known, 1 to 3600
    #[arg(long, env = "MAINTENANCE_RETRY_AFTER", default_value_t = 120, value_name = "SECONDS",
          value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub retry_after: u32,

    /// Language of the built-in wording when a visitor asks for none that is built in
    #[arg(long, env = "LANGUAGE_CODE", default_value = "en", value_name = "TAG", value_parser = language_code)]
    pub language_code: String,

    /// Time zone for new sites and for times in the log of the panel
    #[arg(long, env = "TIME_ZONE", default_value = "UTC", value_name = "AREA/CITY", value_parser = time_zone)]
    pub time_zone: String,
}

/// Settings of the server and its panel; only `serve` needs them.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Settings")]
pub struct ServerSettings {
    /// Address and port to listen on
    #[arg(long, env = "BIND", default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT", value_parser = bind)]
    pub bind: SocketAddr,

    /// Threads that answer requests; one for each processor when not given
    #[arg(long, env = "WORKERS", value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: Option<u16>,

    /// Secret that cookies are encrypted with, at least 32 characters
    ///
    /// Made at the first start and kept in the database when not given. Give it when several databases or an
    /// application share log-ins.
    #[arg(long, env = "SECRET_KEY", value_name = "TEXT", hide_env_values = true, value_parser = secret_key)]
    pub secret_key: Option<Secret>,

    /// Seconds after which a log-in ends whatever happens
    #[arg(long, env = "SESSION_COOKIE_AGE", default_value_t = 2_592_000, value_name = "SECONDS",
          value_parser = clap::value_parser!(u32).range(60..=31_536_000))]
    pub session_cookie_age: u32,

    /// Seconds without a request after which a log-in ends
    #[arg(long, env = "SESSION_IDLE_AGE", default_value_t = 28_800, value_name = "SECONDS",
          value_parser = clap::value_parser!(u32).range(60..=31_536_000))]
    pub session_idle_age: u32,

    /// Whether the log-in cookie is for HTTPS only, with the `__Host-` prefix
    #[arg(long, env = "SESSION_COOKIE_SECURE", value_name = "BOOL", default_value = "false", num_args = 0..=1,
          default_missing_value = "true", value_parser = boolean)]
    pub session_cookie_secure: bool,

    /// Origin that browsers use for the panel, when a proxy hides it, for example `https://admin.example.com`
    #[arg(long, env = "PUBLIC_ORIGIN", value_name = "ORIGIN", value_parser = public_origin)]
    pub public_origin: Option<String>,
}

/// A value that must not be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The value itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Patterns of `MAINTENANCE_ADMIN_IGNORED_URLS`, each checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IgnoredUrls(pub Vec<IgnoredPattern>);

fn database_url(url: &str) -> Result<DatabaseUrl, StoreError> {
    DatabaseUrl::parse(url)
}

fn site_id(text: &str) -> Result<SiteId, String> {
    match text.trim().parse() {
        Ok(id) if id > 0 => Ok(SiteId(id)),
        _ => Err("SITE_ID is the number of a site, as `maintenance site list` shows it".to_owned()),
    }
}

fn internal_ips(text: &str) -> Result<NetworkSet, String> {
    NetworkSet::parse_list(text).map_err(|error| format!("INTERNAL_IPS: {error}"))
}

fn trusted_proxies(text: &str) -> Result<NetworkSet, String> {
    NetworkSet::parse_list(text).map_err(|error| format!("TRUSTED_PROXIES: {error}"))
}

fn ignored_urls(text: &str) -> Result<IgnoredUrls, String> {
    let mut rows = Vec::new();
    for pattern in text.split_whitespace() {
        let description = "MAINTENANCE_ADMIN_IGNORED_URLS".to_owned();
        let row = IgnoredPattern { kind: PatternKind::Regex, pattern: pattern.to_owned(), description };
        row.check().map_err(|error| format!("MAINTENANCE_ADMIN_IGNORED_URLS: {error}"))?;
        rows.push(row);
    }
    Ok(IgnoredUrls(rows))
}

/// A path of whole segments, with one slash at each end.
fn admin_url(text: &str) -> Result<String, String> {
    let inner = text.trim().trim_matches('/');
    let is_segment = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
    };
    if inner.split('/').all(is_segment) {
        Ok(format!("/{inner}/"))
    } else {
        Err("ADMIN_URL is a path such as /admin/, of letters, digits, `-`, `.`, `_` and `~`; it cannot be the root"
            .to_owned())
    }
}

fn language_code(text: &str) -> Result<String, String> {
    wording::of(text.trim()).map(|words| words.tag.clone()).ok_or_else(|| {
        let known: Vec<&str> = wording::all().iter().map(|words| words.tag.as_str()).collect();
        format!("LANGUAGE_CODE must be one of the built-in languages: {}", known.join(", "))
    })
}

fn time_zone(text: &str) -> Result<String, site::TimeZoneError> {
    site::time_zone(text.trim()).map(|_| text.trim().to_owned())
}

fn bind(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    let with_host = if text.starts_with(':') { format!("0.0.0.0{text}") } else { text.to_owned() };
    with_host
        .replace("localhost:", "127.0.0.1:")
        .parse()
        .map_err(|_| "BIND is an address with a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080".to_owned())
}

fn secret_key(text: &str) -> Result<Secret, String> {
    if text.chars().count() < 32 {
        return Err("SECRET_KEY must have at least 32 characters".to_owned());
    }
    Ok(Secret(text.to_owned()))
}

/// The words that Django projects and shells use.
fn boolean(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" | "" => Ok(false),
        other => Err(format!("`{other}` is neither true nor false")),
    }
}

fn public_origin(text: &str) -> Result<String, String> {
    let origin = text.trim().trim_end_matches('/').to_ascii_lowercase();
    let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']) => Ok(origin),
        _ => Err("PUBLIC_ORIGIN is a scheme with a host, such as https://admin.example.com, without a path".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_panel_path_is_whole_segments_with_a_slash_at_each_end() {
        for (text, path) in [("/admin/", "/admin/"), ("admin", "/admin/"), ("/a/b", "/a/b/")] {
            assert_eq!(admin_url(text).unwrap(), path);
        }
        for text in ["", "/", "//", "/a//b", "/a b/", "/../", "/a%2fb/"] {
            assert!(admin_url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_secret_is_not_shown_by_debug() {
        assert_eq!(format!("{:?}", secret_key(&"s".repeat(32)).unwrap()), "[redacted]");
        assert!(secret_key("short").is_err());
    }

    #[test]
    fn an_origin_has_a_scheme_and_a_host_only() {
        assert_eq!(public_origin("https://Admin.example.com/").unwrap(), "https://admin.example.com");
        for text in ["admin.example.com", "https://", "https://a/b", "ftp://a"] {
            assert!(public_origin(text).is_err(), "{text}");
        }
    }
}
