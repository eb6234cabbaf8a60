//! Forms that come back: read within a limit, and only with the proof that a page of ours sent them.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_session::SessionExt as _;
use actix_web::dev::Payload;
use actix_web::rt::time::timeout;
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use serde::de::DeserializeOwned;

use super::error::PanelError;
use super::fields::Fields;
use super::panel::Panel;
use crate::auth::CsrfError;
use crate::auth::csrf::CSRF_FIELD;
use crate::middleware::origin_of;

/// Largest form, in bytes.
pub(super) const MAX_FORM_BYTES: usize = 1 << 20;

/// How long a form may take to arrive, whoever reads it: one that comes in byte by byte would hold a connection for ever.
pub(super) const ARRIVES_WITHIN: Duration = Duration::from_secs(60);

/// Deepest nesting of field names: `patterns[0][pattern]`.
const MAX_DEPTH: usize = 4;

/// A form that a page of ours has sent. Refuses everything else before the handler runs.
#[derive(Debug)]
pub struct Form<T>(pub T);

/// A form whose proof the handler looks at itself, because it would rather show what was typed again.
#[derive(Debug)]
pub struct Unproved<T> {
    /// What was typed.
    pub(super) typed: T,
    /// Whether a page of ours sent it.
    pub(super) proof: Result<(), CsrfError>,
}

/// A form of which the handler reads every field itself, and looks at the proof itself.
#[derive(Debug)]
pub struct Sent {
    /// What was sent.
    pub(super) fields: Fields,
    /// Whether a page of ours sent it.
    pub(super) proof: Result<(), CsrfError>,
}

type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, PanelError>>>>;

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = PanelError;
    type Future = Extracted<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let form = Unproved::from_request(req, payload);
        Box::pin(async move {
            let form = form.await?;
            form.proof?;
            Ok(Self(form.typed))
        })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Unproved<T> {
    type Error = PanelError;
    type Future = Extracted<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let received = receive(req, payload);
        Box::pin(async move {
            let (body, sent) = received.await?;
            match parse(&body) {
                Ok(typed) => Ok(Self { typed, proof: sent.proof }),
                // A stranger learns nothing of the fields.
                Err(misshapen) => Err(sent.proof.err().map_or(misshapen, PanelError::from)),
            }
        })
    }
}

impl FromRequest for Sent {
    type Error = PanelError;
    type Future = Extracted<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let received = receive(req, payload);
        Box::pin(async move { Ok(received.await?.1) })
    }
}

/// The body of a form, and its fields with their proof.
fn receive(
    req: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<(Bytes, Sent), PanelError>> + use<> {
    let body = Bytes::from_request(req, payload);
    let req = req.clone();
    async move {
        if req.content_type() != "application/x-www-form-urlencoded" {
            return Err(PanelError::BadForm("it was not sent as a form".to_owned()));
        }
        let slow = |_| PanelError::BadForm(format!("it did not arrive within {} seconds", ARRIVES_WITHIN.as_secs()));
        let body = timeout(ARRIVES_WITHIN, body).await.map_err(slow)?;
        let body = body.map_err(|_| PanelError::TooLarge { limit_kib: MAX_FORM_BYTES >> 10 })?;
        // PostgreSQL keeps no text with it, and nobody can type it.
        if body.contains(&0) || body.windows(3).any(|escape| escape == b"%00") {
            return Err(PanelError::BadForm("it holds a NUL".to_owned()));
        }
        let fields = Fields::read(&body).map_err(|error| PanelError::BadForm(error.to_string()))?;
        let proof = prove(&req, fields.get(CSRF_FIELD));
        Ok((body, Sent { fields, proof }))
    }
}

/// Reads a form or a query of nested names.
pub(super) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, PanelError> {
    let config = serde_qs::Config::new().max_depth(MAX_DEPTH).use_form_encoding(true);
    config.deserialize_bytes(text).map_err(|error| PanelError::BadForm(error.to_string()))
}

fn prove(req: &HttpRequest, token: Option<&str>) -> Result<(), CsrfError> {
    let panel = req.app_data::<Data<Panel>>().ok_or(CsrfError::NoOrigin)?;
    let csrf = panel.auth().csrf();
    let session = req.get_session();
    let binding = csrf.session(&session).or_else(|| csrf.sent_browser(req.headers()));
    let (scheme, host) = origin_of(req, &panel.maintenance.snapshot().rules().trusted);
    csrf.check(req.method(), req.headers(), (scheme, &host), binding.as_ref(), token)
}

/// The limit on bodies, for the panel's scope.
pub(super) fn body_limit() -> actix_web::web::PayloadConfig {
    actix_web::web::PayloadConfig::new(MAX_FORM_BYTES)
}
