//! Calls on systems.

use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use hcs_contract::{CreatedProcess, Error, Object, Operation, OperationKind, ProcessStreams};
use hcs_remote_protocol::{Created, OPERATION_HEADER, Opened, Outcome};
use serde::Deserialize;

use super::{
    Answer, answer, blocking, document, nothing, number, outcome, subscribed, text, with_body, without_body,
};
use crate::app::App;
use crate::failure::{Failure, json, text_of};
use crate::session::Session;

/// The id that a system has or is to have. It stands in the query, where every text can stand, also none at all.
#[derive(Debug, Deserialize)]
pub(crate) struct Id {
    pub(super) id: String,
}

/// A process's number.
#[derive(Debug, Deserialize)]
pub(crate) struct Pid {
    pid: u32,
}

type AppState = State<Arc<App>>;

pub(crate) async fn create(
    State(app): AppState,
    Path(session): Path<String>,
    Query(Id { id }): Query<Id>,
    request: Request,
) -> Answer {
    let session = app.session(&session)?;
    app.check_not_draining()?;
    session.check_room()?;
    let headers = request.headers().clone();
    let text_of_document = document(&app, request).await?;
    let (handle, operation) = blocking(|| {
        let (system, operation) = app.service.create_system(&id, &text_of_document)?;
        session.add_system(system).map(|handle| (handle, operation))
    })?;
    // A failure that the operation reports leaves the handle, as it does locally.
    let outcome = match outcome(&app, &session, &headers, || operation, text).await {
        Ok(outcome) => outcome,
        Err(failure) => Some(Outcome::Error(Box::new(failure.error().into()))),
    };
    Ok(json(StatusCode::OK, &Created { handle, outcome }))
}

pub(crate) async fn open(
    State(app): AppState,
    Path(session): Path<String>,
    Query(Id { id }): Query<Id>,
) -> Answer {
    let session = app.session(&session)?;
    session.check_room()?;
    let handle = blocking(|| session.add_system(app.service.open_system(&id)?))?;
    Ok(json(StatusCode::OK, &Opened { handle, information: None }))
}

pub(crate) async fn close(State(app): AppState, Path((session, handle)): Path<(String, u64)>) -> Answer {
    let session = app.session(&session)?;
    blocking(|| session.close_system(handle));
    nothing()
}

/// A call whose only parameter is the body.
macro_rules! plain_calls {
    ($($name:ident)*) => {
        $(
            pub(crate) async fn $name(
                State(app): AppState,
                Path((session, handle)): Path<(String, u64)>,
                request: Request,
            ) -> Answer {
                let session = app.session(&session)?;
                let system = session.system(handle)?;
                with_body(&app, &session, request, |body| system.$name(body)).await
            }
        )*
    };
}

plain_calls! { start shutdown terminate pause resume save modify }

pub(crate) async fn properties(
    State(app): AppState,
    Path((session, handle)): Path<(String, u64)>,
    request: Request,
) -> Answer {
    let session = app.session(&session)?;
    let system = session.system(handle)?;
    let headers = request.headers().clone();
    let query = document(&app, request).await?;
    number(&headers, OPERATION_HEADER)?;
    // To let others have this thread while it waits costs more than most answers.
    if let Some(result) = system.properties_at_once(&query) {
        return Ok(text_of(StatusCode::OK, result?));
    }
    answer(outcome(&app, &session, &headers, || system.properties(&query), text).await?, &headers)
}

pub(crate) async fn wait(
    State(app): AppState,
    Path((session, handle)): Path<(String, u64)>,
    request: Request,
) -> Answer {
    let session = app.session(&session)?;
    let system = session.system(handle)?;
    without_body(&app, &session, request, || system.wait_exit()).await
}

pub(crate) async fn subscribe(State(app): AppState, Path((session, handle)): Path<(String, u64)>) -> Answer {
    let session = app.session(&session)?;
    let system = session.system(handle)?;
    subscribed(&session, handle, |callback| system.subscribe(callback))
}

pub(crate) async fn create_process(
    State(app): AppState,
    Path((session, handle)): Path<(String, u64)>,
    request: Request,
) -> Answer {
    let session = app.session(&session)?;
    app.check_not_draining()?;
    let system = session.system(handle)?;
    session.check_room()?;
    let headers = request.headers().clone();
    let body = document(&app, request).await?;
    let start =
        || -> Operation<Arc<CreatedProcess>> { system.create_process(&body, ProcessStreams::default()) };
    answer(outcome(&app, &session, &headers, start, created).await?, &headers)
}

#[expect(clippy::needless_pass_by_value, reason = "the signature of whatever finishes a call")]
fn created(session: &Arc<Session>, created: Arc<CreatedProcess>) -> Result<Outcome, Failure> {
    let information = &created.information;
    let streams = [information.take_stdin(), information.take_stdout(), information.take_stderr()];
    session.add_process(Arc::clone(&created.process), Some(streams)).map(Outcome::Process)
}

pub(crate) async fn open_process(
    State(app): AppState,
    Path((session, handle)): Path<(String, u64)>,
    Query(Pid { pid }): Query<Pid>,
) -> Answer {
    let session = app.session(&session)?;
    let system = session.system(handle)?;
    session.check_room()?;
    let opened = blocking(|| session.add_process(system.open_process(pid)?, None))?;
    Ok(json(StatusCode::OK, &opened))
}

/// Events of all systems are asked for of a host that may have none.
pub(super) fn no_thread(error: std::io::Error) -> Error {
    Error::os("start", "a thread for events", error)
        .with_operation(OperationKind::Subscribe)
        .with_object(Object::service())
}
