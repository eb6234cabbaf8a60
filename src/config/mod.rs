//! The settings: read once, by flag, environment variable or `.env` file, in that order, and checked at start.
//!
//! The help of `maintenance serve` is made from these structs, so help, man page and settings cannot disagree.
//! Names follow the Django packages where one of them has the setting. Nobody else reads the environment, so the
//! source of every value can be named: a wrong one in an error, all of them in the panel.

mod environment;
mod in_force;
mod rules;
mod settings;
mod source;
mod value;

pub(crate) use environment::host_name;
#[cfg(feature = "cli")]
pub(crate) use environment::secrets_of_file;
pub use environment::{DotEnv, DotEnvError, variable};
pub use settings::{
    DEFAULT_DATABASE_URL, DatabaseSettings, GateSettings, InstanceSettings, OnUnknown, ServerSettings, Settings,
    SettingsError, UnknownSite, VisitSettings,
};
pub use source::{SettingSource, SettingView, Sources, wrong_value};
pub use value::{IgnoredUrls, MirrorSetting, Secret, admin_url, bind, site_id};
