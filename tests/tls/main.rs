//! TLS to PostgreSQL: a real server with a certificate of a certificate authority of its own.
//!
//! Needs the command `openssl`, and PostgreSQL as the tests of storage do.

#[path = "../storage/cluster.rs"]
#[allow(dead_code, reason = "the tests of storage use more of it")]
mod cluster;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use cluster::Cluster;
use maintenance_mode::storage::{DatabaseOptions, DatabaseUrl, Open, Prepared, Store, StoreError};
use tempfile::TempDir;

/// Address of a server without TLS, as `TEST_POSTGRES_URL` gives it; without it there is nothing to test.
#[expect(clippy::disallowed_methods, reason = "a test reads its own environment")]
fn server() -> Option<String> {
    std::env::var("TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty())
}

/// A certificate authority, and a key and a certificate of it for `localhost`.
struct Certificates(TempDir);

impl Certificates {
    fn make() -> Self {
        let made = Self(tempfile::tempdir().unwrap());
        let [ca, ca_key, key, request, certificate, names] =
            ["ca.crt", "ca.key", "server.key", "server.csr", "server.crt", "names"].map(|name| made.path(name));
        std::fs::write(&names, "subjectAltName=DNS:localhost").unwrap();
        let new_key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        let [ca, ca_key, key, request, certificate, names] =
            [&ca, &ca_key, &key, &request, &certificate, &names].map(|path| path.to_str().unwrap());
        openssl(&format!("req -x509 {new_key} -keyout {ca_key} -out {ca} -subj /CN=authority -days 2"));
        openssl(&format!("req {new_key} -keyout {key} -out {request} -subj /CN=localhost"));
        openssl(&format!(
            "x509 -req -in {request} -CA {ca} -CAkey {ca_key} -CAcreateserial -out {certificate} -days 2 -extfile {names}"
        ));
        cluster::give_to_server(made.0.path());
        made
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn openssl(words: &str) {
    let mut command = Command::new("openssl");
    let status = command.args(words.split(' ')).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.expect("openssl is installed").success(), "openssl {words}");
}

/// A server that lets nobody in over TCP without TLS.
fn a_server(certificates: &Certificates) -> Cluster {
    let [certificate, key] = ["server.crt", "server.key"].map(|name| certificates.path(name).display().to_string());
    let settings = format!("-c ssl=on -c ssl_cert_file={certificate} -c ssl_key_file={key}");
    Cluster::start("hostssl all all 127.0.0.1/32 scram-sha-256", &settings)
}

fn prepare(url: &str) -> Result<Prepared, StoreError> {
    let limit = Duration::from_secs(5);
    let options = DatabaseOptions { pool_size: 2, connect_timeout: limit, statement_timeout: limit };
    let url = DatabaseUrl::parse(url).unwrap();
    assert_eq!(url.in_the_clear(), None);
    Store::new(&url, options).prepare(Open::Migrate)
}

/// Checks that a refusal says these words and will not pass by itself.
#[track_caller]
fn refuses(prepared: Result<Prepared, StoreError>, words: &str) {
    let error = prepared.unwrap_err();
    assert!(!error.is_passing() && error.to_string().contains(words), "{error}");
}

#[test]
fn the_server_is_verified_as_far_as_the_address_asks() {
    let Some(_) = server() else { return };
    let certificates = Certificates::make();
    let server = a_server(&certificates);
    let at =
        |host: &str, query: &str| prepare(&format!("postgres://test:right@{host}:{}/postgres?{query}", server.port));
    let trusting = |path: &Path| format!("sslmode=verify-full&sslrootcert={}", path.display());
    let trusted = trusting(&certificates.path("ca.crt"));
    assert!(!at("localhost", &trusted).unwrap().migrated.is_empty());
    at("127.0.0.1", "sslmode=require").unwrap();
    at("127.0.0.1", "").unwrap();

    refuses(at("127.0.0.1", &trusted), "does not match host name");
    let stranger = Certificates::make();
    refuses(at("localhost", &trusting(&stranger.path("ca.crt"))), "certificate verify failed");
    refuses(at("localhost", &trusting(Path::new("/nonexistent/ca.crt"))), "sslrootcert");
    refuses(at("127.0.0.1", "sslmode=disable"), "pg_hba.conf");
}

#[test]
fn a_server_that_offers_no_tls_is_refused_when_the_address_asks_for_it() {
    let Some(server) = server() else { return };
    refuses(prepare(&format!("{server}?sslmode=require")), "`ssl = on`");
}
