//! stub
use super::error::PanelError;
use actix_web::HttpResponse;
pub(super) async fn list() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
pub(super) async fn add_form() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
pub(super) async fn add() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
pub(super) async fn edit_form() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
pub(super) async fn edit() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
pub(super) async fn delete_form() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
pub(super) async fn delete() -> Result<HttpResponse, PanelError> {
    Err(PanelError::NotFound)
}
