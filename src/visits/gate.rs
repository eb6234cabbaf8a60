//! Whether somebody is at work, as the gate asks while a site drains: from memory where it can.

use std::future::Future;
use std::time::Instant;

use actix_web::http::header::{self, HeaderMap};
use jiff::Timestamp;

use super::memory::Answer;
use super::visitor::Visitor;
use super::{Visits, hook};
use crate::decision::Visit;
use crate::site::SiteId;
use crate::storage::{KeyHash, Reader, StoreError};
use crate::visit::{self, SignedIn, VisitKind};

/// What a request bears by which somebody at work could be known.
#[derive(Debug, Default)]
pub(crate) struct Signs {
    app: Option<SignedIn>,
    session: Option<KeyHash>,
    visitor: Option<Visitor>,
}

/// One sign: what it is known by, and since when it says of itself that it is at work.
struct Sign {
    key: KeyHash,
    claimed: Option<Timestamp>,
}

impl Signs {
    /// In the order in which they have a say.
    fn each(&self) -> impl Iterator<Item = Sign> + use<> {
        let app = self.app.as_ref().map(|app| Sign { key: hook::hash_of(&app.key), claimed: Some(app.since) });
        let session = self.session.map(|key| Sign { key, claimed: None });
        let visitor =
            self.visitor.as_ref().map(|visitor| Sign { key: visitor.key_hash(), claimed: Some(visitor.since) });
        app.into_iter().chain(session).chain(visitor)
    }
}

impl Visits {
    /// Nobody, when a request bears nothing by which somebody could be known and the application is not asked.
    pub(crate) fn at_first_sight(&self, headers: &HeaderMap) -> Visit {
        if self.has_hook() || headers.contains_key(header::COOKIE) { Visit::Unresolved } else { Visit::Nobody }
    }

    /// What a request bears. `app` is what the application says; see [`Visits::ask`].
    pub(crate) fn signs(&self, site: SiteId, headers: &HeaderMap, app: Option<SignedIn>, now: Timestamp) -> Signs {
        let visitor = self.0.visitors.as_ref().and_then(|cookies| cookies.read(site, headers, now));
        if let Some(visitor) = &visitor {
            self.note_visitor(site, visitor, now);
        }
        Signs { app, session: self.session_key(headers), visitor }
    }

    /// Whether somebody is at work, from memory alone; `None` when that must be looked up.
    pub(crate) fn known(&self, site: SiteId, signs: &Signs, now: Timestamp) -> Option<Visit> {
        for sign in signs.each() {
            match self.0.memory.answer(site, &sign.key, now)? {
                Visit::Since(_) if sign.claimed.is_some() => return sign.claimed.map(Visit::Since),
                Visit::Since(since) => return Some(Visit::Since(since)),
                Visit::Nobody | Visit::Unresolved => {}
            }
        }
        Some(Visit::Nobody)
    }

    /// Whether somebody is at work, from memory or from the database. What proves itself is believed while the database
    /// does not answer; a session that is not remembered is not.
    ///
    /// The future owns what it needs.
    pub(crate) fn resolve(&self, site: SiteId, signs: &Signs, now: Timestamp) -> impl Future<Output = Visit> + use<> {
        let (visits, signs): (_, Vec<Sign>) = (self.clone(), signs.each().collect());
        async move {
            for sign in signs {
                let visit = match visits.0.memory.answer(site, &sign.key, now) {
                    Some(Visit::Since(since)) => Visit::Since(sign.claimed.unwrap_or(since)),
                    Some(nobody) => nobody,
                    None => visits.look_up(site, &sign, now).await,
                };
                if let Visit::Since(_) = visit {
                    return visit;
                }
            }
            Visit::Nobody
        }
    }

    async fn look_up(&self, site: SiteId, sign: &Sign, now: Timestamp) -> Visit {
        let generation = self.0.memory.generation();
        let claimed = sign.claimed.map_or(Visit::Nobody, Visit::Since);
        let (asked, respite) = (Instant::now(), &self.0.respite);
        let Some(_turn) = respite.turn(now) else { return claimed };
        let (visits, key, proof) = (self.clone(), sign.key, sign.claimed);
        let found = self.0.store.apart(move || match proof {
            Some(claimed) => visits.standing_of_claim(site, &key, claimed, now),
            None => visits.standing_of_session(site, &key, now),
        });
        match found.await {
            Ok(answer) => {
                respite.end();
                self.0.memory.keep(site, &sign.key, answer, now, generation);
                answer.visit
            }
            Err(error) => {
                respite.begin(now + asked.elapsed());
                log::warn!("Whether somebody is at work could not be looked up: {error}");
                claimed
            }
        }
    }

    /// What proves itself is at work unless it was ended, after which only a later sign-in counts. It need not be written
    /// yet.
    fn standing_of_claim(
        &self,
        site: SiteId,
        key: &KeyHash,
        claimed: Timestamp,
        now: Timestamp,
    ) -> Result<Answer, StoreError> {
        let ended_at = self.0.store.read(|reader| reader.visit_by_key(site, key))?.and_then(|visit| visit.ended_at);
        let is_at_work = ended_at.is_none_or(|end| claimed > end);
        Ok(Answer::of(if is_at_work { Visit::Since(claimed) } else { Visit::Nobody }, now))
    }

    /// A session is at work as long as it lasts, with a sign-in on this site that has not ended.
    fn standing_of_session(&self, site: SiteId, key: &KeyHash, now: Timestamp) -> Result<Answer, StoreError> {
        let read = |reader: &mut Reader<'_>| Ok((reader.visit_by_key(site, key)?, reader.site_session(key)?));
        let (visit, session) = self.0.store.read(read)?;
        let is_going_on = |visit: &visit::Visit| visit.kind == VisitKind::Session && visit.ended_at.is_none();
        let (Some(visit), Some(session)) = (visit.filter(is_going_on), session) else {
            return Ok(Answer::of(Visit::Nobody, now));
        };
        let until = self.0.ages.over_at(session.last_seen_at, session.expires_at);
        let is_live = now < until;
        Ok(if is_live {
            Answer { visit: Visit::Since(visit.signed_in_at), until }
        } else {
            Answer::of(Visit::Nobody, now)
        })
    }
}
