//! The cookie of a visitor of a site behind a proxy, where the setting asks for it.
//!
//! It says when this browser was first seen, signed, so that a drain knows who was there before: nobody makes one up,
//! and one of another site is none. It names nobody, and is out of reach for scripts.

use actix_web::cookie::{Cookie, time};
use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, HttpResponse};
use jiff::{SignedDuration, Timestamp};

use super::Visits;
use crate::auth::Keys;
use crate::auth::cookie::{self, CookieNames};
use crate::auth::key::{PurposeKey, is_hex, is_same, random_hex};
use crate::auth::session::hash_of;
use crate::decision::Visit;
use crate::site::SiteId;
use crate::storage::{KeyHash, VisitNote};
use crate::visit::VisitKind;

/// How long a cookie is good for. It is renewed when half of that is over and its browser is seen.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(12);

/// Makes and reads the cookies.
pub(super) struct VisitorCookies {
    key: PurposeKey,
    keys: Keys,
    name: &'static str,
    is_secure: bool,
}

/// A visitor, as the cookie says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Visitor {
    id: String,
    /// When the browser was first seen.
    pub(super) since: Timestamp,
    expires_at: Timestamp,
}

impl Visitor {
    fn new(now: Timestamp) -> Self {
        Self { id: random_hex::<16>(), since: now, expires_at: now + GOOD_FOR }
    }

    /// What is kept of it.
    pub(super) fn key_hash(&self) -> KeyHash {
        hash_of(&format!("visitor:{}", self.id))
    }
}

impl VisitorCookies {
    pub(super) fn new(keys: &Keys, is_secure: bool) -> Self {
        let key = PurposeKey::new(keys, "visitor cookie");
        Self { key, keys: keys.clone(), name: CookieNames::new(is_secure).visitor, is_secure }
    }

    /// Who the cookie of a request says that it is, on this site.
    pub(super) fn read(&self, site: SiteId, headers: &HeaderMap, now: Timestamp) -> Option<Visitor> {
        let value = cookie::value(headers, self.name)?;
        let (said, mac) = value.rsplit_once('.')?;
        if !is_same(mac, &self.mac(site, said)) {
            return None;
        }
        let mut parts = said.split('.');
        let mut time = || Timestamp::from_microsecond(parts.next()?.parse().ok()?).ok();
        let (since, expires_at) = (time()?, time()?);
        let id = parts.next().filter(|id| is_hex::<16>(id))?.to_owned();
        (now < expires_at).then_some(Visitor { id, since, expires_at })
    }

    /// The cookie for a visitor. Beside the setting, HTTPS makes it one for HTTPS only.
    fn cookie(&self, site: SiteId, visitor: &Visitor, is_https: bool, now: Timestamp) -> Cookie<'static> {
        let Visitor { id, since, expires_at } = visitor;
        let said = format!("{}.{}.{id}", since.as_microsecond(), expires_at.as_microsecond());
        let value = format!("{said}.{}", self.mac(site, &said));
        let mut cookie = cookie::ours(self.name, value, self.is_secure || is_https);
        cookie.set_max_age(time::Duration::seconds(expires_at.duration_since(now).as_secs()));
        cookie
    }

    fn mac(&self, site: SiteId, said: &str) -> String {
        self.key.mac_hex(&[&site.0.to_string(), said])
    }
}

impl Visits {
    /// Notes that a visitor of a site was seen who has been there before; nothing unless `MAINTENANCE_VISITOR_COOKIE` asks
    /// for it. Sets the cookie on the answer: for a browser without one, if `may_begin`, and for one whose cookie is soon
    /// over, once it is known that its visit has not ended.
    pub(crate) fn meet(
        &self,
        site: SiteId,
        req: &HttpRequest,
        answer: &mut HttpResponse,
        may_begin: bool,
        is_https: bool,
        now: Timestamp,
    ) {
        if let Some(cookie) = self.cookie_for(site, req, may_begin, is_https, now)
            && let Err(error) = answer.add_cookie(&cookie)
        {
            log::warn!("The cookie of a visitor could not be set: {error}");
        }
    }

    fn cookie_for(
        &self,
        site: SiteId,
        req: &HttpRequest,
        may_begin: bool,
        is_https: bool,
        now: Timestamp,
    ) -> Option<Cookie<'static>> {
        let cookies = self.0.visitors.as_ref()?;
        let visitor = match cookies.read(site, req.headers(), now) {
            Some(known) => {
                self.note_visitor(site, &known, now);
                self.renewed(site, known, now)
            }
            // Not written before it comes back: programs that keep no cookies would fill the table.
            None => (may_begin && cookies.keys.are_known()).then(|| Visitor::new(now)),
        };
        visitor.map(|visitor| cookies.cookie(site, &visitor, is_https, now))
    }

    /// A visitor whose cookie is soon over, with a later end. The visit of one who was ended is forgotten some day, and the
    /// cookie must be over by then: where nobody knows yet, it is renewed with a later request.
    fn renewed(&self, site: SiteId, known: Visitor, now: Timestamp) -> Option<Visitor> {
        let is_soon_over = known.expires_at.duration_since(now) < GOOD_FOR / 2;
        let is_at_work = || matches!(self.0.memory.answer(site, &known.key_hash(), now), Some(Visit::Since(_)));
        (is_soon_over && is_at_work()).then(|| Visitor { expires_at: now + GOOD_FOR, ..known })
    }

    pub(super) fn note_visitor(&self, site: SiteId, visitor: &Visitor, now: Timestamp) {
        self.note(now, || VisitNote {
            site,
            key_hash: visitor.key_hash(),
            kind: VisitKind::Visitor,
            name: String::new(),
            address: None,
            signed_in_at: visitor.since,
            seen_at: now,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::tests::{at, keys, store};
    use crate::config::Settings;
    use crate::visits::memory::Answer;
    use actix_web::http::header::{COOKIE, HeaderValue};

    const SITE: SiteId = SiteId(3);

    fn sent(text: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_str(text).unwrap());
        headers
    }

    fn pair(cookie: &Cookie<'_>) -> String {
        format!("{}={}", cookie.name(), cookie.value())
    }

    #[test]
    fn a_cookie_reads_back_on_its_own_site_until_it_expires() {
        let cookies = VisitorCookies::new(&keys(), false);
        let visitor = Visitor::new(at(0));
        let headers = sent(&pair(&cookies.cookie(SITE, &visitor, false, at(0))));
        assert_eq!(cookies.read(SITE, &headers, at(0)), Some(visitor.clone()));
        let last = GOOD_FOR.as_secs() - 1;
        assert_eq!(cookies.read(SITE, &headers, at(last)).unwrap().since, at(0));
        assert_eq!(cookies.read(SITE, &headers, at(last + 1)), None, "expired");
        assert_eq!(cookies.read(SiteId(4), &headers, at(0)), None, "of another site");
        let others = Keys::default();
        others.set("another secret");
        assert_eq!(VisitorCookies::new(&others, false).read(SITE, &headers, at(0)), None, "of other servers");
    }

    #[test]
    fn a_cookie_that_somebody_made_or_changed_is_none() {
        let cookies = VisitorCookies::new(&keys(), false);
        let cookie = cookies.cookie(SITE, &Visitor::new(at(0)), false, at(0));
        let value = cookie.value().to_owned();
        let parts: Vec<&str> = value.split('.').collect();
        let earlier = at(-9_999).as_microsecond().to_string();
        for forged in [
            [&earlier, parts[1], parts[2], parts[3]].join("."),
            [parts[0], "9999999999999999", parts[2], parts[3]].join("."),
            [parts[0], parts[1], &"0".repeat(32), parts[3]].join("."),
            [parts[0], parts[1], parts[2], &"0".repeat(64)].join("."),
            [parts[0], parts[1], parts[2], ""].join("."),
            parts[..3].join("."),
            "...".to_owned(),
            "x".to_owned(),
        ] {
            let headers = sent(&format!("{}={forged}", cookie.name()));
            assert_eq!(cookies.read(SITE, &headers, at(1)), None, "{forged}");
        }
    }

    #[test]
    fn a_cookie_that_is_soon_over_is_renewed_once_its_visit_is_known_not_to_have_ended() {
        let (_folder, store) = store();
        let settings = Settings::from_environment().expect("the tests' environment has no wrong setting");
        let visits = Visits::new(&store, &keys(), &settings, None);
        let visitor = Visitor::new(at(0));
        let renewed = |second| visits.renewed(SITE, visitor.clone(), at(second));
        let remember = |visit| {
            let (memory, now) = (&visits.0.memory, at(0));
            memory.keep(SITE, &visitor.key_hash(), Answer { visit, until: Timestamp::MAX }, now, memory.generation());
        };
        let (early, late) = (GOOD_FOR.as_secs() / 2, GOOD_FOR.as_secs() / 2 + 1);
        assert_eq!(renewed(late), None, "nobody knows");
        remember(Visit::Nobody);
        assert_eq!(renewed(late), None, "it has ended");
        remember(Visit::Since(at(0)));
        assert_eq!(renewed(early), None);
        assert_eq!(renewed(late), Some(Visitor { expires_at: at(late) + GOOD_FOR, ..visitor.clone() }));
    }

    #[test]
    fn the_cookie_is_out_of_reach_for_scripts_and_other_sites() {
        for (is_secure, is_https, secure) in [(false, false, false), (false, true, true), (true, false, true)] {
            let cookies = VisitorCookies::new(&keys(), is_secure);
            let text = cookies.cookie(SITE, &Visitor::new(at(0)), is_https, at(0)).to_string();
            for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"] {
                assert!(text.contains(part), "{part} in {text}");
            }
            assert_eq!(text.contains("Secure"), secure, "{text}");
            assert_eq!(text.starts_with("__Host-"), is_secure, "{text}");
        }
    }
}
