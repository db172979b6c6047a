//! Calls on networks. They block until they are done and need no session: an object is known by its id, and what a
//! client has open is a matter of its own.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use hcs_contract::{Error, NetworkEvent, NetworkObject, NetworkObjectKind, NetworkService};
use hcs_remote_protocol::{FoundObject, WireNetworkEvent, kind_of_path};
use serde::Deserialize;
use tokio::sync::{Notify, mpsc};

use super::session::lines;
use super::system::Id;
use super::{Answer, blocking, document, nothing};
use crate::app::App;
use crate::failure::{Failure, json, text_of};
use crate::session::encode;

type AppState = State<Arc<App>>;

/// How many events wait for a slow reader. One that does not keep up is cut off, so that it knows that it missed some.
const EVENTS: usize = 1024;

/// A request of HNS v1.
#[derive(Debug, Deserialize)]
pub(crate) struct Old {
    method: String,
    path: String,
}

/// What a new object is to be.
#[derive(Debug, Deserialize)]
pub(crate) struct New {
    /// Absent: the document's, or one that the host chooses.
    id: Option<String>,
    /// Of an endpoint: its network.
    network: Option<String>,
}

fn networks(app: &App) -> Result<&Arc<dyn NetworkService>, Failure> {
    let none =
        || Failure::from(Error::not_supported("networks", "the host of this server has no network service"));
    app.networks.as_ref().ok_or_else(none)
}

fn kind(part: &str) -> Result<NetworkObjectKind, Failure> {
    let unknown = || {
        let error = Error::invalid_argument("path", format!("there is no kind {part:?}: see /openapi.json"));
        Failure::new(StatusCode::NOT_FOUND, error)
    };
    kind_of_path(part).ok_or_else(unknown)
}

fn found(object: &Arc<dyn NetworkObject>) -> Response {
    let answer = json(StatusCode::OK, &FoundObject { id: object.id().to_owned() });
    object.close();
    answer
}

pub(crate) async fn hns(
    State(app): AppState,
    Query(Old { method, path }): Query<Old>,
    request: Request,
) -> Answer {
    let networks = networks(&app)?;
    let object = document(&app, request).await?;
    let _activity = app.activities.begin();
    Ok(text_of(StatusCode::OK, blocking(|| networks.hns_call(&method, &path, &object))?))
}

pub(crate) async fn enumerate(State(app): AppState, Path(part): Path<String>, request: Request) -> Answer {
    let (networks, kind) = (networks(&app)?, kind(&part)?);
    let query = document(&app, request).await?;
    let _activity = app.activities.begin();
    Ok(text_of(StatusCode::OK, blocking(|| networks.enumerate(kind, &query))?))
}

pub(crate) async fn create(
    State(app): AppState,
    Path(part): Path<String>,
    Query(New { id, network }): Query<New>,
    request: Request,
) -> Answer {
    let (networks, kind) = (networks(&app)?, kind(&part)?);
    app.check_not_draining()?;
    let settings = document(&app, request).await?;
    let _activity = app.activities.begin();
    let made = blocking(|| match network {
        Some(network) if kind == NetworkObjectKind::Endpoint => {
            networks.create_endpoint(&network, id.as_deref(), &settings)
        }
        Some(_) => Err(Error::invalid_argument("network", "endpoints alone are on a network")),
        None => networks.create(kind, id.as_deref(), &settings),
    });
    Ok(found(&made?))
}

pub(crate) async fn open(
    State(app): AppState,
    Path(part): Path<String>,
    Query(Id { id }): Query<Id>,
) -> Answer {
    let (networks, kind) = (networks(&app)?, kind(&part)?);
    Ok(found(&blocking(|| networks.open(kind, &id))?))
}

pub(crate) async fn delete(
    State(app): AppState,
    Path(part): Path<String>,
    Query(Id { id }): Query<Id>,
) -> Answer {
    let (networks, kind) = (networks(&app)?, kind(&part)?);
    let _activity = app.activities.begin();
    blocking(|| networks.delete(kind, &id))?;
    nothing()
}

pub(crate) async fn modify(
    State(app): AppState,
    Path(part): Path<String>,
    Query(Id { id }): Query<Id>,
    request: Request,
) -> Answer {
    let (networks, kind) = (networks(&app)?, kind(&part)?);
    let settings = document(&app, request).await?;
    let _activity = app.activities.begin();
    blocking(|| {
        let object = networks.open(kind, &id)?;
        let modified = object.modify(&settings);
        object.close();
        modified
    })?;
    nothing()
}

pub(crate) async fn properties(
    State(app): AppState,
    Path(part): Path<String>,
    Query(Id { id }): Query<Id>,
    request: Request,
) -> Answer {
    let (networks, kind) = (networks(&app)?, kind(&part)?);
    let query = document(&app, request).await?;
    let text = blocking(|| {
        let object = networks.open(kind, &id)?;
        let properties = object.properties(&query);
        object.close();
        properties
    })?;
    Ok(text_of(StatusCode::OK, text))
}

pub(crate) async fn events(State(app): AppState) -> Answer {
    let networks = networks(&app)?;
    app.check_not_draining()?;
    let (send, receive) = mpsc::channel(EVENTS);
    let (closed, overflow) = (send.clone(), Arc::new(Notify::new()));
    let send = Mutex::new(Some(send));
    let too_slow = Arc::clone(&overflow);
    let callback = Arc::new(move |event: &NetworkEvent| {
        let line = encode(&WireNetworkEvent::from(event));
        let mut send = send.lock().unwrap_or_else(PoisonError::into_inner);
        if send.as_ref().is_some_and(|send| send.try_send(line.into()).is_err()) {
            // The stream ends behind what it has.
            *send = None;
            too_slow.notify_one();
        }
    });
    let subscription = blocking(|| networks.subscribe(callback))?;
    tokio::spawn(async move {
        tokio::select! {
            () = closed.closed() => {}
            () = overflow.notified() => {}
            () = app.ending() => {}
        }
        drop(closed);
        // Ending it waits for a callback that runs.
        let _ = tokio::task::spawn_blocking(move || drop(subscription)).await;
    });
    Ok(lines(receive))
}
