//! Web servers of a few lines, to be asked from outside.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

/// What an upstream was asked.
#[derive(Debug, Default)]
pub struct Asked {
    pub method: String,
    /// Path with query.
    pub target: String,
    /// Head lines after the first, names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    fn read(stream: &mut impl Read) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let mut words = line.split(' ').map(str::to_owned);
        let mut asked = Self { method: words.next()?, target: words.next()?, ..Self::default() };
        loop {
            line.clear();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            asked.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let length = asked.header("content-length").parse().unwrap_or(0);
        reader.take(length).read_to_string(&mut asked.body).ok()?;
        Some(asked)
    }
}

/// An answer that can be changed before it is sent.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Sent as it is in place of everything else.
    pub raw: Option<Vec<u8>>,
}

impl Reply {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let reply = Self { status, headers: Vec::new(), body: body.into(), raw: None };
        reply.with("Content-Type", "text/html; charset=utf-8")
    }

    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { raw: Some(bytes.into()), ..Self::new(200, "") }
    }

    pub fn redirect(status: u16, to: &str) -> Self {
        Self::new(status, "").with("Location", to)
    }

    /// The same with a header, in place of one of this name.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    fn bytes(&self, method: &str) -> Vec<u8> {
        if let Some(raw) = &self.raw {
            return raw.clone();
        }
        let mut bytes = format!("HTTP/1.1 {} Whatever\r\nContent-Length: {}\r\n", self.status, self.body.len());
        self.headers.iter().for_each(|(name, value)| bytes.push_str(&format!("{name}: {value}\r\n")));
        let mut bytes = (bytes + "Connection: close\r\n\r\n").into_bytes();
        if method != "HEAD" {
            bytes.extend(&self.body);
        }
        bytes
    }
}

type Answering = dyn Fn(&Asked) -> Reply + Send + Sync;

/// Serves until the test ends; its address, without scheme.
pub fn serve(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> String {
    listen(None, Arc::new(answer))
}

/// The same with TLS.
pub fn serve_tls(certificates: &Certificates, answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> String {
    listen(Some(certificates.config()), Arc::new(answer))
}

/// Says no to whoever connects, before it is asked anything, as a server without TLS does on a TLS greeting.
pub fn serve_refusal() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
            hang_up(&mut stream);
        }
    });
    address.to_string()
}

fn listen(tls: Option<Arc<ServerConfig>>, answer: Arc<Answering>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (tls, answer) = (tls.clone(), Arc::clone(&answer));
            std::thread::spawn(move || match tls {
                Some(tls) => {
                    let mut stream = StreamOwned::new(ServerConnection::new(tls).unwrap(), stream);
                    one(&mut stream, &*answer);
                    stream.conn.send_close_notify();
                    drop(stream.flush());
                }
                None => {
                    let mut stream = stream;
                    one(&mut stream, &*answer);
                    hang_up(&mut stream);
                }
            });
        }
    });
    address.to_string()
}

fn one(stream: &mut (impl Read + Write), answer: &Answering) {
    if let Some(asked) = Asked::read(stream) {
        // Who asked may have had enough.
        drop(stream.write_all(&answer(&asked).bytes(&asked.method)).and_then(|()| stream.flush()));
    }
}

/// Ends a connection without a reset that would take the answer with it.
fn hang_up(stream: &mut TcpStream) {
    drop(stream.shutdown(Shutdown::Write));
    drop(std::io::copy(stream, &mut std::io::sink()));
}

/// A certificate authority of one's own, and a certificate of it for 127.0.0.1.
pub struct Certificates(TempDir);

impl Certificates {
    pub fn make() -> Self {
        let made = Self(tempfile::tempdir().unwrap());
        let new_key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        std::fs::write(made.path("names"), "subjectAltName=IP:127.0.0.1").unwrap();
        made.openssl(&format!("req -x509 {new_key} -keyout ca.key -out ca.crt -subj /CN=authority -days 2"));
        made.openssl(&format!("req {new_key} -keyout server.key -out server.csr -subj /CN=server"));
        made.openssl(
            "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 2 -extfile names",
        );
        made
    }

    /// A certificate that is signed by itself, for these names, with one more argument for `openssl`.
    pub fn of_its_own(names: &str, argument: &str) -> Self {
        let made = Self(tempfile::tempdir().unwrap());
        let new_key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        let words = format!("req -x509 {new_key} -keyout server.key -out server.crt -subj /CN=own -days 2");
        made.openssl(format!("{words} -addext {names} {argument}").trim_end());
        made
    }

    /// A certificate of its own for 127.0.0.1, of January 2020.
    pub fn expired() -> Self {
        let made = Self(tempfile::tempdir().unwrap());
        std::fs::write(made.path("list"), "").unwrap();
        let settings = "[own]\ndatabase = list\nrand_serial = yes\nnew_certs_dir = .\ndefault_md = sha256\npolicy = any\n\
                        x509_extensions = names\n[any]\ncommonName = supplied\n[names]\nsubjectAltName = IP:127.0.0.1\n";
        std::fs::write(made.path("settings"), settings).unwrap();
        made.openssl(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr -subj /CN=own",
        );
        made.openssl(
            "ca -batch -config settings -name own -selfsign -keyfile server.key -in server.csr -out server.crt -notext \
             -startdate 20200101000000Z -enddate 20200201000000Z",
        );
        made
    }

    /// The file with the server's certificate.
    pub fn server(&self) -> PathBuf {
        self.path("server.crt")
    }

    /// The file with the authority's certificate.
    pub fn authority(&self) -> PathBuf {
        self.path("ca.crt")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn openssl(&self, words: &str) {
        let mut command = Command::new("openssl");
        let command = command.args(words.split(' ')).current_dir(self.0.path());
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(status.expect("openssl is installed").success(), "openssl {words}");
    }

    fn config(&self) -> Arc<ServerConfig> {
        let read = |path: &Path| CertificateDer::from_pem_file(path).unwrap();
        let certificates = vec![read(&self.path("server.crt"))];
        let key = PrivateKeyDer::from_pem_file(self.path("server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        Arc::new(config.with_no_client_auth().with_single_cert(certificates, key).unwrap())
    }
}
