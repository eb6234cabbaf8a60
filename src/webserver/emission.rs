//! Whole configurations of web servers that stand in front of a site: what `maintenance emit` prints.
//!
//! One template for each kind of server, in `templates/emit/`. Values come in types that mean the same in every dialect
//! (see [`super::value`]), so nothing is escaped, and what one server cannot do is refused in words.

use std::sync::LazyLock;

use rust_embed::RustEmbed;
use serde::Serialize;
use tera::{Context, Tera};

use super::value::{ConfigPath, Listen, Origin};
use super::{UNCLEAN_TARGET, haproxy};
use crate::response::RETRY_AFTER_STEPS;
use crate::site::{Site, SiteId};

#[derive(RustEmbed)]
#[folder = "templates/emit"]
struct Templates;

static TEMPLATES: LazyLock<Tera> = LazyLock::new(|| {
    let sources: Vec<(String, String)> = Templates::iter()
        .filter_map(|name| {
            let file = Templates::get(&name)?;
            Some((name.into_owned(), String::from_utf8_lossy(&file.data).into_owned()))
        })
        .collect();
    let mut tera = Tera::new();
    tera.add_raw_templates(sources).expect("the embedded templates load, a test renders each of them");
    tera
});

/// A kind of web server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Server {
    /// nginx, with its module `auth_request`.
    Nginx,
    /// Apache httpd 2.4.
    Apache,
    /// Caddy 2.
    Caddy,
    /// HAProxy, with Lua.
    Haproxy,
    /// Traefik, by its file provider.
    Traefik,
    /// Envoy, with `ext_authz`.
    Envoy,
}

/// How a web server knows whether a request is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It asks the program about each request.
    Check,
    /// It looks whether a file is there, and serves the page from disk.
    File,
    /// It looks whether a file is there, and asks the program about each request while it is.
    Both,
}

/// What happens to visitors while a web server asks a program that does not answer, and no file says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unreachable {
    /// They get 503: an outage of ours does not open a closed site.
    Hold,
    /// They reach the application: an outage of ours does not close an open site.
    Pass,
}

/// Which file of a configuration that has several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The configuration itself.
    Configuration,
    /// The Lua script that HAProxy's configuration loads.
    Lua,
}

/// A site that is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EmittedSite {
    /// Key, which is part of names.
    pub id: SiteId,
    /// Domain.
    pub domain: String,
    /// Domain and aliases, each as the site has it: `example.com`, `*.preview.example.com`.
    pub names: Vec<String>,
    /// Those of them that are whole names.
    pub exact_names: Vec<String>,
    /// What the others end in: `.preview.example.com`.
    pub endings: Vec<String>,
    /// Its flag file; needed in the modes that look at files.
    pub file: Option<ConfigPath>,
}

impl EmittedSite {
    /// A site with its flag file, if the web server is to look at one.
    pub fn new(site: &Site, file: Option<ConfigPath>) -> Self {
        let aliases = site.aliases.iter().map(ToString::to_string);
        let names: Vec<String> = std::iter::once(site.domain.to_string()).chain(aliases).collect();
        let endings = names.iter().filter_map(|name| name.strip_prefix('*')).map(str::to_owned).collect();
        let exact_names = names.iter().filter(|name| !name.starts_with('*')).cloned().collect();
        Self { id: site.id, domain: site.domain.to_string(), names, exact_names, endings, file }
    }

    /// The lists that HAProxy reads at its start, in the modes that look at files; it does not start without them.
    pub fn lists_of_haproxy(&self) -> impl Iterator<Item = String> {
        let endings = [haproxy::PATHS, haproxy::NETWORKS];
        self.file.iter().flat_map(move |file| endings.map(|ending| format!("{}.{ending}", file.as_str())))
    }

    /// Whether a wildcard of this site covers a name that is the other's: an exact one, or a longer wildcard.
    pub fn hides(&self, other: &Self) -> bool {
        let covers =
            |name: &str| self.endings.iter().any(|ending| name.len() > ending.len() && name.ends_with(ending.as_str()));
        other.exact_names.iter().chain(&other.endings).any(|name| covers(name))
    }

    /// Its names in groups: the whole ones, and each ending.
    fn groups(&self) -> Vec<Names<'_>> {
        let whole = Names { site: self.id, domain: &self.domain, exact: &self.exact_names, ending: None, number: 0 };
        let endings = self.endings.iter().enumerate().map(|(index, ending)| Names {
            exact: &[],
            ending: Some(ending.as_str()),
            number: index + 1,
            ..whole
        });
        endings.chain([whole]).collect()
    }
}

/// The sites in an order in which the first name that matches is the right one; `None` when there is none.
fn before_wildcards(sites: &[EmittedSite]) -> Option<Vec<EmittedSite>> {
    if sites.iter().all(|site| site.endings.is_empty()) {
        return Some(sites.to_vec());
    }
    let (mut left, mut ordered): (Vec<&EmittedSite>, Vec<EmittedSite>) = (sites.iter().collect(), Vec::new());
    while !left.is_empty() {
        let hides_none = |site: &&EmittedSite| left.iter().all(|other| site.id == other.id || !site.hides(other));
        let next = left.iter().position(hides_none)?;
        ordered.push(left.remove(next).clone());
    }
    Some(ordered)
}

/// Names by which a site is found: all of its whole ones, or one ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Names<'e> {
    site: SiteId,
    domain: &'e str,
    /// Whole names; none for an ending.
    exact: &'e [String],
    /// `.preview.example.com`.
    ending: Option<&'e str>,
    /// Which ending of the site it is, from 1; 0 for the whole names.
    number: usize,
}

/// Everything that a configuration is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Emission {
    /// How it is known who is held.
    pub mode: Mode,
    /// What happens while the program does not answer, in mode `check`.
    pub unreachable: Unreachable,
    /// The sites, at least one.
    pub sites: Vec<EmittedSite>,
    /// Where visitors connect.
    pub listen: Listen,
    /// The application.
    pub upstream: Origin,
    /// This program.
    pub program: Origin,
    /// Path of the panel, with a slash at each end.
    pub panel: String,
    /// Status of the maintenance answer.
    pub status: u16,
    /// Seconds for `Retry-After` while no end is known.
    pub retry_after: u32,
    /// Where the Lua script will lie that HAProxy's configuration loads.
    pub lua: ConfigPath,
    /// The command that prints the same, for the comment on top.
    pub command: String,
}

/// What cannot be printed. The words are meant for the operator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmissionError {
    /// The server has nothing to do it with.
    #[error("{0}")]
    NotPossible(&'static str),
    /// A mode that looks at files needs to know which.
    #[error(
        "the flag file of {domain} is not known: set MAINTENANCE_FILE, for example to /var/lib/maintenance/{{domain}}/on"
    )]
    NoFile {
        /// The site.
        domain: String,
    },
    /// The server takes the first name that matches, and each order hides some site.
    #[error(
        "Apache httpd takes the first name that matches, and sites have wildcards that cover names of each other: give \
         each of these names as an alias in place of the wildcard"
    )]
    NoOrder,
    /// A template does not render; a fault of ours.
    #[error("the configuration cannot be made")]
    Render(#[source] tera::Error),
}

const APACHE_CANNOT_ASK: &str = "Apache httpd cannot ask another program about a request before it serves it: it has \
     nothing like auth_request. Use --mode file; staff then see the page like everybody else";

const CANNOT_PASS: &str = "Traefik cannot let requests pass while the program does not answer: its forwardAuth answers \
     500 then. Leave --unreachable out";

const CANNOT_LOOK: &str = "Traefik and Envoy cannot look whether a file is there. Use --mode check";

impl Server {
    /// All kinds.
    pub const ALL: [Self; 6] = [Self::Nginx, Self::Apache, Self::Caddy, Self::Haproxy, Self::Traefik, Self::Envoy];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Apache => "apache",
            Self::Caddy => "caddy",
            Self::Haproxy => "haproxy",
            Self::Traefik => "traefik",
            Self::Envoy => "envoy",
        }
    }

    /// The mode that does the most, where flag files are kept and where not.
    pub fn best_mode(self, has_files: bool) -> Mode {
        match self {
            Self::Apache => Mode::File,
            Self::Traefik | Self::Envoy => Mode::Check,
            Self::Nginx | Self::Caddy | Self::Haproxy if has_files => Mode::Both,
            Self::Nginx | Self::Caddy | Self::Haproxy => Mode::Check,
        }
    }

    /// Whether it can work in this mode.
    ///
    /// # Errors
    /// Why it cannot, and what to do instead.
    pub fn allows(self, mode: Mode) -> Result<(), EmissionError> {
        match (self, mode) {
            (Self::Apache, Mode::Check | Mode::Both) => Err(EmissionError::NotPossible(APACHE_CANNOT_ASK)),
            (Self::Traefik | Self::Envoy, Mode::File | Mode::Both) => Err(EmissionError::NotPossible(CANNOT_LOOK)),
            _ => Ok(()),
        }
    }

    fn template(self, part: Part) -> &'static str {
        match (self, part) {
            (Self::Nginx, _) => "nginx.conf",
            (Self::Apache, _) => "apache.conf",
            (Self::Caddy, _) => "Caddyfile",
            (Self::Haproxy, Part::Configuration) => "haproxy.cfg",
            (Self::Haproxy, Part::Lua) => "haproxy.lua",
            (Self::Traefik, _) => "traefik.toml",
            (Self::Envoy, _) => "envoy.yaml",
        }
    }
}

impl Mode {
    /// All modes.
    pub const ALL: [Self; 3] = [Self::Check, Self::File, Self::Both];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::File => "file",
            Self::Both => "both",
        }
    }

    /// Whether flag files are looked at.
    pub fn needs_files(self) -> bool {
        self != Self::Check
    }
}

impl Names<'_> {
    /// The larger one wins where several fit a host: the longer ending, and any whole name before that.
    fn rank(&self) -> usize {
        self.ending.map_or(usize::MAX, str::len)
    }
}

impl Emission {
    /// The names of all sites, in an order in which the last that fits a host is the one that
    /// [`crate::site::HostMap`] finds.
    fn names(&self) -> Vec<Names<'_>> {
        let mut names: Vec<Names<'_>> = self.sites.iter().flat_map(EmittedSite::groups).collect();
        names.sort_by_key(Names::rank);
        names
    }

    /// The configuration as text, which ends with a line end.
    ///
    /// # Errors
    /// The server cannot do it, or a file is not known.
    pub fn render(&self, server: Server, part: Part) -> Result<String, EmissionError> {
        server.allows(self.mode)?;
        if server == Server::Traefik && self.unreachable == Unreachable::Pass {
            return Err(EmissionError::NotPossible(CANNOT_PASS));
        }
        if self.mode.needs_files()
            && let Some(site) = self.sites.iter().find(|site| site.file.is_none())
        {
            return Err(EmissionError::NoFile { domain: site.domain.clone() });
        }
        let sites = match server {
            // The first name that matches counts there.
            Server::Apache => before_wildcards(&self.sites).ok_or(EmissionError::NoOrder)?,
            _ => self.sites.clone(),
        };
        let mut context = Context::from_serialize(&Self { sites, ..self.clone() }).map_err(EmissionError::Render)?;
        let domains: Vec<&str> = self.sites.iter().map(|site| site.domain.as_str()).collect();
        context.insert("domains", &domains.join(", "));
        context.insert("names", &self.names());
        context.insert("panel_root", self.panel.trim_end_matches('/'));
        context.insert("panel_regex", &regex::escape(self.panel.trim_end_matches('/')));
        context.insert("names_bucket", &names_bucket(&self.sites));
        context.insert("steps", &RETRY_AFTER_STEPS);
        context.insert("clean_target", &haproxy::clean_target());
        context.insert("unclean_target", UNCLEAN_TARGET);
        context.insert("listen_host", self.listen.address.as_deref().unwrap_or("*"));
        let text = TEMPLATES.render(server.template(part), &context).map_err(EmissionError::Render)?;
        Ok(without_double_gaps(&text))
    }
}

/// What nginx needs for `server_names_hash_bucket_size`, when that is more than it has by itself.
///
/// A name takes its length with two bytes more, in words of 8 bytes, and two words besides (`NGX_HASH_ELT_SIZE`); the
/// usual size is 64.
fn names_bucket(sites: &[EmittedSite]) -> Option<usize> {
    let longest = sites.iter().flat_map(|site| &site.names).map(String::len).max().unwrap_or_default();
    let needed = 16 + (longest + 2).next_multiple_of(8);
    (needed > 64).then(|| needed.next_power_of_two())
}

/// Leaves one empty line where the parts of a template left several.
fn without_double_gaps(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for line in text.trim().lines().map(str::trim_end) {
        if !(line.is_empty() && tidy.ends_with("\n\n")) {
            tidy.push_str(line);
            tidy.push('\n');
        }
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_site(id: i64, names: &[&str], file: &str) -> EmittedSite {
        use crate::site::{Alias, Domain};
        let site = Site {
            id: SiteId(id),
            domain: Domain::parse(names[0]).unwrap(),
            name: String::new(),
            aliases: names[1..].iter().map(|name| Alias::parse(name).unwrap()).collect(),
            is_default: false,
            is_protected: false,
            time_zone: "UTC".to_owned(),
        };
        EmittedSite::new(&site, Some(file.parse().unwrap()))
    }

    fn an_emission(mode: Mode) -> Emission {
        Emission {
            mode,
            unreachable: Unreachable::Hold,
            sites: vec![
                a_site(7, &["shop.example.com", "www.shop.example.com", "*.preview.example.com"], "/srv/m/shop/on"),
                a_site(8, &["xn--bcher-kva.example"], "/srv/main tenance/b/on"),
            ],
            listen: "80".parse().unwrap(),
            upstream: "http://127.0.0.1:8000".parse().unwrap(),
            program: "http://127.0.0.1:8080".parse().unwrap(),
            panel: "/admin/".to_owned(),
            status: 503,
            retry_after: 120,
            lua: "/etc/haproxy/maintenance.lua".parse().unwrap(),
            command: "maintenance emit".to_owned(),
        }
    }

    fn possible() -> impl Iterator<Item = (Server, Mode)> {
        let pairs = Server::ALL.into_iter().flat_map(|server| Mode::ALL.map(|mode| (server, mode)));
        pairs.filter(|(server, mode)| server.allows(*mode).is_ok())
    }

    #[test]
    fn apache_is_given_names_before_the_wildcards_that_cover_them() {
        let printed = |sites: Vec<EmittedSite>| {
            Emission { sites, ..an_emission(Mode::File) }.render(Server::Apache, Part::Configuration)
        };
        let wide = a_site(1, &["wide.example", "*.w.example"], "/srv/1/on");
        let narrow = a_site(2, &["narrow.example", "*.x.w.example"], "/srv/2/on");
        let exact = a_site(3, &["a.x.w.example"], "/srv/3/on");
        let text = printed(vec![wide.clone(), narrow.clone(), exact]).unwrap();
        let places = ["a.x.w", "narrow", "wide"].map(|name| text.find(&format!("ServerName {name}.example")).unwrap());
        assert!(places.is_sorted(), "{places:?}");
        let both = a_site(4, &["b.w.example", "*.y.example"], "/srv/4/on");
        let circle = a_site(5, &["b.y.example", "*.w.example"], "/srv/5/on");
        let error = printed(vec![both, circle]).unwrap_err().to_string();
        assert!(error.contains("wildcard"), "{error}");
    }

    #[test]
    fn every_server_has_a_configuration_in_each_mode_that_it_allows() {
        assert_eq!(possible().count(), 12);
        for (server, mode) in possible() {
            for unreachable in [Unreachable::Pass, Unreachable::Hold] {
                if (server, unreachable) == (Server::Traefik, Unreachable::Pass) {
                    continue;
                }
                let text = Emission { unreachable, ..an_emission(mode) }.render(server, Part::Configuration).unwrap();
                assert!(
                    text.starts_with("# shop.example.com, xn--bcher-kva.example behind maintenance mode."),
                    "{text}"
                );
                assert!(text.ends_with('\n') && !text.contains("\n\n\n"), "{server:?} {mode:?}");
                let mut lines = text.lines().filter(|line| !line.starts_with('#'));
                assert!(lines.any(|line| line.contains("shop.example.com")), "{server:?} {mode:?}: {text}");
                assert!(text.contains("127.0.0.1:8000") || text.contains("port_value: 8000"), "{server:?} {mode:?}");
                assert_eq!(text.contains("/srv/m/shop"), mode.needs_files(), "{server:?} {mode:?}");
            }
        }
    }

    #[test]
    fn a_mode_that_a_server_cannot_do_is_refused_with_what_it_can() {
        for (server, mode, words) in [
            (Server::Apache, Mode::Check, "Use --mode file"),
            (Server::Apache, Mode::Both, "Use --mode file"),
            (Server::Envoy, Mode::File, "Use --mode check"),
            (Server::Traefik, Mode::Both, "Use --mode check"),
        ] {
            let error = an_emission(mode).render(server, Part::Configuration).unwrap_err().to_string();
            assert!(error.contains(words), "{server:?} {mode:?}: {error}");
        }
        let pass = Emission { unreachable: Unreachable::Pass, ..an_emission(Mode::Check) };
        let error = pass.render(Server::Traefik, Part::Configuration).unwrap_err().to_string();
        assert!(error.contains("Leave --unreachable out"), "{error}");
        assert!(Server::ALL.into_iter().all(|server| server.allows(server.best_mode(true)).is_ok()));
        assert!(Server::ALL.into_iter().all(|server| server.allows(server.best_mode(false)).is_ok()));
    }

    #[test]
    fn a_mode_that_looks_at_files_needs_to_know_which() {
        let mut emission = an_emission(Mode::File);
        emission.sites[1].file = None;
        let error = emission.render(Server::Nginx, Part::Configuration).unwrap_err();
        assert!(error.to_string().starts_with("the flag file of xn--bcher-kva.example is not known"), "{error}");
    }

    #[test]
    fn where_to_listen_is_said_as_each_server_wants_it() {
        for (listen, server, line) in [
            ("80", Server::Nginx, "listen 80;\n    listen [::]:80;"),
            ("[::1]:81", Server::Nginx, "listen [::1]:81;\n    #"),
            ("80", Server::Caddy, "\nshop.example.com, www.shop.example.com, *.preview.example.com {"),
            ("127.0.0.1:81", Server::Caddy, "*.preview.example.com:81 {\n    bind 127.0.0.1\n"),
            ("80", Server::Haproxy, "bind *:80,:::80 v6only  # <-"),
            ("80", Server::Haproxy, "# bind *:443,:::443 v6only ssl"),
            ("[::1]:81", Server::Haproxy, "bind [::1]:81\n"),
            ("127.0.0.1:81", Server::Haproxy, "# bind 127.0.0.1:443 ssl"),
            ("80", Server::Envoy, "address: \"0.0.0.0\"\n          port_value: 80\n      additional_addresses:"),
            ("80", Server::Envoy, "socket_address: { address: \"::\", port_value: 80 }"),
            ("[::1]:81", Server::Envoy, "address: \"::1\"\n          port_value: 81\n      filter_chains:"),
            ("80", Server::Traefik, "--entryPoints.web.address=:80\n"),
        ] {
            let emission = Emission { listen: listen.parse().unwrap(), ..an_emission(Mode::Check) };
            let text = emission.render(server, Part::Configuration).unwrap();
            assert!(text.contains(line), "{server:?} at {listen}: {text}");
        }
    }

    #[test]
    fn a_path_with_blanks_is_quoted_wherever_it_stands() {
        for server in [Server::Nginx, Server::Apache, Server::Caddy, Server::Haproxy] {
            let text = an_emission(Mode::File).render(server, Part::Configuration).unwrap();
            for line in text.lines().filter(|line| line.contains("/srv/main tenance")) {
                let before = &line[..line.find("/srv/main").unwrap()];
                assert!(before.matches(['"', '\'']).count() % 2 == 1, "{server:?}: {line}");
            }
        }
    }
}
