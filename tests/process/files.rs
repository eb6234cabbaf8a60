//! The files for a web server, kept by servers and agents.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use maintenance_mode::clock;

use crate::program::{Program, command, eventually, free_address, maintenance, run, within};

/// A folder with a database, a site, and a place for files.
struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let this = Self { folder: tempfile::tempdir().unwrap() };
        this.done(&["migrate"]);
        this.done(&["site", "add", "shop.example.com"]);
        this
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command that succeeds.
    #[track_caller]
    fn done(&self, args: &[&str]) {
        let output = run(self.path(), args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn setting(&self) -> String {
        format!("{}/files/{{domain}}/on", self.path().display())
    }

    /// A file of the site, by what follows the flag's name.
    fn file(&self, ending: &str) -> PathBuf {
        self.path().join(format!("files/shop.example.com/on{ending}"))
    }

    fn is_closed(&self) -> bool {
        self.file("").exists()
    }

    fn agent(&self, name: &str, args: &[&str]) -> Agent {
        self.agent_with(name, args, |command| _ = command.env("MAINTENANCE_FILE", self.setting()))
    }

    fn agent_with(&self, name: &str, args: &[&str], prepare: impl FnOnce(&mut Command)) -> Agent {
        let log = self.path().join(format!("{name}.log"));
        let mut command = command(&maintenance(), self.path(), &[&["agent", "--server-name", name], args].concat());
        prepare(&mut command);
        command.stdout(File::create(log.with_extension("out")).unwrap()).stderr(File::create(&log).unwrap());
        // It listens nowhere, so that it counts as started when its files are looked for.
        let child = Program::of(command.spawn().unwrap());
        Agent { child, log }
    }

    /// An agent whose files are there.
    fn running(&self, name: &str) -> Agent {
        let agent = self.agent(name, &[]);
        eventually("the files are there", || agent.logged().contains("are in place"));
        agent
    }
}

struct Agent {
    child: Program,
    log: PathBuf,
}

impl Agent {
    fn logged(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_server_keeps_the_flag_exactly_while_its_site_is_in_maintenance() {
    let scene = Scene::new();
    let address = free_address();
    let mut serve = command(&maintenance(), scene.path(), &[]);
    serve.env("BIND", address.to_string()).env("MAINTENANCE_FILE", scene.setting());
    let mut server = Program::spawn(&mut serve, address);
    eventually("the page is ready", || scene.file(".html").exists() && scene.file(".nginx.conf").exists());
    assert!(!scene.is_closed());
    scene.done(&["on", "--wait"]);
    assert!(scene.is_closed(), "what was waited for is on the disk");
    scene.done(&["off", "--wait"]);
    assert!(!scene.is_closed());
    scene.done(&["on", "--read-only", "--wait"]);
    assert!(!scene.is_closed() && scene.file(".read-only").exists());
    scene.done(&["on", "--wait"]);
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    assert!(scene.file(".html").exists(), "the files outlive the server");
}

#[test]
fn an_agent_answers_nobody_and_leaves_the_files_as_they_are() {
    let scene = Scene::new();
    let mut agent = scene.running("web1");
    let servers = String::from_utf8(run(scene.path(), &["servers"]).stdout).unwrap();
    assert!(servers.contains("web1"), "{servers}");
    scene.done(&["on", "--wait", "--message", "Back soon."]);
    assert!(scene.is_closed());
    eventually("the page is that of the maintenance", || {
        fs::read_to_string(scene.file(".html")).unwrap().contains("Back soon.")
    });
    agent.child.signal("TERM");
    assert_eq!(agent.child.wait(), Some(0));
    assert!(scene.is_closed() && agent.logged().contains("Stopped"), "{}", agent.logged());
    let servers = String::from_utf8(run(scene.path(), &["servers"]).stdout).unwrap();
    assert!(!servers.contains("web1"), "{servers}");
    // The next one finds a site that was opened meanwhile.
    scene.done(&["off"]);
    let _agent = scene.running("web1");
    assert!(!scene.is_closed());
}

/// The full second that begins in so many seconds.
fn in_seconds(seconds: i64) -> Timestamp {
    let at = clock::now() + SignedDuration::from_secs(seconds + 1);
    Timestamp::from_second(at.as_second()).unwrap()
}

#[test]
fn a_window_closes_and_opens_at_its_second() {
    let scene = Scene::new();
    let _agent = scene.running("web1");
    let (start, end) = (in_seconds(5), in_seconds(8));
    scene.done(&["window", "add", "--start", &start.to_string(), "--end", &end.to_string(), "--yes"]);
    assert!(!scene.is_closed() && clock::now() < start);
    eventually("the flag appears", || scene.is_closed());
    let closed_at = clock::now();
    eventually("the flag goes", || !scene.is_closed());
    // Neither early nor at the end only: the window is followed by the clock.
    assert!(start <= closed_at && closed_at < end && end <= clock::now());
}

#[test]
fn what_somebody_else_changes_is_put_right_and_told() {
    let scene = Scene::new();
    let agent = scene.running("web1");
    scene.done(&["on", "--wait"]);
    let page = fs::read(scene.file(".html")).unwrap();
    let folder = &scene.path().join("files/shop.example.com");
    // Where the whole folder is gone, it is told that it is taken anew, or was not to be written for a moment.
    let told = || {
        let log = agent.logged();
        ["somebody else had changed", "is taken anew", "can be written again"]
            .map(|words| log.matches(words).count())
            .iter()
            .sum::<usize>()
    };
    for (what, harm) in [
        ("the flag is removed", Box::new(|| fs::remove_file(scene.file("")).unwrap()) as Box<dyn Fn()>),
        ("the page is edited", Box::new(|| fs::write(scene.file(".html"), "hello").unwrap())),
        (
            "the page is a link",
            Box::new(|| {
                fs::remove_file(scene.file(".html")).unwrap();
                symlink("/etc/hostname", scene.file(".html")).unwrap();
            }),
        ),
        (
            "nobody may read the page",
            Box::new(|| {
                fs::set_permissions(scene.file(".html"), fs::Permissions::from_mode(0o600)).unwrap();
            }),
        ),
        (
            "the flag is a folder",
            Box::new(|| {
                fs::remove_file(scene.file("")).unwrap();
                fs::create_dir(scene.file("")).unwrap();
            }),
        ),
        (
            "nobody may look into the folder of the site",
            Box::new(|| fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap()),
        ),
        ("a wrong flag is added", Box::new(|| fs::write(scene.file(".read-only"), "").unwrap())),
        (
            "the whole folder is taken away",
            Box::new(|| fs::rename(scene.path().join("files"), scene.path().join("taken")).unwrap()),
        ),
    ] {
        let before = told();
        harm();
        within(Duration::from_secs(8), what, || {
            scene.file("").is_file()
                && folder.is_dir()
                && mode(folder) == 0o755
                && fs::symlink_metadata(scene.file(".html"))
                    .is_ok_and(|found| found.is_file() && found.mode() & 0o777 == 0o644)
                && fs::read(scene.file(".html")).unwrap() == page
                && !scene.file(".read-only").exists()
        });
        // It is told at the end of the round; what is harmed before that is put right with the rest of it.
        eventually("it is told", || told() > before);
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o555)).unwrap();
    scene.done(&["off", "--wait"]);
    let before = told();
    fs::write(scene.file(""), "").unwrap();
    within(Duration::from_secs(8), "a flag of an open site is removed", || !scene.is_closed());
    eventually("it is told", || told() > before);
    assert!(Path::new("/etc/hostname").exists());
}

#[test]
fn rights_do_not_depend_on_the_umask() {
    let scene = Scene::new();
    let program = maintenance();
    let mut shell = Command::new("sh");
    shell.current_dir(scene.path()).env("MAINTENANCE_FILE", scene.setting()).env_remove("DATABASE_URL");
    let status = shell.args(["-c", "umask 077; exec \"$0\" agent --once"]).arg(program).status().unwrap();
    assert!(status.success());
    for folder in ["files", "files/shop.example.com"] {
        assert_eq!(mode(&scene.path().join(folder)), 0o755, "{folder}");
    }
    for ending in [".html", ".de.html", ".json", ".retry-after", ".nginx.conf"] {
        assert_eq!(mode(&scene.file(ending)), 0o644, "{ending}");
    }
    for private in [".maintenance-files", ".maintenance-files.lock"] {
        assert_eq!(mode(&scene.path().join("files").join(private)), 0o600, "{private}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_said_and_taken_when_it_can_be() {
    let scene = Scene::new();
    fs::write(scene.path().join("files"), "in the way").unwrap();
    let agent = scene.agent("web1", &[]);
    eventually("it is said", || agent.logged().contains("is not a folder"));
    scene.done(&["on"]);
    let output = run(scene.path(), &["on", "--wait", "--timeout", "1s"]);
    assert_eq!(output.status.code(), Some(5), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(agent.logged().matches("ERROR").count(), 1, "{}", agent.logged());
    fs::remove_file(scene.path().join("files")).unwrap();
    eventually("the flag is there", || scene.is_closed());
    eventually("it is said that it works", || agent.logged().contains("can be written again"));
}

#[test]
fn of_two_agents_on_one_folder_one_writes_and_the_other_takes_over() {
    let scene = Scene::new();
    let mut one = scene.running("one");
    let two = scene.agent("two", &[]);
    eventually("the second stands by", || two.logged().contains("stands by"));
    scene.done(&["on", "--wait"]);
    eventually("the mirror is the first one's", || two.logged().contains("Another process keeps the mirror"));
    assert!(!two.logged().contains("WARN"), "{}", two.logged());
    assert!(scene.is_closed());
    one.child.signal("KILL");
    one.child.wait();
    eventually("the second goes on", || two.logged().contains("this one goes on"));
    scene.done(&["off"]);
    eventually("the second opens", || !scene.is_closed());
    assert_eq!(two.logged().matches("stands by").count(), 1, "{}", two.logged());
}

#[test]
fn files_of_another_database_are_left_alone() {
    let (scene, other) = (Scene::new(), Scene::new());
    let _agent = scene.running("web1");
    scene.done(&["on", "--wait"]);
    let stranger = other.agent_with("web2", &[], |command| _ = command.env("MAINTENANCE_FILE", scene.setting()));
    eventually("it is refused", || stranger.logged().contains("belong to the database sqlite://"));
    assert!(scene.is_closed());
    let once = other.agent_with("web3", &["--once"], |command| _ = command.env("MAINTENANCE_FILE", scene.setting()));
    let Agent { child: mut once, log } = once;
    assert_eq!(once.wait(), Some(1));
    let logged = fs::read_to_string(log).unwrap();
    assert!(logged.contains("not what they should be") && !logged.contains("tried again"), "{logged}");
    assert!(stranger.logged().contains("tried again until it works"), "{}", stranger.logged());
}

#[test]
fn another_layout_in_the_same_folder_is_refused() {
    let scene = Scene::new();
    let mut agent = scene.running("web1");
    scene.done(&["on", "--wait"]);
    let other = |name: &str, args: &[&str]| {
        let place = scene.path().join("files/{domain}/flag");
        scene.agent_with(name, args, |command| _ = command.env("MAINTENANCE_FILE", place))
    };
    let stranger = other("web2", &[]);
    eventually("it is refused", || stranger.logged().contains("files/{domain}/on`: "));
    assert!(!stranger.logged().contains("stands by"), "{}", stranger.logged());
    assert_eq!(other("web3", &["--once"]).child.wait(), Some(1));
    drop(stranger);
    agent.child.signal("TERM");
    agent.child.wait();
    // Nobody takes the flag from a web server that goes by it.
    assert_eq!(other("web3", &["--once"]).child.wait(), Some(1));
    assert!(scene.is_closed());
    // A list of an older program names no layout.
    let list = scene.path().join("files/.maintenance-files");
    let layout = format!("\n{}\n", scene.setting());
    let text = fs::read_to_string(&list).unwrap();
    assert!(text.contains(&layout), "{text}");
    fs::write(&list, text.replace(&layout, "\n")).unwrap();
    assert_eq!(scene.agent("web4", &["--once"]).child.wait(), Some(0));
    assert_eq!(fs::read_to_string(&list).unwrap(), text);
}

#[test]
fn during_an_outage_the_files_stay_and_windows_go_on() {
    let scene = Scene::new();
    let mut agent = scene.running("web1");
    scene.done(&["window", "add", "--start", &in_seconds(6).to_string(), "--for", "1h", "--yes"]);
    eventually("the agent knows it", || {
        let servers = run(scene.path(), &["servers"]).stdout;
        String::from_utf8(servers).unwrap().contains("enforces revision")
    });
    let database = scene.path().join("maintenance.sqlite3");
    let away = scene.path().join("away");
    fs::rename(&database, &away).unwrap();
    eventually("the window closes the site", || scene.is_closed());
    agent.child.signal("TERM");
    assert_eq!(agent.child.wait(), Some(0));
    assert!(scene.is_closed());
    // What was edited meanwhile is put right from the mirror.
    fs::remove_file(scene.file("")).unwrap();
    let again = scene.agent("web1", &[]);
    eventually("the flag is there again", || scene.is_closed());
    assert!(again.logged().contains("goes on from the mirror"), "{}", again.logged());
    fs::rename(&away, &database).unwrap();
    scene.done(&["off"]);
    eventually("the database counts again", || !scene.is_closed());
}

#[test]
fn an_agent_that_knows_nothing_touches_nothing() {
    let scene = Scene::new();
    let mut agent = scene.running("web1");
    scene.done(&["on", "--wait"]);
    agent.child.signal("KILL");
    agent.child.wait();
    fs::remove_file(scene.path().join("files/.maintenance-mirror")).unwrap();
    let again = scene.agent_with("web1", &[], |command| {
        command.env("MAINTENANCE_FILE", scene.setting()).env("DATABASE_URL", "postgres://test@127.0.0.1:9/none");
    });
    eventually("it says so", || again.logged().contains("everything stays as it is"));
    assert!(scene.is_closed() && scene.file(".html").exists());
}

#[test]
fn files_of_a_site_that_is_gone_are_removed_and_nothing_else() {
    let scene = Scene::new();
    scene.done(&["site", "add", "forum.example.com"]);
    let _agent = scene.running("web1");
    scene.done(&["on", "--all", "--yes", "--wait"]);
    let forum = scene.path().join("files/forum.example.com");
    fs::write(forum.join("notes"), "mine").unwrap();
    assert!(forum.join("on").exists());
    scene.done(&["site", "remove", "forum", "--yes"]);
    eventually("only what is not ours is left", || {
        let left: Vec<_> = fs::read_dir(&forum).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left == ["notes"]
    });
    assert!(scene.is_closed());
    scene.done(&["site", "edit", "shop", "--domain", "store.example.com"]);
    eventually("the files have moved", || {
        scene.path().join("files/store.example.com/on").exists() && !scene.file("").parent().unwrap().exists()
    });
}

#[test]
fn a_site_opens_although_the_folder_of_one_before_it_is_broken() {
    let scene = Scene::new();
    scene.done(&["site", "add", "forum.example.com"]);
    let agent = scene.running("web1");
    scene.done(&["on", "--all", "--yes", "--wait"]);
    let forum = scene.path().join("files/forum.example.com/on");
    assert!(scene.is_closed() && forum.exists());
    fs::rename(scene.path().join("files/shop.example.com"), scene.path().join("taken")).unwrap();
    fs::write(scene.path().join("files/shop.example.com"), "in the way").unwrap();
    eventually("it is said", || agent.logged().contains("files/shop.example.com` is not a folder"));
    let output = run(scene.path(), &["off", "--all", "--yes"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success() && text.contains("0 of 1 servers enforce") && text.contains("behind: web1"),
        "{text}"
    );
    eventually("the other site opens", || !forum.exists());
}

#[test]
fn what_a_site_that_is_gone_has_left_is_removed_although_another_cannot_be() {
    let scene = Scene::new();
    scene.done(&["site", "add", "forum.example.com"]);
    let agent = scene.running("web1");
    scene.done(&["on", "--all", "--yes", "--wait"]);
    fs::rename(scene.path().join("files/forum.example.com"), scene.path().join("taken")).unwrap();
    fs::write(scene.path().join("files/forum.example.com"), "in the way").unwrap();
    scene.done(&["site", "remove", "forum", "--yes"]);
    eventually("it is said", || agent.logged().contains("files/forum.example.com` is not a folder"));
    scene.done(&["site", "edit", "shop", "--domain", "store.example.com"]);
    eventually("the files have moved", || {
        scene.path().join("files/store.example.com/on").exists() && !scene.is_closed()
    });
}

#[test]
fn a_site_closes_although_its_pages_cannot_be_written() {
    let scene = Scene::new();
    let in_the_way = |ending: &str| {
        fs::remove_file(scene.file(ending)).ok();
        fs::create_dir_all(scene.file(ending).join("theirs")).unwrap();
    };
    let agent = scene.running("web1");
    in_the_way(".ar.html");
    scene.done(&["on", "--for", "10m"]);
    eventually("it is closed", || scene.is_closed());
    eventually("it is said", || agent.logged().contains("on.ar.html` cannot be written"));
    scene.done(&["off"]);
    eventually("it is open", || !scene.is_closed());
    in_the_way(".html");
    scene.done(&["on"]);
    eventually("it is closed without any page", || scene.is_closed());
}

#[test]
fn a_link_does_not_lead_out_of_the_folder() {
    let scene = Scene::new();
    let outside = scene.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::create_dir(scene.path().join("files")).unwrap();
    symlink(&outside, scene.path().join("files/shop.example.com")).unwrap();
    let agent = scene.agent("web1", &[]);
    eventually("it is refused", || agent.logged().contains("files/shop.example.com` is not a folder"));
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn a_place_that_leads_elsewhere_is_refused() {
    let scene = Scene::new();
    for place in ["files/{domain}/on", "/srv/{domain}/../on", "/srv/{domain}.on", "/srv/{site}/on", "/on"] {
        let output = run(scene.path(), &["agent", "--once", "--maintenance-file", place]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{place}: {text}");
        assert!(text.contains("MAINTENANCE_FILE"), "{place}: {text}");
    }
    let output = run(scene.path(), &["agent"]);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A command for `--on-change` that leaves a line each time it is run, in a file of its own.
struct Telling {
    file: PathBuf,
    script: String,
}

impl Telling {
    /// `end` is a line of shell behind it.
    fn new(scene: &Scene, name: &str, end: &str) -> Self {
        let file = scene.path().join(format!("{name}.told"));
        let script = format!("echo reloaded; echo x >> {}; {end}", file.display());
        Self { file, script }
    }

    fn args(&self) -> [&str; 4] {
        ["--on-change", "sh", "-c", &self.script]
    }

    fn times(&self) -> usize {
        fs::read_to_string(&self.file).map_or(0, |text| text.lines().count())
    }
}

#[test]
fn the_web_server_is_told_of_changed_rules_and_not_of_flips() {
    let scene = Scene::new();
    let told = Telling::new(&scene, "web1", "");
    let agent = scene.agent("web1", &told.args());
    eventually("it is told of the first rules", || told.times() == 1);
    scene.done(&["on", "--wait"]);
    scene.done(&["off", "--wait"]);
    assert_eq!(told.times(), 1);
    scene.done(&["pattern", "add", "^health/$", "--yes"]);
    eventually("it is told of a pattern", || told.times() == 2);
    eventually("what it prints is logged", || agent.logged().contains("reloaded"));
    let rules = fs::read_to_string(scene.file(".nginx.conf")).unwrap();
    assert!(rules.contains(r"health/\z"), "{rules}");
}

#[test]
fn a_web_server_that_could_not_be_told_is_told_again() {
    let scene = Scene::new();
    let told = Telling::new(&scene, "web1", "test $(wc -l < web1.told) -ge 3");
    let mut agent = scene.agent("web1", &told.args());
    eventually("it is told until it has understood", || told.times() == 3);
    agent.child.signal("KILL");
    agent.child.wait();
    let _again = scene.agent("web1", &told.args());
    eventually("an agent that was killed may not have told it", || told.times() == 4);
}

#[test]
fn an_agent_that_stands_by_tells_its_web_server_too() {
    let scene = Scene::new();
    let _writer = scene.running("web1");
    let told = Telling::new(&scene, "web2", "");
    let agent = scene.agent("web2", &told.args());
    eventually("it is told at the start", || told.times() == 1);
    assert!(agent.logged().contains("stands by"), "{}", agent.logged());
    scene.done(&["pattern", "add", "^health/$", "--yes"]);
    eventually("it is told of a pattern", || told.times() >= 2);
    for (name, end, code) in [("web3", "", 0), ("web4", "false", 1)] {
        let once = Telling::new(&scene, name, end);
        assert_eq!(scene.agent(name, &[&["--once"], &once.args()[..]].concat()).child.wait(), Some(code));
        assert_eq!(once.times(), 1, "{name}");
    }
}

#[test]
fn a_web_server_is_told_of_rules_although_old_files_cannot_be_removed() {
    let scene = Scene::new();
    scene.done(&["site", "add", "forum.example.com"]);
    let end = "if grep -q health files/shop.example.com/on.nginx.conf; then touch knows; fi";
    let told = Telling::new(&scene, "web1", end);
    let agent = scene.agent("web1", &told.args());
    eventually("it is told of the first rules", || told.times() == 1);
    fs::rename(scene.path().join("files/forum.example.com"), scene.path().join("taken")).unwrap();
    fs::write(scene.path().join("files/forum.example.com"), "in the way").unwrap();
    scene.done(&["site", "remove", "forum", "--yes"]);
    eventually("it is said", || agent.logged().contains("files/forum.example.com` is not a folder"));
    scene.done(&["pattern", "add", "^health/$", "--site", "shop", "--yes"]);
    eventually("it is told of a pattern", || scene.path().join("knows").exists());
}
