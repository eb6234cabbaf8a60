//! Who uses the panel, and from where.

use std::future::{Ready, ready};
use std::net::IpAddr;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};

use super::error::PanelError;
use crate::actions::Actor;
use crate::user::{Rights, User};

/// The user who is signed in. An extractor for handlers behind [`super::guard`], which has put it there.
#[derive(Debug, Clone)]
pub struct Operator {
    /// The user as the database has it at this request.
    pub(super) user: Arc<User>,
    /// Client address.
    pub(super) address: Option<IpAddr>,
}

impl Operator {
    /// What the user may do.
    pub(super) fn rights(&self) -> &Rights {
        &self.user.rights
    }

    /// The user as the one who acts.
    pub(super) fn actor(&self) -> Actor {
        Actor::panel(self.user.username.clone(), self.user.id, self.address)
    }
}

impl FromRequest for Operator {
    type Error = PanelError;
    type Future = Ready<Result<Self, PanelError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let operator = req.extensions().get::<Self>().cloned();
        ready(operator.ok_or_else(|| PanelError::internal("a handler for signed-in users was reached by nobody")))
    }
}
