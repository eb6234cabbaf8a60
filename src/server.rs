//! The program's own server: the sample site, with the gate in front and the panel beside it.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::{App, HttpServer};
use anyhow::{Context as _, Result, bail};

use crate::app::Maintenance;
use crate::config::Settings;
use crate::propagation::Source;
use crate::sample;

/// Time that a client has for the head of its request.
const CLIENT_HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Time that an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Pause between two tries to find out whether a first superuser is needed.
const OFFER_EVERY: Duration = Duration::from_secs(1);
/// Time that running requests have after SIGTERM, in seconds.
const SHUTDOWN_TIMEOUT: u64 = 30;

/// Serves until SIGTERM, at which running requests finish, or SIGINT, at which they are cut.
///
/// # Errors
/// When the database cannot be used, a setting contradicts it, or the address cannot be bound.
pub fn run(settings: Settings) -> Result<()> {
    actix_web::rt::System::new().block_on(serve(settings))
}

async fn serve(settings: Settings) -> Result<()> {
    let bind = settings.server.bind;
    let workers = settings.server.workers();
    let database = settings.database.database_url.clone();
    let is_secure = settings.server.session_cookie_secure;
    let maintenance = actix_web::web::block(move || Maintenance::builder().settings(settings).build())
        .await?
        .with_context(|| format!("the server could not start on {database}"))?;

    let app = maintenance.clone();
    let server = HttpServer::new(move || {
        App::new().wrap(app.gate()).configure(app.admin()).configure(app.endpoints()).configure(sample::configure(&app))
    })
    .client_request_timeout(CLIENT_HEAD_TIMEOUT)
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(SHUTDOWN_TIMEOUT)
    .workers(workers);
    let server = match server.bind(bind) {
        Ok(server) => server,
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            bail!("{bind} is in use by another program; choose another address with --bind or BIND")
        }
        Err(error) => return Err(error).context(format!("cannot listen on {bind} (BIND)")),
    };
    let listening = server.addrs().first().copied().unwrap_or(bind);
    // Started first: whoever reads the announcement may send SIGTERM, which must find its handler.
    let running = actix_web::rt::spawn(server.run());
    #[cfg(unix)]
    actix_web::rt::spawn(tell_of_stop(maintenance.clone()));
    tokio::task::yield_now().await;
    announce(&maintenance, listening, is_secure).await?;
    running.await??;
    match maintenance.in_flight(None) {
        0 => {}
        cut => log::warn!("{cut} of the requests under way had not ended and were cut."),
    }
    let left = maintenance.clone();
    maintenance.store().apart(move || left.leave()).await.unwrap_or_else(|error| {
        log::warn!("This server could not be taken out of the list of servers: {error}");
    });
    log::info!("Stopped.");
    Ok(())
}

/// Says at SIGTERM how many requests still have to finish; the server itself sees to it that they may. The streams of the
/// panel would not, and are ended.
#[cfg(unix)]
async fn tell_of_stop(maintenance: Maintenance) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut term) = signal(SignalKind::terminate()) else { return };
    if term.recv().await.is_some() {
        maintenance.watches().stop();
        let under_way = maintenance.in_flight(None);
        log::info!(
            "SIGTERM: nothing new is accepted; {under_way} of the requests under way have {SHUTDOWN_TIMEOUT} s to finish."
        );
    }
}

/// Prints the link to make the first superuser, as soon as the database can tell whether one is needed.
async fn offer_setup(maintenance: Maintenance, origin: String) {
    loop {
        if maintenance.health().source == Source::Database {
            match maintenance.setup_path().await {
                Ok(Some(link)) => return say(&format!("Create the first superuser here, once: {origin}{link}")),
                Ok(None) => return,
                Err(error) if error.is_passing() => {}
                Err(error) => return log::error!("There is no link to create the first superuser: {error}"),
            }
        }
        actix_web::rt::time::sleep(OFFER_EVERY).await;
    }
}

/// Prints a line. Whoever read it may have gone (`| head -1`), and a server goes on without.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) {
        log::warn!("Standard output takes nothing: {error}");
    }
}

/// Says on the terminal where the site and the panel are, and how to make the first superuser.
async fn announce(maintenance: &Maintenance, listening: SocketAddr, is_secure: bool) -> Result<()> {
    let origin = format!("http://{listening}");
    let panel = maintenance.admin_url();
    say(&format!("maintenance-mode {} listens on {origin}/", env!("CARGO_PKG_VERSION")));
    say(&format!("Panel: {origin}{panel}"));
    let offer = offer_setup(maintenance.clone(), origin);
    if maintenance.health().source == Source::Database {
        offer.await;
    } else {
        say("The database does not answer yet; the log says what is in force until it does.");
        actix_web::rt::spawn(offer);
    }
    if let Some(host) = maintenance.store().url().in_the_clear() {
        log::warn!(
            "What goes to the database at {host} is not encrypted, because TLS is not built in (cargo feature \
             `postgres-tls`)."
        );
    }
    if !listening.ip().is_loopback() && !is_secure {
        log::warn!(
            "The panel can be reached from other machines and its log-in cookie is not limited to HTTPS. \
             Put a TLS proxy in front and set SESSION_COOKIE_SECURE=true."
        );
    }
    Ok(())
}
