//! Sends the panel's style sheet, script and icon.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Data, Path};

use super::error::PanelError;
use super::panel::Panel;

/// The version in the address changes with every byte, so the file behind it never does.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// A file of ours. One asked for by another version, as while servers are being replaced, is sent as it is here and
/// kept by nobody.
pub(super) async fn show(panel: Data<Panel>, path: Path<(String, String)>) -> Result<HttpResponse, PanelError> {
    let (version, name) = path.into_inner();
    let asset = panel.assets.get(&name).ok_or(PanelError::NotFound)?;
    let mut answer = HttpResponse::Ok();
    answer.content_type(asset.content_type);
    if version == panel.assets.version() {
        answer.insert_header((header::CACHE_CONTROL, FOR_EVER));
    }
    Ok(answer.body(asset.body.clone()))
}
