//! The lock-out guard: how somebody is seen, and whether the rules would let that person in if a site were closed.

use std::borrow::Cow;
use std::sync::Arc;

use actix_web::HttpRequest;
use jiff::Timestamp;

use super::own::Operator;
use super::page::Seen;
use super::panel::Panel;
use crate::clock;
use crate::decision::{Identity, KnownUser, Pass, RequestFacts, Verdict, Visit, decide};
use crate::maintenance::MaintenanceRecord;
use crate::middleware::{client_of, origin_of};
use crate::network::ClientAddress;
use crate::path::RequestPath;
use crate::record::SiteRecord;
use crate::rules::Rules;
use crate::site::{SiteId, request_host};
use crate::snapshot::Snapshot;
use crate::template::PageTemplates;

/// A path that no pattern means, unless it frees everything.
const ANY_PATH: &str = "/qzxvkw";

/// The operator as one of those who ask for a site: with an address, and logged in at one host.
pub(super) struct Onlooker {
    operator: Operator,
    client: Option<ClientAddress>,
    /// The site whose host the panel is used at.
    here: Option<SiteId>,
    rules: Arc<Rules>,
}

impl Panel {
    /// How the operator is seen by this request.
    pub(super) fn onlooker(&self, req: &HttpRequest, operator: &Operator) -> Onlooker {
        let snapshot = self.maintenance.snapshot();
        let rules = snapshot.rules();
        let (_, host) = origin_of(req, &rules.trusted);
        Onlooker {
            operator: operator.clone(),
            client: client_of(req, &rules.trusted),
            here: request_host(&host).ok().and_then(|host| snapshot.site_for(&host).map(|site| site.id)),
            rules: Arc::clone(rules),
        }
    }

    /// Whether the operator would see any of the operator's sites, of which `example` is one: by what holds on all of
    /// them.
    pub(super) fn seen_anywhere(&self, req: &HttpRequest, operator: &Operator, example: &SiteRecord) -> Seen {
        let bare = SiteRecord::new(example.site.clone());
        self.onlooker(req, operator).seen(&bare, " wherever you are logged in")
    }
}

impl Onlooker {
    /// Whether the operator would see this site if it were closed with the record as given, stored or not.
    pub(super) fn seen_on(&self, record: &SiteRecord) -> Seen {
        // The log-in holds for the host that it was done at, which may be another site's.
        let at = if self.here == Some(record.site.id) {
            String::new()
        } else {
            format!(" once you are logged in at {}", record.site.domain.to_unicode())
        };
        self.seen(record, &at)
    }

    /// The operator's address, with who told it.
    pub(super) fn client(&self) -> Option<ClientAddress> {
        self.client
    }

    /// The operator's address as it is shown and typed.
    pub(super) fn address(&self) -> String {
        self.client.map_or_else(|| "an unknown address".to_owned(), |client| client.address.to_string())
    }

    /// `at` says where being logged in counts.
    fn seen(&self, record: &SiteRecord, at: &str) -> Seen {
        let (operator, client) = (&self.operator, self.client);
        let user = KnownUser { username: operator.user.username.clone(), rights: operator.rights().clone() };
        let facts = RequestFacts {
            is_safe: true,
            host: Ok(Cow::Borrowed(record.site.domain.as_str())),
            path: RequestPath::new(ANY_PATH),
            client: client.filter(|client| client.is_certain).map(|client| client.address),
            identity: Identity::Known(Arc::new(user)),
            visit: Visit::Nobody,
        };
        let now = clock::now();
        let closed = closed(record, &self.rules, now);
        let verdict = decide(&closed, &facts, now);
        Seen {
            address: self.address(),
            proxy: client.and_then(|client| client.told_by).map(|proxy| proxy.to_string()),
            verdict: words(&verdict, operator, at),
            is_kept_out: !matches!(verdict, Verdict::Pass(_)),
        }
    }
}

/// The world in which this site is closed, and no other is there. Own templates play no part in who gets in.
fn closed(record: &SiteRecord, rules: &Arc<Rules>, now: Timestamp) -> Snapshot {
    let mut record = record.clone();
    record.maintenance = MaintenanceRecord { in_maintenance: true, ..MaintenanceRecord::default() };
    record.messages.clear();
    Snapshot::build(&[record], Default::default(), Arc::clone(rules), Arc::new(PageTemplates::default()), now)
}

fn words(verdict: &Verdict<'_>, operator: &Operator, at: &str) -> String {
    match verdict {
        Verdict::Pass(Pass::Superuser(_)) => format!("let in{at}, because you are a superuser"),
        Verdict::Pass(Pass::Staff(_)) if operator.rights().sites.is_some() => {
            format!("let in{at}, because you are staff of this site")
        }
        Verdict::Pass(Pass::Staff(_)) => format!("let in{at}, because you are staff"),
        Verdict::Pass(Pass::InternalIp(_, network)) => format!("let in, because your address is in {network}"),
        Verdict::Pass(Pass::IgnoredPattern(_, row)) => {
            format!("let in, because the ignored pattern {} holds for everybody", row.pattern)
        }
        Verdict::Pass(_) => "let in".to_owned(),
        _ => "kept out, because no rule lets you in".to_owned(),
    }
}
