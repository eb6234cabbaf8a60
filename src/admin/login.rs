//! stub
use super::error::PanelError;
use actix_web::HttpResponse;
pub(super) async fn show() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
pub(super) async fn log_in() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
pub(super) async fn logged_out() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
pub(super) async fn log_out() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
