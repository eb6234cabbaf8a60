//! `maintenance emit`: prints the configuration of a web server in front of a site.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use similar::TextDiff;

use super::directory::Directory;
use super::exit::{Exit, Usage};
use super::{Context, open};
use crate::config::{GateSettings, bind};
use crate::flagfile::FlagPath;
use crate::site::Site;
use crate::webserver::{
    ConfigPath, Emission, EmissionError, EmittedSite, Listen, Mode, Origin, Part, Server, Unreachable, ValueError,
};

const EXAMPLES: &str = "\
Examples:
  maintenance emit nginx > /etc/nginx/conf.d/shop.conf
  maintenance emit caddy --site shop --upstream http://127.0.0.1:3000
  maintenance emit haproxy --mode check --listen 127.0.0.1:8000
  maintenance emit apache --check /etc/apache2/sites-enabled/shop.conf
";

/// Where a flag file lies when MAINTENANCE_FILE does not say.
const USUAL_FILE: &str = "/var/lib/maintenance/{domain}/on";

/// Prints the configuration of a web server in front of a site
///
/// The site may be written in anything. The configuration works as it is; the lines to adapt are marked. In mode `check`
/// the web server asks this program about each request; in mode `file` it looks whether MAINTENANCE_FILE is there and
/// serves the page from disk, also while program and database are stopped; `both` looks first and asks while the file
/// is there, so that staff get in. Without --mode: the one that does the most, of those with files only when
/// MAINTENANCE_FILE is set. Apache knows `file` only, Traefik and Envoy `check` only.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Emit {
    /// Web server: nginx, apache, caddy, haproxy, traefik or envoy
    #[arg(value_name = "SERVER", value_parser = servers())]
    server: Server,

    /// How the web server knows who is held: check, file or both
    #[arg(long, value_name = "MODE", value_parser = modes())]
    mode: Option<Mode>,

    /// Site to serve: id, domain, alias, or a part that only one site has; may be given several times
    #[arg(long = "site", value_name = "SITE")]
    sites: Vec<String>,

    /// Where the application listens
    #[arg(long, value_name = "ORIGIN", default_value = "http://127.0.0.1:8000")]
    upstream: Origin,

    /// Where this program listens; without it as BIND says, on this machine
    #[arg(long, value_name = "ORIGIN")]
    program: Option<Origin>,

    /// Address that this program listens on, for --program
    #[arg(long, env = "BIND", default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT", hide = true,
          value_parser = bind)]
    bind: SocketAddr,

    /// Port that visitors connect to, with or without an address
    #[arg(long, value_name = "[ADDRESS:]PORT", default_value = "80")]
    listen: Listen,

    /// In mode check, what visitors get while the program does not answer: hold or pass
    ///
    /// `hold` answers 503, so that an outage of this program opens no closed site; `pass` lets them reach the
    /// application, so that it closes no open one. The other modes look at the file. Traefik can only hold.
    #[arg(long, value_name = "ANSWER", default_value = "hold", value_parser = answers())]
    unreachable: Unreachable,

    /// Print the Lua script instead that HAProxy's configuration loads
    #[arg(long)]
    lua: bool,

    /// Where that script will lie
    #[arg(long, value_name = "FILE", default_value = "/etc/haproxy/maintenance.lua")]
    lua_file: ConfigPath,

    /// Compare this file with what would be printed: exit code 0 when it is the same, 1 with the differences when not
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,

    #[command(flatten)]
    gate: GateSettings,
}

fn servers() -> impl clap::builder::TypedValueParser<Value = Server> {
    PossibleValuesParser::new(Server::ALL.map(Server::name)).map(|name| {
        Server::ALL.into_iter().find(|server| server.name() == name).expect("only names of servers are taken")
    })
}

fn modes() -> impl clap::builder::TypedValueParser<Value = Mode> {
    PossibleValuesParser::new(Mode::ALL.map(Mode::name))
        .map(|name| Mode::ALL.into_iter().find(|mode| mode.name() == name).expect("only names of modes are taken"))
}

fn answers() -> impl clap::builder::TypedValueParser<Value = Unreachable> {
    PossibleValuesParser::new(["hold", "pass"])
        .map(|name| if name == "pass" { Unreachable::Pass } else { Unreachable::Hold })
}

pub fn run(context: &Context, args: &Emit) -> anyhow::Result<Exit> {
    let mode = args.mode.unwrap_or_else(|| args.server.best_mode(args.gate.maintenance_file.is_some()));
    args.server.allows(mode).map_err(usage)?;
    if args.lua && args.server != Server::Haproxy {
        return Err(Usage("only HAProxy loads a Lua script: leave out --lua".to_owned()).into());
    }
    let store = open::existing(context)?;
    let directory = Directory::read(&store)?;
    let sites = chosen(&directory, args)?;
    let emission = Emission {
        mode,
        unreachable: args.unreachable,
        sites: sites.iter().map(|site| emitted(site, mode, args)).collect::<Result<_, _>>()?,
        listen: args.listen.clone(),
        upstream: args.upstream.clone(),
        program: program(args),
        panel: args.gate.admin_url.clone(),
        status: args.gate.status,
        retry_after: args.gate.retry_after,
        lua: args.lua_file.clone(),
        command: command(args, mode, &sites),
    };
    let part = if args.lua { Part::Lua } else { Part::Configuration };
    let text = emission.render(args.server, part).map_err(usage)?;
    if let Some(file) = &args.check {
        return compare(context, file, &text);
    }
    if mode.needs_files() && args.gate.maintenance_file.is_none() {
        context.console.note(&format!(
            "MAINTENANCE_FILE is not set here. This takes {USUAL_FILE}: start the server, or `maintenance agent` on the \
             web server's machine, with MAINTENANCE_FILE='{USUAL_FILE}'"
        ));
    }
    if let Some(first) = read_before(&directory, &emission).filter(|_| args.server == Server::Apache) {
        context.console.note(&format!(
            "Apache takes the first name that matches, and a wildcard here covers names of {}: the file of this must be \
             read before this one, or print them together",
            first.domain
        ));
    }
    let is_missing = |site: &&EmittedSite| site.lists_of_haproxy().any(|list| !Path::new(&list).exists());
    if let Some(site) = emission.sites.iter().find(is_missing)
        && args.server == Server::Haproxy
        && !args.lua
    {
        context.console.note(&format!(
            "HAProxy does not start before the files of {} are there: start the server with MAINTENANCE_FILE, or run \
             `maintenance agent --once` on HAProxy's machine first",
            site.domain
        ));
    }
    if mode != Mode::File && args.gate.trusted_proxies.is_empty() {
        context.console.note(
            "TRUSTED_PROXIES is not set here. The server answers a web server only when its address is in there: \
             TRUSTED_PROXIES=127.0.0.1 when both are on one machine",
        );
    }
    context.console.print(&text)?;
    Ok(Exit::Done)
}

/// Where the program can be reached on this machine, unless somebody says where else.
fn program(args: &Emit) -> Origin {
    args.program.clone().unwrap_or_else(|| Origin::on_this_machine(args.bind))
}

/// What an operator can mend by another option is wrong usage.
fn usage(error: EmissionError) -> anyhow::Error {
    match error {
        EmissionError::Render(_) => error.into(),
        error => Usage(error.to_string()).into(),
    }
}

/// The sites that are named, each once, else the default one.
fn chosen<'d>(directory: &'d Directory, args: &Emit) -> anyhow::Result<Vec<&'d Site>> {
    if args.sites.is_empty() {
        return Ok(vec![directory.one(None, args.gate.site_id)?]);
    }
    let mut sites: Vec<&Site> = Vec::new();
    for typed in &args.sites {
        let site = directory.one(Some(typed), None)?;
        if !sites.iter().any(|known| known.id == site.id) {
            sites.push(site);
        }
    }
    Ok(sites)
}

fn emitted(site: &Site, mode: Mode, args: &Emit) -> anyhow::Result<EmittedSite> {
    if !mode.needs_files() {
        return Ok(EmittedSite::new(site, None));
    }
    let usual = || FlagPath::parse(USUAL_FILE).expect("it is a place for flag files");
    let place = args.gate.maintenance_file.clone().unwrap_or_else(usual);
    let domain = &site.domain;
    if !place.has_placeholder() && !site.is_default {
        let wrong = "the file of the default site alone: put {domain} into it";
        return Err(Usage(format!("MAINTENANCE_FILE is {place}, {wrong}, so that {domain} has one")).into());
    }
    let layout = place.of(site.id, domain).with_context(|| format!("there is no place for the files of {domain}"))?;
    let flag = layout.flag().to_str().with_context(|| format!("{} is not Unicode", layout.flag().display()))?;
    let flag = flag.parse().map_err(|error: ValueError| Usage(format!("MAINTENANCE_FILE would be {flag}: {error}")))?;
    Ok(EmittedSite::new(site, Some(flag)))
}

/// Another site with a name that a wildcard here covers, although it is the other's.
fn read_before<'d>(directory: &'d Directory, emission: &Emission) -> Option<&'d Site> {
    let is_hidden = |site: &&Site| {
        let other = EmittedSite::new(site, None);
        emission.sites.iter().all(|site| site.id != other.id) && emission.sites.iter().any(|site| site.hides(&other))
    };
    directory.sites().iter().find(is_hidden)
}

/// The words that print the same again, all that is not usual written out.
fn command(args: &Emit, mode: Mode, sites: &[&Site]) -> String {
    let (Emit { upstream, listen, .. }, program) = (args, program(args));
    let mut words = format!("maintenance emit {} --mode {}", args.server.name(), mode.name());
    for site in sites {
        words.push_str(&format!(" --site {}", site.domain));
    }
    words.push_str(&format!(" --upstream {upstream} --program {program} --listen {listen}"));
    if mode == Mode::Check && args.unreachable == Unreachable::Pass {
        words.push_str(" --unreachable pass");
    }
    words
}

/// Says whether a file holds exactly this; if not, what has to change in it.
fn compare(context: &Context, file: &Path, text: &str) -> anyhow::Result<Exit> {
    let installed = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let installed = String::from_utf8_lossy(&installed);
    if installed == text {
        return Ok(Exit::Done);
    }
    let diff = TextDiff::from_lines(installed.as_ref(), text);
    let name = file.display().to_string();
    context.console.print(&diff.unified_diff().header(&name, "as it would be printed now").to_string())?;
    Ok(Exit::Failed)
}
