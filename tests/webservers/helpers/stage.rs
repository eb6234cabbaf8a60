//! One web server with everything behind it, in a folder of its own; all of it ends with the test.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::browser::Browser;
use super::client::{Request, Response, get};
use super::cluster::Cluster;
use super::machine::{Machine, PASSWORD};
use super::program::{Program, eventually, free_address};

/// An address that is internal; the others on this machine are not.
pub const INTERNAL: &str = "127.0.0.9";

/// A kind of web server: what it is called, and how it is started with a configuration that was printed.
pub struct WebServer {
    /// Name for `maintenance emit`.
    pub name: &'static str,
    /// Puts what else it needs around the printed configuration, and gives the command that runs it in the foreground.
    pub command: fn(stage: &Stage, printed: &Path) -> Command,
}

/// The program, the application, and the web server in front of both.
pub struct Stage {
    /// Where visitors connect.
    pub address: SocketAddr,
    /// Where the program listens.
    pub program_address: SocketAddr,
    machine: Machine,
    database: Cluster,
    program: Option<Program>,
    application: Option<Program>,
    server: Option<Program>,
}

impl Stage {
    /// Starts everything, with the site `localhost` open.
    pub fn start(server: &WebServer, mode: &str) -> Self {
        let mut stage = Self::behind(|_| None);
        stage.put_in_front(server, mode, &[]);
        stage
    }

    /// Program and application, and whatever is put in front of them by this.
    pub fn behind(front: impl FnOnce(&Stage) -> Option<Command>) -> Self {
        let database = Cluster::start();
        let machine = Machine::new().env("DATABASE_URL", &database.url());
        let folder = machine.folder().to_owned();
        // Web servers look at the files as another user.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(folder.join("flags")).unwrap();
        let flags = folder.join("flags/{domain}/on");
        let machine = machine
            .env("MAINTENANCE_FILE", flags.to_str().unwrap())
            .env("TRUSTED_PROXIES", "127.0.0.1")
            .env("INTERNAL_IPS", INTERNAL)
            .env("MAINTENANCE_MIRROR", folder.join("mirror").to_str().unwrap());
        machine.run("migrate").succeeds();
        machine.run("site add localhost").succeeds();
        machine.run("pattern add ^ignored-page/ --site localhost").succeeds();
        machine.add_superuser("ada");
        let address = free_address();
        let program_address = free_address();
        let mut stage =
            Self { address, program_address, machine, database, program: None, application: None, server: None };
        stage.start_program();
        let application = free_address();
        let mut command = Command::new("python3");
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/webservers/upstream.py"));
        command.arg(application.port().to_string());
        stage.application = Some(Program::spawn(silent(&mut command), application));
        if let Some(mut command) = front(&stage) {
            stage.server = Some(Program::spawn(silent(&mut command), stage.address));
        }
        stage
    }

    /// Prints the configuration, and starts the web server with it, in place of the one that ran; at another address,
    /// because somebody else may have taken that one meanwhile.
    pub fn put_in_front(&mut self, server: &WebServer, mode: &str, more: &[&str]) {
        if self.server.is_some() {
            self.end_server();
            self.address = free_address();
        }
        let printed = self.emit(server.name, mode, more);
        fs::write(self.path("printed"), printed).unwrap();
        self.start_server(server);
    }

    /// Starts the web server again with the configuration that it has.
    pub fn restart_server(&mut self, server: &WebServer) {
        self.end_server();
        self.start_server(server);
    }

    fn start_server(&mut self, server: &WebServer) {
        let mut command = (server.command)(self, &self.path("printed"));
        self.server = Some(Program::spawn(silent(&mut command), self.address));
    }

    /// What `maintenance emit` prints for this stage.
    pub fn emit(&self, server: &str, mode: &str, more: &[&str]) -> String {
        let (upstream, program) =
            (format!("http://{}", self.application()), format!("http://{}", self.program_address));
        let listen = self.address.to_string();
        let mut words = vec!["emit", server, "--mode", mode, "--site", "localhost", "--upstream", &upstream];
        words.extend(["--program", &program, "--listen", &listen]);
        words.extend(more);
        self.machine.run_words(&words).succeeds().out
    }

    /// Where the application listens.
    pub fn application(&self) -> SocketAddr {
        self.application.as_ref().expect("the application runs").address
    }

    /// Commands with the same settings and database.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// A file of the stage.
    pub fn path(&self, name: &str) -> PathBuf {
        self.machine.path(name)
    }

    /// Starts the program and waits until it answers.
    pub fn start_program(&mut self) {
        self.start_program_with(&[]);
    }

    /// The same with further settings.
    pub fn start_program_with(&mut self, settings: &[(&str, &str)]) {
        let bind = self.program_address.to_string();
        let mut command = self.machine.command(&["serve", "--bind", &bind]);
        command.envs(settings.iter().copied());
        self.program = Some(Program::spawn(silent(&mut command), self.program_address));
    }

    /// Sends the program a signal by name, such as `STOP`.
    pub fn signal_program(&self, name: &str) {
        self.program.as_ref().expect("the program runs").signal(name);
    }

    /// Kills the program, as a crash would.
    pub fn kill_program(&mut self) {
        let mut program = self.program.take().expect("the program runs");
        program.signal("KILL");
        program.wait();
    }

    /// Ends the web server with the processes that it has started, which it would leave behind when killed.
    fn end_server(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.signal("TERM");
            server.wait();
        }
    }

    /// The database of the program.
    pub fn database(&self) -> &Cluster {
        &self.database
    }

    /// Sends a request to the web server as the site's visitor would.
    pub fn send(&self, request: Request) -> Response {
        request.send(self.address)
    }

    /// A GET.
    pub fn get(&self, path: &str) -> Response {
        self.send(get(path))
    }

    /// Logs the superuser in at the panel, through the web server; her cookie.
    pub fn sign_in(&self) -> String {
        let browser = Browser::new(self.address);
        browser.get("/admin/login/");
        let answer = browser.post("/admin/login/", &[("username", "ada"), ("password", PASSWORD), ("next", "")]);
        assert_eq!(answer.status, 303, "she is let in: {}", answer.text());
        browser.cookie()
    }

    /// Switches maintenance, and waits until visitors notice.
    pub fn switch(&self, words: &str, status: u16) {
        self.machine.run(words).succeeds();
        eventually("visitors notice", || self.get("/x").status == status);
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.end_server();
    }
}

fn silent(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

/// Answer to a request by curl, for what needs another address of ours or another version of HTTP; its status and body.
pub fn curl(stage: &Stage, words: &[&str], path: &str) -> (u16, String) {
    curl_at(&format!("http://localhost:{}{path}", stage.address.port()), words)
}

/// The same at a whole address.
pub fn curl_at(url: &str, words: &[&str]) -> (u16, String) {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "20", "--path-as-is", "--write-out", "\n%{http_code}"]);
    let output = command.args(words).arg(url).output().expect("curl can be run");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').expect("curl writes the status");
    let status = status.parse().expect("a status is a number");
    assert_ne!(status, 0, "{url} {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    (status, body.to_owned())
}

/// Status of the answer to a WebSocket.
pub fn upgrade(stage: &Stage) -> u16 {
    let mut stream = TcpStream::connect(stage.address).expect("the web server listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out can be set");
    let asked = "GET /socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(asked.as_bytes()).expect("it can be asked");
    let mut head = [0; 12];
    stream.read_exact(&mut head).expect("there is an answer");
    String::from_utf8_lossy(&head[9..]).parse().expect("it has a status")
}
