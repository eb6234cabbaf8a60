//! What becomes of a web server whose site is no longer there, while its configuration still is.

use std::fs;

use super::program::eventually;
use super::stage::{Stage, WebServer};

/// Removes the site of a web server in mode `file`, and starts that once more: the files that it includes are gone.
pub fn outlives_its_site(server: &WebServer) {
    let mut stage = Stage::start(server, "file");
    stage.machine().run("site add other.example").succeeds();
    stage.machine().run("site remove localhost --yes").succeeds();
    let folder = stage.path("flags/localhost");
    let left = || fs::read_dir(&folder).map_or(0, |files| files.filter(is_of_site).count());
    eventually("its files are gone", || left() == 0);

    stage.restart_server(server);
    let answer = stage.get("/x");
    assert_eq!((answer.status, answer.header("x-application")), (200, "python"), "{answer:?}");
    // A flag that somebody puts there holds everybody, because no rule says who passes.
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("on"), "").unwrap();
    for path in ["/x", "/ignored-page/"] {
        let answer = stage.get(path);
        assert_eq!(answer.header("x-application"), "", "{path}: {answer:?}");
    }
}

fn is_of_site(file: &std::io::Result<fs::DirEntry>) -> bool {
    file.as_ref().is_ok_and(|file| file.file_name().to_string_lossy().starts_with("on"))
}
