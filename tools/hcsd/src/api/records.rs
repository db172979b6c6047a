//! What the host keeps of its systems beyond the service's own knowledge, and says of itself. No session is needed.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse as _;
use hcs_contract::{Error, Object, Records, Result};
use serde::{Deserialize, Serialize};

use super::system::Id;
use super::{Answer, blocking, nothing};
use crate::app::App;
use crate::failure::json;

type AppState = State<Arc<App>>;

/// Whether to look only.
#[derive(Debug, Deserialize)]
pub(crate) struct DryRun {
    dry_run: bool,
}

/// What a call on the records gives, where that holds nobody up.
fn ask<T>(app: &App, call: impl FnOnce(&dyn Records) -> Result<T>) -> Result<T> {
    let none = || {
        let error = Error::not_supported("records", "this server's host keeps none of its systems");
        error.with_object(Object::service())
    };
    blocking(|| call(app.service.records().ok_or_else(none)?))
}

fn answer(document: Result<impl Serialize>) -> Answer {
    Ok(json(StatusCode::OK, &document?))
}

pub(crate) async fn list(State(app): AppState) -> Answer {
    answer(ask(&app, |records| records.list()))
}

pub(crate) async fn inspect(State(app): AppState, Query(Id { id }): Query<Id>) -> Answer {
    answer(ask(&app, |records| records.inspect(&id)))
}

pub(crate) async fn log(State(app): AppState, Query(Id { id }): Query<Id>) -> Answer {
    let bytes = ask(&app, |records| records.log(&id))?;
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))];
    Ok((kind, bytes).into_response())
}

pub(crate) async fn remove(State(app): AppState, Query(Id { id }): Query<Id>) -> Answer {
    ask(&app, |records| records.remove(&id))?;
    nothing()
}

pub(crate) async fn collect(State(app): AppState, Query(DryRun { dry_run }): Query<DryRun>) -> Answer {
    answer(ask(&app, |records| records.collect(dry_run)))
}

pub(crate) async fn features(State(app): AppState) -> Answer {
    answer(ask(&app, |records| records.features()))
}
