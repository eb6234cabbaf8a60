//! Every route of the panel: the whole list, with who may come in.

use actix_web::guard::{self, Guard, GuardContext};
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Scope};

use super::error::PanelError;
use super::form::body_limit;
pub use super::guard::Access;
use super::guard::{admit, finish, outermost};
use super::panel::Panel;
use super::{
    account, asset, bulk, draining, history, login, preview, record, server, setting, setup, site, user, window,
};
use crate::app::Maintenance;
use crate::auth::apart;
use crate::auth::cookie::drop_disguised;

/// One route of the panel.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// `GET` (and with it `HEAD`) or `POST`.
    pub method: &'static str,
    /// Path below the panel's, in the router's form: `sites/{id}/`.
    pub path: &'static str,
    /// Whom it is for.
    pub access: Access,
}

/// Makes the list and the mounting of it from one table, so that no route can be missing from either.
macro_rules! routes {
    ($($method:ident $path:literal $access:ident $handler:path;)*) => {
        /// Every route of the panel.
        pub const ROUTES: &[Route] = &[
            $(Route { method: stringify!($method), path: $path, access: Access::$access },)*
        ];

        fn mount(scope: Scope) -> Scope {
            scope$(.service(
                web::resource(concat!("/", $path))
                    .guard(Only(stringify!($method)))
                    .wrap(from_fn(|req, next| admit(Access::$access, req, next)))
                    .to($handler),
            ))*
        }
    };
}

routes! {
    GET  "login/" Anyone login::show;
    POST "login/" Anyone login::log_in;
    GET  "logged-out/" Anyone login::logged_out;
    GET  "setup/{token}/" Anyone setup::show;
    POST "setup/{token}/" Anyone setup::create;
    GET  "static/{version}/{name}" Anyone asset::show;
    POST "logout/" Panel login::log_out;
    GET  "" Panel site::list;
    GET  "sites/add/" Superuser site::add_form;
    POST "sites/add/" Superuser site::add;
    GET  "sites/bulk/" Panel bulk::ask;
    POST "sites/bulk/" Panel bulk::act;
    GET  "sites/{id}/" Panel record::show;
    POST "sites/{id}/" Panel record::save;
    GET  "sites/{id}/start/" Panel site::start_form;
    POST "sites/{id}/start/" Panel site::start;
    POST "sites/{id}/end/" Panel site::end;
    POST "sites/{id}/end/{cause}/" Panel site::end_cause;
    GET  "sites/{id}/draining/" Panel draining::show;
    GET  "sites/{id}/draining/live/" Panel draining::live;
    GET  "sites/{id}/draining/events" Panel draining::events;
    POST "sites/{id}/draining/close/" Panel draining::close;
    POST "sites/{id}/draining/extend/" Panel draining::extend;
    POST "sites/{id}/draining/sessions/{visit}/end/" Panel draining::end_visit;
    GET  "sites/{id}/settings/" Superuser site::settings_form;
    POST "sites/{id}/settings/" Superuser site::settings;
    GET  "sites/{id}/delete/" Superuser site::delete_form;
    POST "sites/{id}/delete/" Superuser site::delete;
    GET  "sites/{id}/preview/" Panel preview::show;
    GET  "sites/{id}/preview/page" Panel preview::page;
    GET  "schedule/" Panel window::list;
    GET  "schedule/add/" Panel window::add_form;
    POST "schedule/add/" Panel window::add;
    GET  "schedule/{id}/" Panel window::edit_form;
    POST "schedule/{id}/" Panel window::edit;
    POST "schedule/{id}/end/" Panel window::end;
    POST "schedule/{id}/extend/" Panel window::extend;
    POST "schedule/{id}/skip/" Panel window::skip;
    POST "schedule/{id}/remove/" Panel window::remove;
    GET  "history/" Panel history::list;
    GET  "history/export.csv" Panel history::export_csv;
    GET  "history/export.jsonl" Panel history::export_jsonl;
    POST "history/undo/" Panel history::undo;
    GET  "servers/" Panel server::servers;
    GET  "servers/live/" Panel server::live;
    GET  "servers/database/" Panel server::takes_changes;
    GET  "users/" Superuser user::list;
    GET  "users/add/" Superuser user::add_form;
    POST "users/add/" Superuser user::add;
    GET  "users/{id}/" Superuser user::edit_form;
    POST "users/{id}/" Superuser user::edit;
    GET  "users/{id}/delete/" Superuser user::delete_form;
    POST "users/{id}/delete/" Superuser user::delete;
    GET  "account/" Panel account::show;
    POST "account/password/" Panel account::password;
    POST "account/preferences/" Panel account::preferences;
    POST "account/sessions/end-others/" Panel account::end_others;
    POST "account/sessions/{id}/end/" Panel account::end_session;
    GET  "settings/" Superuser setting::list;
}

/// Mounts the panel.
pub(crate) fn configure(maintenance: Maintenance, config: &mut ServiceConfig) {
    let base = maintenance.admin_url().trim_end_matches('/').to_owned();
    let session = maintenance.auth().session_middleware(format!("{base}/static/"));
    let panel = Data::new(Panel::new(maintenance));
    config.service(
        mount(web::scope(&base).app_data(panel.clone()).app_data(body_limit()))
            .default_service(web::to(elsewhere))
            .wrap(from_fn(finish))
            .wrap(session)
            .wrap(from_fn(drop_disguised))
            .wrap(from_fn(move |req, next| outermost(panel.clone(), req, next)))
            .wrap(from_fn(apart)),
    );
}

/// A path without its last slash leads to the one with it; anything else is not there.
async fn elsewhere(req: HttpRequest) -> Result<HttpResponse, PanelError> {
    let path = req.path();
    let base = req.app_data::<Data<Panel>>().map(|panel| panel.base().to_owned()).unwrap_or_default();
    let is_short = !path.ends_with('/') && ROUTES.iter().any(|route| is_like(route.path, &format!("{path}/"), &base));
    if *req.method() == Method::GET && is_short && !path.contains("//") {
        let query = if req.query_string().is_empty() { String::new() } else { format!("?{}", req.query_string()) };
        return Ok(super::panel::see_other(&format!("{path}/{query}")));
    }
    Err(PanelError::NotFound)
}

/// Whether a path is that of a page, so that a browser can be led there. `base` is the panel's path.
pub(super) fn is_page(path: &str, base: &str) -> bool {
    ROUTES.iter().any(|route| route.method == "GET" && is_like(route.path, path, base))
}

/// Whether a route matches the path.
fn is_like(route: &str, path: &str, base: &str) -> bool {
    let Some(rest) = path.strip_prefix(base) else { return false };
    let (mut wanted, mut given) = (route.split('/'), rest.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(part), Some(text)) if part == text || (part.starts_with('{') && !text.is_empty()) => {}
            _ => return false,
        }
    }
}

/// A method; `GET` stands for `HEAD` as well.
struct Only(&'static str);

impl Guard for Only {
    fn check(&self, context: &GuardContext<'_>) -> bool {
        match self.0 {
            "GET" => guard::Get().check(context) || guard::Head().check(context),
            _ => guard::Post().check(context),
        }
    }
}
