//! How a command ends: the exit codes, and which failure is which.

use super::console::AskError;
use super::directory::NoSite;
use crate::actions::ActionError;
use crate::registration::TaskError;

/// The exit codes as `--help` lists them.
pub const EXIT_CODES: &str = "\
Exit codes:
  0   done; also when it was so already, which is said in words
  1   failed, or refused by what the database holds; nothing half-done
  2   wrong usage or a wrong setting; also a question that cannot be asked without a terminal
  3   no such site, or a part of a name that several sites have
  4   not allowed
  5   timed out
  6   still closed by another cause (off --cause)
  7   not started, because the site is draining or in maintenance (task)
  129, 130, 143   ended by a signal while it waited: SIGHUP, SIGINT (Ctrl-C), SIGTERM
  `run` and `task`: that of the command; of one that a signal has ended 128 and the number of the signal
  `status --exit-code`: 0 open, 10 in maintenance, 11 draining; of several the most closed";

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done,
    Failed,
    Usage,
    NoSuchSite,
    NotAllowed,
    TimedOut,
    StillClosed,
    NotStarted,
    Maintenance,
    Draining,
    /// What a command that was run ended with.
    Command(u8),
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NoSuchSite => 3,
            Self::NotAllowed => 4,
            Self::TimedOut => 5,
            Self::StillClosed => 6,
            Self::NotStarted => 7,
            Self::Maintenance => 10,
            Self::Draining => 11,
            Self::Command(code) => code,
        }
    }

    /// Which end an error is: decided by the first error in its chain that says.
    pub fn of(error: &anyhow::Error) -> Self {
        error.chain().find_map(of_one).unwrap_or(Self::Failed)
    }
}

/// A mistake on the command line that no state of the database can make right.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// Servers that did not confirm a change in time; it is stored all the same.
#[derive(Debug, thiserror::Error)]
#[error("timed out, the change is stored: {0}")]
pub struct TimedOut(pub String);

/// A site on which nothing starts now.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotStarted(pub String);

/// A site that did not open in time; nothing was started.
#[derive(Debug, thiserror::Error)]
#[error("timed out, nothing was started: {0}")]
pub struct NotOpened(pub String);

fn of_one(error: &(dyn std::error::Error + 'static)) -> Option<Exit> {
    if error.is::<TimedOut>() || error.is::<NotOpened>() {
        return Some(Exit::TimedOut);
    }
    if error.is::<NotStarted>() {
        return Some(Exit::NotStarted);
    }
    if matches!(error.downcast_ref::<TaskError>(), Some(TaskError::NoSuchSite { .. })) {
        return Some(Exit::NoSuchSite);
    }
    if let Some(error) = error.downcast_ref::<ActionError>() {
        return Some(match error {
            ActionError::NotAllowed { .. } | ActionError::LastSuperuser => Exit::NotAllowed,
            ActionError::NoSuchSite => Exit::NoSuchSite,
            ActionError::Unconfirmed(_) | ActionError::Protected { .. } => Exit::Usage,
            _ => Exit::Failed,
        });
    }
    if let Some(error) = error.downcast_ref::<NoSite>() {
        return Some(if matches!(error, NoSite::NoDefault { .. }) { Exit::Usage } else { Exit::NoSuchSite });
    }
    if let Some(error) = error.downcast_ref::<AskError>() {
        return Some(if matches!(error, AskError::NoTerminal { .. }) { Exit::Usage } else { Exit::Failed });
    }
    error.is::<Usage>().then_some(Exit::Usage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::child::Signal;

    #[test]
    fn the_first_error_in_a_chain_that_knows_decides() {
        let wrapped = anyhow::Error::new(ActionError::LastSuperuser).context("ada was not removed");
        assert_eq!(Exit::of(&wrapped), Exit::NotAllowed);
        assert_eq!(Exit::of(&anyhow::anyhow!("the disk is gone")), Exit::Failed);
        assert_eq!(Exit::of(&Usage("give --for".to_owned()).into()), Exit::Usage);
        assert_eq!(Exit::of(&NotStarted("it is closed".to_owned()).into()).code(), 7);
        assert_eq!(Exit::of(&NotOpened("it is closed".to_owned()).into()), Exit::TimedOut);
    }

    /// The codes that lines begin with, and those of `status --exit-code`.
    fn listed() -> Vec<u8> {
        let (of_all, of_status) = EXIT_CODES.split_once("`status --exit-code`: ").unwrap();
        let first = of_all.lines().filter_map(|line| line.trim_start().split("   ").next());
        let codes = first.flat_map(|codes| codes.split(", ")).chain(of_status.split([' ', ';']));
        codes.filter_map(|code| code.parse().ok()).collect()
    }

    #[test]
    fn every_code_is_listed_in_the_help() {
        use Exit::*;
        for exit in
            [Done, Failed, Usage, NoSuchSite, NotAllowed, TimedOut, StillClosed, NotStarted, Maintenance, Draining]
        {
            assert!(listed().contains(&exit.code()), "{exit:?}");
        }
        for signal in [Signal::HangUp, Signal::Interrupt, Signal::Terminate] {
            assert!(listed().contains(&signal.exit_code()), "{signal:?}");
        }
    }
}
