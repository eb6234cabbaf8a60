//! The parts joined: database, actions, the thread that follows changes, and who is signed in.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpMessage as _, HttpRequest};
use jiff::{SignedDuration, Timestamp};

use crate::actions::{ActionError, Actions, Actor};
use crate::auth::{Auth, LateSessions, setup_token};
use crate::change::Revision;
use crate::clock;
use crate::config::{Settings, SettingsError};
use crate::draining::{Left, settle};
use crate::endpoints;
use crate::lasting;
use crate::maintenance::Phase;
use crate::metrics::Propagation;
use crate::middleware::{
    Gate, GateParts, HoldHandler, HoldInfo, InForce, MaintenanceStatus, Role, StaffHook, named_host_of, passes_by_path,
};
use crate::pattern::PatternError;
use crate::propagation::{
    Beginning, Contact, ContactError, Enforced, Follower, Following, Health, PhaseWatch, Phases, TemplateFolder,
};
use crate::public;
use crate::site::{SiteId, request_host};
use crate::snapshot::Snapshot;
use crate::storage::{Store, StoreError};
use crate::tally::Tallies;
use crate::visit::SignedIn;
use crate::visits::{SignedInHook, SiteSessions, Visits};

/// How long a request of the panel waits until its own change is in force on this server.
const OWN_CHANGE_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a lease that went by itself stays to be seen.
const LIFTED_LEASES_KEPT: SignedDuration = SignedDuration::from_hours(1);

/// How often what is over by age is removed.
const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(3600);

/// When that is tried again while the database does not answer.
const HOUSEKEEPING_RETRY: Duration = Duration::from_secs(60);

/// Maintenance mode for an Actix application: the gate, the panel and the state behind them.
///
/// Cloning is cheap and shares everything. Make one before `HttpServer::new` and clone it into the factory.
///
/// # Examples
/// ```no_run
/// use actix_web::{App, HttpServer};
/// use maintenance_mode::Maintenance;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let maintenance = Maintenance::builder().build()?;
/// HttpServer::new(move || App::new().wrap(maintenance.gate()).configure(maintenance.admin()))
///     .bind("127.0.0.1:8080")?
///     .run()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Maintenance(Arc<Parts>);

struct Parts {
    settings: Settings,
    actions: Actions,
    enforced: Enforced,
    auth: Arc<Auth>,
    visits: Visits,
    gate: Arc<GateParts>,
    propagation: Propagation,
    phases: Arc<Phases>,
    started_at: Timestamp,
    #[cfg(feature = "admin")]
    left: Left,
    #[cfg(feature = "admin")]
    watches: crate::admin::Watches,
}

/// Why maintenance mode could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting is wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// `SITE_ID` names no site.
    #[error("SITE_ID is {id}, but there is no such site; there are: {known}")]
    NoSuchSite { id: SiteId, known: String },
    /// The patterns of `MAINTENANCE_ADMIN_IGNORED_URLS` do not compile together.
    #[error("MAINTENANCE_ADMIN_IGNORED_URLS cannot be used")]
    Patterns(#[from] PatternError),
}

/// Settings and hooks of a [`Maintenance`], checked by [`MaintenanceBuilder::build`].
///
/// Begins with the environment: every setting of `maintenance serve --help` that is set there is in force, and
/// what is called here wins over it.
#[must_use]
pub struct MaintenanceBuilder {
    /// Instead of those of the environment.
    settings: Option<Settings>,
    /// What was set by name, in that order.
    given: Vec<(String, String)>,
    staff: Option<StaffHook>,
    signed_in: Option<SignedInHook>,
    on_hold: Option<HoldHandler>,
}

impl Maintenance {
    /// Begins with the settings of the environment.
    pub fn builder() -> MaintenanceBuilder {
        MaintenanceBuilder { settings: None, given: Vec::new(), staff: None, signed_in: None, on_hold: None }
    }

    /// The middleware. Wrap it outermost, so that a held request reaches nothing.
    pub fn gate(&self) -> Gate {
        Gate::new(Arc::clone(&self.0.gate))
    }

    /// Sessions for the users of the application, kept in the database: to be wrapped around its handlers, inside of the
    /// gate. Handlers take [`actix_session::Session`], and [`SiteSession`](crate::visits::SiteSession) to sign people in
    /// and out; who is signed in counts as at work while a site drains.
    pub fn sessions(&self) -> LateSessions<SiteSessions> {
        LateSessions(SiteSessions { visits: self.0.visits.clone(), gate: Arc::clone(&self.0.gate) })
    }

    /// Mounts the panel under its path, `/admin/` by default.
    #[cfg(feature = "admin")]
    pub fn admin(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let maintenance = self.clone();
        move |config| {
            config.app_data(maintenance.in_force());
            crate::admin::configure(maintenance, config);
        }
    }

    /// Mounts `/healthz` and `/readyz`, `/metrics` when `METRICS_TOKEN` is set, and what visitors may know:
    /// `/maintenance/status.json`, `/maintenance/notice.js` and `/maintenance/calendar.ics`; for a web server in front,
    /// `/maintenance/check` and `/maintenance/page`.
    pub fn endpoints(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let maintenance = self.clone();
        move |config| {
            public::configure(maintenance.in_force(), maintenance.visits(), config);
            maintenance.gate().check()(config);
            endpoints::configure(&maintenance, config);
        }
    }

    /// Who is at work on the sites.
    pub(crate) fn visits(&self) -> &Visits {
        &self.0.visits
    }

    /// The state in force, for handlers that tell people of it.
    fn in_force(&self) -> Data<InForce> {
        Data::new(InForce::new(Arc::clone(self.0.enforced.pointer())))
    }

    /// Everything that can be done, with the same checks and the same log as in the panel.
    pub fn actions(&self) -> &Actions {
        &self.0.actions
    }

    /// The database, for reading.
    pub fn store(&self) -> &Store {
        self.0.actions.store()
    }

    /// The state in force on this server.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.0.enforced.load()
    }

    /// How this server fares with the database.
    pub fn health(&self) -> Arc<Health> {
        self.0.enforced.health()
    }

    /// When the database last confirmed that the state in force is the newest: within the last second or so while it
    /// answers; `None` when it never has since the start.
    pub fn confirmed_at(&self) -> Option<Timestamp> {
        self.0.enforced.confirmed_at()
    }

    /// When the state in force was last known to be the newest: when the database confirmed it, or the mirror that it
    /// was read from. `None` when nobody knows.
    pub fn as_of(&self) -> Option<Timestamp> {
        self.health().source.as_of(self.confirmed_at())
    }

    /// How long ago [`Maintenance::as_of`] is; never negative.
    pub fn age(&self, now: Timestamp) -> Option<SignedDuration> {
        self.as_of().map(|as_of| now.duration_since(as_of).max(SignedDuration::ZERO))
    }

    /// The state in force, behind its atomic pointer, and how it gets there.
    pub fn enforced(&self) -> &Enforced {
        &self.0.enforced
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Path of the one-time link that creates the first superuser; `None` when there is a superuser already. Each call
    /// makes a new link, which replaces the last.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn setup_path(&self) -> Result<Option<String>, StoreError> {
        let store = self.store().clone();
        let token = self.store().apart(move || setup_token(&store)).await?;
        Ok(token.map(|token| format!("{}setup/{token}/", self.admin_url())))
    }

    /// Path of the panel, with a slash at each end.
    pub fn admin_url(&self) -> &str {
        &self.0.settings.gate.admin_url
    }

    /// Who may log in, and who is.
    pub(crate) fn auth(&self) -> &Arc<Auth> {
        &self.0.auth
    }

    /// Follows the phase of the site that a request is for, for a connection that stays open after its request, such as
    /// a WebSocket or a stream of events: the gate let it through, and does not cut it when the site closes.
    ///
    /// # Examples
    /// ```no_run
    /// # use actix_web::HttpRequest;
    /// # use maintenance_mode::Maintenance;
    /// # async fn next_message() {}
    /// async fn serve(req: HttpRequest, maintenance: Maintenance) {
    ///     let mut watch = maintenance.phases(&req);
    ///     loop {
    ///         tokio::select! {
    ///             () = watch.in_maintenance() => break, // Say goodbye: a WebSocket with 1012, Service Restart.
    ///             () = next_message() => {}
    ///         }
    ///     }
    /// }
    /// ```
    pub fn phases(&self, req: &HttpRequest) -> PhaseWatch {
        let snapshot = self.snapshot();
        let by_gate = req.extensions().get::<MaintenanceStatus>().map(|it| (it.is_let_through, it.phase));
        let is_let_through = by_gate == Some((true, Phase::Maintenance)) || passes_by_path(req, &snapshot);
        self.0.phases.watch(&named_host_of(req, &snapshot)).of_request(is_let_through)
    }

    /// Follows the phase of the site of a host, `shop.example.com`, as a request for it would find it: by domain, alias
    /// or wildcard, else the default site. Without any site it is open.
    pub fn phase_of(&self, host: &str) -> PhaseWatch {
        self.0.phases.watch(&request_host(host).unwrap_or_default())
    }

    /// How many requests are under way on this server: let through by the gate, and their answer's body has not ended.
    /// Of a site only those count that began while it was closed or a window was ahead; an open site is not told apart
    /// from others. Closing a site cuts none of them.
    pub fn in_flight(&self, site: Option<SiteId>) -> u64 {
        match site {
            Some(id) => self.tallies().under_way_by_site().get(&id).copied().unwrap_or(0),
            None => self.tallies().under_way(),
        }
    }

    /// What became of the requests that met the gate.
    pub(crate) fn tallies(&self) -> &Tallies {
        &self.0.gate.tallies
    }

    /// How long changes took to be enforced here.
    pub(crate) fn propagation(&self) -> &Propagation {
        &self.0.propagation
    }

    /// Who is left on the sites that drain.
    #[cfg(feature = "admin")]
    pub(crate) fn left(&self) -> &Left {
        &self.0.left
    }

    /// The drains that are watched in browsers.
    #[cfg(feature = "admin")]
    pub(crate) fn watches(&self) -> &crate::admin::Watches {
        &self.0.watches
    }

    /// When this was built.
    pub(crate) fn started_at(&self) -> Timestamp {
        self.0.started_at
    }

    /// Takes this server out of the list of those that decide, so that nobody waits for it. To be called when it stops;
    /// a server that does not counts as alive for some seconds more.
    ///
    /// # Errors
    /// When the database fails.
    pub fn leave(&self) -> Result<(), StoreError> {
        let name = self.0.settings.server.name();
        self.store().write_beside(|writer| writer.server_delete_named(&name))
    }

    /// Waits until a change is in force on this server, so that a request sent next meets it.
    pub async fn wait_for(&self, revision: Revision) -> bool {
        self.0.enforced.wait_for(revision, OWN_CHANGE_TIMEOUT).await
    }
}

impl MaintenanceBuilder {
    /// Replaces all settings.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = Some(settings);
        self.given.clear();
        self
    }

    /// Where the state lives: `sqlite://FILE` or `postgres://…`.
    pub fn database_url(self, url: &str) -> Self {
        self.setting("DATABASE_URL", url)
    }

    /// Sets any setting by the name of its variable, such as `INTERNAL_IPS`.
    ///
    /// # Examples
    /// ```no_run
    /// # use maintenance_mode::Maintenance;
    /// let maintenance = Maintenance::builder().setting("INTERNAL_IPS", "10.0.0.0/8").build();
    /// ```
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.given.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Asks the application who sends a request, for applications with their own log-in. Asked on closed sites only, by
    /// requests that no address and no ignored pattern let through; for reading, too, while a site is closed for
    /// writing. Must not keep the request after it has answered.
    pub fn staff_when<F, Fut>(mut self, ask: F) -> Self
    where
        F: Fn(actix_web::HttpRequest) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Role> + 'static,
    {
        self.staff = Some(StaffHook::new(ask));
        self
    }

    /// Asks the application who is signed in, for applications with their own sessions, so that a drain waits for their
    /// users and lets them finish. Asked with every request but those for the panel and the endpoints, also while the
    /// site is open; an application that does not set it pays nothing. Must not keep the request after it has answered.
    ///
    /// The gate is outermost: the function sees the request as it came, before any other middleware.
    ///
    /// # Examples
    /// ```no_run
    /// use actix_web::HttpRequest;
    /// use maintenance_mode::Maintenance;
    /// use maintenance_mode::visit::SignedIn;
    ///
    /// async fn signed_in(req: HttpRequest) -> Option<SignedIn> {
    ///     let cookie = req.cookie("session")?;
    ///     // Look it up as the application does, with the name and the time of the sign-in.
    ///     Some(SignedIn { key: cookie.value().to_owned(), name: String::new(), since: jiff::Timestamp::UNIX_EPOCH })
    /// }
    ///
    /// let maintenance = Maintenance::builder().signed_in_when(signed_in).build();
    /// ```
    pub fn signed_in_when<F, Fut>(mut self, ask: F) -> Self
    where
        F: Fn(actix_web::HttpRequest) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Option<SignedIn>> + 'static,
    {
        self.signed_in = Some(SignedInHook::new(ask));
        self
    }

    /// Answers held requests by a function of the application instead of the maintenance page (Django's
    /// `handler503`). What it returns is sent with `Retry-After`, `no-store` and `X-Maintenance` where it has none.
    pub fn on_hold<F>(mut self, handler: F) -> Self
    where
        F: Fn(&actix_web::HttpRequest, &HoldInfo) -> actix_web::HttpResponse + Send + Sync + 'static,
    {
        self.on_hold = Some(HoldHandler::new(handler));
        self
    }

    /// Opens the database, migrates it, makes the first site when there is none, and starts to follow changes.
    /// Blocks for some milliseconds.
    ///
    /// A database that does not answer, but may soon, does not end the start: the server goes on from its mirror of the
    /// last known state, without one as `MAINTENANCE_ON_UNKNOWN` says, and everything else is made up for when the
    /// database answers. [`Maintenance::health`] tells.
    ///
    /// # Errors
    /// A wrong setting, a database that cannot be used until somebody changes something.
    pub fn build(self) -> Result<Maintenance, BuildError> {
        let settings = match self.settings {
            Some(settings) => {
                let with = |settings: Settings, (name, value): &(String, String)| settings.with(name, value);
                self.given.iter().try_fold(settings, with)?
            }
            None => Settings::from_environment_with(&self.given)?,
        };
        settings.server.check()?;
        let store = settings.database.store();
        let auth = Arc::new(Auth::new(&store, &settings.server));
        let mirror = settings.server.mirror_path(store.url());
        let contact = Contact::new(&store, &settings, auth.keys(), mirror);
        let rules = Arc::new(settings.gate.rules()?);
        let folder = TemplateFolder::new(settings.gate.templates.as_deref(), settings.gate.template_503.as_deref());
        let beginning = Beginning::find(&contact, &rules, folder.load(), Some(settings.gate.on_unknown))?;

        let visits = Visits::new(&store, auth.keys(), &settings, self.signed_in);
        let (people, at_work) = (Arc::clone(&auth), visits.clone());
        let on_change = Box::new(move |actions: &[String]| {
            people.identities().forget_after(actions);
            at_work.forget_after(actions);
        });
        let files = settings.gate.maintenance_file.clone().map(|path| (path, None));
        let following = Following { contact, rules, folder, on_change, files, name: settings.server.name() };
        let enforced = Follower::start(following, beginning)?;

        let propagation = Propagation::default();
        let observed = propagation.clone();
        enforced.on_enforced(move |time| observed.observe(time));
        let wake = enforced.clone();
        let (idle, left) = (settings.visits.idle(), Left::default());
        // Without a word to the follower, which it would keep alive; that looks by itself.
        let quietly = Actions::new(store.clone(), || {}).with_visit_idle(idle);
        settle(&auth, &enforced, quietly, left.clone());
        let actions = Actions::new(store, move || wake.wake()).with_visit_idle(idle);
        keep_house(&auth, &visits);
        let phases = enforced.phases();
        let gate = Arc::new(GateParts {
            snapshot: Arc::clone(enforced.pointer()),
            identities: Some(Arc::clone(auth.identities())),
            visits: Some(visits.clone()),
            staff: self.staff,
            on_hold: self.on_hold,
            tallies: Arc::default(),
            answers_check: AtomicBool::default(),
        });
        Ok(Maintenance(Arc::new(Parts {
            settings,
            actions,
            enforced,
            auth,
            visits,
            gate,
            propagation,
            phases,
            started_at: clock::now(),
            #[cfg(feature = "admin")]
            left,
            #[cfg(feature = "admin")]
            watches: crate::admin::Watches::default(),
        })))
    }
}

impl From<ContactError> for BuildError {
    fn from(error: ContactError) -> Self {
        match error {
            ContactError::Store(error) => Self::Store(error),
            ContactError::NoSuchSite { id, known } => Self::NoSuchSite { id, known },
            ContactError::Gone { .. } | ContactError::Emptied { .. } | ContactError::Another => {
                unreachable!("these are told only to who has a state to go on with")
            }
        }
    }
}

/// Clears away leases that went by themselves a while ago; they hold nothing any more.
fn clear_leases(store: &Store) -> Result<(), StoreError> {
    let (actions, before) = (Actions::new(store.clone(), || {}), clock::now() - LIFTED_LEASES_KEPT);
    store.apart_blocking(move || match actions.lease_purge(&Actor::system(), before) {
        Ok(_) => Ok(()),
        Err(ActionError::Store(error)) => Err(error),
        Err(other) => unreachable!("the program itself may do that: {other}"),
    })
}

/// Removes leases, sessions, visits and counts of failures that are over by age, at start and hourly, for as long as
/// `auth` is held.
fn keep_house(auth: &Arc<Auth>, visits: &Visits) {
    let (auth, purge_visits) = (Arc::downgrade(auth), visits.purge());
    let work = move || {
        while let Some(auth) = auth.upgrade() {
            let done = lasting::round(|| {
                auth.purge(clock::now())?;
                clear_leases(auth.store())?;
                purge_visits(clock::now())
            });
            let failed = |error: &dyn std::fmt::Display| {
                log::warn!("What is over by age could not be removed, which is tried again in an hour: {error}");
                HOUSEKEEPING_EVERY
            };
            let pause = match done {
                Ok(Ok(_)) => HOUSEKEEPING_EVERY,
                // The follower says that the database does not answer.
                Ok(Err(error)) if error.is_passing() => HOUSEKEEPING_RETRY,
                Ok(Err(error)) => failed(&error),
                Err(fault) => failed(&fault),
            };
            drop(auth);
            std::thread::sleep(pause);
        }
    };
    if let Err(error) = std::thread::Builder::new().name("housekeeper".to_owned()).spawn(work) {
        log::warn!("What is over by age is not removed: no thread could be started: {error}");
    }
}
