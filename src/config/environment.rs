//! The environment of the process, and the `.env` file that fills in what it lacks.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::OnceLock;

/// Name of the file in the working folder; folders above are not searched, so that a setting never comes from
/// somewhere unexpected.
const FILE: &str = ".env";

/// Name of this machine, as its system has it.
#[cfg(unix)]
pub(crate) fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Name of this machine, as its system has it.
#[cfg(not(unix))]
pub(crate) fn host_name() -> String {
    variable("COMPUTERNAME").unwrap_or_else(|| "localhost".to_owned())
}

/// Variables that are for this program alone, and would tell others how to forge a cookie or read the figures.
const SECRETS: [&str; 2] = ["SECRET_KEY", "METRICS_TOKEN"];

/// Those that the `.env` file set.
static SECRETS_OF_FILE: OnceLock<Vec<&str>> = OnceLock::new();

/// The secrets that only the `.env` file has put into the environment, which commands that are started must not inherit.
#[cfg(feature = "cli")]
pub(crate) fn secrets_of_file() -> &'static [&'static str] {
    SECRETS_OF_FILE.get().map_or(&[], Vec::as_slice)
}

/// Names that the `.env` file set, because the environment did not have them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DotEnv {
    names: BTreeSet<String>,
}

/// A `.env` file that cannot be used. Never shows a line, which may hold a secret.
#[derive(Debug, thiserror::Error)]
pub enum DotEnvError {
    /// It cannot be read.
    #[error("the file .env cannot be read")]
    Unreadable(#[source] std::io::Error),
    /// A line is no setting.
    #[error("line {line} of the file .env is not of the form NAME=value; quote a value that holds spaces or `#`")]
    Line {
        /// Number of the line, from one.
        line: usize,
    },
}

impl DotEnv {
    /// Lays the `.env` file of the working folder under the environment: what is set already stays.
    ///
    /// To be called before any other thread starts, as everything that changes the environment.
    ///
    /// # Errors
    /// The file is there but cannot be read or understood. A missing file is none.
    pub fn load() -> Result<Self, DotEnvError> {
        let loaded = Self::load_from(Path::new(FILE))?;
        SECRETS_OF_FILE.get_or_init(|| SECRETS.into_iter().filter(|name| loaded.set(name)).collect());
        Ok(loaded)
    }

    fn load_from(path: &Path) -> Result<Self, DotEnvError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(DotEnvError::Unreadable(error)),
        };
        let text = text.trim_start_matches('\u{feff}');
        let mut names = BTreeSet::new();
        for entry in dotenvy::Iter::new(text.as_bytes()) {
            let (name, value) = entry.map_err(|error| explained(error, text))?;
            // Equal when the file has been loaded before.
            if variable(&name).is_none_or(|in_force| in_force == value) {
                names.insert(name);
            }
        }
        dotenvy::Iter::new(text.as_bytes()).load().map_err(|error| explained(error, text))?;
        Ok(Self { names })
    }

    /// Whether this variable got its value from the file.
    pub fn set(&self, name: &str) -> bool {
        self.names.contains(name)
    }
}

fn explained(error: dotenvy::Error, text: &str) -> DotEnvError {
    match error {
        dotenvy::Error::Io(error) => DotEnvError::Unreadable(error),
        dotenvy::Error::LineParse(..) => DotEnvError::Line { line: whole_lines(text) + 1 },
        other => DotEnvError::Unreadable(std::io::Error::other(other)),
    }
}

/// How many lines from the top can be understood: the error itself does not say where it is.
fn whole_lines(text: &str) -> usize {
    let mut ends = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).chain([text.len()]);
    let is_whole = |end: &usize| dotenvy::Iter::new(&text.as_bytes()[..*end]).all(|entry| entry.is_ok());
    let last = ends.rfind(is_whole).unwrap_or(0);
    text[..last].lines().count()
}

/// A variable of the environment; `None` when it is not set or not text.
pub fn variable(name: impl AsRef<OsStr>) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the environment")]
    std::env::var(name).ok()
}

/// Whether a variable is set to nothing, as `NAME=` in a compose file does: that counts as not set.
pub(super) fn is_empty(name: &OsStr) -> bool {
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the environment")]
    std::env::var_os(name).is_some_and(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<DotEnv, DotEnvError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        std::fs::write(&path, text).unwrap();
        DotEnv::load_from(&path)
    }

    #[test]
    fn what_the_environment_has_already_does_not_come_from_the_file() {
        let loaded = load("\u{feff}# settings\nPATH=/nowhere\nMAINTENANCE_TEST_ONE='a b'\n").unwrap();
        assert!(loaded.set("MAINTENANCE_TEST_ONE") && !loaded.set("PATH"));
        assert_eq!(variable("MAINTENANCE_TEST_ONE").as_deref(), Some("a b"));
        assert_ne!(variable("PATH").as_deref(), Some("/nowhere"));
    }

    #[test]
    fn a_line_that_is_no_setting_is_named_by_number_and_not_shown() {
        let error = load("MAINTENANCE_TEST_TWO=1\n\nSECRET_KEY=two words\n").unwrap_err();
        assert_eq!(error.to_string().split(" of ").next(), Some("line 3"));
        assert!(!error.to_string().contains("words"));
        assert!(variable("MAINTENANCE_TEST_TWO").is_none(), "nothing is set by a file that is wrong");
    }

    #[test]
    fn without_a_file_nothing_is_set_by_it() {
        assert_eq!(DotEnv::load_from(Path::new("/nonexistent/.env")).unwrap(), DotEnv::default());
    }
}
