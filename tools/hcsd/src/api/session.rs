//! Sessions: their beginning, their lines, their end.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use hcs_contract::Error;
use hcs_remote_protocol::NDJSON;
use serde::Deserialize;
use tokio::sync::{mpsc, watch};

use super::{Answer, blocking, nothing};
use crate::app::App;
use crate::failure::Failure;
use crate::lines::Lines;
use crate::peer::Peer;
use crate::session::Session;

/// The last line that the client has.
#[derive(Debug, Deserialize)]
pub(crate) struct After {
    after: u64,
}

pub(crate) async fn open(State(app): State<Arc<App>>, Extension(peer): Extension<Peer>) -> Answer {
    // What a Unix socket loses is a process, never a connection.
    let grace = if peer == Peer::Unix { Duration::ZERO } else { app.config.grace };
    let session = app.open_session(grace)?;
    let (stream, news) = session.attach(0).ok_or_else(|| Failure::from(Error::disconnected()))?;
    Ok(stream_of_lines(app, session, stream, news, 0))
}

pub(crate) async fn resume(
    State(app): State<Arc<App>>,
    Path(session): Path<String>,
    Query(After { after }): Query<After>,
) -> Answer {
    let session = app.session(&session)?;
    let (stream, news) = session.attach(after).ok_or_else(|| {
        let error = Error::disconnected()
            .with_hint("lines behind that one are not kept any more: open a new session");
        Failure::new(StatusCode::GONE, error)
    })?;
    Ok(stream_of_lines(app, session, stream, news, after))
}

pub(crate) async fn end(State(app): State<Arc<App>>, Path(session): Path<String>) -> Answer {
    let session = app.session(&session)?;
    blocking(|| app.end_session(&session, &Error::cancelled()));
    nothing()
}

pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    Path((session, operation)): Path<(String, u64)>,
) -> Answer {
    let session = app.session(&session)?;
    blocking(|| session.cancel(operation));
    nothing()
}

fn stream_of_lines(
    app: Arc<App>,
    session: Arc<Session>,
    stream: u64,
    news: watch::Receiver<()>,
    after: u64,
) -> Response {
    let (send, receive) = mpsc::channel(1);
    tokio::spawn(tell(app, session, stream, news, after, send));
    lines(receive)
}

/// Lines as an answer.
pub(super) fn lines(receive: mpsc::Receiver<Bytes>) -> Response {
    let kind = [
        (header::CONTENT_TYPE, HeaderValue::from_static(NDJSON)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (StatusCode::OK, kind, axum::body::Body::new(Lines::new(receive))).into_response()
}

/// Sends lines until the session ends or the connection does, and then sees to the session.
async fn tell(
    app: Arc<App>,
    session: Arc<Session>,
    stream: u64,
    mut news: watch::Receiver<()>,
    after: u64,
    send: mpsc::Sender<Bytes>,
) {
    let mut after = after;
    let mut bytes = session.first_line();
    loop {
        if !bytes.is_empty() && send.send(bytes.into()).await.is_err() {
            break;
        }
        news.borrow_and_update();
        let batch = session.batch(stream, after);
        (bytes, after) = (batch.bytes, batch.next);
        if batch.over {
            if !bytes.is_empty() {
                // The client may have gone; the session has ended in any case.
                let _ = send.send(bytes.into()).await;
            }
            return;
        }
        if bytes.is_empty() {
            tokio::select! {
                // The session holds the sender.
                _ = news.changed() => {}
                () = send.closed() => break,
            }
        }
    }
    if !session.grace().is_zero() {
        let came_again = async { while session.is_current(stream) && news.changed().await.is_ok() {} };
        if tokio::time::timeout(session.grace(), came_again).await.is_ok() {
            return;
        }
    }
    if session.is_current(stream) {
        tracing::info!("a client has gone; its handles are closed");
        // The thread is the pool's: closing waits for supervisors.
        let ended = tokio::task::spawn_blocking(move || app.end_session(&session, &Error::disconnected()));
        if let Err(error) = ended.await {
            tracing::error!(%error, "a session did not end");
        }
    }
}
