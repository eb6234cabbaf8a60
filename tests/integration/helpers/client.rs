//! A client that sends exactly what it is told: odd hosts, odd paths, odd bytes.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A request to be sent on a connection of its own.
#[derive(Debug, Clone)]
pub struct Request {
    line: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, chunks joined.
    pub body: Vec<u8>,
}

/// A request with any method, line and host: nothing is added but what HTTP/1.1 needs.
pub fn request(method: &str, target: &str) -> Request {
    let line = format!("{method} {target} HTTP/1.1").into_bytes();
    Request { line, headers: vec![("Host".to_owned(), b"localhost".to_vec())], body: Vec::new() }
}

/// A GET as a browser would send it.
pub fn get(target: &str) -> Request {
    request("GET", target).with("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
}

/// A POST of a form as a browser would send it from a page of the same origin.
pub fn post(target: &str, fields: &[(&str, &str)]) -> Request {
    let encode =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    let mut request = request("POST", target)
        .with("Accept", "text/html")
        .with("Sec-Fetch-Site", "same-origin")
        .with("Content-Type", "application/x-www-form-urlencoded");
    request.body = body.join("&").into_bytes();
    request
}

impl Request {
    /// Adds a header.
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Removes a header.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// Replaces the host.
    pub fn host(self, host: &str) -> Self {
        self.without("Host").with("Host", host)
    }

    /// Sets the cookie header.
    pub fn cookie(self, cookie: &str) -> Self {
        if cookie.is_empty() { self } else { self.without("Cookie").with("Cookie", cookie) }
    }

    /// Replaces the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Replaces the whole request line, version included.
    pub fn line(mut self, line: impl Into<Vec<u8>>) -> Self {
        self.line = line.into();
        self
    }

    /// Sends it and reads the whole answer.
    pub fn send(&self, to: SocketAddr) -> Response {
        let mut stream = TcpStream::connect(to).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out can be set");
        let mut bytes = self.line.clone();
        bytes.extend_from_slice(b"\r\n");
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        if !self.body.is_empty() || self.line.starts_with(b"POST") {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"Connection: close\r\n\r\n");
        bytes.extend_from_slice(&self.body);
        // A server may answer and close before it has read a long body.
        stream.write_all(&bytes).ok();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok();
        Response::parse(&answer)
    }
}

impl Response {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or_else(|| {
            panic!("the answer has no head: {:?}", String::from_utf8_lossy(bytes));
        });
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let rest = &bytes[end + 4..];
        let is_chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        let body = if is_chunked { dechunk(rest) } else { rest.to_vec() };
        Self { status: status.expect("the answer has a status"), headers, body }
    }

    /// The first header of that name; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// What a browser would send back as `Cookie`, from all `Set-Cookie` headers that set something.
    pub fn cookies(&self) -> Vec<(String, String)> {
        let set = self.headers.iter().filter(|(name, _)| name == "set-cookie");
        set.filter_map(|(_, value)| value.split(';').next()?.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}

fn dechunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(line) = bytes.windows(2).position(|window| window == b"\r\n") {
        let size =
            std::str::from_utf8(&bytes[..line]).ok().and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
        let Some(size) = size.filter(|size| *size > 0 && line + 2 + size <= bytes.len()) else { break };
        body.extend_from_slice(&bytes[line + 2..line + 2 + size]);
        bytes = &bytes[(line + 4 + size).min(bytes.len())..];
    }
    body
}
