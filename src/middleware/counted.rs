//! A body that keeps its request counted as under way until it has ended.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use pin_project_lite::pin_project;

use crate::tally::UnderWay;

pin_project! {
    /// The application's body. Its request is under way until it is dropped: sent to its end, or given up.
    pub struct CountedBody<B> {
        #[pin]
        body: B,
        under_way: Option<UnderWay>,
    }
}

impl<B> CountedBody<B> {
    /// Goes on counting for as long as the body is there.
    pub(super) fn new(body: B, under_way: Option<UnderWay>) -> Self {
        Self { body, under_way }
    }
}

impl<B: MessageBody> MessageBody for CountedBody<B> {
    type Error = B::Error;

    #[inline]
    fn size(&self) -> BodySize {
        self.body.size()
    }

    #[inline]
    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.project().body.poll_next(context)
    }

    #[inline]
    fn try_into_bytes(self) -> Result<Bytes, Self> {
        let Self { body, under_way } = self;
        body.try_into_bytes().map_err(|body| Self { body, under_way })
    }
}
