//! An application with its own log-in: the gate asks it who is staff. Run it with `cargo run --example own_login`.
//!
//! Here a header stands for the log-in; a real application would look at its own session.

use actix_web::{App, HttpRequest, HttpServer, web};
use maintenance_mode::Maintenance;
use maintenance_mode::middleware::{MaintenanceStatus, Role};

/// Who sends the request, as the application knows it. Asked only when a closed site would hold the request.
async fn role_of(req: HttpRequest) -> Role {
    match req.headers().get("x-demo-user").and_then(|user| user.to_str().ok()) {
        Some("ada") => Role::Superuser,
        Some("bo") => Role::Staff,
        _ => Role::Visitor,
    }
}

/// A page that tells those who are let through that the site is closed for everybody else.
async fn home(status: MaintenanceStatus) -> String {
    if status.is_let_through {
        format!("{} is in maintenance; you see it because: {}.\n", status.site, status.reason)
    } else {
        "The site is open.\n".to_owned()
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let maintenance = Maintenance::builder().staff_when(role_of).build()?;
    HttpServer::new(move || {
        App::new().wrap(maintenance.gate()).configure(maintenance.admin()).route("/", web::get().to(home))
    })
    .bind("127.0.0.1:8080")?
    .run()
    .await?;
    Ok(())
}
