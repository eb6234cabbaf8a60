//! A new password: from stdin or from the terminal, never from the command line.

use std::io::Read as _;

use anyhow::Context as _;
use clap::Args;

use crate::actions::PasswordHash;
use crate::auth;
use crate::cli::Context;
use crate::cli::console::AskError;
use crate::cli::directory::Directory;
use crate::cli::exit::Usage;

/// Most bytes read from stdin; a password is shorter.
const MAX_BYTES: u64 = 16 * 1024;

/// Where a password comes from.
#[derive(Debug, Args)]
pub struct PasswordArgs {
    /// Read the password from stdin, without the line end, instead of asking for it
    #[arg(long)]
    pub password_stdin: bool,
}

impl PasswordArgs {
    /// Reads the password, checks and hashes it. Asked for on a terminal, it is asked for again until it may be set.
    pub fn read(&self, context: &Context, username: &str, directory: &Directory) -> anyhow::Result<PasswordHash> {
        let names: Vec<&str> =
            directory.sites().iter().flat_map(|site| [site.domain.as_str(), site.name.as_str()]).collect();
        let about = auth::About { username, sites: &names };
        if self.password_stdin {
            let password =
                auth::strength::check(&from_stdin()?, &about).map_err(|weak| Usage(format!("the password {weak}")))?;
            return Ok(auth::password::hash(&password));
        }
        loop {
            let password = asked(context, username)?;
            match auth::strength::check(&password, &about) {
                Ok(password) => return Ok(auth::password::hash(&password)),
                Err(weak) => context.console.warn(&format!("the password {weak}")),
            }
        }
    }
}

/// All of stdin, less one line end.
fn from_stdin() -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .context("the password could not be read from stdin")?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Usage("the password on stdin is too long".to_owned()).into());
    }
    let text = String::from_utf8(bytes).map_err(|_| Usage("the password on stdin is not UTF-8 text".to_owned()))?;
    let text = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    if text.is_empty() {
        return Err(Usage("there is no password on stdin".to_owned()).into());
    }
    if text.contains(['\n', '\r', '\0']) {
        return Err(Usage("the password on stdin has more than one line".to_owned()).into());
    }
    Ok(text.to_owned())
}

/// Asks twice until both are the same.
fn asked(context: &Context, username: &str) -> Result<String, AskError> {
    loop {
        let first = context.console.ask_hidden(&format!("Password for {username}"), "--password-stdin")?;
        let second = context.console.ask_hidden("The same again", "--password-stdin")?;
        if first == second {
            return Ok(first);
        }
        context.console.warn("the two are not the same");
    }
}
