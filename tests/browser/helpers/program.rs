//! The real program in an empty folder, with a database of its own; stopped when dropped.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::eventually;

/// The password of everybody in the tests.
pub const PASSWORD: &str = "clear water runs";

/// A folder in which the program is about to be started.
pub struct Folder(tempfile::TempDir);

/// The running program.
pub struct Program {
    /// Where it listens: `http://127.0.0.1:40123`.
    pub origin: String,
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    folder: Folder,
}

/// A command of the program that goes on; ended when dropped.
pub struct Spawned(Child);

/// What came back over plain HTTP.
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// The body as text.
    pub body: String,
}

/// An empty folder for the program.
pub fn a_program() -> Folder {
    Folder(tempfile::tempdir().expect("a temporary folder can be made"))
}

impl Folder {
    /// Runs a command of the program before the server is there.
    #[track_caller]
    pub fn with(self, words: &[&str]) -> Self {
        self.command(words, "");
        self
    }

    /// Sets a setting in the `.env` file of the folder.
    pub fn set(self, name: &str, value: &str) -> Self {
        let file = File::options().append(true).create(true).open(self.0.path().join(".env"));
        writeln!(file.expect("the folder can be written"), "{name}={value}").expect("the file can be written");
        self
    }

    /// Adds a superuser with [`PASSWORD`].
    #[track_caller]
    pub fn with_superuser(self, username: &str) -> Self {
        self.command(&["user", "createsuperuser", "--username", username, "--password-stdin"], PASSWORD);
        self
    }

    /// Adds a staff user for one site with [`PASSWORD`].
    #[track_caller]
    pub fn with_staff(self, username: &str, site: &str) -> Self {
        let words = ["user", "add", "--username", username, "--staff", "--site", site, "--password-stdin"];
        self.command(&words, PASSWORD);
        self
    }

    /// Starts the server on a free port.
    pub fn start(self) -> Program {
        let log = File::create(self.log()).expect("the folder can be written");
        let mut child = program(self.0.path())
            .env("BIND", "127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program can be started");
        let said = Arc::new(Mutex::new(Vec::new()));
        let lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        let keep = Arc::clone(&said);
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| keep.lock().expect("is whole").push(line))
        });
        let mut program = Program { origin: String::new(), child, said, folder: self };
        program.origin = program.announced("listens on ").trim_end_matches('/').to_owned();
        program
    }

    fn log(&self) -> std::path::PathBuf {
        self.0.path().join("log")
    }

    #[track_caller]
    fn command(&self, words: &[&str], input: &str) -> String {
        let mut child = program(self.0.path())
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        // A command that asks for nothing may end before it has read its input.
        child.stdin.take().expect("its input is piped").write_all(input.as_bytes()).ok();
        let output = child.wait_with_output().expect("the command ends");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{words:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }
}

/// The program in a folder, without a setting of whoever runs the tests.
fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_maintenance"));
    command.current_dir(folder).env_clear();
    command
}

impl Program {
    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// The address of a path on a site; a browser of these tests finds every `*.example.com` here.
    pub fn url_of(&self, domain: &str, path: &str) -> String {
        format!("{}{path}", self.origin.replace("127.0.0.1", domain))
    }

    /// The link that makes the first superuser, as printed.
    pub fn setup_link(&self) -> String {
        self.announced("Create the first superuser here, once: ")
    }

    /// Runs another command of the program in the same folder, and gives what it printed.
    #[track_caller]
    pub fn command(&self, words: &[&str]) -> String {
        self.folder.command(words, "")
    }

    /// Lets nobody write to the database until it is dropped. Reading goes on.
    #[track_caller]
    pub fn lock_database(&self) -> diesel::SqliteConnection {
        use diesel::Connection as _;
        use diesel::connection::SimpleConnection as _;
        let path = self.folder.0.path().join("maintenance.sqlite3");
        let mut lock = diesel::SqliteConnection::establish(path.to_str().expect("the path is text"))
            .expect("the database can be opened");
        lock.batch_execute("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").expect("nobody writes for long");
        lock
    }

    /// Starts a command of the program in the same folder that goes on for as long as the child does.
    pub fn spawn(&self, words: &[&str]) -> Spawned {
        let mut command = program(self.folder.0.path());
        let child = command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Spawned(child.expect("the program can be started"))
    }

    /// Asks over plain HTTP, as a visitor with a browser's `Accept` and nothing else.
    pub fn get(&self, path: &str) -> Answer {
        let agent = super::driver::agent();
        let request = agent.get(self.url(path)).header("Accept", "text/html,*/*;q=0.8");
        let mut answer = request.call().expect("the program answers");
        let body = answer.body_mut().read_to_string().expect("the body is text");
        Answer { status: answer.status().as_u16(), body }
    }

    /// Waits until a path answers a visitor so.
    #[track_caller]
    pub fn answers(&self, path: &str, status: u16) {
        eventually(&format!("{path} answers {status}"), || {
            let answer = self.get(path);
            if answer.status == status { Ok(()) } else { Err(format!("{}: {}", answer.status, answer.body)) }
        });
    }

    /// What follows on the line that holds this.
    fn announced(&self, words: &str) -> String {
        eventually(&format!("the program says “{words}”"), || {
            let said = self.said.lock().expect("is whole");
            let rest = said.iter().find_map(|line| Some(line.split_once(words)?.1.to_owned()));
            rest.ok_or_else(|| format!("{said:?}"))
        })
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        stop(&mut self.0);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        stop(&mut self.child);
        if std::thread::panicking() {
            eprintln!("The program logged:\n{}", std::fs::read_to_string(self.folder.log()).unwrap_or_default());
        }
    }
}

/// Ends a process that we started: asked first, forced after ten seconds.
pub(super) fn stop(child: &mut Child) {
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().ok();
    let deadline = Instant::now() + Duration::from_secs(10);
    while matches!(child.try_wait(), Ok(None)) {
        if Instant::now() > deadline {
            child.kill().ok();
            child.wait().ok();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
