//! A throw-away PostgreSQL of its own, for tests that must set it up or stop it.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A server with the superuser `test`, whose password is `right`; everybody may come in through its socket. Stopped
/// when it is dropped.
pub struct Cluster {
    folder: TempDir,
    pub port: u16,
}

impl Cluster {
    /// Makes and starts one with these lines of `pg_hba.conf` and these settings.
    pub fn start(who_comes_in: &str, settings: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let cluster = Self { port: listener.local_addr().expect("it is bound").port(), folder };
        drop(listener);
        let path = cluster.folder.path();
        fs::write(path.join("password"), "right").expect("it can be written");
        give_to_server(path);
        let password = format!("--pwfile={}", path.join("password").display());
        cluster.run("initdb", &["-U", "test", "--auth=scram-sha-256", &password, "--no-sync", "--locale=C"]);
        let data = path.join("data");
        fs::write(data.join("pg_hba.conf"), format!("local all all trust\n{who_comes_in}\n"))
            .expect("it can be written");
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c fsync=off {settings}",
            cluster.port,
            path.display()
        );
        let log = path.join("log");
        cluster.run("pg_ctl", &["start", "-w", "-l", log.to_str().expect("it is text"), "-o", &options]);
        cluster
    }

    /// The folder of the socket.
    pub fn socket(&self) -> &Path {
        self.folder.path()
    }

    /// An address by which `user` comes in over the socket, to the database `postgres`.
    pub fn by_socket(&self, user: &str) -> String {
        let folder = self.socket().to_str().expect("it is text").replace('/', "%2F");
        format!("postgres://{user}@{folder}:{}/postgres", self.port)
    }

    /// Runs a statement as the superuser.
    pub fn execute(&self, sql: &str) {
        use diesel::connection::SimpleConnection as _;
        let mut conn = <diesel::PgConnection as diesel::Connection>::establish(&self.by_socket("test")).unwrap();
        conn.batch_execute(sql).unwrap();
    }

    /// Runs `pg_ctl`.
    pub fn control(&self, words: &[&str]) {
        self.run("pg_ctl", words);
    }

    fn run(&self, program: &str, words: &[&str]) {
        let program = programs().join(program);
        let mut command = if is_root() { Command::new("runuser") } else { Command::new(&program) };
        if is_root() {
            command.args(["-u", "postgres", "--"]).arg(&program);
        }
        // Out of the way of a folder that the other user may not enter.
        run(command.current_dir("/").args(words).arg("-D").arg(self.folder.path().join("data")));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let stopped =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.control(&["stop", "-m", "immediate"])));
        drop(stopped);
    }
}

/// Lets the server read and write what is in a folder.
pub fn give_to_server(folder: &Path) {
    if is_root() {
        run(Command::new("chown").args(["-R", "postgres"]).arg(folder));
    }
}

fn run(command: &mut Command) {
    // To no pipe: the server would hold it open.
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("it can be run");
    assert!(status.success(), "{command:?} failed");
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Where Debian keeps the programs of the newest PostgreSQL.
fn programs() -> PathBuf {
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.map(|version| version.unwrap().path().join("bin")).collect())
        .unwrap_or_default();
    found.sort();
    found.pop().expect("PostgreSQL is installed")
}
