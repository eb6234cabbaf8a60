//! The thread behind a task: enters it, says that it runs, and takes it out.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::TaskError;
use crate::clock;
use crate::storage::{NewTask, Store, StoreError};
use crate::task::{HEARTBEAT_EVERY, RunningTask, TaskId};

/// When a sign of life that failed is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Takes a warning: the log, or the console of a command.
pub(crate) type Warn = Box<dyn Fn(&str) + Send>;

/// Keeps one task known for as long as its work runs.
pub(super) struct Keeper {
    pub(super) store: Store,
    pub(super) entry: NewTask,
    /// Told what people may have to know.
    pub(super) warn: Warn,
    /// Whether the phase of the site does not matter.
    pub(super) is_forced: bool,
    /// Hangs up when the work is over.
    pub(super) over: Receiver<()>,
}

impl Keeper {
    /// Enters the task and says so or why not; then keeps it until the work is over.
    pub(super) fn run(mut self, entered: oneshot::Sender<Result<RunningTask, TaskError>>) {
        let task = match self.enter() {
            Ok(task) => task,
            Err(error) => return drop(entered.send(Err(error))),
        };
        let mut id = Some(task.id);
        self.entry.started_at = Some(task.started_at);
        // Nobody may wait for the answer any more: then the work is over already.
        drop(entered.send(Ok(task)));
        let mut is_failing = false;
        let mut pause = HEARTBEAT_EVERY;
        while let Err(RecvTimeoutError::Timeout) = self.over.recv_timeout(pause) {
            let said = self.say_that_it_runs(id);
            match &said {
                Err(error) if !is_failing => (self.warn)(&format!(
                    "the task `{}` could not say that it runs, which is tried again; a drain may not wait for it: {error}",
                    self.entry.name
                )),
                Ok(new) if new.is_some() && *new != id => {
                    (self.warn)(&format!("the task `{}` was thought gone, and has registered again", self.entry.name));
                }
                _ => {}
            }
            is_failing = said.is_err();
            pause = if is_failing { RETRY_AFTER } else { HEARTBEAT_EVERY };
            id = said.unwrap_or(id);
        }
        if let Some(id) = id {
            self.leave(id);
        }
    }

    /// Asks whether the site is open, and enters the task, both in the writers' turn: a drain begins before or after.
    fn enter(&self) -> Result<RunningTask, TaskError> {
        let (store, entry, is_forced) = (self.store.clone(), self.entry.clone(), self.is_forced);
        self.store.apart_blocking(move || {
            store.write(|writer| {
                let Some((record, _)) = writer.record(entry.site)? else {
                    return Err(TaskError::NoSuchSite { site: entry.site.to_string() });
                };
                match TaskError::of(&record, clock::now()) {
                    Some(refusal) if !is_forced => Err(refusal),
                    _ => Ok(writer.task_insert(&entry)?),
                }
            })
        })
    }

    /// Says that the task runs, and enters it again when it was thought gone. Returns the key that it has from now on;
    /// `None` when its site is not there any more.
    fn say_that_it_runs(&self, id: Option<TaskId>) -> Result<Option<TaskId>, StoreError> {
        let (store, entry) = (self.store.clone(), self.entry.clone());
        self.store.apart_blocking(move || {
            store.write_beside(|writer| {
                if let Some(id) = id
                    && writer.task_beat(id)?
                {
                    return Ok(Some(id));
                }
                if writer.record(entry.site)?.is_none() {
                    return Ok(None);
                }
                Ok::<_, StoreError>(Some(writer.task_insert(&entry)?.id))
            })
        })
    }

    fn leave(&self, id: TaskId) {
        let store = self.store.clone();
        let left = self.store.apart_blocking(move || store.write_beside(|writer| writer.task_delete(id)));
        if let Err(error) = left {
            (self.warn)(&format!("the task `{}` is over, but counts for some seconds more: {error}", self.entry.name));
        }
    }
}
