//! stub
use super::error::PanelError;
use actix_web::HttpResponse;
pub(super) async fn ask() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
pub(super) async fn act() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
