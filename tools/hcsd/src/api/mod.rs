//! What requests have in common: parts of paths, bodies, and calls that may go on after their answer.

pub(crate) mod network;
pub(crate) mod process;
pub(crate) mod records;
pub(crate) mod service;
pub(crate) mod session;
pub(crate) mod storage;
pub(crate) mod stream;
pub(crate) mod system;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use hcs_contract::{Callback, Error, Operation, Result, Subscription};
use hcs_remote_protocol::{Line, OPERATION_HEADER, Outcome, Pending, WireError};

use crate::app::App;
use crate::failure::{Failure, json, text_of};
use crate::session::Session;

/// What every route returns.
pub(crate) type Answer = std::result::Result<Response, Failure>;

/// Runs what may block where it holds nobody up.
pub(crate) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

/// The body as text: a document, which the host judges.
pub(crate) async fn document(app: &App, request: Request) -> std::result::Result<String, Failure> {
    let most = app.config.max_body;
    // What says that it is too long need not come first.
    if http_body::Body::size_hint(request.body()).lower() > most as u64 {
        app.metrics.refuse("body");
        return Err(too_long(most));
    }
    let body = axum::body::to_bytes(request.into_body(), most);
    let Ok(body) = tokio::time::timeout(app.config.request_timeout, body).await else {
        app.metrics.refuse("slow body");
        let waited = app.config.request_timeout;
        return Err(Failure::new(StatusCode::REQUEST_TIMEOUT, Error::timeout("the request's body", waited)));
    };
    let body = body.map_err(|_| {
        app.metrics.refuse("body");
        too_long(most)
    })?;
    String::from_utf8(body.into()).map_err(|_| Failure::bad_request("body", "it is not UTF-8"))
}

fn too_long(most: usize) -> Failure {
    let reason = format!("it is cut off, or has more than {most} bytes, the limit of this server");
    Failure::new(StatusCode::PAYLOAD_TOO_LARGE, Error::invalid_argument("body", reason))
}

/// A number in a header.
pub(crate) fn number(headers: &HeaderMap, name: &'static str) -> std::result::Result<Option<u64>, Failure> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let value = value.to_str().ok().and_then(|text| text.parse().ok());
    value.map(Some).ok_or_else(|| Failure::bad_request(name, "it is not a number"))
}

/// Whether there is a result, or the call goes on.
enum State<T: Clone + Send> {
    Done(Result<T>),
    GoesOn,
    /// It goes on, and the client waits with its request.
    Awaited(Operation<T>),
}

/// Makes a call, and says what came of it. With a number of the client's in `headers` a call that takes longer goes on
/// (`None`), and a line of the session tells of its end; without one this waits until it is complete.
///
/// `finish` makes an outcome of the result, and may give handles to the session.
pub(crate) async fn outcome<T: Clone + Send + Sync + 'static>(
    app: &App,
    session: &Arc<Session>,
    headers: &HeaderMap,
    start: impl FnOnce() -> Operation<T>,
    finish: fn(&Arc<Session>, T) -> std::result::Result<Outcome, Failure>,
) -> std::result::Result<Option<Outcome>, Failure> {
    let number = number(headers, OPERATION_HEADER)?;
    let activity = app.activities.begin();
    let state: std::result::Result<_, Failure> = blocking(|| {
        let operation = start();
        let Some(number) = number else { return Ok(State::Awaited(operation)) };
        if !operation.is_done() && !operation.kind().is_exit() {
            // Its result is looked at below; a timeout is none.
            let _ = operation.wait(app.config.quick);
        }
        if let Some(result) = operation.try_result() {
            return Ok(State::Done(result));
        }
        session.tell_later(number, &operation, move |session, result| {
            result
                .map_err(Failure::from)
                .and_then(|value| finish(session, value))
                .unwrap_or_else(|failure| outcome_of(&failure))
        })?;
        Ok(State::GoesOn)
    });
    let result = match state? {
        State::GoesOn => return Ok(None),
        State::Done(result) => result,
        State::Awaited(operation) => {
            let deadline = app.config.deadlines.deadline(operation.kind());
            operation.within(deadline).await
        }
    };
    drop(activity);
    blocking(|| finish(session, result?)).map(Some)
}

/// A call whose one parameter is the body, and whose result is text.
pub(crate) async fn with_body(
    app: &App,
    session: &Arc<Session>,
    request: Request,
    start: impl FnOnce(&str) -> Operation + Send,
) -> Answer {
    let headers = request.headers().clone();
    let body = document(app, request).await?;
    answer(outcome(app, session, &headers, || start(&body), text).await?, &headers)
}

/// A call without a parameter, whose result is text.
pub(crate) async fn without_body(
    app: &App,
    session: &Arc<Session>,
    request: Request,
    start: impl FnOnce() -> Operation + Send,
) -> Answer {
    let headers = request.headers();
    answer(outcome(app, session, headers, start, text).await?, headers)
}

/// From now on the session's lines tell what happens to the handle's object.
pub(crate) fn subscribed(
    session: &Arc<Session>,
    handle: u64,
    subscribe: impl FnOnce(Callback) -> Result<Subscription>,
) -> Answer {
    blocking(|| {
        let subscription = subscribe(notify(session, handle))?;
        session.keep_subscription(handle, subscription);
        Ok::<_, Failure>(())
    })?;
    nothing()
}

/// What tells a client of what happened to its handle.
fn notify(session: &Arc<Session>, handle: u64) -> Callback {
    // Weak: the session holds the subscription, which holds this.
    let session = Arc::downgrade(session);
    Arc::new(move |notification| {
        if let Some(session) = session.upgrade() {
            session.push(|number| Line::Notification {
                number,
                handle,
                event: notification.kind.0,
                status: notification.status.to_i32(),
                data: notification.data.clone(),
            });
        }
    })
}

/// A failure that is told by a line.
fn outcome_of(failure: &Failure) -> Outcome {
    Outcome::Error(Box::new(WireError::from(failure.error())))
}

/// The answer to a call.
pub(crate) fn answer(outcome: Option<Outcome>, headers: &HeaderMap) -> Answer {
    Ok(match outcome {
        None => {
            let operation = number(headers, OPERATION_HEADER)?.unwrap_or_default();
            json(StatusCode::ACCEPTED, &Pending { operation })
        }
        Some(Outcome::Result(text)) => text_of(StatusCode::OK, text),
        Some(Outcome::Process(opened)) => json(StatusCode::OK, &opened),
        Some(Outcome::Information(information)) => json(StatusCode::OK, &information),
        Some(Outcome::Error(error)) => return Err(Error::from(*error).into()),
    })
}

/// What most calls come to: the host's text.
#[expect(
    clippy::unnecessary_wraps,
    reason = "other calls' results are given to the session, which may be full"
)]
pub(crate) fn text(_: &Arc<Session>, text: String) -> std::result::Result<Outcome, Failure> {
    Ok(Outcome::Result(text))
}

/// There is nothing to say.
#[expect(clippy::unnecessary_wraps, reason = "the last line of routes that may fail")]
pub(crate) fn nothing() -> Answer {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
