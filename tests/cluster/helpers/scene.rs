//! A site in use: two servers, somebody at the panel, and visitors all the time.

use std::time::{Duration, Instant};

use super::{Browser, Cluster, Machine, PASSWORD, PageForm, Server, Visitor, commands_on, within};

/// How long a server may take to see that the database is gone, or is there again.
pub const SOON: Duration = Duration::from_secs(20);

/// What the panel says while the database is away.
pub const AWAY: [&str; 2] = ["The database does not answer", "1 in maintenance"];

/// The field of the message that is typed.
const MESSAGE: &str = "messages[0][body]";

/// Two servers with an open site and a closed one, somebody at the panel of the first, and visitors at both.
pub struct Scene {
    /// The database of both.
    pub cluster: Cluster,
    /// A shell that reaches the database directly.
    pub operator: Machine,
    /// Both servers.
    pub servers: Vec<Server>,
    /// A superuser at the panel of the first.
    pub ada: Browser,
    /// Path of the form of the closed site.
    pub form: String,
    /// One at each server.
    pub visitors: Vec<Visitor>,
}

impl Scene {
    /// Servers that reach the database directly.
    pub fn new(cluster: Cluster) -> Self {
        let url = cluster.url();
        Self::reached_by(cluster, &url)
    }

    /// The same, with servers that reach the database by an address of their own.
    pub fn reached_by(cluster: Cluster, url: &str) -> Self {
        let operator = commands_on(&cluster.url()).env("DATABASE_CONNECT_TIMEOUT", "2");
        operator.run("migrate").succeeds();
        operator.run("site add open.example").succeeds();
        operator.run("site add closed.example").succeeds();
        operator.run("on closed.example").succeeds();
        operator.run_with_stdin("user createsuperuser --username ada --password-stdin", PASSWORD).succeeds();
        let server = |number| {
            let server = Server::on(url, &format!("web{number}"));
            server.with("DATABASE_CONNECT_TIMEOUT", "2").with("DATABASE_STATEMENT_TIMEOUT", "2").started()
        };
        let servers: Vec<Server> = (1..=2).map(server).collect();
        let ada = servers[0].sign_in("ada");
        let site = operator.state("closed.example")["id"].as_i64().expect("a site has an id");
        let sites = [("open.example", 200), ("closed.example", 503)];
        let visitors = servers.iter().map(|server| Visitor::start(server.address, &sites)).collect();
        Self { cluster, operator, servers, ada, form: format!("/admin/sites/{site}/"), visitors }
    }

    /// Waits until every server has noticed.
    pub fn everybody_notices(&self) {
        for server in &self.servers {
            server.notices_the_outage(SOON);
        }
    }

    /// Closes and opens a site, and sees every server follow by itself.
    pub fn works_again(&self) {
        for server in &self.servers {
            server.recovers(SOON);
        }
        self.all_are_live();
        for (command, status) in [("on", 503), ("off", 200)] {
            self.expect("open.example", &[200, 503]);
            self.operator.run(&format!("{command} open.example --wait --timeout 20s")).succeeds();
            self.expect("open.example", &[status]);
            for server in &self.servers {
                assert_eq!(server.status("open.example"), status);
            }
        }
    }

    /// Waits until every server has told the database that it lives: only for those a change is confirmed.
    fn all_are_live(&self) {
        within(SOON, "every server counts as alive", || {
            let servers = self.operator.run("servers --json").succeeds().json();
            let live = servers.as_array().expect("a list").iter().filter(|server| server["live"] == true);
            live.count() == self.servers.len()
        });
    }

    /// What visitors may be answered from now on.
    pub fn expect(&self, host: &str, statuses: &[u16]) {
        for visitor in &self.visitors {
            visitor.expect(host, statuses);
        }
    }

    /// The form of the closed site, with a message typed into it.
    pub fn typed(&self, message: &str) -> PageForm {
        PageForm::of(&self.ada.get(&self.form).text(), "form#site").with(MESSAGE, message)
    }

    /// Sends a form during an outage: a clear page comes soon, with these words and with everything that was typed.
    pub fn is_refused_in_words(&self, typed: &PageForm, words: &[&str]) -> PageForm {
        let started = Instant::now();
        let answer = self.ada.post(&self.form, &typed.fields());
        assert!(started.elapsed() < SOON, "the panel took {:?}", started.elapsed());
        let text = answer.text();
        assert_eq!(answer.status, 503, "{text}");
        for words in words {
            assert!(text.contains(words), "{words} is not in {text}");
        }
        // Either the page of the site again, or a page of its own when not even who asks can be known.
        let selector = if text.contains("id=\"site\"") { "form#site" } else { "main form" };
        let kept = PageForm::of(&text, selector);
        assert_eq!(kept.get(MESSAGE), typed.get(MESSAGE), "what was typed is kept: {text}");
        kept
    }

    /// Sends what was kept once more, and finds it saved.
    pub fn is_saved_afterwards(&self, kept: &PageForm) {
        let answer = self.ada.post(&self.form, &kept.fields());
        assert_eq!(answer.status, 303, "{}\n{}", answer.text(), self.servers[0].log());
        let form = PageForm::of(&self.ada.get(&self.form).text(), "form#site");
        assert_eq!(form.get(MESSAGE), kept.get(MESSAGE));
    }

    /// Changes the message of another site again and again, until that is refused; the words.
    pub fn writes_until_refused(&self) -> String {
        for number in 0..2_000 {
            let message = format!("{number} {}", "x".repeat(1_900));
            let ran = self.operator.run_words(&["on", "other.example", "--message", &message]);
            if ran.code != 0 {
                return ran.ends_with(1).err;
            }
        }
        panic!("a full disk takes everything");
    }

    /// No request of the whole time failed, and none was answered against the last known state.
    pub fn finish(self) {
        for visitor in self.visitors {
            visitor.finish();
        }
    }
}
