//! Registers running work, so that a drain waits for it and nothing new starts in a maintenance.
//!
//! A [`Task`] is a guard: the work counts from its registration until the guard falls. A thread of its own says every
//! five seconds that it runs, so it needs no runtime. A process that dies says nothing more, and twenty seconds
//! later nobody waits for it.

mod error;
mod keeper;

use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

pub use error::TaskError;
use keeper::{Keeper, Warn};

use crate::app::Maintenance;
use crate::config::host_name;
use crate::site::{SiteId, request_host};
use crate::storage::{NewTask, Store, StoreError};
use crate::task::{RunningTask, check_name};

/// How long a guard that falls waits until the task is taken out, so that a process that ends next leaves none behind.
const GONE_WITHIN: Duration = Duration::from_secs(1);

/// Pause between two looks at whether it is.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Running work that a drain waits for, as long as this is held.
///
/// Registering is refused while the site is draining or in maintenance; the check and the entry are one transaction in
/// the writers' turn, so nothing registers after a drain has begun. What has registered before is waited for: until
/// this falls, or, when the process dies, until nothing was heard of it for twenty seconds.
///
/// A database that goes away does not disturb the work: signs of life are tried again, and what was thought gone
/// meanwhile enters again, in whatever phase its site is by then, because it does run.
///
/// # Examples
/// ```no_run
/// use maintenance_mode::{Maintenance, Task, TaskError};
///
/// async fn import(maintenance: &Maintenance) -> Result<(), TaskError> {
///     let task = match Task::register(maintenance, "import").await {
///         Ok(task) => task,
///         // The next run of the job is early enough.
///         Err(TaskError::Draining { .. } | TaskError::InMaintenance { .. }) => return Ok(()),
///         Err(error) => return Err(error),
///     };
///     // The work itself: no drain ends before it does, but at its deadline.
///     task.finish().await;
///     Ok(())
/// }
/// ```
#[derive(Debug)]
#[must_use = "the task is over as soon as this is dropped"]
pub struct Task {
    registered: RunningTask,
    /// Hung up when the work is over.
    works: Option<Sender<()>>,
    /// Ends when the task is taken out.
    gone: oneshot::Receiver<()>,
}

/// How a task registers; by default on the default site, and not on one that is closing or closed.
#[derive(Debug, Clone)]
#[must_use]
pub struct TaskBuilder {
    name: String,
    site: Option<String>,
    started_by: Option<String>,
    is_forced: bool,
}

impl Task {
    /// Registers work on the default site: the one that `SITE_ID` says, else the only one, else the one marked default.
    ///
    /// # Errors
    /// As [`TaskBuilder::register`].
    pub async fn register(maintenance: &Maintenance, name: &str) -> Result<Self, TaskError> {
        Self::builder(name).register(maintenance).await
    }

    /// Registers work on the site with this domain or alias.
    ///
    /// # Errors
    /// As [`TaskBuilder::register`].
    pub async fn register_on(maintenance: &Maintenance, site: &str, name: &str) -> Result<Self, TaskError> {
        Self::builder(name).site(site).register(maintenance).await
    }

    /// Begins with the name: 1 to 200 characters, what people read while they wait.
    pub fn builder(name: impl Into<String>) -> TaskBuilder {
        TaskBuilder { name: name.into(), site: None, started_by: None, is_forced: false }
    }

    /// What was registered. Its key changes when it was thought gone and has entered again.
    pub fn registered(&self) -> &RunningTask {
        &self.registered
    }

    /// Takes the task out, and waits until that is done without blocking a thread. Dropping does the same, but blocks
    /// for the milliseconds that it takes, and for one second at most while the database does not answer.
    pub async fn finish(mut self) {
        self.works = None;
        // It is gone when the thread has let go of its end.
        drop((&mut self.gone).await);
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.works = None;
        let deadline = Instant::now() + GONE_WITHIN;
        while matches!(self.gone.try_recv(), Err(oneshot::error::TryRecvError::Empty)) && Instant::now() < deadline {
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

impl TaskBuilder {
    /// The site that is worked on, by domain or alias.
    pub fn site(mut self, domain: impl Into<String>) -> Self {
        self.site = Some(domain.into());
        self
    }

    /// Who started it, as lists show it; the name of this server by default.
    pub fn started_by(mut self, name: impl Into<String>) -> Self {
        self.started_by = Some(name.into());
        self
    }

    /// Registers also on a site that is draining or in maintenance: for work that belongs to the maintenance. A drain
    /// waits for it all the same.
    pub fn force(mut self) -> Self {
        self.is_forced = true;
        self
    }

    /// Registers, and says from then on that it runs. Needs no runtime of any kind.
    ///
    /// # Errors
    /// [`TaskError::Draining`] and [`TaskError::InMaintenance`] unless forced, [`TaskError::NoSuchSite`],
    /// [`TaskError::NoDefaultSite`], [`TaskError::Name`], and [`TaskError::Store`] when the database fails: work that
    /// nobody knows of must not run into a maintenance.
    pub async fn register(self, maintenance: &Maintenance) -> Result<Task, TaskError> {
        let snapshot = maintenance.snapshot();
        let site = match &self.site {
            None => snapshot.default_site().ok_or(TaskError::NoDefaultSite)?,
            Some(typed) => request_host(typed)
                .ok()
                .and_then(|host| snapshot.named_site(&host))
                .ok_or_else(|| TaskError::NoSuchSite { site: typed.clone() })?,
        };
        let by = self.started_by.clone().unwrap_or_else(|| maintenance.settings().server.name());
        self.register_in(maintenance.store(), site.id, by, Box::new(|text| log::warn!("{text}"))).await
    }

    /// The same for whoever knows the site by its key, and follows no changes.
    pub(crate) async fn register_in(
        self,
        store: &Store,
        site: SiteId,
        by: String,
        warn: Warn,
    ) -> Result<Task, TaskError> {
        check_name(&self.name).map_err(TaskError::Name)?;
        let entry = NewTask {
            site,
            name: self.name,
            host: host_name(),
            pid: Some(std::process::id()),
            started_by: by,
            started_at: None,
        };
        let (works, over) = channel();
        let (entered, answer) = oneshot::channel();
        let (let_go, gone) = oneshot::channel();
        let keeper = Keeper { store: store.clone(), entry, warn, is_forced: self.is_forced, over };
        let thread = std::thread::Builder::new().name("task".to_owned());
        let no_thread =
            |error: std::io::Error| StoreError::Unreachable { reason: format!("no thread could be started: {error}") };
        thread
            .spawn(move || {
                keeper.run(entered);
                drop::<oneshot::Sender<()>>(let_go);
            })
            .map_err(no_thread)?;
        let registered = answer.await.expect("the thread answers before it ends")?;
        Ok(Task { registered, works: Some(works), gone })
    }
}
