//! A site with its own log-in and database sessions, whose users may finish before it closes. Run it with
//! `cargo run --example sessions`, log in, and then see `maintenance sessions` and `maintenance on --drain 15m`.
//!
//! Anybody who gives a name is let in here; a real site would check a password first.

use actix_web::http::header::{ContentType, LOCATION};
use actix_web::web::Form;
use actix_web::{App, HttpResponse, HttpServer, web};
use maintenance_mode::Maintenance;
use maintenance_mode::visits::{SignInRefused, SiteSession};

#[derive(serde::Deserialize)]
struct Typed {
    name: String,
}

/// Who is signed in, and a form to sign in or out.
async fn home(session: SiteSession) -> HttpResponse {
    let page = match session.signed_in() {
        Some(user) => format!(
            "<p>Hello, {}. You are here since {:.0}.</p><form method=post action=/out><button>Log out</button></form>",
            escaped(&user.name),
            user.since,
        ),
        None => "<form method=post action=/in><label>Name <input name=name required></label> \
                 <button>Log in</button></form>"
            .to_owned(),
    };
    // Tells those at work how long they may go on.
    let script = "<script src=/maintenance/notice.js defer></script>";
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .body(format!("<!DOCTYPE html><html lang=en><title>Sessions</title>{script}{page}"))
}

/// Signs in. While the site drains nobody new is let in: the error is the maintenance answer.
async fn sign_in(session: SiteSession, form: Form<Typed>) -> Result<HttpResponse, SignInRefused> {
    session.sign_in(&form.name).await?;
    Ok(back_home())
}

async fn sign_out(session: SiteSession) -> HttpResponse {
    session.sign_out();
    back_home()
}

fn back_home() -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, "/")).finish()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let maintenance = Maintenance::builder().build()?;
    let address = maintenance.settings().server.bind;
    HttpServer::new(move || {
        App::new()
            .configure(maintenance.admin())
            .configure(maintenance.endpoints())
            .route("/", web::get().to(home))
            .route("/in", web::post().to(sign_in))
            .route("/out", web::post().to(sign_out))
            .wrap(maintenance.sessions())
            // Outermost, that is last.
            .wrap(maintenance.gate())
    })
    .bind(address)?
    .run()
    .await?;
    Ok(())
}
