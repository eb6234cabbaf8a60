//! The mirror file: what it keeps, and what of it survives damage.

use std::fs;
use std::io::Write as _;
use std::time::{Duration, Instant};

use super::file::MirrorFile;
use super::*;
use crate::maintenance::MaintenanceRecord;
use crate::site::{Domain, Site};

const DATABASE: &str = "sqlite:///var/lib/a.sqlite3";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + second).unwrap()
}

fn site(id: i64, in_maintenance: bool) -> SiteRecord {
    let site = Site {
        id: SiteId(id),
        domain: Domain::parse(&format!("s{id}.example.com")).unwrap(),
        name: String::new(),
        aliases: Vec::new(),
        is_default: id == 1,
        is_protected: false,
        time_zone: "UTC".to_owned(),
    };
    let maintenance = MaintenanceRecord { in_maintenance, ..MaintenanceRecord::default() };
    SiteRecord { maintenance, ..SiteRecord::new(site) }
}

fn whole(records: Vec<SiteRecord>, revision: i64) -> Update {
    Update { all: Some(records), revision: Some(Revision(revision)), ..Update::default() }
}

fn flip(record: SiteRecord, revision: i64) -> Update {
    Update { sites: [(record.site.id, Some(record))].into(), revision: Some(Revision(revision)), ..Update::default() }
}

fn url() -> DatabaseUrl {
    DatabaseUrl::parse(DATABASE).unwrap()
}

/// A mirror in a fresh folder that holds these updates.
fn mirror(updates: &[Update]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.mirror");
    let mut file = MirrorFile::open(&path, DATABASE).unwrap();
    for (second, update) in (0..).zip(updates) {
        file.write(update, at(second)).unwrap();
    }
    (folder, path)
}

/// Ids of the sites with their boxes, sorted.
fn boxes(mirrored: &Mirrored) -> Vec<(i64, bool)> {
    let mut boxes: Vec<_> =
        mirrored.records.iter().map(|record| (record.site.id.0, record.maintenance.in_maintenance)).collect();
    boxes.sort_unstable();
    boxes
}

#[test]
fn what_was_written_reads_back_and_later_lines_win() {
    let secret = Update { secret: Some("s".repeat(64)), clock_offset: Some(-5), ..Update::default() };
    let gone = Update { sites: [(SiteId(2), None)].into(), revision: Some(Revision(9)), ..Update::default() };
    let (_folder, path) =
        mirror(&[whole(vec![site(1, false), site(2, true), site(3, true)], 7), secret, flip(site(1, true), 8), gone]);
    let mirrored = read(&path, &url()).unwrap();
    assert_eq!(boxes(&mirrored), [(1, true), (3, true)]);
    assert_eq!((mirrored.revision, mirrored.clock_offset.as_micros()), (Revision(9), -5));
    assert_eq!(mirrored.secret, Some("s".repeat(64)));
    assert_eq!(mirrored.records.iter().find(|record| record.site.id.0 == 3), Some(&site(3, true)));
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, _path) = mirror(&[whole(vec![site(1, false)], 1)]);
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
    }
}

#[test]
fn a_torn_end_is_dropped_and_what_is_appended_afterwards_counts() {
    let (_folder, path) = mirror(&[whole(vec![site(1, false)], 1), flip(site(1, true), 2)]);
    let bytes = fs::read(&path).unwrap();
    let sealed =
        String::from_utf8(bytes.clone()).unwrap().match_indices('\n').map(|(at, _)| at + 1).collect::<Vec<_>>();
    let first_state = sealed[sealed.len() - 3];
    for length in first_state..bytes.len() {
        fs::write(&path, &bytes[..length]).unwrap();
        let mirrored = read(&path, &url()).unwrap();
        assert_eq!((boxes(&mirrored), mirrored.revision), (vec![(1, false)], Revision(1)), "{length} bytes");
    }
    MirrorFile::open(&path, DATABASE).unwrap().write(&flip(site(1, true), 3), at(5)).unwrap();
    let mirrored = read(&path, &url()).unwrap();
    assert_eq!((boxes(&mirrored), mirrored.revision), (vec![(1, true)], Revision(3)));
}

#[test]
fn damage_in_the_middle_ends_what_can_be_used_and_makes_it_old() {
    let (_folder, path) = mirror(&[
        whole(vec![site(1, false)], 1),
        flip(site(1, true), 2),
        flip(site(1, false), 3),
        flip(site(1, true), 4),
    ]);
    let mut bytes = fs::read(&path).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let third = text.match_indices("\"in_maintenance\":false").nth(1).unwrap().0;
    bytes[third + 18] = b'0';
    fs::write(&path, &bytes).unwrap();
    let mirrored = read(&path, &url()).unwrap();
    assert_eq!((boxes(&mirrored), mirrored.revision, mirrored.as_of), (vec![(1, true)], Revision(2), at(1)));
    // A line that is missing altogether is noticed as well.
    let lines: Vec<&str> = text.lines().collect();
    let without: String = lines
        .iter()
        .enumerate()
        .filter(|(at, _)| *at != lines.len() - 4)
        .map(|(_, line)| format!("{line}\n"))
        .collect();
    fs::write(&path, without).unwrap();
    assert_eq!(read(&path, &url()).unwrap().revision, Revision(2));
}

#[test]
fn what_is_no_mirror_of_this_database_is_refused_in_words_and_begun_anew() {
    let (_folder, path) = mirror(&[whole(vec![site(1, true)], 1)]);
    let other = DatabaseUrl::parse("/var/lib/b.sqlite3").unwrap();
    let error = read(&path, &other).unwrap_err().to_string();
    assert!(error.contains("belongs to sqlite:///var/lib/a.sqlite3"), "{error}");
    for (text, part) in [("", "no complete state"), ("hello\nworld\n", "not a mirror"), ("hello", "not a mirror")] {
        fs::write(&path, text).unwrap();
        let error = read(&path, &url()).unwrap_err().to_string();
        assert!(error.contains(part), "{text:?}: {error}");
    }
    MirrorFile::open(&path, DATABASE).unwrap().write(&whole(vec![site(2, true)], 5), at(0)).unwrap();
    assert_eq!(boxes(&read(&path, &url()).unwrap()), [(2, true)]);
    assert!(read(Path::new("/nowhere/m.mirror"), &url()).unwrap_err().is_missing());
}

#[test]
fn one_process_writes_it_and_anybody_may_read_it() {
    let (_folder, path) = mirror(&[]);
    let mut first = MirrorFile::open(&path, DATABASE).unwrap();
    assert!(matches!(MirrorFile::open(&path, DATABASE), Err(MirrorError::Locked { .. })));
    first.write(&whole(vec![site(1, true)], 1), at(0)).unwrap();
    assert_eq!(boxes(&read(&path, &url()).unwrap()), [(1, true)]);
    drop(first);
    MirrorFile::open(&path, DATABASE).unwrap();
}

#[test]
fn one_change_among_ten_thousand_sites_appends_two_lines() {
    let records: Vec<_> = (1..=10_000).map(|id| site(id, false)).collect();
    let (_folder, path) = mirror(&[whole(records.clone(), 1)]);
    let size = || fs::metadata(&path).unwrap().len();
    let full = size();
    let mut file = MirrorFile::open(&path, DATABASE).unwrap();
    // The same state again costs nothing.
    file.write(&whole(records, 1), at(1)).unwrap();
    assert_eq!(size(), full);
    file.write(&flip(site(77, true), 2), at(2)).unwrap();
    assert!(size() - full < 1_000, "{} bytes more", size() - full);
    assert_eq!(read(&path, &url()).unwrap().records.len(), 10_000);
}

#[test]
fn a_file_that_is_mostly_waste_is_written_anew_with_the_same_state() {
    let (_folder, path) = mirror(&[whole(vec![site(1, false), site(2, true)], 1)]);
    let mut file = MirrorFile::open(&path, DATABASE).unwrap();
    let mut largest = 0;
    for revision in 2..600 {
        file.write(&flip(site(1, revision % 2 == 1), revision), at(revision)).unwrap();
        let size = fs::metadata(&path).unwrap().len();
        assert!(size < 80 * 1024, "{size} bytes");
        largest = largest.max(size);
    }
    assert!(fs::metadata(&path).unwrap().len() < largest, "it was never written anew");
    let mirrored = read(&path, &url()).unwrap();
    assert_eq!((boxes(&mirrored), mirrored.revision), (vec![(1, true), (2, true)], Revision(599)));
    // Still ours, and removed by somebody it comes back.
    fs::remove_file(&path).unwrap();
    file.agreed(at(700)).unwrap();
    let mirrored = read(&path, &url()).unwrap();
    assert_eq!((mirrored.revision, mirrored.as_of), (Revision(599), at(700)));
}

fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_thread_writes_what_is_put_in_and_tells_how_old_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.mirror");
    let confirmed = Arc::new(Confirmed::default());
    let mirror = Mirror::start(path.clone(), &url(), Arc::clone(&confirmed));
    confirmed.set(at(3));
    mirror.all(vec![site(1, false), site(2, false)], Revision(1));
    mirror.some(vec![(SiteId(1), Some(site(1, true))), (SiteId(2), None)], Revision(2));
    mirror.secret("secret".to_owned());
    mirror.clock_offset(SignedDuration::from_micros(7));
    drop(mirror);
    eventually("everything is written before the thread ends", || {
        read(&path, &url()).is_ok_and(|mirrored| mirrored.clock_offset.as_micros() == 7)
    });
    let mirrored = read(&path, &url()).unwrap();
    assert_eq!((boxes(&mirrored), mirrored.revision), (vec![(1, true)], Revision(2)));
    assert_eq!(mirrored.secret.as_deref(), Some("secret"));
    eventually("the age is told", || read(&path, &url()).unwrap().as_of == at(3));
}

#[test]
fn a_folder_that_is_missing_delays_the_mirror_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("later").join("m.mirror");
    let mirror = Mirror::start(path.clone(), &url(), Arc::default());
    mirror.all(vec![site(1, true)], Revision(1));
    mirror.some(vec![(SiteId(1), Some(site(1, false)))], Revision(2));
    fs::create_dir(path.parent().unwrap()).unwrap();
    eventually("the mirror is written once it can be", || read(&path, &url()).is_ok());
    assert_eq!(boxes(&read(&path, &url()).unwrap()), [(1, false)]);
}

#[test]
fn a_full_disk_leaves_the_last_state_and_the_next_writing_mends_it() {
    let (_folder, path) = mirror(&[whole(vec![site(1, false)], 1)]);
    let mut file = MirrorFile::open(&path, DATABASE).unwrap();
    // What a disk that filled up half way leaves behind.
    let torn = b"0123456789abcdef {\"site\":{\"id\":1,\nand more\nand more";
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(torn).unwrap();
    assert_eq!(boxes(&read(&path, &url()).unwrap()), [(1, false)]);
    file.write(&flip(site(1, true), 2), at(1)).unwrap();
    let mirrored = read(&path, &url()).unwrap();
    assert_eq!((boxes(&mirrored), mirrored.revision), (vec![(1, true)], Revision(2)));
}
