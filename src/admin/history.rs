//! stub
use super::error::PanelError;
use actix_web::HttpResponse;
pub(super) async fn list() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
pub(super) async fn export_csv() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
pub(super) async fn export_jsonl() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
pub(super) async fn undo() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
