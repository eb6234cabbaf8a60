//! A throw-away PostgreSQL: started, stopped, killed and started again as a test wants; gone when dropped.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, RunQueryDsl as _};
use tempfile::TempDir;

use super::{Disk, eventually, free_address, output, signal};

/// A PostgreSQL of a test's own, with an empty database `app` that belongs to the role `app`.
pub struct Cluster {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its socket and its log, and its data unless they are elsewhere.
    folder: TempDir,
    data: PathBuf,
    settings: Vec<String>,
    postmaster: Mutex<Option<Child>>,
}

/// How PostgreSQL is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Running transactions are rolled back, connections told.
    Fast,
    /// As after a loss of power, but for the sockets, which are closed.
    Immediate,
    /// `kill -9` of the postmaster: nobody is told anything.
    Kill,
}

impl Cluster {
    /// Starts one.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts one with settings such as `fsync=on`; without, nothing is forced to the disk.
    pub fn with(settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let data = folder.path().join("data");
        Self::within(folder, data, settings)
    }

    /// Starts one that keeps its data on a disk of a test's choice.
    pub fn on(disk: &Disk) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Self::within(folder, disk.folder().join("data"), &["max_wal_size=4MB", "min_wal_size=2MB"])
    }

    fn within(folder: TempDir, data: PathBuf, settings: &[&str]) -> Self {
        output(Command::new("cp").args(["-r", "--reflink=auto"]).arg(template()).arg(&data));
        if let Some((user, group)) = owner() {
            output(Command::new("chown").args(["-R", &format!("{user}:{group}")]).arg(folder.path()).arg(&data));
        }
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let this = Self { address: free_address(), folder, data, settings, postmaster: Mutex::new(None) };
        this.restart();
        this
    }

    /// The address of the database for servers and commands.
    pub fn url(&self) -> String {
        self.url_of("app", "app")
    }

    /// The address of a database for a role, which needs no password.
    pub fn url_of(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@{}/{database}", self.address)
    }

    /// Starts it again, on the same port, and waits until it answers.
    pub fn restart(&self) {
        eventually("PostgreSQL starts", || {
            let mut postmaster = self.postmaster.lock().expect("nobody panicked with the lock");
            let child = postmaster.get_or_insert_with(|| self.spawn());
            // After a kill, a new one refuses to start while a process of the old one is still there.
            if child.try_wait().expect("it can be waited for").is_some() {
                *postmaster = None;
                return false;
            }
            drop(postmaster);
            PgConnection::establish(&self.url()).is_ok()
        });
    }

    fn spawn(&self) -> Child {
        let folder = self.folder.path();
        let log = File::options().create(true).append(true).open(folder.join("log")).expect("a log can be written");
        let mut command = postgres_command("postgres");
        command.arg("-D").arg(&self.data);
        command.arg("-p").arg(self.address.port().to_string());
        let sockets = format!("unix_socket_directories={}", folder.display());
        let settings = ["listen_addresses=127.0.0.1", "fsync=off", "max_connections=100", &sockets];
        for setting in settings.into_iter().chain(self.settings.iter().map(String::as_str)) {
            command.args(["-c", setting]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command.spawn().expect("PostgreSQL can be started")
    }

    /// Stops it, and waits until it is gone.
    pub fn stop(&self, how: Stop) {
        let stopped = self.postmaster.lock().expect("nobody panicked with the lock").take();
        let mut child = stopped.expect("PostgreSQL runs");
        let name = match how {
            Stop::Fast => "INT",
            Stop::Immediate => "QUIT",
            Stop::Kill => "KILL",
        };
        signal(child.id(), name);
        child.wait().expect("it can be waited for");
    }

    /// Whether it has ended by itself.
    pub fn has_died(&self) -> bool {
        let mut postmaster = self.postmaster.lock().expect("nobody panicked with the lock");
        postmaster.as_mut().is_none_or(|child| child.try_wait().expect("it can be waited for").is_some())
    }

    /// Ends every connection but the one that says so.
    pub fn terminate_connections(&self) {
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'app'");
    }

    /// Runs statements as its administrator, outside of the database of the servers.
    pub fn sql(&self, statements: &str) {
        self.sql_in("postgres", statements);
    }

    /// Runs statements as its administrator in a database.
    pub fn sql_in(&self, database: &str, statements: &str) {
        let mut conn = PgConnection::establish(&self.url_of("postgres", database)).expect("PostgreSQL answers");
        conn.batch_execute(statements).unwrap_or_else(|error| panic!("{statements}: {error}"));
    }

    /// How many transactions the servers' database has seen. Processes report theirs about once a second.
    pub fn transactions(&self) -> i64 {
        const COUNT: &str = "SELECT xact_commit + xact_rollback AS count FROM pg_stat_database WHERE datname = 'app'";
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            count: i64,
        }
        let mut conn = PgConnection::establish(&self.url_of("postgres", "postgres")).expect("PostgreSQL answers");
        diesel::sql_query(COUNT).get_result::<Row>(&mut conn).expect("it counts").count
    }

    /// Runs statements in the database of the servers and keeps their transaction open, until what is returned is dropped.
    pub fn hold(&self, statements: &str) -> PgConnection {
        let mut conn = PgConnection::establish(&self.url_of("postgres", "app")).expect("PostgreSQL answers");
        conn.batch_execute(&format!("BEGIN; {statements}")).unwrap_or_else(|error| panic!("{statements}: {error}"));
        conn
    }

    /// Replaces the rules by which it lets people in, in the form of `pg_hba.conf`.
    pub fn admit(&self, rules: &str) {
        fs::write(self.data.join("pg_hba.conf"), rules).expect("the rules can be written");
        self.sql("SELECT pg_reload_conf()");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let Ok(mut postmaster) = self.postmaster.lock() else { return };
        if let Some(mut child) = postmaster.take() {
            signal(child.id(), "QUIT");
            child.wait().ok();
        }
    }
}

/// Folder of PostgreSQL's programs, the newest of those that are installed from Debian's packages.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").map(|entries| entries.flatten().collect()).unwrap_or_default();
    let version = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let paths = Vec::into_iter(versions).map(|entry: fs::DirEntry| entry.path());
    let newest = paths.filter(|path| path.join("bin/initdb").exists()).max_by_key(version);
    newest.expect("PostgreSQL is not installed: `tests/run` does that, or `apt-get install postgresql`").join("bin")
}

/// User and group whom PostgreSQL runs as: it refuses to run as root. `None` when it may run as whoever we are.
fn owner() -> Option<(u32, u32)> {
    let id = |args: &[&str]| output(Command::new("id").args(args)).trim().parse::<u32>().expect("id prints a number");
    (id(&["-u"]) == 0).then(|| (id(&["-u", "postgres"]), id(&["-g", "postgres"])))
}

/// One of PostgreSQL's programs, as the user whom it runs as.
fn postgres_command(name: &str) -> Command {
    let mut command = Command::new(programs().join(name));
    command.current_dir("/").env_clear().env("PATH", "/usr/bin:/bin");
    if let Some((user, group)) = owner() {
        command.uid(user).gid(group);
    }
    command
}

/// A data folder to be copied, made once: `initdb` takes seconds.
fn template() -> &'static Path {
    static TEMPLATE: OnceLock<PathBuf> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let version = output(postgres_command("postgres").arg("--version"));
        let name: String = version.chars().filter(char::is_ascii_alphanumeric).collect();
        let template = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cluster-{name}"));
        if !template.exists() {
            make_template(&template);
        }
        template
    })
}

fn make_template(template: &Path) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    if let Some((user, group)) = owner() {
        output(Command::new("chown").arg(format!("{user}:{group}")).arg(folder.path()));
    }
    let data = folder.path().join("data");
    // Small files of the log, so that a copy takes little time and a small disk is soon full.
    let options = ["-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "--wal-segsize=1"];
    output(postgres_command("initdb").arg("-D").arg(&data).args(options));
    let statements = folder.path().join("statements");
    fs::write(&statements, "CREATE ROLE app LOGIN\nCREATE DATABASE app OWNER app\n").expect("a file can be written");
    let statements = File::open(&statements).expect("the file is there");
    output(postgres_command("postgres").args(["--single", "-D"]).arg(&data).arg("postgres").stdin(statements));

    // Put in place whole, because another process may be doing the same.
    let aside = template.with_extension(std::process::id().to_string());
    fs::create_dir_all(env!("CARGO_TARGET_TMPDIR")).expect("the folder of the build can be written");
    output(Command::new("cp").arg("-r").arg(&data).arg(&aside));
    if fs::rename(&aside, template).is_err() {
        fs::remove_dir_all(&aside).expect("what was made can be removed");
    }
}
