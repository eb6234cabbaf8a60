//! Which sites are meant: by id, by domain or alias, by a part that only one site has, all, or the default one.

use clap::Args;

use super::console::Console;
use super::exit::Usage;
use super::text;
use crate::site::{Domain, Site, SiteId};
use crate::storage::{Store, StoreError};

/// Most sites that an error lists.
const LISTED: usize = 10;

/// How alike a name must be to be what was meant: 0 to 1, as [`strsim::jaro_winkler`] has it.
const ALIKE: f64 = 0.75;

/// Sites named on the command line.
#[derive(Debug, Clone, Args)]
pub struct SiteArgs {
    /// Sites: id, domain, alias, or a part of a name that only one site has
    ///
    /// Several may be named. None means the default site: the one that SITE_ID says, else the only one, else the
    /// one marked default.
    #[arg(value_name = "SITE")]
    pub sites: Vec<String>,

    /// All sites
    #[arg(long, conflicts_with = "sites")]
    pub all: bool,

    /// Skip names that no site has, instead of failing
    #[arg(long)]
    pub ignore_missing: bool,
}

/// The default site, where no other setting of the gate is needed.
#[derive(Debug, Clone, Copy, Args)]
pub struct DefaultSite {
    /// Site that is meant where none is named
    #[arg(long, env = "SITE_ID", value_name = "ID", value_parser = crate::config::site_id, hide = true)]
    pub site_id: Option<SiteId>,
}

/// A name that means no single site.
#[derive(Debug, thiserror::Error)]
pub enum NoSite {
    /// No site is like that.
    #[error("no site matches \"{typed}\".{}{}", did_you_mean(.meant), known_sites(.known))]
    Unknown {
        /// What was typed.
        typed: String,
        /// The site that is most likely meant.
        meant: Option<String>,
        /// All sites, the nearest first.
        known: Vec<String>,
    },
    /// Several sites are like that.
    #[error("\"{typed}\" matches {}: {}. Write more of the name, or the id", text::count(.sites.len(), "site"), text::list(.sites, LISTED))]
    Ambiguous {
        /// What was typed.
        typed: String,
        /// The sites.
        sites: Vec<String>,
    },
    /// None is named and none is the default one.
    #[error("no site is named and none is the default one. Name one of: {}", text::list(.known, LISTED))]
    NoDefault {
        /// All sites.
        known: Vec<String>,
    },
    /// The setting names a site that is not there.
    #[error("SITE_ID is {id}, but no site has this id.{}", known_sites(.known))]
    WrongDefault {
        /// The setting.
        id: SiteId,
        /// All sites.
        known: Vec<String>,
    },
    /// There is none at all.
    #[error("there are no sites yet. Add the domain that visitors type: maintenance site add www.example.com")]
    NoSites,
}

fn did_you_mean(meant: &Option<String>) -> String {
    meant.as_ref().map(|meant| format!(" Did you mean {meant}?")).unwrap_or_default()
}

fn known_sites(known: &[String]) -> String {
    format!("\nKnown sites: {}", text::list(known, LISTED))
}

/// All sites by name.
pub struct Directory {
    sites: Vec<Site>,
}

impl Directory {
    /// Reads the names of all sites.
    pub fn read(store: &Store) -> Result<Self, StoreError> {
        Ok(Self { sites: store.read(|reader| reader.site_list())? })
    }

    /// Reads what it takes to find sites by these names: only them when each is an id, a domain or an alias as it is
    /// stored, which costs the same among 100,000 sites as among ten, else the names of all sites.
    pub fn read_for(store: &Store, typed: &[String]) -> Result<Self, StoreError> {
        let sites = store.read(|reader| {
            let mut ids = Vec::with_capacity(typed.len());
            for typed in typed {
                let id = match (typed.trim().parse(), Domain::parse(typed.trim())) {
                    (Ok(id), _) => Some(SiteId(id)),
                    (_, Ok(domain)) => reader.site_holding(domain.as_str())?,
                    _ => None,
                };
                ids.extend(id.filter(|id| !ids.contains(id)));
            }
            let found = if ids.len() == typed.len() { reader.site_some(&ids)? } else { Vec::new() };
            if found.len() == typed.len() && !found.is_empty() { Ok(found) } else { reader.site_list() }
        })?;
        Ok(Self { sites })
    }

    /// All sites that were read, by id.
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// The site with this id.
    pub fn get(&self, id: SiteId) -> Option<&Site> {
        self.sites.iter().find(|site| site.id == id)
    }

    /// The sites that are meant, each once, in the order in which they are named.
    ///
    /// Names that no site has are left out with a note when `ignore_missing` is set; a part that several sites have
    /// never is.
    pub fn choose(&self, console: &Console, args: &SiteArgs, default: Option<SiteId>) -> Result<Vec<&Site>, NoSite> {
        if args.all {
            return if self.sites.is_empty() && !args.ignore_missing {
                Err(NoSite::NoSites)
            } else {
                Ok(self.sites.iter().collect())
            };
        }
        if args.sites.is_empty() {
            return Ok(vec![self.default_site(default)?]);
        }
        let mut chosen: Vec<&Site> = Vec::new();
        for typed in &args.sites {
            match self.find(typed) {
                Ok(site) if chosen.iter().any(|known| known.id == site.id) => {}
                Ok(site) => chosen.push(site),
                Err(NoSite::Unknown { .. } | NoSite::NoSites) if args.ignore_missing => {
                    console.note(&format!("no site matches \"{}\"; skipped", text::plain(typed)));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(chosen)
    }

    /// The site that is meant by a name, or the default one.
    pub fn one(&self, typed: Option<&str>, default: Option<SiteId>) -> Result<&Site, NoSite> {
        match typed {
            Some(typed) => self.find(typed),
            None => self.default_site(default),
        }
    }

    /// The site that a host belongs to, given as it stands in an address: by domain, alias or longest wildcard.
    pub fn of_host(&self, host: &str) -> Option<&Site> {
        let exact = |site: &&Site| {
            site.domain.as_str() == host || site.aliases.iter().any(|alias| !alias.is_wildcard() && alias.covers(host))
        };
        let by_wildcard = || {
            let covering = |site: &Site| {
                let covers = site.aliases.iter().filter(|alias| alias.covers(host));
                covers.map(|alias| alias.domain().as_str().len()).max()
            };
            self.sites.iter().filter_map(|site| Some((covering(site)?, site))).max_by_key(|(length, _)| *length)
        };
        self.sites.iter().find(exact).or_else(|| by_wildcard().map(|(_, site)| site))
    }

    fn find(&self, typed: &str) -> Result<&Site, NoSite> {
        if self.sites.is_empty() {
            return Err(NoSite::NoSites);
        }
        let typed = typed.trim();
        if let Ok(id) = typed.parse::<i64>() {
            return self.get(SiteId(id)).ok_or_else(|| self.unknown(typed));
        }
        let by_name = match Domain::parse(typed) {
            Ok(domain) => self.of_host(domain.as_str()),
            Err(_) => self.sites.iter().find(|site| site.aliases.iter().any(|alias| alias.to_string() == typed)),
        };
        if let Some(site) = by_name {
            return Ok(site);
        }
        let part = typed.to_lowercase();
        let by_part: Vec<&Site> =
            self.sites.iter().filter(|site| names(site).iter().any(|name| name.contains(&part))).collect();
        match by_part.as_slice() {
            [] => Err(self.unknown(typed)),
            _ if part.is_empty() => Err(self.unknown(typed)),
            [site] => Ok(site),
            several => {
                let sites = several.iter().map(|site| site.domain.to_string()).collect();
                Err(NoSite::Ambiguous { typed: text::plain(typed), sites })
            }
        }
    }

    fn default_site(&self, setting: Option<SiteId>) -> Result<&Site, NoSite> {
        match (setting, self.sites.as_slice()) {
            (_, []) => Err(NoSite::NoSites),
            (Some(id), _) => self.get(id).ok_or_else(|| NoSite::WrongDefault { id, known: self.by_likeness("") }),
            (None, [only]) => Ok(only),
            (None, all) => {
                all.iter().find(|site| site.is_default).ok_or_else(|| NoSite::NoDefault { known: self.by_likeness("") })
            }
        }
    }

    fn unknown(&self, typed: &str) -> NoSite {
        let best = self.sites.iter().map(|site| (likeness(site, typed), site)).max_by(|a, b| a.0.total_cmp(&b.0));
        let meant = best.filter(|(likeness, _)| *likeness >= ALIKE).map(|(_, site)| site.domain.to_string());
        NoSite::Unknown { typed: text::plain(typed), meant, known: self.by_likeness(typed) }
    }

    /// All domains, the most alike first.
    fn by_likeness(&self, typed: &str) -> Vec<String> {
        let mut sites: Vec<(f64, String)> =
            self.sites.iter().map(|site| (likeness(site, typed), site.domain.to_string())).collect();
        sites.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        sites.into_iter().map(|(_, domain)| domain).collect()
    }
}

/// Everything that a site is called, lower case.
fn names(site: &Site) -> Vec<String> {
    let mut names = vec![site.domain.to_string(), site.domain.to_unicode(), site.name.to_lowercase()];
    names.extend(site.aliases.iter().flat_map(|alias| [alias.to_string(), alias.to_unicode()]));
    names.retain(|name| !name.is_empty());
    names
}

/// How alike a text is to what a site is called, or to one part of that between dots: 0 to 1.
fn likeness(site: &Site, typed: &str) -> f64 {
    let typed = typed.to_lowercase();
    let alike = |name: &str| strsim::jaro_winkler(name, &typed);
    let of_name = |name: String| name.split('.').map(alike).fold(alike(&name), f64::max);
    names(site).into_iter().map(of_name).fold(0.0, f64::max)
}

/// Refuses to do something to all sites without a yes.
pub fn confirm_all(console: &Console, args: &SiteArgs, yes: bool, what: &str, sites: &[&Site]) -> anyhow::Result<()> {
    if args.all && !yes && sites.len() > 1 {
        let domains: Vec<&str> = sites.iter().map(|site| site.domain.as_str()).collect();
        let question = format!("{what} all {} sites ({})?", sites.len(), text::list(&domains, LISTED));
        console.confirm(&question, "--yes")?;
    }
    Ok(())
}

/// The one site that is meant where a command takes one only.
pub fn only<'d>(directory: &'d Directory, typed: &str) -> Result<&'d Site, anyhow::Error> {
    if typed.trim().is_empty() {
        return Err(Usage("the name of a site is empty".to_owned()).into());
    }
    Ok(directory.one(Some(typed), None)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::Alias;

    fn a_site(id: i64, domain: &str, aliases: &[&str]) -> Site {
        Site {
            id: SiteId(id),
            domain: Domain::parse(domain).unwrap(),
            name: String::new(),
            aliases: aliases.iter().map(|alias| Alias::parse(alias).unwrap()).collect(),
            is_default: false,
            is_protected: false,
            time_zone: "UTC".to_owned(),
        }
    }

    fn a_directory() -> Directory {
        Directory {
            sites: vec![
                a_site(1, "example.com", &["www.example.com"]),
                a_site(2, "forum.example.com", &["*.preview.example.com"]),
                a_site(3, "bücher.example", &[]),
            ],
        }
    }

    #[test]
    fn a_site_is_found_by_id_domain_alias_wildcard_or_a_part_that_only_it_has() {
        for (typed, id) in [
            ("1", 1),
            ("example.com", 1),
            ("Example.COM.", 1),
            ("www.example.com", 1),
            ("forum", 2),
            ("x.preview.example.com", 2),
            ("*.preview.example.com", 2),
            ("bücher", 3),
            ("xn--bcher-kva.example", 3),
        ] {
            assert_eq!(a_directory().find(typed).unwrap().id, SiteId(id), "{typed}");
        }
    }

    #[test]
    fn a_part_that_several_sites_have_is_refused_with_their_names() {
        let error = a_directory().find("example").unwrap_err();
        assert!(matches!(&error, NoSite::Ambiguous { sites, .. } if sites.len() == 3), "{error}");
    }

    #[test]
    fn an_unknown_site_is_refused_with_the_nearest_first() {
        let error = a_directory().find("form").unwrap_err().to_string();
        assert!(error.starts_with("no site matches \"form\". Did you mean forum.example.com?\n"), "{error}");
        assert!(error.contains("Known sites: forum.example.com, "), "{error}");
        for typed in ["7", "zzz", ""] {
            assert!(matches!(a_directory().find(typed), Err(NoSite::Unknown { .. })), "{typed}");
        }
    }

    #[test]
    fn the_default_site_is_the_setting_else_the_only_one_else_the_marked_one() {
        let mut directory = a_directory();
        assert_eq!(directory.default_site(Some(SiteId(2))).unwrap().id, SiteId(2));
        assert!(matches!(directory.default_site(Some(SiteId(9))), Err(NoSite::WrongDefault { .. })));
        assert!(matches!(directory.default_site(None), Err(NoSite::NoDefault { .. })));
        directory.sites[1].is_default = true;
        assert_eq!(directory.default_site(None).unwrap().id, SiteId(2));
        directory.sites.truncate(1);
        assert_eq!(directory.default_site(None).unwrap().id, SiteId(1));
        directory.sites.clear();
        assert!(matches!(directory.default_site(None), Err(NoSite::NoSites)));
    }
}
