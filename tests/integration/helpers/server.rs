//! A real server on a free port with a database of its own, stopped when dropped.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer};
use maintenance_mode::actions::{Actions, Actor, Save, Start};
use maintenance_mode::record::SiteRecord;
use maintenance_mode::site::{Alias, Domain, Site, SiteId};
use maintenance_mode::{Maintenance, sample};

use super::{Request, Response, eventually};

/// Settings of a server that is about to start.
pub struct ServerBuilder {
    settings: Vec<(String, String)>,
}

/// A running server.
pub struct TestServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// The maintenance mode of the server, to look at its state.
    pub maintenance: Maintenance,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
    folder: tempfile::TempDir,
}

/// A server of the sample site with its panel.
pub fn a_server() -> ServerBuilder {
    ServerBuilder { settings: Vec::new() }
}

impl ServerBuilder {
    /// Sets a setting by the name of its variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it.
    pub fn start(self) -> TestServer {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let database = folder.path().join("test.sqlite3");
        let mut builder = Maintenance::builder().database_url(database.to_str().expect("the path is text"));
        for (name, value) in &self.settings {
            builder =
                builder.setting(name, &value.replace("{folder}", folder.path().to_str().expect("the path is text")));
        }
        let maintenance = builder.build().expect("the server can be built");
        let app = maintenance.clone();
        let (send, receive) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    App::new()
                        .wrap(app.gate())
                        .configure(app.admin())
                        .configure(app.endpoints())
                        .configure(sample::configure(&app))
                })
                .workers(2)
                .shutdown_timeout(1)
                .bind("127.0.0.1:0")
                .expect("a port is free");
                let address = server.addrs()[0];
                let server = server.disable_signals().run();
                send.send((address, server.handle())).expect("the test waits");
                server.await.expect("the server runs until it is stopped");
            });
        });
        let (address, handle) = receive.recv().expect("the server starts");
        TestServer { address, maintenance, handle, thread: Some(thread), folder }
    }
}

impl TestServer {
    /// The folder of the database and of own templates.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Sends a request.
    pub fn send(&self, request: Request) -> Response {
        request.send(self.address)
    }

    /// The actions of the server, as an operator at its shell has them.
    pub fn actions(&self) -> &Actions {
        self.maintenance.actions()
    }

    /// Adds a site.
    pub fn add_site(&self, domain: &str, aliases: &[&str]) -> SiteId {
        let mut record = a_record(domain);
        record.site.aliases =
            aliases.iter().map(|alias| Alias::parse(alias).expect("the test gives an alias")).collect();
        let done = self.actions().site_add(&operator(), &record).expect("the site can be added");
        self.reach(done.revision.0);
        done.value.site.id
    }

    /// Changes a site's record.
    pub fn edit(&self, site: SiteId, edit: impl FnOnce(&mut SiteRecord)) {
        let save = Save { confirm_all: true, ..Save::default() };
        let done = self
            .actions()
            .record_edit(&operator(), site, &save, |record| {
                edit(record);
                Ok(())
            })
            .expect("the record can be saved");
        self.reach(done.revision.0);
    }

    /// Starts maintenance on a site.
    pub fn close(&self, site: SiteId) {
        let done = self.actions().start(&operator(), &[site], &Start::default()).expect("maintenance can start");
        self.reach(done.revision.0);
    }

    /// Ends maintenance on a site.
    pub fn open(&self, site: SiteId) {
        let done = self.actions().end(&operator(), &[site]).expect("maintenance can end");
        self.reach(done.revision.0);
    }

    /// Waits until the server enforces a revision.
    pub fn reach(&self, revision: i64) {
        eventually("the server enforces the revision", || self.maintenance.snapshot().revision().0 >= revision);
    }
}

/// The record of a new site.
pub fn a_record(domain: &str) -> SiteRecord {
    SiteRecord::new(Site {
        id: SiteId(0),
        domain: Domain::parse(domain).expect("the test gives a domain"),
        name: String::new(),
        aliases: Vec::new(),
        is_default: false,
        is_protected: false,
        time_zone: "UTC".to_owned(),
    })
}

/// Somebody at the shell of the server.
pub fn operator() -> Actor {
    Actor::operator("CLI, root@test")
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// The site that every fresh database has.
pub const FIRST_SITE: SiteId = SiteId(1);

/// An address at which no database answers: the port is free, and stays so.
pub const NO_DATABASE: &str = "postgres://nobody@127.0.0.1:1/none?connect_timeout=2";
