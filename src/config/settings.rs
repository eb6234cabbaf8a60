//! What can be set, with its name, its default and its help.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Command, FromArgMatches as _, ValueEnum};
use jiff::{SignedDuration, Timestamp};

use super::environment::{DotEnv, DotEnvError};
use super::in_force::fill_in;
use super::source::{SettingSource, SettingView, Sources, wrong_value};
use super::value::{
    self, IgnoredUrls, MirrorSetting, Secret, admin_url, bind, boolean, cookie_name, database_url, flag_path,
    ignored_urls, language_code, mirror, networks, public_origin, server_name, site_id, time_zone,
};
use crate::flagfile::FlagPath;
use crate::network::NetworkSet;
use crate::redirect::Redirect;
use crate::site::{Domain, SiteId, request_host};
use crate::storage::{DatabaseOptions, DatabaseUrl, Store};
use crate::visit;

/// Default of `DATABASE_URL`: a SQLite file in the working folder.
pub const DEFAULT_DATABASE_URL: &str = "sqlite://maintenance.sqlite3";

/// All settings of a server.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Where the state lives.
    #[command(flatten)]
    pub database: DatabaseSettings,
    /// Who is taken to be at work.
    #[command(flatten)]
    pub visits: VisitSettings,
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

/// A setting that cannot be used; says which, its value, and what would be right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The value is wrong.
    #[error("{0}")]
    Value(String),
    /// There is no setting of that name.
    #[error("there is no setting {name}")]
    Unknown {
        /// What was given.
        name: String,
    },
    /// The `.env` file cannot be used.
    #[error(transparent)]
    DotEnv(#[from] DotEnvError),
}

impl ServerSettings {
    /// Name of the cookie of a site's own sessions, with the prefix that HTTPS allows (RFC 6265bis, section 4.1.3.2).
    pub fn site_session_cookie(&self) -> String {
        let prefix = if self.session_cookie_secure { "__Host-" } else { "" };
        format!("{prefix}{}", self.site_session_cookie)
    }

    /// Name of this server: as set, else host and port.
    pub fn name(&self) -> String {
        let given = self.instance.server_name.clone();
        given.unwrap_or_else(|| format!("{}:{}", super::host_name(), self.bind.port()))
    }

    /// Threads that answer requests: as set, else one for each processor.
    pub fn workers(&self) -> usize {
        let processors = || std::thread::available_parallelism().map_or(1, NonZero::get);
        self.workers.map_or_else(processors, usize::from)
    }

    /// Looks at what several settings say together.
    ///
    /// # Errors
    /// A sentence that names them and says what would be right.
    pub fn check(&self) -> Result<(), SettingsError> {
        let Some(domain) = &self.session_cookie_domain else { return Ok(()) };
        let host = self.public_origin.as_deref().and_then(|origin| request_host(origin.split_once("://")?.1).ok());
        match host {
            Some(host) if domain.holds(&host) => Ok(()),
            Some(host) => Err(SettingsError::Value(format!(
                "SESSION_COOKIE_DOMAIN is `{domain}`, but the panel's host in PUBLIC_ORIGIN, `{host}`, is not within it: \
                 no browser would keep its log-in"
            ))),
            None => Err(SettingsError::Value(format!(
                "SESSION_COOKIE_DOMAIN is `{domain}`: say in PUBLIC_ORIGIN where the panel is, such as \
                 https://admin.{domain}"
            ))),
        }
    }

    /// File of the last known state: as set, else beside the SQLite file or in the working folder, with the port in its
    /// name. `None` when none is to be kept.
    pub fn mirror_path(&self, database: &DatabaseUrl) -> Option<PathBuf> {
        let port = self.bind.port();
        match (&self.instance.mirror, database.sqlite_path()) {
            (Some(MirrorSetting::None), _) => None,
            (Some(MirrorSetting::File(path)), _) => Some(path.clone()),
            (None, Some(path)) => {
                let mut name = path.as_os_str().to_owned();
                name.push(format!(".{port}.mirror"));
                Some(PathBuf::from(name))
            }
            (None, None) => Some(PathBuf::from(format!("maintenance.{port}.mirror"))),
        }
    }
}

impl Settings {
    /// Settings that the command line has read.
    pub fn new(
        database: DatabaseSettings,
        visits: VisitSettings,
        gate: GateSettings,
        server: ServerSettings,
        views: Vec<SettingView>,
    ) -> Self {
        let mut views = views;
        fill_in(&mut views, &database, &server);
        Self { database, visits, gate, server, views, given: Vec::new() }
    }

    /// Reads the settings of the environment, and of `.env` what that lacks. The file is read once in the life of the
    /// process, and the environment stays as it is.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn from_environment() -> Result<Self, SettingsError> {
        Self::from_environment_with(&[])
    }

    /// The same with some given, each by the name of its variable or of its flag; of those with one name the last counts.
    ///
    /// # Errors
    /// A name that is no setting, or the first value that cannot be used.
    pub(crate) fn from_environment_with(given: &[(String, String)]) -> Result<Self, SettingsError> {
        Self::parse(DotEnv::read()?, flags_of(given)?)
    }

    /// The same settings with one more given, by the name of its variable or of its flag.
    ///
    /// # Errors
    /// A name that is no setting, or a value that cannot be used.
    pub fn with(self, name: &str, value: &str) -> Result<Self, SettingsError> {
        let mut given = self.given;
        given.append(&mut flags_of(&[(name.to_owned(), value.to_owned())])?);
        Self::parse(DotEnv::read()?, given)
    }

    fn command() -> Command {
        Sources::without_empty_variables(Self::augment_args(Command::new("maintenance").args_override_self(true)))
    }

    fn parse(dot_env: &DotEnv, given: Vec<(String, String)>) -> Result<Self, SettingsError> {
        let sources = Sources::new(dot_env.clone());
        let command = Self::command();
        let is_given = |flag: &str| given.iter().any(|(given, _)| given == flag);
        // Clap knows the environment only, and what is given counts more: so does what the file adds.
        let of_file = command.get_arguments().filter_map(|arg| {
            let (name, flag) = (arg.get_env()?.to_str()?, arg.get_long()?);
            let value = dot_env.missing(name).filter(|value| !value.is_empty() && !is_given(flag))?;
            Some((name, flag, value))
        });
        let of_file: Vec<_> = of_file.collect();
        let words = of_file.iter().map(|(_, flag, value)| (*flag, *value));
        let words = words.chain(given.iter().map(|(flag, value)| (flag.as_str(), value.as_str())));
        let words = words.map(|(flag, value)| OsString::from(format!("--{flag}={value}")));
        let words = std::iter::once(OsString::from("maintenance")).chain(words);
        let refused = |error: clap::Error| {
            let text = wrong_value(&error, &command, &sources);
            SettingsError::Value(text.unwrap_or_else(|| error.to_string().trim_end().to_owned()))
        };
        let matches = command.clone().try_get_matches_from(words).map_err(refused)?;
        let mut settings = Self::from_arg_matches(&matches).map_err(refused)?;
        settings.views = sources.view(command.get_arguments(), &matches);
        let is_of_file = |view: &&mut SettingView| of_file.iter().any(|(name, ..)| *name == view.name);
        settings.views.iter_mut().filter(is_of_file).for_each(|view| view.source = SettingSource::File);
        fill_in(&mut settings.views, &settings.database, &settings.server);
        settings.given = given;
        Ok(settings)
    }
}

/// The long names of the flags of settings that are given by the name of their variable or of their flag.
fn flags_of(given: &[(String, String)]) -> Result<Vec<(String, String)>, SettingsError> {
    let command = Settings::command();
    let flag_of = |(name, value): &(String, String)| {
        let is_named = |arg: &&clap::Arg| {
            arg.get_env().is_some_and(|env| env == &**name) || arg.get_long() == Some(name.trim_start_matches("--"))
        };
        let flag = command.get_arguments().find(is_named).and_then(clap::Arg::get_long);
        let flag = flag.ok_or_else(|| SettingsError::Unknown { name: name.clone() })?;
        Ok((flag.to_owned(), value.clone()))
    };
    given.iter().map(flag_of).collect()
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

    /// Connections to PostgreSQL that are open at once, 1 to 100
    ///
    /// Each server opens as many as it needs, up to this number, and one more that listens for changes.
    #[arg(long, env = "DATABASE_POOL_SIZE", default_value_t = 8, value_name = "NUMBER", global = true,
          value_parser = clap::value_parser!(u32).range(1..=100), help_heading = "Settings")]
    pub database_pool_size: u32,

    /// Seconds that connecting to PostgreSQL, or waiting for a free connection, may take, 1 to 300
    #[arg(long, env = "DATABASE_CONNECT_TIMEOUT", default_value_t = 5, value_name = "SECONDS", global = true,
          value_parser = clap::value_parser!(u32).range(1..=300), help_heading = "Settings")]
    pub database_connect_timeout: u32,

    /// Seconds that a statement on PostgreSQL may take, 1 to 3600; a writer waits for others half as long
    ///
    /// A connection that leaves a statement without an answer for two seconds more is given up.
    #[arg(long, env = "DATABASE_STATEMENT_TIMEOUT", default_value_t = 10, value_name = "SECONDS", global = true,
          value_parser = clap::value_parser!(u32).range(1..=3600), help_heading = "Settings")]
    pub database_statement_timeout: u32,
}

impl DatabaseSettings {
    /// The database as it is set, which is not looked at yet.
    pub fn store(&self) -> Store {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        let options = DatabaseOptions {
            pool_size: self.database_pool_size,
            connect_timeout: seconds(self.database_connect_timeout),
            statement_timeout: seconds(self.database_statement_timeout),
        };
        Store::new(&self.database_url, options)
    }
}

/// When somebody is no longer taken to be at work. Every command that counts people needs it.
#[derive(Debug, Clone, Copy, Args)]
pub struct VisitSettings {
    /// Seconds without a request after which nobody waits for somebody any more, 120 to 86400
    ///
    /// A drain ends when everybody who signed in before it has signed out or was not seen for so long. Set it to the same
    /// for all servers and in the shells of commands.
    #[arg(long, env = "MAINTENANCE_VISIT_IDLE", default_value_t = 300, value_name = "SECONDS", global = true,
          value_parser = clap::value_parser!(u32).range(120..=86_400), help_heading = "Settings")]
    pub visit_idle: u32,
}

impl VisitSettings {
    /// The same as a length of time.
    pub fn idle(&self) -> SignedDuration {
        SignedDuration::from_secs(self.visit_idle.into())
    }

    /// Visits last seen at or before this are not live.
    pub fn seen_since(&self, now: Timestamp) -> Timestamp {
        visit::seen_since(now, self.idle())
    }
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

/// What happens to requests while a server knows nothing of its sites: it has started with neither database nor mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum OnUnknown {
    /// Answer 503: a closed site must not open by accident.
    #[default]
    Hold,
    /// Let everything through.
    Pass,
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
    #[arg(long, env = "INTERNAL_IPS", default_value = "", value_name = "NETWORKS", value_parser = networks,
          hide_default_value = true)]
    pub internal_ips: NetworkSet,

    /// Proxies whose X-Forwarded-For, -Host and -Proto are believed
    ///
    /// Separated by commas or spaces. Without it nobody is believed, and the client is whoever connects. Only these may
    /// ask `/maintenance/check`.
    #[arg(long, env = "TRUSTED_PROXIES", default_value = "", value_name = "NETWORKS", value_parser = networks,
          hide_default_value = true)]
    pub trusted_proxies: NetworkSet,

    /// Show the 503 page to staff as well; superusers always see the site
    #[arg(long, env = "MAINTENANCE_BLOCK_STAFF", value_name = "BOOL", default_value = "false", num_args = 0..=1, action = ArgAction::Set,
          default_missing_value = "true", require_equals = true, value_parser = boolean)]
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

    /// What visitors get while nothing is known of any site: the server has started with neither database nor mirror
    ///
    /// `hold` answers 503 until the database answers, so that no closed site opens by accident; `pass` lets everything
    /// through. The panel's path and the health checks always pass.
    #[arg(long, env = "MAINTENANCE_ON_UNKNOWN", value_enum, default_value = "hold", value_name = "ANSWER")]
    pub on_unknown: OnUnknown,

    /// Folder with templates of your own: `503.html` for all sites, `sites/DOMAIN/503.html` for one
    #[arg(long, env = "MAINTENANCE_TEMPLATES", value_name = "FOLDER")]
    pub templates: Option<PathBuf>,

    /// File of your own 503 page for all sites; wins over `503.html` of the templates folder
    #[arg(long, env = "MAINTENANCE_503_TEMPLATE", value_name = "FILE")]
    pub template_503: Option<PathBuf>,

    /// Address that visitors of a closed site are redirected to (302) instead of getting the page
    ///
    /// An absolute http or https address, or a path beginning with `/`. A site's own address in the panel wins.
    #[arg(long, env = "MAINTENANCE_URL", value_name = "ADDRESS", value_parser = Redirect::checked)]
    pub maintenance_url: Option<String>,

    /// File that is there exactly while a site is in maintenance, for a web server that looks by itself
    ///
    /// An absolute path. `{domain}` stands for a whole folder name, `{id}` for the number of the site, as in
    /// `/var/lib/maintenance/{domain}/on`; without either it is the file of the default site. The page, the other
    /// answers and rules for web servers lie beside it.
    #[arg(long, env = "MAINTENANCE_FILE", value_name = "FILE", value_parser = flag_path)]
    pub maintenance_file: Option<FlagPath>,

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

/// What each process that follows the database has of its own; `serve` and `agent` need it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Settings")]
pub struct InstanceSettings {
    /// Name of this server among those that share the database; its host and port, or `agent`, when not given
    #[arg(long, env = "SERVER_NAME", value_name = "NAME", value_parser = server_name)]
    pub server_name: Option<String>,

    /// File that keeps the last known state, so that this server can start while its database is away; `none` keeps none
    ///
    /// Without it: beside the SQLite file, `FILE.PORT.mirror`; with PostgreSQL `maintenance.PORT.mirror` in the working
    /// folder; that of an agent is `.maintenance-mirror` in the folder of its files. Each needs one of its own. Only its
    /// owner may read it: it holds what the database holds of the sites, and, but for an agent's, the secret of the
    /// cookies unless SECRET_KEY gives it.
    #[arg(long, env = "MAINTENANCE_MIRROR", value_name = "FILE", value_parser = mirror)]
    pub mirror: Option<MirrorSetting>,
}

/// Settings of the server and its panel; only `serve` needs them.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Settings")]
pub struct ServerSettings {
    /// Address and port to listen on
    #[arg(long, env = "BIND", default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT", value_parser = bind)]
    pub bind: SocketAddr,

    /// What each process has of its own.
    #[command(flatten)]
    pub instance: InstanceSettings,

    /// Threads that answer requests; one for each processor when not given
    #[arg(long, env = "WORKERS", value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: Option<u16>,

    /// Secret that cookies are encrypted with, at least 32 characters
    ///
    /// Made at the first start and kept in the database when not given. Give it when several databases or an
    /// application share log-ins. Only from the environment or `.env`: everybody on the machine can read a
    /// command line.
    #[arg(long, env = "SECRET_KEY", value_name = "TEXT", hide = true, hide_env_values = true,
          value_parser = value::secret_key)]
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
    #[arg(long, env = "SESSION_COOKIE_SECURE", value_name = "BOOL", default_value = "false", num_args = 0..=1, action = ArgAction::Set,
          default_missing_value = "true", require_equals = true, value_parser = boolean)]
    pub session_cookie_secure: bool,

    /// Domain whose hosts all get the log-in cookie, for example `example.com`; only the panel's host when not given
    ///
    /// So that staff who log in at `admin.example.com` pass a closed `shop.example.com` whose web server asks
    /// `/maintenance/check`. Needs PUBLIC_ORIGIN, whose host must be within the domain. Whoever runs a host of the domain
    /// gets the cookie of everybody in the panel who visits it: set it only where all are yours. With
    /// SESSION_COOKIE_SECURE the cookie has the `__Secure-` prefix instead of `__Host-`.
    #[arg(long, env = "SESSION_COOKIE_DOMAIN", value_name = "DOMAIN", value_parser = value::cookie_domain)]
    pub session_cookie_domain: Option<Domain>,

    /// Name of the cookie of a site's own sessions (`Maintenance::sessions`), `__Host-` in front when it is for HTTPS only
    ///
    /// Letters, digits, `-` and `_`. The sessions last as long as log-ins do.
    #[arg(long, env = "SITE_SESSION_COOKIE", default_value = "sessionid", value_name = "NAME",
          value_parser = cookie_name)]
    pub site_session_cookie: String,

    /// Give visitors a signed cookie that says since when they are there, so that a drain waits for them
    ///
    /// For sites behind a proxy whose users this program does not know. Set by the notice script and by the check
    /// endpoint while the site is open; off by default, because no visitor gets a cookie that nobody asked for.
    #[arg(long, env = "MAINTENANCE_VISITOR_COOKIE", value_name = "BOOL", default_value = "false", num_args = 0..=1, action = ArgAction::Set,
          default_missing_value = "true", require_equals = true, value_parser = boolean)]
    pub visitor_cookie: bool,

    /// Token that a scraper of `/metrics` must show, at least 16 characters
    ///
    /// Sent as `Authorization: Bearer TOKEN`. Without the setting there is no `/metrics`: its figures name every closed
    /// site and the traffic on it. Networks cannot protect it, because behind a proxy on the same machine everybody
    /// comes from 127.0.0.1. Only from the environment or `.env`: everybody on the machine can read a command line.
    #[arg(long, env = "METRICS_TOKEN", value_name = "TEXT", hide = true, hide_env_values = true,
          value_parser = value::metrics_token)]
    pub metrics_token: Option<Secret>,

    /// Origin that browsers use for the panel, when a proxy hides it, for example `https://admin.example.com`
    #[arg(long, env = "PUBLIC_ORIGIN", value_name = "ORIGIN", value_parser = public_origin)]
    pub public_origin: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::environment::tests::read;

    fn parsed(file: &str, given: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let given = given.iter().map(|(flag, value)| ((*flag).to_owned(), (*value).to_owned())).collect();
        Settings::parse(&read(file).unwrap(), given)
    }

    #[test]
    fn the_file_fills_in_what_the_environment_lacks_and_what_is_given_wins() {
        let name_of = |settings: &Settings| {
            let view = settings.views.iter().find(|view| view.name == "SERVER_NAME").unwrap();
            (settings.server.name(), view.source)
        };
        let file = "SERVER_NAME=of-file\nLANGUAGE_CODE=\nTHEME=dark\n";
        let settings = parsed(file, &[]).unwrap();
        assert_eq!(name_of(&settings), ("of-file".to_owned(), SettingSource::File));
        assert_eq!(settings.gate.language_code, "en", "what is set to nothing is not set");
        let settings = parsed(file, &[("server-name", "of-code")]).unwrap();
        assert_eq!(name_of(&settings), ("of-code".to_owned(), SettingSource::Flag));
    }

    #[test]
    fn a_wrong_value_of_the_file_is_told_with_where_it_is_from() {
        let error = parsed("BIND=nowhere\n", &[]).unwrap_err().to_string();
        assert!(error.contains("BIND (--bind) cannot be `nowhere` (from the file .env)"), "{error}");
    }
}
