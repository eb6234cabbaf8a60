//! Values that a server finds out by itself where nothing is set.

use super::settings::{DatabaseSettings, ServerSettings};
use super::source::SettingView;

/// Shows what is in force instead of nothing, where the default depends on the machine and on other settings.
pub(super) fn fill_in(views: &mut [SettingView], database: &DatabaseSettings, server: &ServerSettings) {
    for view in views.iter_mut().filter(|view| view.value.is_empty()) {
        let found = match view.name.as_str() {
            "SERVER_NAME" => Some(server.name()),
            "WORKERS" => Some(server.workers().to_string()),
            "MAINTENANCE_MIRROR" => {
                server.mirror_path(&database.database_url).map(|path| path.to_string_lossy().into_owned())
            }
            _ => None,
        };
        view.value = found.unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{SettingSource, Settings};

    fn shown(settings: &Settings, name: &str) -> (String, SettingSource) {
        let view = settings.views.iter().find(|view| view.name == name).expect("there is such a setting");
        (view.value.clone(), view.source)
    }

    #[test]
    fn what_nobody_has_set_is_shown_as_it_is_in_force() {
        let settings = Settings::from_environment().expect("the tests' environment has no wrong setting");
        let settings = settings.with("DATABASE_URL", "sqlite://data/state.sqlite3").unwrap();
        let settings = settings.with("BIND", "127.0.0.1:8123").unwrap();
        assert_eq!(shown(&settings, "SERVER_NAME"), (settings.server.name(), SettingSource::Default));
        assert!(shown(&settings, "WORKERS").0.parse::<usize>().is_ok_and(|workers| workers > 0));
        assert_eq!(shown(&settings, "MAINTENANCE_MIRROR").0, "data/state.sqlite3.8123.mirror");
        let set = settings.with("SERVER_NAME", "web1").unwrap().with("MAINTENANCE_MIRROR", "none").unwrap();
        assert_eq!(shown(&set, "SERVER_NAME"), ("web1".to_owned(), SettingSource::Flag));
        assert_eq!(shown(&set, "MAINTENANCE_MIRROR").0, "none");
    }
}
