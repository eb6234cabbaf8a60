//! Apache httpd.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::helpers::{Modes, Stage, WebServer, acceptance, curl, outlives_its_site};

pub const APACHE: WebServer = WebServer { name: "apache", command };

/// What Debian's `apache2.conf` and `a2enmod` bring, in the stage.
fn command(stage: &Stage, printed: &Path) -> Command {
    let folder = stage.path("apache");
    fs::create_dir_all(&folder).unwrap();
    let at = |name: &str| folder.join(name).display().to_string();
    let modules = ["mpm_event", "authz_core", "alias", "rewrite", "headers", "mime", "http2", "proxy", "proxy_http"]
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
        .concat();
    // Workers run as nobody when the tests run as root; without it these lines do nothing.
    let main = format!(
        "ServerRoot {0}\nDefaultRuntimeDir {0}\nPidFile {1}\nErrorLog {2}\n{modules}User nobody\nGroup nogroup\n\
         TypesConfig /dev/null\nServerName unused.invalid\nProtocols h2c http/1.1\nListen {3}\nInclude {4}\n",
        folder.display(),
        at("pid"),
        at("error.log"),
        stage.address,
        printed.display()
    );
    fs::write(folder.join("apache.conf"), main).unwrap();
    let mut command = Command::new("/usr/sbin/apache2");
    command.args(["-DFOREGROUND", "-f", &at("apache.conf")]);
    command
}

#[test]
fn apache_looks_at_the_file() {
    acceptance(&APACHE, "file", Modes::of("file"));
}

#[test]
fn apache_speaks_http_2() {
    let stage = Stage::start(&APACHE, "file");
    assert_eq!(curl(&stage, &["--http2-prior-knowledge"], "/x").0, 200);
    stage.switch("on", 503);
    assert_eq!(curl(&stage, &["--http2-prior-knowledge", "--request", "POST"], "/x").0, 503);
    assert_eq!(curl(&stage, &["--http2-prior-knowledge"], "/ignored-page/").0, 200);
}

#[test]
fn apache_starts_when_its_site_is_no_longer_there() {
    outlives_its_site(&APACHE);
}
