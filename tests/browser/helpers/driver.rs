//! Debian's chromedriver, and the few words of WebDriver that we say to it.
//!
//! WebDriver is JSON over HTTP: <https://www.w3.org/TR/webdriver2/>.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;

use super::program::stop;

/// A running chromedriver with one session; both end when it is dropped.
pub struct Driver {
    child: Child,
    agent: Agent,
    origin: String,
    session: String,
    /// Process id of the browser, to end it when the driver cannot.
    browser: Option<u64>,
}

/// Speaks HTTP to this machine only; every status is an answer.
pub fn agent() -> Agent {
    let config = Agent::config_builder().timeout_global(Some(Duration::from_secs(120))).http_status_as_error(false);
    config.proxy(None).max_redirects(0).build().into()
}

impl Driver {
    /// Starts chromedriver on a free port and a browser with these options.
    pub fn start(options: &Value) -> Self {
        // It looks for a port that is free on one address family, and gives up when the other's is taken.
        let (child, port) = (0..10).find_map(|_| Self::listening()).expect("chromedriver finds a port");
        let origin = format!("http://127.0.0.1:{port}");
        let mut driver = Self { child, agent: agent(), origin, session: String::new(), browser: None };
        let wanted = json!({ "capabilities": { "alwaysMatch": options } });
        let session = driver.call("POST", "/session", &wanted).expect("a session begins");
        driver.session = session["sessionId"].as_str().expect("a session has an id").to_owned();
        driver.browser = session["capabilities"]["goog:processID"].as_u64();
        driver
    }

    /// A chromedriver with its port; `None` when it ended before it listened.
    fn listening() -> Option<(Child, String)> {
        let mut child = Command::new("chromedriver")
            .args(["--port=0", "--log-level=SEVERE"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver can be started (tests/run installs it)");
        let lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            Some(line.split_once("started successfully on port ")?.1.trim_end_matches('.').to_owned())
        });
        if port.is_none() {
            child.wait().expect("it has ended");
        }
        Some((child, port?))
    }

    /// A command of the session: `POST` with a body.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.call("POST", &format!("/session/{}/{path}", self.session), body)
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let url = format!("{}{path}", self.origin);
        let answer = match method {
            "POST" => self.agent.post(url).content_type("application/json").send(body.to_string()),
            _ => self.agent.delete(url).call(),
        };
        let mut answer = answer.map_err(|error| format!("{method} {path}: {error}"))?;
        let text =
            answer.body_mut().with_config().limit(64 << 20).read_to_string().map_err(|error| error.to_string())?;
        let mut whole: Value = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        let value = whole["value"].take();
        match value.get("error").and_then(Value::as_str) {
            Some(error) => Err(format!("{error}: {}", value["message"].as_str().unwrap_or_default())),
            None => Ok(value),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let is_closed = self.call("DELETE", &format!("/session/{}", self.session), &Value::Null).is_ok();
        if let Some(browser) = self.browser.filter(|_| !is_closed) {
            Command::new("kill").args(["-KILL", &browser.to_string()]).status().ok();
        }
        stop(&mut self.child);
    }
}
