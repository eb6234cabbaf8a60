//! The command by which a web server is told that its rules have changed.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::config::secrets_of_file;
use crate::flagfile::OnRules;
use crate::lasting;

/// How long the command may run.
const LIMIT: Duration = Duration::from_secs(60);

/// How often it is looked whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The first pause before a command that has failed is run again; each further one is twice as long, up to `LIMIT`.
const PAUSE: Duration = Duration::from_secs(1);

/// A command with its arguments.
pub(super) struct Told {
    words: Vec<OsString>,
}

impl Told {
    /// The command of these words, if there are any.
    pub(super) fn command(words: &[OsString]) -> Option<Self> {
        (!words.is_empty()).then(|| Self { words: words.to_vec() })
    }

    /// Starts a thread that runs the command each time it is told to, until it has ended with 0; several words while it
    /// runs are one. The writing of files never waits for it.
    pub(super) fn start(self) -> io::Result<OnRules> {
        let (bell, rung) = sync_channel(1);
        let work = move || {
            while rung.recv().is_ok() {
                match lasting::round(|| self.run_until_done(&rung)) {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(fault) => log::error!("The web server may go by old rules: {fault}"),
                }
            }
        };
        thread::Builder::new().name("on-change".to_owned()).spawn(work)?;
        // A full channel means that it will run once more anyway.
        Ok(Box::new(move || _ = bell.try_send(())))
    }

    /// Runs the command again and again until it has ended with 0; at once when there is another word. Not done when
    /// nobody can ring any more.
    fn run_until_done(&self, rung: &Receiver<()>) -> bool {
        let mut pause = PAUSE;
        while !self.run() {
            match rung.recv_timeout(pause) {
                Ok(()) => pause = PAUSE,
                Err(RecvTimeoutError::Timeout) => pause = (pause * 2).min(LIMIT),
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        true
    }

    /// Runs the command to its end, and says in the log what it prints and how it ends. Whether it ended with 0.
    pub(super) fn run(&self) -> bool {
        let shown = self.words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
        log::info!("Running `{shown}`, so that the web server reads its rules.");
        let ended = self.end();
        match &ended {
            Ok(Some(status)) if status.success() => {}
            Ok(Some(status)) => log::error!("`{shown}` ended with {status}: the web server may go by old rules."),
            Ok(None) => log::error!("`{shown}` was ended after {} s.", LIMIT.as_secs()),
            Err(error) => log::error!("`{shown}` could not be run: {error}"),
        }
        matches!(ended, Ok(Some(status)) if status.success())
    }

    /// `None` when it had to be ended.
    fn end(&self) -> io::Result<Option<ExitStatus>> {
        let Some((program, arguments)) = self.words.split_first() else { return Ok(None) };
        let mut command = Command::new(program);
        secrets_of_file().iter().for_each(|name| _ = command.env_remove(name));
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let readers = [child.stdout.take().map(logged), child.stderr.take().map(logged)];
        let status = wait(&mut child)?;
        // Something that it has left behind may keep its output open, and is not waited for.
        if status.is_some() {
            let deadline = Instant::now() + Duration::from_secs(1);
            let is_open = |reader: &JoinHandle<()>| !reader.is_finished();
            while readers.iter().flatten().any(is_open) && Instant::now() < deadline {
                thread::sleep(LOOK_EVERY);
            }
        }
        Ok(status)
    }
}

fn wait(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// Writes each line to the log.
fn logged(output: impl Read + Send + 'static) -> JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            log::info!("{}", String::from_utf8_lossy(&line).trim_end());
        }
    })
}
