//! A command that another one starts, and the signals that reach it.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Context as _;
use tokio::process::Command;
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

use crate::config::secrets_of_file;

/// Added to the number of a signal, as shells do, for the exit code of a program that it has ended.
const BY_SIGNAL: i32 = 128;

/// A running command.
pub struct Child {
    child: tokio::process::Child,
}

/// A signal that asks for an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C. The terminal sends it to the command as well.
    Interrupt,
    /// From a service manager or `kill`, to this process alone.
    Terminate,
    /// The terminal was closed.
    HangUp,
}

impl Signal {
    /// What a shell says of a program that it has ended.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
            Self::HangUp => 129,
        }
    }
}

/// The signals that ask for an end, which from now on do not end this process.
pub struct Signals {
    interrupt: Stream,
    terminate: Stream,
    hang_up: Stream,
}

impl Signals {
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The next one.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.hang_up.recv() => Signal::HangUp,
        }
    }
}

/// Name of the program that a command runs, without its folder and its arguments, which may hold secrets.
pub fn program_of(command: &[OsString]) -> String {
    let program = command.first().map(Path::new).and_then(Path::file_name);
    program.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

impl Child {
    /// Starts the command with this process's input and output.
    pub fn start(command: &[OsString]) -> anyhow::Result<Self> {
        let (program, arguments) = command.split_first().context("no command was given")?;
        let mut started = Command::new(program);
        secrets_of_file().iter().for_each(|name| _ = started.env_remove(name));
        let child = started.args(arguments).spawn();
        Ok(Self { child: child.with_context(|| format!("`{}` cannot be run", program.to_string_lossy()))? })
    }

    /// Waits for its end and passes signals on until then. Returns its exit code, or that which shells give to an end by
    /// a signal.
    pub async fn ended(mut self, signals: &mut Signals) -> std::io::Result<u8> {
        let status = loop {
            tokio::select! {
                status = self.child.wait() => break status?,
                signal = signals.next() => self.pass_on(signal),
            }
        };
        let by_signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| BY_SIGNAL + signal);
        let code = status.code().or(by_signal).unwrap_or(1);
        Ok(u8::try_from(code).unwrap_or(u8::MAX))
    }

    /// Passes a signal on, unless the command has got it from the terminal already.
    fn pass_on(&self, signal: Signal) {
        let Some(id) = self.child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())) else { return };
        let kind = match signal {
            Signal::Interrupt if std::io::IsTerminal::is_terminal(&std::io::stdin()) => return,
            Signal::Interrupt => rustix::process::Signal::INT,
            Signal::Terminate => rustix::process::Signal::TERM,
            Signal::HangUp => rustix::process::Signal::HUP,
        };
        if let Err(error) = rustix::process::kill_process(id, kind) {
            log::warn!("The signal could not be passed on: {error}");
        }
    }
}
