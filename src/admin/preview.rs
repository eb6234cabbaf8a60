//! stub
use super::error::PanelError;
use actix_web::HttpResponse;
pub(super) async fn show() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
pub(super) async fn page() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
