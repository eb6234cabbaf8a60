//! A server as operators run it: the real program with a folder, a port and a name of its own.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use jiff::{Timestamp, fmt};
use serde_json::Value;

use super::program::Program;
use super::{Browser, Machine, PASSWORD, client, eventually, free_address, status, within};

/// A server that can be stopped, killed, paused and started again at the same address.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its folder, with a shell in it.
    pub machine: Machine,
    settings: Vec<(String, String)>,
    binary: Option<PathBuf>,
    program: Option<Program>,
}

impl Server {
    /// A server on a database, not started yet.
    pub fn on(url: &str, name: &str) -> Self {
        let machine = Machine::new().env("DATABASE_URL", url).env("SERVER_NAME", name);
        Self { address: free_address(), machine, settings: Vec::new(), binary: None, program: None }
    }

    /// The same with a setting, or any variable of the environment.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same, but of another program, such as an example.
    pub fn running(self, binary: PathBuf) -> Self {
        Self { binary: Some(binary), ..self }
    }

    /// The same, started.
    pub fn started(mut self) -> Self {
        self.start();
        self
    }

    /// Starts it and waits until it listens.
    pub fn start(&mut self) {
        let log = File::options().create(true).append(true).open(self.log_path()).expect("a log can be written");
        let mut command = match &self.binary {
            None => self.machine.command(&["serve", "--workers", "2"]),
            Some(binary) => self.machine.command_of(binary, &[]),
        };
        command.env("BIND", self.address.to_string()).envs(self.settings.iter().cloned());
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a file can be shared")).stderr(log);
        self.program = Some(Program::spawn(&mut command, self.address));
    }

    /// Sends a signal by name, such as `STOP` and `CONT`.
    pub fn signal(&self, name: &str) {
        self.program.as_ref().expect("the server runs").signal(name);
    }

    /// Kills it, so that it can say nothing to anybody.
    pub fn kill(&mut self) {
        self.signal("KILL");
        assert_eq!(self.program.take().and_then(|mut program| program.wait()), None, "it ended by a signal");
    }

    /// Stops it as an init system does; its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        self.signal("TERM");
        self.program.take().and_then(|mut program| program.wait())
    }

    /// Everything that it has written on the terminal.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).expect("the log can be read")
    }

    fn log_path(&self) -> PathBuf {
        self.machine.path("serve.log")
    }

    /// Status of a page of a site.
    #[track_caller]
    pub fn status(&self, host: &str) -> u16 {
        status(self.address, host, "/").expect("the server answers")
    }

    /// What `/readyz` says.
    pub fn ready(&self) -> Value {
        client::get("/readyz").send(self.address).json()
    }

    /// The time by its own clock, as it stamps its answers.
    pub fn date(&self) -> Timestamp {
        let answer = client::get("/healthz").send(self.address);
        fmt::rfc2822::parse(answer.header("date")).expect("an answer has a date").timestamp()
    }

    /// Whether the database answers it.
    pub fn has_database(&self) -> bool {
        self.ready()["database"] == true
    }

    /// Waits until it has noticed that the database is gone.
    #[track_caller]
    pub fn notices_the_outage(&self, limit: Duration) {
        within(limit, "the server notices that the database does not answer", || !self.has_database());
    }

    /// Waits until it has caught up with the database by itself.
    #[track_caller]
    pub fn recovers(&self, limit: Duration) {
        within(limit, "the server finds the database again", || self.has_database());
    }

    /// Waits until it answers a site so.
    #[track_caller]
    pub fn enforces(&self, host: &str, status: u16) {
        eventually(&format!("{host} is answered {status}"), || self.status(host) == status);
    }

    /// A browser at its panel, signed in.
    #[track_caller]
    pub fn sign_in(&self, username: &str) -> Browser {
        let browser = Browser::new(self.address);
        browser.get("/admin/login/");
        let answer = browser.post("/admin/login/", &[("username", username), ("password", PASSWORD), ("next", "")]);
        assert_eq!(answer.status, 303, "{username} is let in: {}", answer.text());
        browser.get("/admin/");
        browser
    }
}
