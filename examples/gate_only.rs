//! The gate without the panel, with a 503 answer of the application's own. Run it with
//! `cargo run --example gate_only`; `maintenance on` and `off` in the same folder close and open it.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use maintenance_mode::Maintenance;
use maintenance_mode::middleware::HoldInfo;

/// Stands in for the maintenance page; `Retry-After` and `no-store` are added where it has none.
fn closed(_: &HttpRequest, info: &HoldInfo) -> HttpResponse {
    HttpResponse::build(info.status).body(format!("{} is closed. Try again in {} s.\n", info.site, info.retry_after))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let maintenance = Maintenance::builder().on_hold(closed).build()?;
    HttpServer::new(move || {
        App::new().wrap(maintenance.gate()).route("/", web::get().to(|| async { "The site is open." }))
    })
    .bind("127.0.0.1:8080")?
    .run()
    .await?;
    Ok(())
}
