//! Apache httpd.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::helpers::{
    Modes, Stage, WebServer, acceptance, curl, get, keeps_what_few_may_see_out_of_caches, outlives_its_site,
    takes_its_own_paths_only, tells_overlapping_names_apart,
};

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
fn apache_keeps_what_few_may_see_out_of_caches() {
    keeps_what_few_may_see_out_of_caches(&APACHE, "file");
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

#[test]
fn apache_keeps_what_passes_when_a_htaccess_sends_it_on() {
    let stage = Stage::behind(|stage| {
        let site = stage.path("site");
        fs::create_dir(&site).unwrap();
        fs::write(site.join("index.txt"), "the site").unwrap();
        let sent_on = "RewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule . /index.txt [L]\n";
        fs::write(site.join(".htaccess"), sent_on).unwrap();
        let printed = stage.emit("apache", "file", &[]);
        let start = printed.rfind("    ProxyPass \"/\" ").expect("there is an application");
        let end = start + printed[start..].find('\n').expect("the line ends");
        let folder = site.display();
        let own = format!(
            "DocumentRoot {folder}\n<Directory {folder}>\nAllowOverride All\nRequire all granted\n</Directory>"
        );
        let file = stage.path("printed");
        fs::write(&file, format!("{}{own}{}", &printed[..start], &printed[end..])).unwrap();
        Some(command(stage, &file))
    });
    assert_eq!(stage.get("/x").text(), "the site");
    stage.switch("on", 503);
    let passes = stage.get("/ignored-page/");
    assert_eq!((passes.status, passes.text().as_str()), (200, "the site"), "{passes:?}");
    let held = stage.get("/x");
    assert_eq!((held.status, held.header("x-maintenance")), (503, "planned"), "{held:?}");
    assert_eq!(stage.get("/index.txt").status, 503);
}

#[test]
fn apache_tells_overlapping_names_apart() {
    tells_overlapping_names_apart(&APACHE, "file");
}

#[test]
fn apache_lets_nobody_take_out_what_it_tells_the_application() {
    let stage = Stage::start(&APACHE, "file");
    for connection in ["close, X-Real-IP, X-Forwarded-Proto", "x-real-ip", "X-REAL-IP,keep-alive"] {
        let seen = stage.send(get("/headers").with("Connection", connection)).text().to_lowercase();
        assert!(seen.contains("x-real-ip") && seen.contains("x-forwarded-proto"), "{connection}: {seen}");
    }
}

#[test]
fn apache_takes_its_own_paths_only() {
    takes_its_own_paths_only(&APACHE, "file");
}
