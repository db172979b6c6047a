//! Calls on layers, all by one route: the body says which.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use hcs_contract::{Error, Object, Operation, OperationKind};
use hcs_remote_protocol::StorageCall;

use super::{Answer, with_body};
use crate::app::App;

pub(crate) async fn call(
    State(app): State<Arc<App>>,
    Path(session): Path<String>,
    request: Request,
) -> Answer {
    let session = app.session(&session)?;
    with_body(&app, &session, request, |body| start(&app, body)).await
}

/// The call has a thread: it blocks as long as there are files.
fn start(app: &App, body: &str) -> Operation {
    let refused = |error| Operation::done(OperationKind::InspectLayer, Object::service(), Err(error));
    let call = match StorageCall::read(body) {
        Ok(call) => call,
        Err(error) => return refused(error),
    };
    let Some(storage) = app.storage.clone() else {
        return refused(Error::not_supported("storage", "this server's host has no storage service"));
    };
    let (operation, completer) = Operation::new(call.kind(), call.object());
    tokio::task::spawn_blocking(move || {
        completer.complete(call.make(&*storage).map(|value| value.to_string()));
    });
    operation
}
