//! Calls on the service, and what is asked of the server itself.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse as _;
use hcs_contract::{Deadline, EventStopper, SystemEvents};
use hcs_remote_protocol::WireEvent;
use serde_json::json;
use tokio::sync::mpsc;

use super::session::lines;
use super::system::no_thread;
use super::{Answer, blocking, with_body};
use crate::app::App;
use crate::failure::{json, text_of};
use crate::session::encode;

type AppState = State<Arc<App>>;

/// The document that says which routes there are.
pub(crate) const OPENAPI: &str = include_str!("../../openapi.json");

/// The text form of OpenMetrics, which Prometheus asks for first.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) async fn enumerate(State(app): AppState, Path(session): Path<String>, request: Request) -> Answer {
    let session = app.session(&session)?;
    with_body(&app, &session, request, |query| app.service.enumerate_systems(query)).await
}

pub(crate) async fn properties(
    State(app): AppState,
    Path(session): Path<String>,
    request: Request,
) -> Answer {
    let session = app.session(&session)?;
    with_body(&app, &session, request, |query| app.service.service_properties(query)).await
}

/// How many events wait for a slow reader here; the host keeps more, and says when it lost some.
const EVENTS: usize = 64;

pub(crate) async fn events(State(app): AppState) -> Answer {
    app.check_not_draining()?;
    let events = blocking(|| app.service.events())?;
    let (send, receive) = mpsc::channel(EVENTS);
    let stopper = events.stopper();
    let closed = send.clone();
    // A reader of events waits itself, so it needs a thread; that one sleeps, and holds nobody up but its client.
    std::thread::Builder::new()
        .name("events".into())
        .spawn(move || tell(events, &send))
        .map_err(no_thread)?;
    tokio::spawn(stop(app, stopper, closed));
    Ok(lines(receive))
}

fn tell(mut events: Box<dyn SystemEvents>, send: &mpsc::Sender<Bytes>) {
    loop {
        match events.next(Deadline::Never) {
            Ok(Some(event)) => {
                let line = encode(&WireEvent::from(&event));
                if send.blocking_send(line.into()).is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(%error, "a stream of events ended");
                return;
            }
        }
    }
}

/// Ends the stream with its connection, or with the server.
async fn stop(app: Arc<App>, stopper: EventStopper, closed: mpsc::Sender<Bytes>) {
    tokio::select! {
        () = closed.closed() => {}
        () = app.ending() => {}
    }
    stopper.stop();
}

pub(crate) async fn health(State(app): AppState) -> Answer {
    let status = if app.is_draining() { "draining" } else { "ok" };
    Ok(json(StatusCode::OK, &json!({"Status": status})))
}

pub(crate) async fn ready(State(app): AppState) -> Answer {
    app.check_not_draining()?;
    Ok(json(StatusCode::OK, &json!({"Status": "ready"})))
}

pub(crate) async fn metrics(State(app): AppState) -> Answer {
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(OPENMETRICS))];
    Ok((kind, app.metrics.text()).into_response())
}

pub(crate) async fn openapi() -> Answer {
    Ok(text_of(StatusCode::OK, OPENAPI.to_owned()))
}
