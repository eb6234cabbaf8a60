//! The servers that decide by the shared state.

use serde::Serialize;

use super::{Moment, Page};

/// The list of servers.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ServersPage {
    /// Path of the panel, with a slash at each end.
    pub base: String,
    /// How they stand, in a sentence.
    pub summary: ServersSummary,
    /// Those that are behind, then the others that are alive, then those that are gone; by name.
    pub rows: Vec<ServerRow>,
    /// `3 other requests were`: under way on the server that makes the page, as it was made.
    pub under_way: String,
}

impl Page for ServersPage {
    const TEMPLATE: &'static str = "admin/servers/list.html";
}

impl ServersPage {
    /// The template of the parts that are fetched anew.
    pub const LIVE: &'static str = "admin/servers/live.html";
}

/// How the servers stand, in a sentence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ServersSummary {
    /// `2 of 3 servers enforce revision 812; web3 is behind: revision 811, last seen 12 s ago.`
    pub text: String,
    /// The same without what changes every second, to be read aloud when it changes.
    pub aloud: String,
    /// Whether a live server is behind.
    pub is_behind: bool,
}

/// One server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerRow {
    /// Its name.
    pub name: String,
    /// Version of its program.
    pub version: String,
    /// What it does.
    pub state: ServerState,
    /// The revision that it enforces.
    pub revision: i64,
    /// Since when it decides by that revision; `None` when its version does not say.
    pub deciding_since: Option<Moment>,
    /// When it was last seen.
    pub last_seen: Moment,
    /// The same in words: `2 s ago`.
    pub last_seen_ago: String,
    /// When it started.
    pub started: Moment,
}

/// What a server does, as a word and a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ServerState {
    /// Class of its shape: `enforces`, `behind`, `gone`.
    pub kind: &'static str,
    /// The word.
    pub word: &'static str,
}

impl ServerState {
    /// It is alive and enforces the last revision.
    pub const ENFORCES: Self = Self { kind: "enforces", word: "Enforces it" };
    /// It is alive and enforces an older revision.
    pub const BEHIND: Self = Self { kind: "behind", word: "Behind" };
    /// It was not seen for longer than servers live.
    pub const GONE: Self = Self { kind: "gone", word: "Gone" };
}
