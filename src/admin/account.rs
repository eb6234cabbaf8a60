//! stub
use super::error::PanelError;
use actix_web::HttpResponse;
pub(super) async fn show() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
pub(super) async fn password() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
pub(super) async fn preferences() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
pub(super) async fn end_others() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
pub(super) async fn end_session() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
