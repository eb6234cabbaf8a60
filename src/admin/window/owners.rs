//! Whose window it is: sites by key or domain, or all of them; and what is planned there already.

use std::sync::Arc;

use crate::admin::error::PanelError;
use crate::admin::own::Operator;
use crate::admin::page::Choice;
use crate::admin::panel::Panel;
use crate::record::SiteRecord;
use crate::site::{SiteId, request_host};
use crate::window::Window;

/// What stands for all sites in the form.
pub(super) const ALL: &str = "all";

/// What is read for it.
pub(super) const ALL_SITES: &str = "All sites";

/// Most sites to choose from; of more, the domain is typed.
const MAX_CHOICES: usize = 100;

/// Most sites of one form.
const MAX_SITES: usize = 1_000;

/// The sites that a form is about.
#[derive(Debug, Clone, Default)]
pub(super) struct Owners {
    /// Whether it is about all sites.
    pub(super) is_all: bool,
    /// The records of the others.
    pub(super) records: Vec<SiteRecord>,
    /// The windows of all sites.
    pub(super) shared: Arc<[Window]>,
    /// What is wrong with the field, as a sentence.
    pub(super) fault: Option<String>,
}

impl Owners {
    /// Reads the field. Sites that are not the user's are refused.
    ///
    /// # Errors
    /// 403 for a key of somebody else's site, and for all sites but for superusers.
    pub(super) async fn read(panel: &Panel, operator: &Operator, typed: &str) -> Result<Self, PanelError> {
        let mut owners = Self::default();
        let mut ids = Vec::new();
        for word in typed.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty()).take(MAX_SITES) {
            match (word, word.parse::<i64>()) {
                (ALL, _) => owners.is_all = true,
                (_, Ok(id)) => {
                    panel.need_staff_of(operator, SiteId(id)).await?;
                    ids.push(SiteId(id));
                }
                (name, Err(_)) => match named(panel, operator, name) {
                    Some(id) => ids.push(id),
                    None => owners.fault = Some(format!("No site of yours is called “{name}”.")),
                },
            }
        }
        if owners.is_all {
            panel.need_superuser(operator).await?;
            ids.clear();
        }
        ids.sort_unstable();
        ids.dedup();
        let (records, shared) =
            panel.read(move |reader| Ok((reader.record_some(&ids)?, reader.window_shared()?))).await?;
        owners.records = records.into_iter().map(|(record, _)| record).collect();
        owners.records.sort_by_cached_key(|record| record.site.domain.to_unicode());
        owners.shared = shared;
        if owners.records.is_empty() && !owners.is_all && owners.fault.is_none() {
            owners.fault = Some("Choose a site.".to_owned());
        }
        Ok(owners)
    }

    /// For actions: `None` stands for all sites.
    pub(super) fn ids(&self) -> Vec<Option<SiteId>> {
        if self.is_all { vec![None] } else { self.records.iter().map(|record| Some(record.site.id)).collect() }
    }

    /// For the field.
    pub(super) fn as_typed(&self) -> String {
        if self.is_all {
            return ALL.to_owned();
        }
        self.records.iter().map(|record| record.site.id.to_string()).collect::<Vec<_>>().join(",")
    }

    /// By name.
    pub(super) fn names(&self) -> Vec<String> {
        if self.is_all {
            return vec![ALL_SITES.to_owned()];
        }
        self.records.iter().map(|record| record.site.domain.to_unicode()).collect()
    }

    /// Zone of the first site; `None` for all sites.
    pub(super) fn zone(&self) -> Option<&str> {
        self.records.first().map(|record| record.site.time_zone.as_str())
    }

    /// Language of the first site's messages.
    pub(super) fn language(&self) -> Option<&str> {
        self.records.first()?.messages.first().map(|message| message.language.as_str())
    }
}

fn named(panel: &Panel, operator: &Operator, name: &str) -> Option<SiteId> {
    let snapshot = panel.maintenance.snapshot();
    let host = request_host(name).ok()?;
    let site = snapshot.named_site(&host)?;
    operator.rights().staff_of(site.id).then_some(site.id)
}

/// The sites that the user may choose, all of them first for superusers; empty where a domain is typed instead.
pub(super) fn choices(panel: &Panel, operator: &Operator) -> Vec<Choice> {
    let snapshot = panel.maintenance.snapshot();
    let theirs = || snapshot.ids().filter(|id| operator.rights().staff_of(**id));
    if theirs().take(MAX_CHOICES + 1).count() > MAX_CHOICES {
        return Vec::new();
    }
    let mut sites: Vec<Choice> = theirs()
        .filter_map(|id| snapshot.site(*id))
        .map(|site| Choice::new(site.id.to_string(), site.domain.to_unicode()))
        .collect();
    sites.sort_by(|a, b| a.label.cmp(&b.label));
    let all = operator.rights().superuser().then(|| Choice::new(ALL, ALL_SITES));
    all.into_iter().chain(sites).collect()
}
