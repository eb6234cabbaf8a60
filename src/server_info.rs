//! A server that decides by the shared state: whether it is alive, and which revision it enforces.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::change::Revision;

/// A server that has not been seen for longer is not alive any more.
pub const LIVE_FOR: SignedDuration = SignedDuration::from_secs(15);

/// Key of a running server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServerId(pub i64);

/// A server as it was last seen. The times are those of the database's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Server {
    /// Key.
    pub id: ServerId,
    /// Name: `SERVER_NAME`, else its host and port.
    pub name: String,
    /// Version of the program.
    pub version: String,
    /// When it started.
    pub started_at: Timestamp,
    /// When it last said that it is alive: every five seconds, and with each change.
    pub last_seen_at: Timestamp,
    /// The revision that it enforces.
    pub revision: Revision,
    /// Since when it decides by that revision; `None` when it is of a version that does not say.
    pub enforced_at: Option<Timestamp>,
}

impl Server {
    /// Whether it is alive at `now`, which is to be a time of the database's clock.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now.duration_since(self.last_seen_at) < LIVE_FOR
    }
}

/// Which live servers enforce a revision, and which do not yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Confirmation {
    /// Live servers that enforce it.
    pub confirmed: Vec<Server>,
    /// Live servers that do not yet.
    pub behind: Vec<Server>,
}

impl Confirmation {
    /// Sorts the live ones of `servers` by whether they enforce `revision`.
    pub fn of(servers: Vec<Server>, revision: Revision, now: Timestamp) -> Self {
        let live = servers.into_iter().filter(|server| server.is_live(now));
        let (confirmed, behind) = live.partition(|server| server.revision >= revision);
        Self { confirmed, behind }
    }

    /// Whether nobody is behind.
    pub fn is_complete(&self) -> bool {
        self.behind.is_empty()
    }

    /// How many servers are alive.
    pub fn live(&self) -> usize {
        self.confirmed.len() + self.behind.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(name: &str, seen: &str, revision: i64) -> Server {
        let at: Timestamp = seen.parse().unwrap();
        Server {
            id: ServerId(1),
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            started_at: at,
            last_seen_at: at,
            revision: Revision(revision),
            enforced_at: Some(at),
        }
    }

    #[test]
    fn only_live_servers_are_waited_for_and_those_behind_are_named() {
        let now: Timestamp = "2026-11-21T03:00:15Z".parse().unwrap();
        let servers = vec![
            server("web1", "2026-11-21T03:00:14Z", 7),
            server("web2", "2026-11-21T03:00:01Z", 6),
            server("dead", "2026-11-21T03:00:00Z", 5),
            server("ahead", "2026-11-21T04:00:00Z", 8),
        ];
        let found = Confirmation::of(servers, Revision(7), now);
        let names = |servers: &[Server]| servers.iter().map(|server| server.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&found.confirmed), ["web1", "ahead"]);
        assert_eq!(names(&found.behind), ["web2"]);
        assert!(!found.is_complete() && found.live() == 3);
        assert!(Confirmation::default().is_complete());
    }
}
