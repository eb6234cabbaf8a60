//! Connections that stay open, and are ended well when their site goes into maintenance. Run it with
//! `cargo run --example websocket`; `maintenance on` and `off` in the same folder close and open the site.

use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, web};
use actix_ws::{CloseCode, CloseReason, Message};
use futures_util::stream::unfold;
use maintenance_mode::Maintenance;

/// A WebSocket that sends back what it gets, closed with 1012, Service Restart.
async fn echo(req: HttpRequest, body: Payload, maintenance: Data<Maintenance>) -> Result<HttpResponse, Error> {
    let (response, mut session, mut messages) = actix_ws::handle(&req, body)?;
    let mut watch = maintenance.phases(&req);
    actix_web::rt::spawn(async move {
        let reason = loop {
            let sent = tokio::select! {
                () = watch.in_maintenance() => break Some(CloseReason::from((CloseCode::Restart, "maintenance"))),
                message = messages.recv() => match message {
                    Some(Ok(Message::Text(text))) => session.text(text).await,
                    Some(Ok(Message::Ping(bytes))) => session.pong(&bytes).await,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break None,
                    Some(Ok(_)) => Ok(()),
                },
            };
            if sent.is_err() {
                return;
            }
        };
        session.close(reason).await.ok();
    });
    Ok(response)
}

/// Server-sent events: one each second, and a last one that says why there are no more.
async fn events(req: HttpRequest, maintenance: Data<Maintenance>) -> HttpResponse {
    let events = unfold(Some(maintenance.phases(&req)), async |watch| {
        let mut watch = watch?;
        Some(tokio::select! {
            () = watch.in_maintenance() => (event("event: maintenance\ndata:\n\n"), None),
            () = actix_web::rt::time::sleep(Duration::from_secs(1)) => (event("data: tick\n\n"), Some(watch)),
        })
    });
    let mut response = HttpResponse::Ok();
    response.content_type("text/event-stream").insert_header((header::CACHE_CONTROL, "no-store")).streaming(events)
}

fn event(text: &'static str) -> Result<Bytes, Error> {
    Ok(Bytes::from_static(text.as_bytes()))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let maintenance = Maintenance::builder().build()?;
    let address = maintenance.settings().server.bind;
    HttpServer::new(move || {
        App::new()
            .wrap(maintenance.gate())
            .configure(maintenance.admin())
            .app_data(Data::new(maintenance.clone()))
            .route("/", web::get().to(|| async { "The site is open." }))
            .route("/echo", web::get().to(echo))
            .route("/events", web::get().to(events))
    })
    .bind(address)?
    .run()
    .await?;
    Ok(())
}
