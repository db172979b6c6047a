//! The table of routes: the router is made from it, and a test compares it with the OpenAPI document.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodRouter, delete, get, post};
use hcs_contract::Error;

use crate::api::{network, process, records, service, session, storage, stream, system};
use crate::app::App;
use crate::failure::Failure;
use crate::metrics;

/// One route.
pub(crate) struct Route {
    #[cfg_attr(not(test), expect(dead_code, reason = "the handler knows it; the test compares it"))]
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    handler: fn() -> MethodRouter<Arc<App>>,
}

macro_rules! routes {
    ($($method:ident $path:literal $handler:path;)*) => {
        &[$(Route { method: stringify!($method), path: $path, handler: || $method($handler) },)*]
    };
}

/// All of them.
pub(crate) const ROUTES: &[Route] = routes! {
    get "/health" service::health;
    get "/ready" service::ready;
    get "/metrics" service::metrics;
    get "/openapi.json" service::openapi;
    get "/v1/events" service::events;
    get "/v1/records" records::list;
    get "/v1/record" records::inspect;
    get "/v1/record/log" records::log;
    post "/v1/record/remove" records::remove;
    post "/v1/collect" records::collect;
    get "/v1/features" records::features;
    post "/v1/sessions" session::open;
    delete "/v1/sessions/{session}" session::end;
    get "/v1/sessions/{session}/lines" session::resume;
    delete "/v1/sessions/{session}/operations/{operation}" session::cancel;
    post "/v1/sessions/{session}/enumerate" service::enumerate;
    post "/v1/sessions/{session}/properties" service::properties;
    post "/v1/sessions/{session}/storage" storage::call;
    post "/v1/sessions/{session}/systems" system::create;
    post "/v1/sessions/{session}/open" system::open;
    delete "/v1/sessions/{session}/systems/{handle}" system::close;
    post "/v1/sessions/{session}/systems/{handle}/start" system::start;
    post "/v1/sessions/{session}/systems/{handle}/shutdown" system::shutdown;
    post "/v1/sessions/{session}/systems/{handle}/terminate" system::terminate;
    post "/v1/sessions/{session}/systems/{handle}/pause" system::pause;
    post "/v1/sessions/{session}/systems/{handle}/resume" system::resume;
    post "/v1/sessions/{session}/systems/{handle}/save" system::save;
    post "/v1/sessions/{session}/systems/{handle}/properties" system::properties;
    post "/v1/sessions/{session}/systems/{handle}/modify" system::modify;
    post "/v1/sessions/{session}/systems/{handle}/wait" system::wait;
    post "/v1/sessions/{session}/systems/{handle}/subscribe" system::subscribe;
    post "/v1/sessions/{session}/systems/{handle}/processes" system::create_process;
    post "/v1/sessions/{session}/systems/{handle}/open" system::open_process;
    delete "/v1/sessions/{session}/processes/{handle}" process::close;
    post "/v1/sessions/{session}/processes/{handle}/terminate" process::terminate;
    post "/v1/sessions/{session}/processes/{handle}/signal" process::signal;
    post "/v1/sessions/{session}/processes/{handle}/modify" process::modify;
    post "/v1/sessions/{session}/processes/{handle}/properties" process::properties;
    post "/v1/sessions/{session}/processes/{handle}/info" process::info;
    post "/v1/sessions/{session}/processes/{handle}/wait" process::wait;
    post "/v1/sessions/{session}/processes/{handle}/subscribe" process::subscribe;
    get "/v1/sessions/{session}/streams/{stream}" stream::connect;
    delete "/v1/sessions/{session}/streams/{stream}" stream::close;
    get "/v1/network/events" network::events;
    post "/v1/network/hns" network::hns;
    post "/v1/network/{kind}/enumerate" network::enumerate;
    post "/v1/network/{kind}/create" network::create;
    post "/v1/network/{kind}/open" network::open;
    post "/v1/network/{kind}/delete" network::delete;
    post "/v1/network/{kind}/modify" network::modify;
    post "/v1/network/{kind}/properties" network::properties;
};

/// What answers requests.
pub(crate) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        router = router.route(route.path, (route.handler)());
    }
    router
        .fallback(|| async {
            let error = Error::invalid_argument("path", "there is nothing here: see /openapi.json");
            Failure::new(StatusCode::NOT_FOUND, error)
        })
        .method_not_allowed_fallback(|| async {
            let error = Error::invalid_argument("method", "it is not one of this path: see /openapi.json");
            Failure::new(StatusCode::METHOD_NOT_ALLOWED, error)
        })
        .layer(middleware::from_fn_with_state(Arc::clone(&app), measured))
        .with_state(app)
}

/// Counts requests by their route.
async fn measured(
    State(app): State<Arc<App>>,
    route: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let response = next.run(request).await;
    let route = route.map_or_else(String::new, |route| route.as_str().to_owned());
    let labels = metrics::Request { route, status: response.status().as_u16() };
    app.metrics.requests.get_or_create(&labels).inc();
    app.metrics.duration.observe(began.elapsed().as_secs_f64());
    response
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn the_openapi_document_has_every_route_and_no_other() {
        let document: Value = serde_json::from_str(service::OPENAPI).unwrap();
        let mut documented = BTreeSet::new();
        let mut names = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                assert!(documented.insert((method.clone(), path.clone())));
                let name = operation["operationId"]
                    .as_str()
                    .unwrap_or_else(|| panic!("{method} {path} has no name"));
                assert!(names.insert(name.to_owned()), "{name} is there twice");
                assert!(operation["summary"].is_string(), "{method} {path} has no summary");
                // Every variable of the path is a parameter, and only those.
                let in_path: BTreeSet<_> =
                    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
                let empty = Vec::new();
                let declared: BTreeSet<_> = operation["parameters"]
                    .as_array()
                    .unwrap_or(&empty)
                    .iter()
                    .filter_map(|parameter| {
                        parameter["$ref"].as_str()?.strip_prefix("#/components/parameters/")
                    })
                    .filter(|name| document["components"]["parameters"][name]["in"] == "path")
                    .collect();
                assert_eq!(in_path, declared, "{method} {path}");
            }
        }
        let there: BTreeSet<_> =
            ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
        assert_eq!(there.len(), ROUTES.len(), "a route is there twice");
        assert_eq!(documented, there);
    }

    #[test]
    fn every_reference_within_the_openapi_document_leads_somewhere() {
        fn check(value: &Value, root: &Value) {
            match value {
                Value::Object(members) => {
                    if let Some(Value::String(reference)) = members.get("$ref") {
                        let pointer = reference.strip_prefix('#').unwrap();
                        assert!(root.pointer(pointer).is_some(), "{reference}");
                    }
                    members.values().for_each(|member| check(member, root));
                }
                Value::Array(values) => values.iter().for_each(|value| check(value, root)),
                _ => {}
            }
        }
        let document: Value = serde_json::from_str(service::OPENAPI).unwrap();
        check(&document, &document);
    }
}
