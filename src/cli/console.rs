//! The terminal, or what stands in for it: data out, remarks and errors, questions and answers.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use serde::Serialize;

use super::text;
use crate::config::variable;

/// How a text is set off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// In maintenance: amber and bold.
    Maintenance,
    /// Draining: violet.
    Draining,
    /// A row that decides.
    Strong,
    /// What is only there for completeness.
    Quiet,
    /// Something that may not be meant.
    Warning,
    /// Something that is wrong.
    Fault,
}

impl Colour {
    fn code(self) -> &'static str {
        match self {
            Self::Maintenance => "1;33",
            Self::Draining => "35",
            Self::Strong => "1",
            Self::Quiet => "2",
            Self::Warning => "33",
            Self::Fault => "1;31",
        }
    }
}

/// Where a command writes and asks.
#[derive(Debug, Clone, Copy)]
pub struct Console {
    colours_out: bool,
    colours_err: bool,
    can_ask: bool,
    can_redraw: bool,
}

/// A question that was not answered with yes.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody is there to be asked.
    #[error("{question} Nobody can be asked without a terminal: add {flag}")]
    NoTerminal {
        /// What would have been asked, or what is at stake.
        question: String,
        /// The flag that makes the question needless.
        flag: &'static str,
    },
    /// The answer was no, or not the word that was asked for.
    #[error("nothing was changed, because the answer was not {wanted}")]
    Declined {
        /// What would have been right.
        wanted: String,
    },
    /// The terminal failed.
    #[error("the answer could not be read")]
    Unreadable(#[from] io::Error),
}

impl Console {
    /// The console of this process. Colours only on a terminal that has them and not with `NO_COLOR`
    /// (<https://no-color.org>); questions only when both ends of the terminal are there.
    pub fn detect() -> Self {
        let wanted = variable("NO_COLOR").is_none_or(|value| value.is_empty())
            && variable("TERM").is_none_or(|term| term != "dumb");
        Self {
            colours_out: wanted && io::stdout().is_terminal(),
            colours_err: wanted && io::stderr().is_terminal(),
            can_ask: io::stdin().is_terminal() && io::stderr().is_terminal(),
            can_redraw: io::stderr().is_terminal() && variable("TERM").is_none_or(|term| term != "dumb"),
        }
    }

    /// Whether a line of stderr can be written over, as a bar does.
    pub fn can_redraw(&self) -> bool {
        self.can_redraw
    }

    /// Sets a text off on stdout, when there are colours.
    pub fn paint(&self, colour: Colour, text: &str) -> String {
        if self.colours_out { format!("\x1b[{}m{text}\x1b[0m", colour.code()) } else { text.to_owned() }
    }

    /// Writes data. A reader that has gone away (`| head`) is no failure.
    pub fn print(&self, text: &str) -> io::Result<()> {
        self.print_bytes(text.as_bytes())
    }

    /// Writes data that is not text for sure.
    pub fn print_bytes(&self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            done => done,
        }
    }

    /// Writes data as JSON.
    pub fn json<T: Serialize>(&self, value: &T) -> anyhow::Result<()> {
        let mut text = serde_json::to_string_pretty(value)?;
        text.push('\n');
        Ok(self.print(&text)?)
    }

    /// Says something that is not the answer itself.
    pub fn note(&self, text: &str) {
        self.say("note", "36", text);
    }

    /// Says that something may not be meant.
    pub fn warn(&self, text: &str) {
        self.say("warning", "33", text);
    }

    /// Says why the command failed: the error and its causes, on one line, then what helps.
    pub fn error(&self, error: &anyhow::Error) {
        self.say("error", "1;31", &text::of_error(error));
    }

    fn say(&self, label: &str, colour: &str, text: &str) {
        let label = if self.colours_err { format!("\x1b[{colour}m{label}\x1b[0m") } else { label.to_owned() };
        // There is nobody left to tell that stderr is closed.
        drop(writeln!(io::stderr().lock(), "{label}: {text}"));
    }

    /// Asks for a yes; anything else declines. `flag` makes the question needless.
    pub fn confirm(&self, question: &str, flag: &'static str) -> Result<(), AskError> {
        let answer = self.ask(&format!("{question} [y/N]"), question, flag)?;
        match answer.to_ascii_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(AskError::Declined { wanted: "yes".to_owned() }),
        }
    }

    /// Asks for a word to be typed as a sign that it is meant. `flag` makes the question needless.
    pub fn confirm_by_typing(&self, question: &str, word: &str, flag: &'static str) -> Result<String, AskError> {
        let answer = self.ask(&format!("{question} Type {word} to go on:"), question, flag)?;
        if answer.eq_ignore_ascii_case(word) { Ok(answer) } else { Err(AskError::Declined { wanted: word.to_owned() }) }
    }

    /// Asks for a line of text. `flag` gives it without a question.
    pub fn ask(&self, prompt: &str, question: &str, flag: &'static str) -> Result<String, AskError> {
        if !self.can_ask {
            return Err(AskError::NoTerminal { question: question.to_owned(), flag });
        }
        let mut err = io::stderr().lock();
        write!(err, "{prompt} ")?;
        err.flush()?;
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// Asks for a text that is not shown while it is typed.
    pub fn ask_hidden(&self, prompt: &str, flag: &'static str) -> Result<String, AskError> {
        if !self.can_ask {
            return Err(AskError::NoTerminal { question: "A password is needed.".to_owned(), flag });
        }
        Ok(rpassword::prompt_password(format!("{prompt}: "))?)
    }
}
