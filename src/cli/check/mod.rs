//! `maintenance check`: asks a site from outside, as a visitor does, and tells what its answers are worth.
//!
//! What they mean is decided in [`crate::probe`]; here it is only asked and told.

mod ask;
mod certificate;
mod client;
mod connection;
mod progress;
mod report;
mod round;
mod tls;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use url::Url;

use self::ask::Site;
use self::client::Client;
use self::progress::Progress;
use super::exit::{Exit, Usage};
use super::{Context, text, time};
use crate::clock;
use crate::config::admin_url;
use crate::probe::{Expected, Question, Told, Trail, Visits, judge, questions};

const EXAMPLES: &str = "\
Examples:
  maintenance check https://shop.example.com/ --expect open
  maintenance on shop && maintenance check shop.example.com --expect closed
  maintenance off shop && maintenance check shop.example.com --expect open --json
  maintenance on shop --read-only && maintenance check shop.example.com --expect read-only
  maintenance check https://staging.example.com/ --ca company.pem --timeout 3s
";

/// Asks a site from outside, and tells whether its maintenance answer is correct
///
/// Asks as a visitor and as an API client does, from here, at each address of the name, and prints a line for each point:
/// status of every method, Retry-After, what caches may do, redirects, JSON, WebSocket, unknown paths, what the page needs,
/// and whether panel and health checks can be reached. An open site is looked through for what a maintenance left behind,
/// and a maintenance page that comes with another status than 503 is recognised where its title says so. Any maintenance
/// mode can be checked, not only this one. Give --expect in scripts: without it a site is judged as what it seems to be.
///
/// An open site is sent GET, HEAD and OPTIONS alone. To one that is held go POST, with and without a small form, to the
/// page itself, and PUT, PATCH and DELETE to a path that no site has; to one that is closed for writing only, POST goes
/// there, too. A page that looks open is not called so where /maintenance/status.json of this program says that the
/// site is in maintenance, as for who asks from an internal address. No database is needed, and no proxy of the
/// environment is used.
///
/// Exit code 0 when all is well, warnings aside; 1 when it is not: when the site is not as expected, and also when it
/// cannot be reached. `state` of --json tells these apart: broken is a site without an answer or with one that is no
/// page.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Check {
    /// Address of a page; https:// when it names no scheme
    // Read later: clap would repeat one that is refused, with the password in it.
    #[arg(value_name = "URL")]
    url: String,

    /// What the site must be; whatever it is when not given
    #[arg(long, value_name = "STATE")]
    expect: Option<Expect>,

    /// Print an object instead: url, address, state, level, expected, good, end, findings (point, grade, says, mend)
    ///
    /// `state` is open, closed, redirected, let-through or broken; `level` is read-only for a site that is closed for writing
    /// only, which lets who reads through; `grade` is good, warning or fault.
    #[arg(long)]
    json: bool,

    /// Longest time for one answer, such as 10s
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = timeout)]
    timeout: Duration,

    /// Accept any certificate
    #[arg(long)]
    insecure: bool,

    /// Certificates to trust besides those of the public authorities (PEM)
    ///
    /// Of other authorities, or of the server itself: then exactly it is believed, while it is in date and for the name.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// Path of the panel's log-in, which must not be held; without it the one below ADMIN_URL
    #[arg(long, value_name = "PATH", value_parser = path)]
    panel: Option<String>,

    /// Path of the panel, for --panel
    #[arg(long, env = "ADMIN_URL", default_value = "/admin/", value_name = "PATH", hide = true, value_parser = admin_url)]
    admin_url: String,

    /// Path that load balancers ask, which must not be held
    #[arg(long, value_name = "PATH", default_value = "/healthz", value_parser = path)]
    health: String,
}

/// What a site must be.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Expect {
    /// Open, with nothing left of a maintenance
    Open,
    /// In maintenance, with a correct answer
    Closed,
    /// Closed for writing only: who reads gets the site, whoever writes a correct answer
    ReadOnly,
}

impl From<Expect> for Expected {
    fn from(expect: Expect) -> Self {
        match expect {
            Expect::Open => Self::Open,
            Expect::Closed => Self::Closed,
            Expect::ReadOnly => Self::ReadOnly,
        }
    }
}

pub fn run(context: &Context, args: &Check) -> anyhow::Result<Exit> {
    let url = address(&args.url).map_err(Usage)?;
    let tls = tls::config(args.ca.as_deref(), args.insecure).map_err(|error| Usage(error.to_string()))?;
    let client = Client::new(args.timeout, tls);
    let asked_at = clock::now();
    let progress = Progress::new(&context.console);
    let mut took = Duration::ZERO;
    let trail = Trail::follow(url, |url, cookies| {
        progress.show(format!("Asking {}", text::plain(url.as_str())));
        let started = Instant::now();
        let seen = client.page(url, cookies);
        took = took.max(started.elapsed());
        seen
    });
    let page = trail.site();
    let panel = args.panel.clone().unwrap_or_else(|| format!("{}login/", args.admin_url));
    let (panel, health) = (&panel, &args.health);
    let site = Site { client: &client, url: &page.url, cookies: &page.cookies, panel, health };
    let expected = args.expect.map(Expected::from);
    let status = page.seen.is_ok().then(|| {
        progress.show(format!("Asking {} for its state", page.url));
        site.ask(&Question::Status)
    });
    let mut questions = questions(&trail, status.as_ref().and_then(Told::of), expected);
    if let Ok(answer) = &page.seen {
        questions.extend(client.other_addresses(&page.url, answer.from).into_iter().map(Question::At));
    }
    let number = questions.len();
    let (mut others, unasked) = round::ask_all(questions, |at, question| {
        progress.show(format!("Asking {} ({} of {number}): {}", page.url, at + 1, question.point()));
        site.ask(question)
    });
    drop(progress);
    others.extend(status.map(|seen| (Question::Status, seen)));
    let visits = Visits { trail, others, unasked, asked_at, took };
    let report = judge(&visits, expected);
    let url = visits.trail.site().url.as_str();
    if args.json {
        context.console.json(&report::view(url, &report, expected))?;
    } else {
        context.console.print(&report::page(&context.console, url, &report, expected))?;
    }
    Ok(if report.is_good() { Exit::Done } else { Exit::Failed })
}

/// Reads the address of a page.
fn address(typed: &str) -> Result<Url, String> {
    let typed = typed.trim();
    let whole = if typed.contains("://") { typed.to_owned() } else { format!("https://{typed}") };
    let wrong =
        || format!("`{}` is not the address of a page, such as https://shop.example.com/", without_secret(typed));
    if typed.starts_with('/') {
        return Err(wrong());
    }
    let mut url = Url::parse(&whole).map_err(|_| wrong())?;
    url.set_fragment(None);
    match url.scheme() {
        "http" | "https" if url.username().is_empty() && url.password().is_none() => Ok(url),
        "http" | "https" => Err("no name and password can be sent: visitors have none".to_owned()),
        _ => Err(wrong()),
    }
}

/// What was typed, without the name and password in it.
fn without_secret(typed: &str) -> String {
    match typed.rsplit_once('@') {
        Some((_, host)) => format!("…@{}", text::plain(host)),
        None => text::plain(typed),
    }
}

fn timeout(typed: &str) -> Result<Duration, String> {
    Ok(time::duration(typed)?.unsigned_abs())
}

fn path(typed: &str) -> Result<String, String> {
    if typed.starts_with('/') { Ok(typed.to_owned()) } else { Err("a path begins with /".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_people_type_it() {
        for (typed, meant) in [
            ("shop.example.com", Some("https://shop.example.com/")),
            ("shop.example.com:8443/cart?x=1#top", Some("https://shop.example.com:8443/cart?x=1")),
            ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080/")),
            (" https://Bücher.example ", Some("https://xn--bcher-kva.example/")),
            ("ftp://shop.example.com/", None),
            ("https://ada:secret@shop.example.com/", None),
            ("https://", None),
            ("", None),
            ("/cart", None),
        ] {
            assert_eq!(address(typed).ok().as_ref().map(Url::as_str), meant, "{typed}");
        }
    }
}
