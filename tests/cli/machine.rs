//! A machine of its own for each test: an empty folder, an empty environment, and the program.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A password that may be set.
pub const PASSWORD: &str = "four llamas in a teapot";

/// A folder in which commands run, with nothing in their environment but what a test puts there.
pub struct Machine {
    folder: TempDir,
    env: Vec<(String, String)>,
}

/// How a command ended and what it wrote.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Machine {
    /// A machine without a database.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), env: Vec::new() }
    }

    /// A machine with these sites; the first is the default one.
    pub fn with_sites(domains: &[&str]) -> Self {
        let machine = Self::new();
        for domain in domains {
            machine.run(&format!("site add {domain}")).succeeds();
        }
        machine
    }

    /// The same machine with a variable set for all commands.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The database that commands use when nothing else is said.
    pub fn database(&self) -> PathBuf {
        self.path("maintenance.sqlite3")
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Runs a command given as words between spaces.
    pub fn run(&self, words: &str) -> Ran {
        self.run_words(&words.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs a command given word by word.
    pub fn run_words(&self, words: &[&str]) -> Ran {
        Ran::of(self.command(words).stdin(Stdio::null()).output().unwrap())
    }

    /// Runs a command with this on its stdin.
    pub fn run_with_stdin(&self, words: &str, stdin: impl AsRef<[u8]>) -> Ran {
        let words: Vec<&str> = words.split_whitespace().collect();
        let mut child =
            self.command(&words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that needs no password may have ended already.
        drop(std::io::Write::write_all(&mut child.stdin.take().unwrap(), stdin.as_ref()));
        Ran::of(child.wait_with_output().unwrap())
    }

    /// Starts a command and goes on.
    pub fn start(&self, words: &str) -> Child {
        let words: Vec<&str> = words.split_whitespace().collect();
        self.command(&words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// A command in the folder with the machine's environment.
    pub fn command(&self, words: &[&str]) -> Command {
        self.command_of(program(), words)
    }

    /// Another program in the folder with the machine's environment.
    pub fn command_of(&self, program: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(words).current_dir(self.folder.path()).env_clear();
        command.env("PATH", "/usr/bin:/bin").envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Adds a superuser.
    pub fn add_superuser(&self, name: &str) {
        self.run_with_stdin(&format!("user createsuperuser --username {name} --password-stdin"), PASSWORD).succeeds();
    }

    /// The state of the site as `status --json` has it.
    pub fn state(&self, site: &str) -> Value {
        self.run(&format!("status {site} --json")).succeeds().json()[0].clone()
    }

    /// The phase of a site.
    pub fn phase(&self, site: &str) -> String {
        self.state(site)["phase"].as_str().unwrap().to_owned()
    }
}

/// The binary that is tested.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_maintenance"))
}

impl Ran {
    /// Reads what a command left.
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Asserts that it went well.
    #[track_caller]
    pub fn succeeds(self) -> Self {
        self.ends_with(0)
    }

    /// Asserts the exit code.
    #[track_caller]
    pub fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// Asserts that it failed with this code, said nothing on stdout, and this on stderr.
    #[track_caller]
    pub fn fails(self, code: i32, parts: &[&str]) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.out, "", "an error goes to stderr");
        for part in parts {
            assert!(self.err.contains(part), "{part:?} is not in {:?}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }

    /// Asserts what stdout holds.
    #[track_caller]
    pub fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.out.contains(part), "{part:?} is not in {:?}", self.out);
        }
        self
    }

    /// Asserts what stderr holds.
    #[track_caller]
    pub fn remarks(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.err.contains(part), "{part:?} is not in {:?}", self.err);
        }
        self
    }

    /// Stdout as JSON; nothing else may be there.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
