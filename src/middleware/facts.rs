//! The facts of an Actix request, read with suspicion: headers count only as far as their sender is trusted.

use std::borrow::Cow;

use actix_web::dev::ServiceRequest;
use actix_web::http::Uri;
use actix_web::http::header::{self, HeaderMap, HeaderName};

use crate::decision::{Identity, RequestFacts};
use crate::network::{ClientAddress, NetworkSet, client_address};
use crate::path::RequestPath;
use crate::site::{HostError, request_host_bytes};
use crate::snapshot::Rules;

/// Header in which a proxy hands on the host that the visitor asked for.
static X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
