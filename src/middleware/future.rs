//! What the gate returns: the application's own future where it can be, without a box.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::body::{BoxBody, EitherBody};
use actix_web::dev::ServiceResponse;
use futures_util::future::LocalBoxFuture;
use pin_project_lite::pin_project;

use super::counted::CountedBody;
use super::marked::{mark, marked};
use crate::tally::UnderWay;

/// A gated response: the application's body or our own.
pub type GateResponse<B> = ServiceResponse<EitherBody<CountedBody<B>, BoxBody>>;

pin_project! {
    /// The future of one gated request.
    #[project = Projected]
    pub enum GateFuture<F, B> {
        /// Let through: the application answers, nothing is added.
        Pass { #[pin] answer: F, under_way: Option<UnderWay> },
        /// Let through although the site is closed: the application answers, and the answer is marked.
        Marked { #[pin] answer: F, under_way: Option<UnderWay>, reason: &'static str },
        /// Answered by the gate.
        Answered { response: Option<GateResponse<B>> },
        /// Who sends it must be looked up first.
        Identifying { answer: LocalBoxFuture<'static, Result<GateResponse<B>, Error>> },
    }
}

impl<F, B> Future for GateFuture<F, B>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
{
    type Output = Result<GateResponse<B>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projected::Pass { answer, under_way } => {
                answer.poll(context).map(|answer| answer.map(|response| counted(response, under_way.take())))
            }
            Projected::Marked { answer, under_way, reason } => answer.poll(context).map(|answer| {
                let mut response = answer.map_err(|error| marked(error, reason))?;
                mark(response.headers_mut(), reason);
                Ok(counted(response, under_way.take()))
            }),
            Projected::Answered { response } => {
                Poll::Ready(Ok(response.take().expect("a future is not polled after it is ready")))
            }
            Projected::Identifying { answer } => answer.as_mut().poll(context),
        }
    }
}

/// The application's answer, counted as under way until its body has ended.
#[inline]
pub(super) fn counted<B>(response: ServiceResponse<B>, under_way: Option<UnderWay>) -> GateResponse<B> {
    response.map_body(|_, body| EitherBody::left(CountedBody::new(body, under_way)))
}
