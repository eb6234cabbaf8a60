//! A browser of its own for one person: nothing is shared with another.

use serde_json::{Value, json};

use super::driver::Driver;
use super::eventually;
use super::keyboard::{Key, presses};

/// Settings of a browser that is about to start.
pub struct BrowserBuilder {
    has_script: bool,
    is_fast: bool,
}

/// A headless Chromium with a profile of its own, closed when dropped.
pub struct Browser {
    driver: Driver,
    // After the driver, so that it is removed when nobody writes to it any more.
    _profile: tempfile::TempDir,
}

/// A part of a page, as WebDriver names it.
type Element = Value;

/// A browser as it comes.
pub fn a_browser() -> BrowserBuilder {
    BrowserBuilder { has_script: true, is_fast: false }
}

impl BrowserBuilder {
    /// Script is off, as a person turns it off in the settings.
    pub fn without_script(self) -> Self {
        Self { has_script: false, ..self }
    }

    /// Timers of the pages run a hundred times faster, so that what they do by themselves is seen soon.
    pub fn with_fast_timers(self) -> Self {
        Self { is_fast: true, ..self }
    }

    /// Starts it.
    pub fn start(self) -> Browser {
        let profile = tempfile::tempdir().expect("a temporary folder can be made");
        let folder = profile.path().to_str().expect("the path is text");
        let script = if self.has_script { 1 } else { 2 };
        let driver = Driver::start(&json!({
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": {
                "args": [
                    "--headless=new",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-quic",
                    "--disable-sync",
                    "--disable-dev-shm-usage",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--no-first-run",
                    "--hide-scrollbars",
                    "--force-color-profile=srgb",
                    "--lang=en-US",
                    // Sites of the tests are here; nothing else is anywhere.
                    "--host-resolver-rules=MAP *.example.com 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                    format!("--user-data-dir={folder}"),
                ],
                "prefs": { "profile.managed_default_content_settings.javascript": script },
            },
        }));
        let browser = Browser { driver, _profile: profile };
        browser.resize(1280, 800);
        if self.is_fast {
            let source = "const slow = setTimeout; setTimeout = (work, after = 0) => slow(work, after / 100);";
            browser.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": source }));
        }
        browser
    }
}

impl Browser {
    /// Opens an address and waits until it is loaded.
    #[track_caller]
    pub fn open(&self, url: &str) {
        self.driver.post("url", &json!({ "url": url })).unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// Path and query of the page.
    pub fn path(&self) -> String {
        self.run("return location.pathname + location.search", &json!([])).as_str().unwrap_or_default().to_owned()
    }

    /// Runs a script on the page, whether or not the page may; waits for a promise.
    #[track_caller]
    pub fn run(&self, script: &str, arguments: &Value) -> Value {
        self.try_run(script, arguments).unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    fn try_run(&self, script: &str, arguments: &Value) -> Result<Value, String> {
        self.driver.post("execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// A command of Chromium's own protocol.
    #[track_caller]
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.driver.post("goog/cdp/execute", &body).unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Width and height of the window's inside, in CSS pixels.
    pub fn resize(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
    }

    /// What the system is said to prefer, and for which medium: `light` or `dark`, `screen` or `print`.
    pub fn prefer(&self, scheme: &str, medium: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools("Emulation.setEmulatedMedia", &json!({ "media": medium, "features": features }));
    }

    /// The part of the page that a selector names, once it is there.
    #[track_caller]
    pub fn find(&self, selector: &str) -> Element {
        let script = "return document.querySelector(arguments[0])";
        eventually(&format!("{selector} is on the page"), || self.try_find(script, selector))
    }

    /// The shown control with this label, once it is there.
    #[track_caller]
    pub fn labelled(&self, label: &str) -> Element {
        let script = "return [...document.querySelectorAll('label')]
            .filter((label) => label.getClientRects().length && label.textContent.trim() === arguments[0])
            .map((label) => label.control)[0]";
        eventually(&format!("a control is labelled “{label}”"), || self.try_find(script, label))
    }

    /// The shown button or link with this whole text, words for screen readers included, once it is there.
    #[track_caller]
    pub fn named(&self, text: &str) -> Element {
        let script = "return [...document.querySelectorAll('button, a, summary')].find((element) =>
            element.getClientRects().length && element.textContent.replace(/\\s+/g, ' ').trim() === arguments[0])";
        eventually(&format!("a button or link is named “{text}”"), || self.try_find(script, text))
    }

    fn try_find(&self, script: &str, argument: &str) -> Result<Element, String> {
        match self.try_run(script, &json!([argument]))? {
            Value::Null => Err(format!("not among: {}", self.text())),
            element => Ok(element),
        }
    }

    /// Clicks, on this page.
    #[track_caller]
    pub fn click(&self, element: &Element) {
        let id = id(element);
        self.driver.post(&format!("element/{id}/click"), &json!({})).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Replaces what a control holds by typing.
    #[track_caller]
    pub fn fill(&self, element: &Element, text: &str) {
        let id = id(element);
        self.driver.post(&format!("element/{id}/clear"), &json!({})).unwrap_or_else(|error| panic!("{error}"));
        let typed = self.driver.post(&format!("element/{id}/value"), &json!({ "text": text }));
        typed.unwrap_or_else(|error| panic!("{error}"));
    }

    /// Does something that leads to another page, and waits until that one is loaded.
    #[track_caller]
    pub fn follow(&self, act: impl FnOnce(&Self)) {
        self.run("window.isOld = true", &json!([]));
        act(self);
        eventually("the next page is loaded", || {
            let script = "return !window.isOld && document.readyState === 'complete'";
            match self.try_run(script, &json!([]))? {
                Value::Bool(true) => Ok(()),
                _ => Err(format!("still {}", self.path())),
            }
        });
    }

    /// Clicks the button or link of this name and waits for the page that it leads to.
    #[track_caller]
    pub fn press(&self, text: &str) {
        let element = self.named(text);
        self.follow(|browser| browser.click(&element));
    }

    /// Presses keys one after the other, wherever the focus is.
    #[track_caller]
    pub fn type_keys(&self, keys: &[Key]) {
        let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": presses(keys) }] });
        self.driver.post("actions", &actions).unwrap_or_else(|error| panic!("{error}"));
    }

    /// The text of what has the focus, or its label.
    pub fn focus(&self) -> String {
        let script = "const at = document.activeElement;
            return (at.labels?.[0] ?? at).textContent.replace(/\\s+/g, ' ').trim()";
        self.run(script, &json!([])).as_str().unwrap_or_default().to_owned()
    }

    /// The shown text of the page.
    pub fn text(&self) -> String {
        let text = self.try_run("return document.body.innerText", &json!([]));
        text.ok().and_then(|text| Some(text.as_str()?.to_owned())).unwrap_or_default()
    }

    /// Waits until the page shows this text.
    #[track_caller]
    pub fn shows(&self, text: &str) {
        eventually(&format!("the page shows “{text}”"), || {
            let shown = self.text();
            if shown.contains(text) { Ok(()) } else { Err(shown) }
        });
    }

    /// Fails if the page shows this text.
    #[track_caller]
    pub fn does_not_show(&self, text: &str) {
        let shown = self.text();
        assert!(!shown.contains(text), "{} shows “{text}”: {shown}", self.path());
    }

    /// Logs in by the form.
    #[track_caller]
    pub fn log_in(&self, origin: &str, username: &str, password: &str) {
        self.open(&format!("{origin}/admin/login/"));
        self.fill(&self.labelled("User name"), username);
        self.fill(&self.labelled("Password"), password);
        self.press("Log in");
        self.find("form[action$='/logout/']");
    }

    /// What the console said since the last time: refusals of the content security policy, errors of scripts. That a
    /// page itself came with an error status is no complaint.
    pub fn complaints(&self) -> Vec<String> {
        let entries = self.driver.post("se/log", &json!({ "type": "browser" })).expect("the console can be read");
        let entries = entries.as_array().cloned().unwrap_or_default();
        let is_ours = |entry: &&Value| {
            let message = entry["message"].as_str().unwrap_or_default();
            !(entry["source"] == "network" && message.contains("the server responded with a status of"))
        };
        entries.iter().filter(is_ours).map(Value::to_string).collect()
    }

    /// The inside of the window as a PNG.
    pub fn picture(&self) -> Vec<u8> {
        use base64::Engine as _;
        let picture = self.devtools("Page.captureScreenshot", &json!({ "format": "png", "optimizeForSpeed": false }));
        let text = picture["data"].as_str().expect("a picture");
        base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
    }
}

/// The identifier in a reference to an element.
fn id(element: &Element) -> &str {
    element["element-6066-11e4-a52e-4f735466cecf"].as_str().expect("a reference to an element")
}
