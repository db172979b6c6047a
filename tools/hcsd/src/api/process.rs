//! Calls on processes.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use hcs_contract::ProcessInformation;
use hcs_remote_protocol::WRITTEN_HEADER;

use super::{
    Answer, answer, blocking, document, nothing, number, outcome, subscribed, text, with_body, without_body,
};
use crate::app::App;
use crate::failure::json;

type AppState = State<Arc<App>>;

pub(crate) async fn close(State(app): AppState, Path((session, handle)): Path<(String, u64)>) -> Answer {
    let session = app.session(&session)?;
    blocking(|| session.close_process(handle));
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
                let (process, _) = session.process(handle)?;
                with_body(&app, &session, request, |body| process.$name(body)).await
            }
        )*
    };
}

plain_calls! { terminate signal }

pub(crate) async fn modify(
    State(app): AppState,
    Path((session, handle)): Path<(String, u64)>,
    request: Request,
) -> Answer {
    let session = app.session(&session)?;
    let (process, input) = session.process(handle)?;
    let headers = request.headers().clone();
    let body = document(&app, request).await?;
    if let Some(written) = number(&headers, WRITTEN_HEADER)? {
        // A process that does not read its input holds this up, as it would hold up the writer of a pipe.
        let limit = app.config.deadlines.process;
        let reached = tokio::time::timeout(limit, input.reach(written)).await;
        reached.map_err(|_| hcs_contract::Error::timeout("the process to read its input", limit))?;
    }
    answer(outcome(&app, &session, &headers, || process.modify(&body), text).await?, &headers)
}

pub(crate) async fn properties(
    State(app): AppState,
    Path((session, handle)): Path<(String, u64)>,
    request: Request,
) -> Answer {
    let session = app.session(&session)?;
    let (process, _) = session.process(handle)?;
    without_body(&app, &session, request, || process.properties()).await
}

pub(crate) async fn info(State(app): AppState, Path((session, handle)): Path<(String, u64)>) -> Answer {
    let session = app.session(&session)?;
    let (process, _) = session.process(handle)?;
    session.check_room()?;
    let deadline = app.config.deadlines.process;
    let information: Arc<ProcessInformation> = blocking(|| process.info()).within(deadline).await?;
    let streams = [information.take_stdin(), information.take_stdout(), information.take_stderr()];
    let information = session.add_streams(handle, information.pid(), streams)?;
    Ok(json(axum::http::StatusCode::OK, &information))
}

pub(crate) async fn wait(
    State(app): AppState,
    Path((session, handle)): Path<(String, u64)>,
    request: Request,
) -> Answer {
    let session = app.session(&session)?;
    let (process, _) = session.process(handle)?;
    without_body(&app, &session, request, || process.wait_exit()).await
}

pub(crate) async fn subscribe(State(app): AppState, Path((session, handle)): Path<(String, u64)>) -> Answer {
    let session = app.session(&session)?;
    let (process, _) = session.process(handle)?;
    subscribed(&session, handle, |callback| process.subscribe(callback))
}
