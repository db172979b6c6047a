//! A body of lines that come as things happen.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use http_body::{Body, Frame};
use tokio::sync::mpsc;

/// The body; dropped with its connection, which whoever sends the lines learns by the channel.
#[derive(Debug)]
pub(crate) struct Lines(mpsc::Receiver<Bytes>);

impl Lines {
    pub(crate) fn new(receive: mpsc::Receiver<Bytes>) -> Self {
        Self(receive)
    }
}

impl Body for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}
