//! The environment of the process, and the `.env` file that fills in what it lacks.
//!
//! A program of its own puts what the file says into its environment before anything else, so that the commands that it
//! starts and the libraries that it uses meet it ([`DotEnv::load`]). A library must not change the environment of the
//! process that it is in, where other threads run: there the settings alone are looked up in both ([`DotEnv::read`]).

use std::collections::BTreeMap;
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
#[cfg(feature = "cli")]
const SECRETS: [&str; 2] = ["SECRET_KEY", "METRICS_TOKEN"];

/// The file, as it was read first.
static READ: OnceLock<DotEnv> = OnceLock::new();

/// The secrets that only the `.env` file has put into the environment, which commands that are started must not inherit.
#[cfg(feature = "cli")]
pub(crate) fn secrets_of_file() -> Vec<&'static str> {
    let is_of_file = |name: &&str| READ.get().is_some_and(|file| file.set(name));
    SECRETS.into_iter().filter(is_of_file).collect()
}

/// What the `.env` file says of variables that the environment did not have when the file was read.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct DotEnv {
    text: String,
    values: BTreeMap<String, String>,
}

/// Shows no value, which may be a secret.
impl std::fmt::Debug for DotEnv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
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
    /// For a program only, and to be called before any other thread starts, as everything that changes the environment.
    ///
    /// # Errors
    /// The file is there but cannot be read or understood. A missing file is none.
    #[cfg(feature = "cli")]
    pub(crate) fn load() -> Result<&'static Self, DotEnvError> {
        let read = Self::read()?;
        dotenvy::Iter::new(read.text.as_bytes()).load().map_err(|error| explained(error, &read.text))?;
        Ok(read)
    }

    /// Reads the `.env` file of the working folder, once in the life of the process, and changes nothing.
    ///
    /// # Errors
    /// The file is there but cannot be read or understood. A missing file is none.
    pub(crate) fn read() -> Result<&'static Self, DotEnvError> {
        if let Some(read) = READ.get() {
            return Ok(read);
        }
        let read = Self::read_from(Path::new(FILE))?;
        Ok(READ.get_or_init(|| read))
    }

    fn read_from(path: &Path) -> Result<Self, DotEnvError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(DotEnvError::Unreadable(error)),
        };
        let text = text.trim_start_matches('\u{feff}');
        let mut values = BTreeMap::new();
        for entry in dotenvy::Iter::new(text.as_bytes()) {
            let (name, value) = entry.map_err(|error| explained(error, text))?;
            if variable(&name).is_none() {
                // The first line counts, as where each is set in turn.
                values.entry(name).or_insert(value);
            }
        }
        Ok(Self { text: text.to_owned(), values })
    }

    /// What the file says of a variable that the environment does not have.
    pub(super) fn missing(&self, name: &str) -> Option<&str> {
        self.values.get(name).filter(|_| variable(name).is_none()).map(String::as_str)
    }

    /// Whether the value of this variable is that of the file.
    pub fn set(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|value| variable(name).is_none_or(|in_force| in_force == *value))
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
pub(super) mod tests {
    use super::*;

    pub(in crate::config) fn read(text: &str) -> Result<DotEnv, DotEnvError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        std::fs::write(&path, text).unwrap();
        DotEnv::read_from(&path)
    }

    #[test]
    fn what_the_environment_has_already_does_not_come_from_the_file() {
        let file =
            read("\u{feff}# settings\nPATH=/nowhere\nMAINTENANCE_TEST_ONE='a b'\nMAINTENANCE_TEST_ONE=c\n").unwrap();
        assert!(file.set("MAINTENANCE_TEST_ONE") && !file.set("PATH"));
        assert_eq!((file.missing("MAINTENANCE_TEST_ONE"), file.missing("PATH")), (Some("a b"), None));
        assert!(variable("MAINTENANCE_TEST_ONE").is_none(), "the environment of the process stays as it was");
        assert!(!format!("{file:?}").contains("a b"));
    }

    #[test]
    fn a_line_that_is_no_setting_is_named_by_number_and_not_shown() {
        let error = read("MAINTENANCE_TEST_TWO=1\n\nSECRET_KEY=two words\n").unwrap_err();
        assert_eq!(error.to_string().split(" of ").next(), Some("line 3"));
        assert!(!error.to_string().contains("words"));
    }

    #[test]
    fn without_a_file_nothing_is_set_by_it() {
        assert_eq!(DotEnv::read_from(Path::new("/nonexistent/.env")).unwrap(), DotEnv::default());
    }
}
