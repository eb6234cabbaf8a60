//! The lock-out guard: how somebody is seen, and whether the rules would let that person in if a site were closed.

use std::borrow::Cow;
use std::sync::Arc;

use actix_web::HttpRequest;
use jiff::Timestamp;

use super::own::Operator;
use super::page::Seen;
use super::panel::Panel;
use crate::clock;
use crate::decision::{Identity, KnownUser, Pass, RequestFacts, Verdict, decide};
use crate::maintenance::MaintenanceRecord;
use crate::middleware::{client_of, origin_of};
use crate::path::RequestPath;
use crate::record::SiteRecord;
use crate::site::request_host;
use crate::snapshot::{Rules, Snapshot};
use crate::template::PageTemplates;

impl Panel {
    /// Whether the operator would see this site if it were closed with the record as given, stored or not.
    pub(super) fn seen_on(&self, req: &HttpRequest, operator: &Operator, record: &SiteRecord) -> Seen {
        let snapshot = self.maintenance.snapshot();
        let (_, host) = origin_of(req, &snapshot.rules().trusted);
        let here = request_host(&host).ok().and_then(|host| snapshot.site_for(&host).map(|site| site.id));
        // The log-in holds for the host that it was done at, which may be another site's.
        let at = if here == Some(record.site.id) {
            String::new()
        } else {
            format!(" once you are logged in at {}", record.site.domain.to_unicode())
        };
        self.seen(req, operator, record, &at)
    }

    /// The same for any of the operator's sites, of which `example` is one: by what holds on all of them.
    pub(super) fn seen_anywhere(&self, req: &HttpRequest, operator: &Operator, example: &SiteRecord) -> Seen {
        let bare = SiteRecord::new(example.site.clone());
        self.seen(req, operator, &bare, " wherever you are logged in")
    }

    /// `at` says where being logged in counts.
    fn seen(&self, req: &HttpRequest, operator: &Operator, record: &SiteRecord, at: &str) -> Seen {
        let snapshot = self.maintenance.snapshot();
        let client = client_of(req, &snapshot.rules().trusted);
        let user = KnownUser { username: operator.user.username.clone(), rights: operator.rights().clone() };
        let facts = RequestFacts {
            host: Ok(Cow::Borrowed(record.site.domain.as_str())),
            path: RequestPath::new("/"),
            client: client.filter(|client| client.is_certain).map(|client| client.address),
            identity: Identity::Known(Arc::new(user)),
        };
        let now = clock::now();
        let closed = closed(record, snapshot.rules(), now);
        let verdict = decide(&closed, &facts, now);
        Seen {
            address: client.map_or_else(|| "an unknown address".to_owned(), |client| client.address.to_string()),
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
