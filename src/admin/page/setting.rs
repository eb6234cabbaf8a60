//! The settings in force, read only.

use serde::Serialize;

use super::Page;

/// Every setting with its value and where it came from.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SettingsPage {
    /// Version of the program.
    pub version: String,
    /// Groups, in the order of the reference.
    pub groups: Vec<SettingGroup>,
}

impl Page for SettingsPage {
    const TEMPLATE: &'static str = "admin/settings.html";
}

/// Settings that belong together.
#[derive(Debug, Clone, Serialize)]
pub struct SettingGroup {
    /// Its heading.
    pub title: String,
    /// Its settings.
    pub rows: Vec<SettingRow>,
}

/// One setting.
#[derive(Debug, Clone, Serialize)]
pub struct SettingRow {
    /// Name of the environment variable.
    pub name: String,
    /// Value in force; `set` or `not set` for a secret; empty shows as `not set`.
    pub value: String,
    /// `default`, `environment`, `.env file`, `command line`, `database`.
    pub source: String,
    /// What it does.
    pub help: String,
}
