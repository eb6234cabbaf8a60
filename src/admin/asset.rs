//! stub
use super::error::PanelError;
use actix_web::HttpResponse;
pub(super) async fn show() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
