//! One connection to a server, with one deadline for everything that happens on it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use url::Url;

use super::certificate;
use crate::probe::Silence;

/// What to do when nobody answers.
const REACH: &str = "See that the web server runs and can be reached from here";

/// A socket whose every step has to be done before a deadline.
#[derive(Debug)]
pub struct Timed {
    socket: TcpStream,
    deadline: Instant,
}

/// A connection, encrypted or not.
pub enum Connection {
    Plain(Timed),
    Tls(Box<StreamOwned<ClientConnection, Timed>>),
}

impl Connection {
    /// Connects to the host of an address: to the first of its addresses that answers, or to that one alone.
    ///
    /// # Errors
    /// When the name is not known, nobody answers in time, or the certificate is not believed; see [`in_words`].
    pub fn open(url: &Url, at: Option<SocketAddr>, tls: &Arc<ClientConfig>, deadline: Instant) -> io::Result<Self> {
        let host = url.host_str().unwrap_or_default();
        let addresses = at.map_or_else(|| look_up(url, deadline), |at| Ok(vec![at]))?;
        let timed = Timed { socket: connect(&addresses, deadline)?, deadline };
        if url.scheme() != "https" {
            return Ok(Self::Plain(timed));
        }
        // An IPv6 address stands in brackets in an address of the web only.
        let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(name).map_err(io::Error::other)?;
        let connection = ClientConnection::new(Arc::clone(tls), name).map_err(io::Error::other)?;
        Ok(Self::Tls(Box::new(StreamOwned::new(connection, timed))))
    }

    /// Moves the deadline nearer.
    pub fn hurry(&mut self, most: Duration) {
        let timed = match self {
            Self::Plain(timed) => timed,
            Self::Tls(stream) => &mut stream.sock,
        };
        timed.deadline = timed.deadline.min(Instant::now() + most);
    }

    /// Whom it leads to.
    pub fn peer(&self) -> Option<SocketAddr> {
        let timed = match self {
            Self::Plain(timed) => timed,
            Self::Tls(stream) => &stream.sock,
        };
        timed.socket.peer_addr().ok()
    }
}

/// The addresses of a host. The system's look-up knows no deadline, so it runs apart.
pub fn look_up(url: &Url, deadline: Instant) -> io::Result<Vec<SocketAddr>> {
    let wrong = |kind, why: &str| {
        io::Error::new(kind, format!("the name {} leads to no address: {why}", url.host_str().unwrap_or_default()))
    };
    let (tell, told) = mpsc::channel();
    let asked = url.clone();
    std::thread::spawn(move || tell.send(asked.socket_addrs(|| None)));
    match told.recv_timeout(left(deadline)?) {
        Ok(found) => found.map_err(|error| wrong(error.kind(), &error.to_string())),
        Err(_) => Err(wrong(ErrorKind::NotFound, "nobody answered in time")),
    }
}

fn connect(addresses: &[SocketAddr], deadline: Instant) -> io::Result<TcpStream> {
    let mut last = io::Error::from(ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpStream::connect_timeout(address, left(deadline)?) {
            Ok(socket) => {
                socket.set_nodelay(true)?;
                return Ok(socket);
            }
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                last = io::Error::new(error.kind(), format!("nothing listens at {address}"));
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}

impl Read for Timed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(Some(left(self.deadline)?))?;
        self.socket.read(into)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(Some(left(self.deadline)?))?;
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

impl Read for Connection {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(timed) => timed.read(into),
            Self::Tls(stream) => stream.read(into),
        }
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(timed) => timed.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(timed) => timed.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// Whether a step was not done before its deadline. Sockets say it in two ways.
pub fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
}

/// What went wrong, for whoever set the server up.
pub fn in_words(error: &io::Error, timeout: Duration) -> Silence {
    if is_late(error) {
        return Silence { is_late: true, ..Silence::new(format!("not within {} s", timeout.as_secs_f64()), REACH) };
    }
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(reason)) => certificate::in_words(reason),
        Some(rustls::Error::InvalidMessage(_)) => {
            Silence::new("TLS was expected, something else came", "Ask with http://, or switch TLS on at this port")
        }
        Some(error) => Silence::new(format!("TLS failed: {error}"), "See which TLS the web server offers: 1.2 or 1.3"),
        None => match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof => {
                Silence::new("the connection was cut", "Look at the web server's log")
            }
            ErrorKind::InvalidData => Silence::new(error.to_string(), "See what answers at this address"),
            _ => Silence::new(error.to_string(), REACH),
        },
    }
}
