//! The questions as requests.

use actix_web::http::header::HttpDate;
use url::Url;

use super::client::{Client, Request};
use crate::clock;
use crate::probe::{Question, Seen};
use crate::rules::STATUS_PATH;

/// What every browser sends with an upgrade; the key is the example of RFC 6455, section 1.3.
const UPGRADE: [&str; 4] = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

/// The headers of a small form.
const FORM: [&str; 2] = ["Connection: close", "Content-Type: application/x-www-form-urlencoded"];

/// A site that is asked.
pub struct Site<'a> {
    pub client: &'a Client,
    /// Address of the page.
    pub url: &'a Url,
    /// What it wants to be brought back before it gives the page; mostly empty.
    pub cookies: &'a str,
    /// Path of the panel's log-in.
    pub panel: &'a str,
    /// Path of the health check.
    pub health: &'a str,
}

impl Site<'_> {
    /// Asks one question.
    pub fn ask(&self, question: &Question) -> Seen {
        let url = self.address(question);
        let get = Request { cookies: self.cookies, ..Request::get(&url) };
        let origin = format!("Origin: {}", url.origin().ascii_serialization());
        let now = std::time::SystemTime::from(clock::now());
        self.client.ask(&match question {
            Question::Head => Request { method: "HEAD", ..get },
            Question::EmptyPost => Request { method: "POST", ..get },
            Question::Form => Request { method: "POST", headers: FORM.to_vec(), body: "maintenance-check=1", ..get },
            Question::Writing(method @ ("DELETE" | "POST")) => Request { method, ..get },
            Question::Writing(method) => Request { method, headers: FORM.to_vec(), body: "maintenance-check=1", ..get },
            Question::Options => Request {
                method: "OPTIONS",
                accept: "*/*",
                headers: vec!["Connection: close", &origin, "Access-Control-Request-Method: POST"],
                ..get
            },
            Question::Json | Question::Status => Request { accept: "application/json", ..get },
            Question::WebSocket => {
                let headers = UPGRADE.into_iter().chain([origin.as_str()]).collect();
                Request { accept: "*/*", headers, ..get }
            }
            Question::Part(_) | Question::Robots => Request { accept: "*/*", ..get },
            Question::Kept(tag) => {
                let (tag, since) =
                    (format!("If-None-Match: {tag}"), format!("If-Modified-Since: {}", HttpDate::from(now)));
                return self.client.ask(&Request { headers: vec!["Connection: close", &tag, &since], ..get });
            }
            Question::Range => Request { headers: vec!["Connection: close", "Range: bytes=0-0"], ..get },
            Question::At(address) => Request { at: Some(*address), ..get },
            Question::Onward(_)
            | Question::Fresh
            | Question::Again
            | Question::UnknownPath
            | Question::Panel
            | Question::Health => get,
        })
    }

    fn address(&self, question: &Question) -> Url {
        let mut url = self.url.clone();
        match question {
            Question::Part(url) | Question::Onward(url) => return url.clone(),
            Question::Robots => at_path(&mut url, "/robots.txt"),
            Question::Status => {
                at_path(&mut url, STATUS_PATH);
                // It may be kept for a while, and a maintenance may just have ended.
                url.query_pairs_mut().append_pair("maintenance-check", &nonce());
            }
            Question::Fresh => {
                url.query_pairs_mut().append_pair("maintenance-check", &nonce());
            }
            Question::UnknownPath | Question::Writing(_) => {
                // Beside the page: what stands above it may be another site's.
                let folder = url.path().rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
                at_path(&mut url, &format!("{folder}/maintenance-check-{}", nonce()))
            }
            Question::Panel => at_path(&mut url, self.panel),
            Question::Health => at_path(&mut url, self.health),
            _ => {}
        }
        url
    }
}

fn at_path(url: &mut Url, path: &str) {
    url.set_query(None);
    url.set_path(path);
}

/// A word that nobody has asked with before.
fn nonce() -> String {
    format!("{:016x}", rand::random::<u64>())
}
