//! Whole requests through a server with one worker, to be counted in instructions by `benches/instructions`.
//!
//! `request MODE REQUESTS` serves one application (see [`MODES`]) on a free port of loopback until a client has had so
//! many answers on one connection. The client is a process of its own, so what counts the server does not count it.
//! `request modes` lists the modes. Without arguments, as `cargo bench` calls it, every mode is tried a few times.
//!
//! `cargo bench --bench request -- rate check-open check-constant` compares how many requests a second two modes answer:
//! side by side, a short time each, over and over, so that a busy machine disturbs both alike.

use std::error::Error;
use std::future::ready;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Instant;

use actix_web::dev::{Server, Service as _};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer};
use maintenance_mode::middleware::Gate;
use maintenance_mode::page::PageRequest;
use maintenance_mode::response::Answer;
use maintenance_mode::rules::CHECK_PATH;
use maintenance_mode::snapshot::Snapshot;

#[allow(dead_code, reason = "each benchmark uses a part of it")]
mod sites;

use sites::{HOST, NEAR_MISS, closed, now, rules_behind_a_proxy, snapshot, snapshot_by, with_patterns};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What can be served, with the status that a visitor gets.
const MODES: [(&str, u16); 19] = [
    // Bare Actix, and a middleware that does nothing.
    ("bare", 200),
    ("nothing", 200),
    // The gate: no site closed; another one closed of 2 and of 100,000.
    ("open", 200),
    ("others", 200),
    ("others-100000", 200),
    // The answer's text as a constant: from a handler, from a handler with the answer's headers, from a middleware.
    ("constant", 503),
    ("constant-headers", 503),
    ("constant-wrap", 503),
    // The gate: this site closed, alone and among 100,000; with ignored patterns.
    ("held", 503),
    ("held-100000", 503),
    ("held-1", 503),
    ("held-1000", 503),
    // As `held`, for a visitor with a cookie of the application; for an API client; for one in another language.
    ("held-cookie", 503),
    ("held-json", 503),
    ("held-de", 503),
    // A web server that asks: the same answer as a constant; no site closed; another one closed; this one closed.
    ("check-constant", 204),
    ("check-open", 204),
    ("check-others", 204),
    ("check-held", 503),
];

/// Size of a small page.
const PAGE_BYTES: usize = 2_048;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        [] => MODES.iter().try_for_each(|(mode, _)| try_out(mode)),
        ["modes"] => {
            MODES.iter().for_each(|(mode, _)| println!("{mode}"));
            Ok(())
        }
        ["client", address, mode, requests] => client(address, mode, requests),
        ["serve", mode] => serve_until_told(mode),
        ["rate", mode, base] => rate(mode, base),
        [mode, requests] => serve(mode, requests),
        _ => Err("usage: request [modes | MODE REQUESTS | rate MODE BASE]".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("request: {error}");
            ExitCode::FAILURE
        }
    }
}

fn try_out(mode: &str) -> Result<()> {
    serve(mode, "10")?;
    println!("{mode} works; benches/instructions counts it");
    Ok(())
}

/// Serves until the client, started here, has what it wants.
fn serve(mode: &str, requests: &str) -> Result<()> {
    actix_web::rt::System::new().block_on(async {
        let (address, server) = server(mode)?;
        let handle = server.handle();
        let arguments = ["client", &address.to_string(), mode, requests].map(str::to_owned);
        let client = std::thread::spawn(move || {
            let ended = std::env::current_exe().and_then(|program| Command::new(program).args(arguments).status());
            drop(handle.stop(false));
            ended
        });
        server.await?;
        let ended = client.join().map_err(|_| "the client's thread panicked")??;
        if ended.success() { Ok(()) } else { Err(format!("mode {mode}: the client failed").into()) }
    })
}

/// One server for all kinds of applications, which are a type each.
macro_rules! start {
    ($app:expr) => {{
        let server = HttpServer::new(move || $app).workers(1).disable_signals().bind("127.0.0.1:0")?;
        let address = server.addrs()[0];
        Ok((address, server.run()))
    }};
}

fn server(mode: &str) -> Result<(SocketAddr, Server)> {
    let (mode, count) = mode.split_once('-').unwrap_or((mode, ""));
    let many = if count == "100000" { 100_000 } else { 2 };
    match (mode, count) {
        ("bare", _) => start!(App::new().configure(routes)),
        ("nothing", _) => start!(App::new().wrap_fn(|req, service| service.call(req)).configure(routes)),
        ("open", _) => gated(snapshot(&sites::sites(2))),
        ("others", _) => {
            let mut sites = sites::sites(many);
            sites[1] = closed(sites[1].clone());
            gated(snapshot(&sites))
        }
        ("constant", "") => {
            let body = constant();
            start!(App::new().route(NEAR_MISS, web::get().to(move || ready(unavailable(body)))))
        }
        ("constant", "headers") => {
            let (body, headers) = (constant(), constant_headers());
            start!(App::new().route(NEAR_MISS, web::get().to(move || ready(with_headers(body, headers)))))
        }
        ("constant", "wrap") => {
            let body = constant();
            start!(App::new().wrap_fn(move |req, _| ready(Ok(req.into_response(unavailable(body))))).configure(routes))
        }
        ("held", _) => {
            let mut sites = sites::sites(many);
            let patterns = match count {
                "1" => 1,
                "1000" => 1_000,
                _ => 0,
            };
            sites[0] = closed(with_patterns(sites[0].clone(), patterns));
            gated(snapshot(&sites))
        }
        ("check", "constant") => start!(App::new().route(CHECK_PATH, web::get().to(|| ready(may_pass())))),
        ("check", _) => {
            let mut sites = sites::sites(2);
            match count {
                "held" => sites[0] = closed(sites[0].clone()),
                "others" => sites[1] = closed(sites[1].clone()),
                _ => {}
            }
            let gate = Gate::fixed(snapshot_by(rules_behind_a_proxy(), &sites));
            start!(App::new().wrap(gate.clone()).configure(gate.check()))
        }
        _ => Err(format!("there is no mode {mode}").into()),
    }
}

fn gated(snapshot: Snapshot) -> Result<(SocketAddr, Server)> {
    let gate = Gate::fixed(snapshot);
    start!(App::new().wrap(gate.clone()).configure(routes))
}

/// A small site; the last route is the one that is asked for.
fn routes(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(page))
        .route("/contact/", web::get().to(page))
        .route(NEAR_MISS, web::get().to(page));
}

async fn page() -> HttpResponse {
    const PAGE: &str = match str::from_utf8(&[b'x'; PAGE_BYTES]) {
        Ok(page) => page,
        Err(_) => panic!("x is text"),
    };
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(PAGE)
}

/// What a web server is told of an open site.
fn may_pass() -> HttpResponse {
    let mut response = HttpResponse::new(StatusCode::NO_CONTENT);
    let reason = header::HeaderName::from_static("x-maintenance-reason");
    response.headers_mut().insert(reason, HeaderValue::from_static("open"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn unavailable(body: &'static str) -> HttpResponse {
    HttpResponse::ServiceUnavailable().content_type("text/html; charset=utf-8").body(body)
}

fn with_headers(body: &'static str, headers: &[(&'static str, &'static str)]) -> HttpResponse {
    let mut response = HttpResponse::ServiceUnavailable();
    for (name, value) in headers {
        let name = header::HeaderName::from_static(name);
        response.insert_header((name, HeaderValue::from_static(value)));
    }
    response.body(body)
}

/// The page that a browser gets, to be compared with.
fn constant() -> &'static str {
    let body = browser_answer(|answer| answer.held(120).body.to_vec());
    String::leak(String::from_utf8(body).expect("a page is text"))
}

/// The headers that a browser gets.
fn constant_headers() -> &'static [(&'static str, &'static str)] {
    let leak = |text: &str| -> &'static str { String::leak(text.to_owned()) };
    let text = |value: &HeaderValue| leak(value.to_str().expect("our headers are text"));
    browser_answer(|answer| {
        let headers = answer.held(120).headers;
        headers.iter().map(|(name, value)| (leak(name.as_str()), text(value))).collect::<Vec<_>>().leak()
    })
}

fn browser_answer<T>(read: impl FnOnce(&Answer) -> T) -> T {
    let snapshot = snapshot(&[closed(sites::a_site(1, HOST))]);
    let (_, closed) = snapshot.closed(now()).next().expect("the site is closed");
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static(sites::ACCEPT));
    let request = PageRequest { headers: &headers, method: &Method::GET, host: HOST, path: NEAR_MISS };
    read(closed.pages().answer(&request, now()))
}

/// Serves until nobody holds the other end of standard input; says where on standard output.
fn serve_until_told(mode: &str) -> Result<()> {
    actix_web::rt::System::new().block_on(async {
        let (address, server) = server(mode)?;
        println!("{address}");
        let handle = server.handle();
        std::thread::spawn(move || {
            std::io::stdin().lines().for_each(drop);
            drop(handle.stop(false));
        });
        Ok(server.await?)
    })
}

/// Connections of the client that compares rates: enough that the server always has something to do.
const CONNECTIONS: usize = 16;

/// Requests on each connection before it is the other server's turn: some hundredths of a second.
const TURN: usize = 100;

/// How often it is each server's turn.
const TURNS: usize = 100;

/// Prints how many requests a second a mode answers, as a multiple of another's.
fn rate(mode: &str, base: &str) -> Result<()> {
    let (mut one, mut other) = (Rated::start(mode)?, Rated::start(base)?);
    let mut ratios = Vec::with_capacity(TURNS);
    for turn in 0..=TURNS {
        let (one, other) = (one.turn()?, other.turn()?);
        // The first one warms up.
        if turn > 0 {
            ratios.push(other / one);
        }
    }
    ratios.sort_by(f64::total_cmp);
    let at = |part: usize| ratios[part * (ratios.len() - 1) / 4];
    println!("{mode} / {base}: {:.3} (half of the turns between {:.3} and {:.3})", at(2), at(1), at(3));
    Ok(())
}

/// A server with its connections.
struct Rated {
    server: Child,
    expected: StatusCode,
    request: String,
    connections: Vec<(TcpStream, BufReader<TcpStream>)>,
}

impl Rated {
    fn start(mode: &str) -> Result<Self> {
        let expected = status_of(mode)?;
        let mut server = Command::new(std::env::current_exe()?)
            .args(["serve", mode])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        BufReader::new(server.stdout.take().ok_or("no output")?).read_line(&mut address)?;
        let connect = || -> Result<_> {
            let stream = TcpStream::connect(address.trim_end())?;
            stream.set_nodelay(true)?;
            Ok((stream.try_clone()?, BufReader::new(stream)))
        };
        let connections = (0..CONNECTIONS).map(|_| connect()).collect::<Result<_>>()?;
        Ok(Self { server, expected, request: request(mode), connections })
    }

    /// Seconds that a turn takes.
    fn turn(&mut self) -> Result<f64> {
        let started = Instant::now();
        for _ in 0..TURN {
            for (stream, _) in &mut self.connections {
                stream.write_all(self.request.as_bytes())?;
            }
            for (_, answers) in &mut self.connections {
                let status = read_answer(answers)?;
                if status != self.expected {
                    return Err(format!("answered {status}, not {}", self.expected).into());
                }
            }
        }
        Ok(started.elapsed().as_secs_f64())
    }
}

impl Drop for Rated {
    fn drop(&mut self) {
        self.connections.clear();
        drop(self.server.stdin.take());
        drop(self.server.wait());
    }
}

/// The status that a visitor gets.
fn status_of(mode: &str) -> Result<StatusCode> {
    let (_, status) = MODES.iter().find(|(known, _)| *known == mode).ok_or("no such mode")?;
    Ok(StatusCode::from_u16(*status)?)
}

/// Asks again and again on one connection, as a browser does.
fn client(address: &str, mode: &str, requests: &str) -> Result<()> {
    let expected = status_of(mode)?;
    let request = request(mode);
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut answers = BufReader::new(stream.try_clone()?);
    for number in 0..requests.parse::<usize>()? {
        stream.write_all(request.as_bytes())?;
        let status = read_answer(&mut answers)?;
        if status != expected {
            return Err(format!("mode {mode}: request {number} was answered {status}, not {expected}").into());
        }
    }
    Ok(())
}

fn request(mode: &str) -> String {
    let accept = if mode == "held-json" { "application/json" } else { sites::ACCEPT };
    let language = if mode == "held-de" { sites::ACCEPT_LANGUAGE } else { "en-US,en;q=0.5" };
    let cookie = if mode == "held-cookie" { "Cookie: theme=dark; visits=17\r\n" } else { "" };
    let is_check = mode.starts_with("check");
    let target = if is_check { CHECK_PATH } else { NEAR_MISS };
    let forwarded = if is_check { FORWARDED } else { "" };
    format!(
        "GET {target} HTTP/1.1\r\n\
         Host: {HOST}\r\n\
         User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0\r\n\
         Accept: {accept}\r\n\
         Accept-Language: {language}\r\n\
         Accept-Encoding: gzip, deflate, br, zstd\r\n\
         Connection: keep-alive\r\n\
         {cookie}\
         {forwarded}\
         Upgrade-Insecure-Requests: 1\r\n\
         Sec-Fetch-Dest: document\r\n\
         Sec-Fetch-Mode: navigate\r\n\
         Sec-Fetch-Site: none\r\n\
         Sec-Fetch-User: ?1\r\n\
         Priority: u=0, i\r\n\r\n"
    )
}

/// What Caddy and Traefik add when they ask.
const FORWARDED: &str = "X-Forwarded-For: 203.0.113.9\r\n\
                         X-Forwarded-Host: forum.example.com\r\n\
                         X-Forwarded-Method: GET\r\n\
                         X-Forwarded-Proto: https\r\n\
                         X-Forwarded-Uri: /section-7/items/latest/?page=2\r\n";

/// Reads one answer to its end.
fn read_answer(answers: &mut impl BufRead) -> Result<StatusCode> {
    let mut line = String::new();
    answers.read_line(&mut line)?;
    let status = StatusCode::from_bytes(line.get(9..12).ok_or("no status line")?.as_bytes())?;
    let mut length = 0;
    loop {
        line.clear();
        answers.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some(("content-length", value)) => length = value.parse()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    answers.read_exact(&mut body)?;
    Ok(status)
}
