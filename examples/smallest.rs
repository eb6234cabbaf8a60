//! The smallest Actix site with the gate and the panel. Run it with `cargo run --example smallest`.

use actix_web::{App, HttpServer, web};
use maintenance_mode::Maintenance;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let maintenance = Maintenance::builder().build()?;
    if let Some(link) = maintenance.setup_path().await? {
        println!("Create the first superuser: http://127.0.0.1:8080{link}");
    }
    HttpServer::new(move || {
        App::new()
            .wrap(maintenance.gate())
            .configure(maintenance.admin())
            .route("/", web::get().to(|| async { "The site is open." }))
    })
    .bind("127.0.0.1:8080")?
    .run()
    .await?;
    Ok(())
}
