//! Who sits at the shell: the name that the log keeps.

use crate::actions::Actor;
use crate::config::variable;

/// The operator of this machine: `CLI, root@web1`.
pub fn operator() -> Actor {
    Actor::operator(format!("CLI, {}@{}", user(), host()))
}

/// The name of the user that runs this process; the environment is asked only where the system does not say.
fn user() -> String {
    of_system()
        .or_else(|| variable("USER"))
        .or_else(|| variable("LOGNAME"))
        .or_else(|| variable("USERNAME"))
        .map(clean)
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}

/// The name that `/etc/passwd` gives to the user id of this process.
#[cfg(unix)]
fn of_system() -> Option<String> {
    let id = rustix::process::getuid().as_raw().to_string();
    let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id).then(|| name.to_owned())
    })
}

#[cfg(not(unix))]
fn of_system() -> Option<String> {
    None
}

#[cfg(unix)]
fn host() -> String {
    clean(rustix::system::uname().nodename().to_string_lossy().into_owned())
}

#[cfg(not(unix))]
fn host() -> String {
    clean(variable("COMPUTERNAME").unwrap_or_else(|| "localhost".to_owned()))
}

/// A name of at most 64 characters without those that a log line must not hold.
fn clean(name: String) -> String {
    name.chars().filter(|c| !c.is_control() && !c.is_whitespace()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_is_named_by_user_and_host() {
        let name = operator().name;
        let (user, host) = name.strip_prefix("CLI, ").and_then(|rest| rest.split_once('@')).unwrap();
        assert!(!user.is_empty() && !host.is_empty(), "{name}");
    }
}
