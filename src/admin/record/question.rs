//! The questions of the tester: which address, from where, by whom; and what cannot be asked.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use super::tester::Asker;
use crate::admin::page::Choice;
use crate::admin::words::sentence;
use crate::decision::{Identity, KnownUser, Visit};
use crate::record::SiteRecord;
use crate::site::{SiteId, request_host};
use crate::user::User;

/// Stands for somebody at work on the site. No user can be called so, because of the space.
const AT_WORK: &str = "at work";

/// Most people to choose from.
const MAX_USERS: usize = 100;

/// Longest address that is tried, in bytes.
const MAX_TARGET_BYTES: usize = 8_000;

/// What is asked for.
pub(super) struct Target {
    /// Host without its port; the site's domain for a path alone.
    pub(super) host: String,
    /// Path with its query.
    pub(super) path: String,
}

impl Asker<'_> {
    /// Reads an address or a path; nothing stands for the first page.
    pub(super) fn target(&self, text: &str, record: &SiteRecord) -> Result<Target, String> {
        // Browsers never send what is behind `#`.
        let text = text.trim().split('#').next().unwrap_or_default();
        if text.len() > MAX_TARGET_BYTES {
            return Err(format!("The address has {} bytes; at most {MAX_TARGET_BYTES} are tried.", text.len()));
        }
        let own = record.site.domain.to_string();
        let whole = text.split_once("://").filter(|(scheme, _)| !scheme.contains(['/', '?']));
        let (host, path) = match whole {
            Some((scheme, rest))
                if ["http", "https", "ws", "wss"].iter().any(|known| known.eq_ignore_ascii_case(scheme)) =>
            {
                let (host, path) = split_host(rest);
                let host = request_host(host).map_err(|error| sentence(&format!("in “{}” {error}", shown(text))))?;
                (host.into_owned(), path)
            }
            Some(_) => {
                return Err(format!("“{}” is not a web address. It begins with https:// or http://.", shown(text)));
            }
            None if text.starts_with('/') => (own, text),
            None => match split_host(text) {
                (host, path) if is_of(record, host) => (request_host(host).map_or(own, |host| host.into_owned()), path),
                // As patterns are often written: without the first slash.
                _ => (own, text),
            },
        };
        self.check_host(&host, record)?;
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Target { host, path })
    }

    /// Refuses a host whose requests come to another site; names that site to those who have it.
    fn check_host(&self, host: &str, record: &SiteRecord) -> Result<(), String> {
        if is_of(record, host) {
            return Ok(());
        }
        let site = match self.snapshot.site_for(host) {
            Some(site) if site.id != record.site.id => site,
            _ => return Ok(()),
        };
        let domain =
            if self.me.rights.staff_of(site.id) { site.domain.to_unicode() } else { "another site".to_owned() };
        let host = shown(host);
        Err(match self.snapshot.named_site(&host) {
            Some(named) if named.domain.as_str() == host => format!("{host} is another site. Try it there."),
            Some(_) => format!("{host} belongs to {domain}, not to this site. Try it there."),
            None => format!("No site has the domain {host}. Requests for it come to {domain}."),
        })
    }

    /// Reads an IP address; nothing stands for the user's own.
    pub(super) fn client_of(&self, text: &str) -> Result<Option<IpAddr>, String> {
        let client = self.onlooker.client();
        let mine = client.map(|client| client.address);
        let certain = client.filter(|client| client.is_certain).map(|client| client.address);
        if text.is_empty() || text == self.onlooker.address() {
            return Ok(certain);
        }
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        match bare.parse::<IpAddr>() {
            Ok(address) if Some(address.to_canonical()) == mine => Ok(certain),
            Ok(address) => Ok(Some(address.to_canonical())),
            Err(_) => Err(format!("“{}” is not an IP address, such as 203.0.113.9 or 2001:db8::1.", shown(text))),
        }
    }

    /// Whether somebody is at work on the site since before its drain began; of an open site, since before one would.
    pub(super) fn visit(&self, name: &str) -> Visit {
        if name == AT_WORK { Visit::Since(Timestamp::UNIX_EPOCH) } else { Visit::Nobody }
    }

    /// The user of that name; nothing stands for a visitor.
    pub(super) fn identity(&self, name: &str) -> Result<Identity, String> {
        if name.is_empty() || name == AT_WORK {
            return Ok(Identity::Anonymous);
        }
        match self.users.iter().find(|user| user.username == name) {
            Some(user) if self.may_name(user) => Ok(known(user)),
            _ if name == "me" => Ok(known(self.me)),
            _ => Err(format!("There is no user “{}” to test as.", shown(name))),
        }
    }

    /// Whether the user may be told of this one: superusers know everybody, others those they share a site with.
    fn may_name(&self, user: &User) -> bool {
        let mine = &self.me.rights;
        let shares = match (&mine.sites, &user.rights.sites) {
            (Some(mine), _) => mine.iter().any(|site| user.rights.staff_of(*site)),
            (None, _) => user.rights.panel(),
        };
        mine.superuser() || user.id == self.me.id || shares
    }

    /// The visitor, the user, and the others by name.
    pub(super) fn people(&self, site: SiteId) -> Vec<Choice> {
        let others = self.users.iter().filter(|user| user.id != self.me.id && self.may_name(user));
        let role = |user: &User| match &user.rights {
            rights if !rights.is_active => "not active",
            rights if rights.superuser() => "superuser",
            rights if rights.staff_of(site) => "staff",
            rights if rights.panel() => "staff of other sites",
            _ => "no panel",
        };
        let choice = |user: &User| Choice::new(&user.username, format!("{} ({})", user.username, role(user)));
        let mine = Choice::new(&self.me.username, format!("{} (you, {})", self.me.username, role(self.me)));
        let visitor = Choice::new("", "Visitor, not logged in");
        let at_work = Choice::new(AT_WORK, "Somebody at work since before the drain");
        [visitor, at_work, mine].into_iter().chain(others.take(MAX_USERS).map(choice)).collect()
    }
}

fn known(user: &User) -> Identity {
    Identity::Known(Arc::new(KnownUser { username: user.username.clone(), rights: user.rights.clone() }))
}

/// Whether a host is one of this site's names, as typed.
fn is_of(record: &SiteRecord, host: &str) -> bool {
    let Ok(host) = request_host(host) else { return false };
    record.site.domain.as_str() == host || record.site.aliases.iter().any(|alias| alias.covers(&host))
}

/// An address behind its scheme, taken apart: the host with its port, and the rest.
fn split_host(text: &str) -> (&str, &str) {
    text.split_at(text.find(['/', '?', '\\']).unwrap_or(text.len()))
}

/// A typed text as it may stand in a sentence.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}
