//! Asks one question and reads the answer, of HTTP/1.1 (RFC 9112).
//!
//! Small and by hand, because it has to see what a client library hides: a body that follows the answer to `HEAD`, an
//! upgrade that is accepted, a body that never ends. Every question has a connection of its own, as every visitor has.

use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use url::Url;

use super::connection::{Connection, in_words, is_late, look_up};
use crate::probe::{Answer, Seen};

/// Most bytes of a head that are read.
const MAX_HEAD: u64 = 64 * 1024;

/// Most header lines that are read.
const MAX_HEADERS: usize = 128;

/// Most bytes of a body that are read.
const MAX_BODY: u64 = 1024 * 1024;

/// Other addresses of a name that are asked at most.
const MAX_OTHER_ADDRESSES: usize = 3;

/// How long a body may take to follow an answer that has none.
const EXTRA_BODY_WITHIN: Duration = Duration::from_millis(500);

const USER_AGENT: &str = concat!("Mozilla/5.0 (compatible; maintenance-check/", env!("CARGO_PKG_VERSION"), ")");

/// What a browser accepts.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// One request.
pub struct Request<'a> {
    pub method: &'a str,
    pub url: &'a Url,
    /// The one address of its host that is asked; whichever answers first when not given.
    pub at: Option<SocketAddr>,
    pub accept: &'a str,
    /// Cookies as `Cookie` has them; mostly empty.
    pub cookies: &'a str,
    /// Headers besides those that every visitor sends, lines without their ends.
    pub headers: Vec<&'a str>,
    pub body: &'a str,
}

impl<'a> Request<'a> {
    /// As a browser opens a page.
    pub fn get(url: &'a Url) -> Self {
        Self {
            method: "GET",
            url,
            at: None,
            accept: BROWSER,
            cookies: "",
            headers: vec!["Connection: close"],
            body: "",
        }
    }

    fn head(&self) -> String {
        let target = &self.url[url::Position::BeforePath..url::Position::AfterQuery];
        let host = &self.url[url::Position::BeforeHost..url::Position::AfterPort];
        let mut head = format!(
            "{} {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {USER_AGENT}\r\nAccept: {}\r\n\
             Accept-Language: en\r\nAccept-Encoding: identity\r\n",
            self.method, self.accept
        );
        if !self.cookies.is_empty() {
            head.push_str(&format!("Cookie: {}\r\n", self.cookies));
        }
        if matches!(self.method, "POST" | "PUT" | "PATCH") {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        self.headers.iter().for_each(|line| head.extend([line, "\r\n"]));
        head + "\r\n"
    }
}

/// Asks questions.
pub struct Client {
    timeout: Duration,
    tls: Arc<ClientConfig>,
}

impl Client {
    /// `timeout` is for one answer, from the connection on.
    pub fn new(timeout: Duration, tls: Arc<ClientConfig>) -> Self {
        Self { timeout, tls }
    }

    /// Opens a page.
    pub fn page(&self, url: &Url, cookies: &str) -> Seen {
        self.ask(&Request { cookies, ..Request::get(url) })
    }

    /// Asks, and reads the answer as far as it is bounded.
    pub fn ask(&self, request: &Request<'_>) -> Seen {
        self.try_ask(request).map_err(|error| in_words(&error, self.timeout))
    }

    /// The other addresses of a host beside the one that was asked, each once; none when they cannot be found.
    pub fn other_addresses(&self, url: &Url, asked: Option<SocketAddr>) -> Vec<SocketAddr> {
        let mut others = Vec::new();
        for address in look_up(url, Instant::now() + self.timeout).unwrap_or_default() {
            if Some(address) != asked && !others.contains(&address) {
                others.push(address);
            }
        }
        others.truncate(MAX_OTHER_ADDRESSES);
        others
    }

    fn try_ask(&self, request: &Request<'_>) -> io::Result<Answer> {
        let deadline = Instant::now() + self.timeout;
        let mut connection = Connection::open(request.url, request.at, &self.tls, deadline)?;
        let from = connection.peer();
        let sent = connection.write_all((request.head() + request.body).as_bytes()).and_then(|()| connection.flush());
        let mut reader = BufReader::new(connection);
        // A server may answer before it has read everything, and hang up.
        match read_answer(&mut reader, request.method) {
            Err(error) if error.kind() != ErrorKind::InvalidData => Err(sent.err().unwrap_or(error)),
            read => read.map(|answer| Answer { from, ..answer }),
        }
    }
}

type Reader = BufReader<Connection>;

fn read_answer(reader: &mut Reader, method: &str) -> io::Result<Answer> {
    let mut answer = read_head(reader)?;
    while (100..200).contains(&answer.status) && answer.status != 101 {
        answer = read_head(reader)?;
    }
    let mut lengths: Vec<&str> = answer.lines("content-length").map(str::trim).collect();
    lengths.dedup();
    if lengths.len() > 1 {
        return Err(not_http("it has two Content-Length that differ (RFC 9112, section 6.3)"));
    }
    let length = lengths.first().map(|value| value.parse::<u64>());
    match (method, answer.status) {
        (_, 101) => {}
        ("HEAD", _) => answer.body = read_extra(reader),
        (_, 204 | 304) => {}
        _ if answer.lists("transfer-encoding", "chunked") => read_chunks(reader, &mut answer)?,
        _ => match length {
            Some(Ok(length)) => read_exactly(reader, &mut answer, length)?,
            Some(Err(_)) => return Err(not_http("its Content-Length is no number")),
            None => read_to_end(reader, &mut answer)?,
        },
    }
    Ok(answer)
}

fn not_http(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("what came is not HTTP: {what}"))
}

fn read_head(reader: &mut Reader) -> io::Result<Answer> {
    let mut head = Vec::new();
    let mut bounded = reader.take(MAX_HEAD);
    loop {
        let before = head.len();
        bounded.read_until(b'\n', &mut head)?;
        match &head[before..] {
            b"\r\n" | b"\n" if before > 0 => break,
            line if line.ends_with(b"\n") => {}
            _ if bounded.limit() == 0 => return Err(not_http("its head is longer than 64 KiB")),
            _ if head.is_empty() => return Err(ErrorKind::UnexpectedEof.into()),
            _ => return Err(not_http("its head has no end")),
        }
    }
    let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut lines);
    parsed.parse(&head).map_err(|error| not_http(&error.to_string()))?;
    let headers = parsed
        .headers
        .iter()
        .map(|header| (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned()));
    let status = parsed.code.ok_or_else(|| not_http("it has no status"))?;
    Ok(Answer { status, headers: headers.collect(), ..Answer::default() })
}

/// What follows an answer that has no body.
fn read_extra(reader: &mut Reader) -> Vec<u8> {
    reader.get_mut().hurry(EXTRA_BODY_WITHIN);
    // Nothing in time is what is right.
    reader.fill_buf().map(<[u8]>::to_vec).unwrap_or_default()
}

fn read_exactly(reader: &mut Reader, answer: &mut Answer, length: u64) -> io::Result<()> {
    let read = reader.take(length.min(MAX_BODY)).read_to_end(&mut answer.body)? as u64;
    answer.is_cut = length > MAX_BODY;
    if read < length.min(MAX_BODY) {
        return Err(ends_early(&format!("after {read} of {length} bytes")));
    }
    // Who hangs up after the answer, as was asked for, shows soon whether that was all.
    let is_last = answer.lists("connection", "close");
    answer.is_longer = !answer.is_cut && (!reader.buffer().is_empty() || is_last && !read_extra(reader).is_empty());
    Ok(())
}

fn read_to_end(reader: &mut Reader, answer: &mut Answer) -> io::Result<()> {
    match reader.take(MAX_BODY + 1).read_to_end(&mut answer.body) {
        // The end of TLS is not always said; nothing is known to be missing.
        Err(error) if error.kind() != ErrorKind::UnexpectedEof || is_late(&error) => return Err(error),
        _ => {}
    }
    cut(answer);
    Ok(())
}

fn read_chunks(reader: &mut Reader, answer: &mut Answer) -> io::Result<()> {
    loop {
        let mut line = Vec::new();
        reader.take(1024).read_until(b'\n', &mut line)?;
        let size = match httparse::parse_chunk_size(&line) {
            Ok(httparse::Status::Complete((_, size))) => size,
            Ok(httparse::Status::Partial) => return Err(ends_early("in the middle")),
            Err(_) => return Err(not_http("a chunk has no size")),
        };
        if size == 0 {
            return Ok(());
        }
        let room = MAX_BODY + 1 - answer.body.len() as u64;
        let read = reader.take(size.min(room)).read_to_end(&mut answer.body)? as u64;
        if read < size.min(room) {
            return Err(ends_early("in the middle"));
        }
        if cut(answer) {
            return Ok(());
        }
        reader.take(2).read_until(b'\n', &mut Vec::new())?;
    }
}

/// Cuts a body to what is bounded; whether there was more.
fn cut(answer: &mut Answer) -> bool {
    let most = usize::try_from(MAX_BODY).expect("a megabyte can be counted");
    answer.is_cut = answer.body.len() > most;
    answer.body.truncate(most);
    answer.is_cut
}

fn ends_early(how: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("the body ends {how}"))
}
