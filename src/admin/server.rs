//! Which servers decide by the shared state, and whether each enforces the last change.

use std::time::{Duration, Instant};

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::error::PanelError;
use super::own::Operator;
use super::page::{
    Flash, FlashLevel, Moment, Section, ServerRow, ServerState, ServersPage, ServersSummary, lasted_from_seconds,
};
use super::panel::Panel;
use super::words::{count, list};
use crate::change::Revision;
use crate::server_info::{Confirmation, Server};
use crate::storage::{Reader, StoreError};

/// How long a message about a change waits for the other servers. Mostly they need a few hundredths of a second.
const CONFIRMED_WITHIN: Duration = Duration::from_millis(500);

/// Pause between two looks while it waits.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Most servers behind that a sentence names.
const MAX_NAMED: usize = 3;

/// Shows the servers.
pub(super) async fn servers(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
) -> Result<HttpResponse, PanelError> {
    let page = panel.read(Standing::read).await?.page(&panel);
    panel.page(StatusCode::OK, &panel.frame(&session, &operator, Some(Section::Servers)), &page)
}

/// The parts of that page that change by themselves, for its script. Takes no message from the session, which belongs to
/// a page.
pub(super) async fn live(panel: Data<Panel>) -> Result<HttpResponse, PanelError> {
    let page = panel.read(Standing::read).await?.page(&panel);
    let html = panel.templates.plain(ServersPage::LIVE, &page).map_err(PanelError::internal)?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html))
}

/// Whether the database takes changes, for the script of a page that it refused one: 204 when it does. Changes nothing.
pub(super) async fn takes_changes(panel: Data<Panel>) -> Result<HttpResponse, PanelError> {
    let store = panel.maintenance.store().clone();
    panel.maintenance.store().apart(move || store.write(|_| Ok::<_, StoreError>(()))).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The servers and the last change, at one moment of the database's clock.
pub(super) struct Standing {
    servers: Vec<Server>,
    last: Revision,
    now: Timestamp,
}

impl Standing {
    /// Reads it.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self { servers: reader.server_list()?, last: reader.change_last()?, now: reader.clock()? })
    }

    /// The line for other pages; `None` while it would only say that the one server does what it should.
    pub(super) fn line(&self) -> Option<ServersSummary> {
        let found = self.confirmation(self.last);
        (found.live() > 1 || !found.is_complete()).then(|| self.summary())
    }

    fn confirmation(&self, revision: Revision) -> Confirmation {
        Confirmation::of(self.servers.clone(), revision, self.now)
    }

    fn summary(&self) -> ServersSummary {
        let found = self.confirmation(self.last);
        if found.live() == 0 {
            let text = "No server has said yet what it enforces.".to_owned();
            return ServersSummary { aloud: text.clone(), text, is_behind: false };
        }
        let what = format!("revision {}", self.last);
        let more = |server: &Server| format!(": revision {}", server.revision);
        ServersSummary {
            text: self.sentence(&found, &what, more),
            aloud: format!("{}{}.", enforced(&found, &what), behind(&found)),
            is_behind: !found.is_complete(),
        }
    }

    /// `2 of 3 servers enforce it; web3 is behind, last seen 12 s ago.`
    fn sentence(&self, found: &Confirmation, what: &str, more: impl Fn(&Server) -> String) -> String {
        let seen = match found.behind.as_slice() {
            [only] => format!("{}, last seen {}", more(only), self.ago(only.last_seen_at)),
            _ => String::new(),
        };
        format!("{}{}{seen}.", enforced(found, what), behind(found))
    }

    fn ago(&self, at: Timestamp) -> String {
        format!("{} ago", lasted_from_seconds(at, self.now))
    }

    fn page(self, panel: &Panel) -> ServersPage {
        let zone = panel.zone();
        let mut rows: Vec<ServerRow> = self.servers.iter().map(|server| self.row(server, &zone)).collect();
        let order = [ServerState::BEHIND, ServerState::ENFORCES, ServerState::GONE];
        // Stable: they come by name.
        rows.sort_by_key(|row| order.iter().position(|state| *state == row.state));
        // Less the one for this page.
        let others = panel.maintenance.in_flight(None).saturating_sub(1);
        let verb = if others == 1 { "was" } else { "were" };
        let others = count(usize::try_from(others).unwrap_or(usize::MAX), "other request");
        let under_way = format!("{others} {verb}");
        ServersPage { base: panel.base().to_owned(), summary: self.summary(), rows, under_way }
    }

    fn row(&self, server: &Server, zone: &TimeZone) -> ServerRow {
        let moment = |at| Moment::of(at, zone, self.now);
        ServerRow {
            name: server.name.clone(),
            version: server.version.clone(),
            state: match (server.is_live(self.now), server.revision >= self.last) {
                (false, _) => ServerState::GONE,
                (true, true) => ServerState::ENFORCES,
                (true, false) => ServerState::BEHIND,
            },
            revision: server.revision.0,
            deciding_since: server.enforced_at.map(moment),
            last_seen: moment(server.last_seen_at),
            last_seen_ago: self.ago(server.last_seen_at),
            started: moment(server.started_at),
        }
    }
}

/// `2 of 3 servers enforce it`
fn enforced(found: &Confirmation, what: &str) -> String {
    let (confirmed, live) = (found.confirmed.len(), found.live());
    let noun = if live == 1 { "server" } else { "servers" };
    let verb = if confirmed == 1 { "enforces" } else { "enforce" };
    format!("{confirmed} of {live} {noun} {verb} {what}")
}

/// `; web3 is behind`, and nothing when nobody is.
fn behind(found: &Confirmation) -> String {
    let names: Vec<String> = found.behind.iter().map(|server| server.name.clone()).collect();
    match names.len() {
        0 => String::new(),
        1 => format!("; {} is behind", names[0]),
        _ => format!("; {} are behind", list(&names, MAX_NAMED)),
    }
}

impl Panel {
    /// Adds to the message about a change how many servers enforce it by now, and who is behind. Waits for them for a
    /// moment; says nothing while there is one server alone, which this page comes from.
    pub(super) async fn confirmed(&self, mut flash: Flash, revision: Revision) -> Flash {
        let deadline = Instant::now() + CONFIRMED_WITHIN;
        loop {
            // What was changed is told in any case.
            let Ok(standing) = self.read(Standing::read).await else { return flash };
            let found = standing.confirmation(revision);
            if !found.is_complete() && Instant::now() < deadline {
                tokio::time::sleep(LOOK_EVERY).await;
                continue;
            }
            if found.live() > 1 || !found.is_complete() {
                flash.detail = format!("{} {}", flash.detail, standing.sentence(&found, "it", |_| String::new()));
            }
            if !found.is_complete() {
                flash.level = FlashLevel::Note;
            }
            return flash;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server_info::ServerId;

    fn standing(servers: &[(&str, i64, i64)]) -> Standing {
        let now: Timestamp = "2026-11-21T03:12:00Z".parse().unwrap();
        let server = |(name, seconds, revision): &(&str, i64, i64)| Server {
            id: ServerId(1),
            name: (*name).to_owned(),
            version: "0.1.0".to_owned(),
            started_at: now,
            last_seen_at: now - jiff::SignedDuration::from_secs(*seconds),
            revision: Revision(*revision),
            enforced_at: None,
        };
        Standing { servers: servers.iter().map(server).collect(), last: Revision(812), now }
    }

    #[test]
    fn the_sentence_counts_those_alive_and_names_those_behind() {
        for (servers, text, aloud) in [
            (
                &[("web1", 1, 812), ("web2", 0, 812), ("web3", 4, 813), ("old", 15, 7)][..],
                "3 of 3 servers enforce revision 812.",
                "3 of 3 servers enforce revision 812.",
            ),
            (
                &[("web1", 1, 812), ("web2", 0, 812), ("web3", 12, 811)],
                "2 of 3 servers enforce revision 812; web3 is behind: revision 811, last seen 12 s ago.",
                "2 of 3 servers enforce revision 812; web3 is behind.",
            ),
            (
                &[("web1", 1, 812), ("web2", 0, 811), ("web3", 12, 811)],
                "1 of 3 servers enforces revision 812; web2 and web3 are behind.",
                "1 of 3 servers enforces revision 812; web2 and web3 are behind.",
            ),
            (&[("web1", 1, 812)], "1 of 1 server enforces revision 812.", "1 of 1 server enforces revision 812."),
            (
                &[("web1", 15, 812)],
                "No server has said yet what it enforces.",
                "No server has said yet what it enforces.",
            ),
        ] {
            let summary = standing(servers).summary();
            assert_eq!((summary.text.as_str(), summary.aloud.as_str()), (text, aloud));
        }
    }

    #[test]
    fn one_server_that_does_what_it_should_needs_no_line() {
        assert_eq!(standing(&[("web1", 1, 812), ("old", 60, 7)]).line(), None);
        assert!(standing(&[("web1", 1, 811)]).line().unwrap().is_behind);
        assert!(!standing(&[("web1", 1, 812), ("web2", 1, 812)]).line().unwrap().is_behind);
    }
}
