//! A server at work: accepts connections, lets requests in that may come in, and ends when it is told to.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use hcs_contract::{ComputeService, Error, NetworkService, StorageService};
use hcs_remote_protocol::WireError;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower_service::Service as _;

use crate::app::App;
use crate::config::Config;
use crate::failure::Failure;
use crate::listen::{Accepted, Listener, Socket};
use crate::peer::Peer;
use crate::routes::router;
use crate::token::Token;

/// Connections that are being refused with an explanation; past them they are dropped without.
const REFUSED_AT_ONCE: usize = 64;

/// How long a refused connection may take to hear that it is.
const REFUSAL: Duration = Duration::from_secs(1);

/// How long connections have to end by themselves when everything else has ended.
const FAREWELL: Duration = Duration::from_secs(2);

/// What of a host is served. A part that is not there is refused as not supported.
#[derive(Clone, Debug)]
pub struct Services {
    /// Its containers.
    pub compute: Arc<dyn ComputeService>,
    /// Its networks.
    pub networks: Option<Arc<dyn NetworkService>>,
    /// Its layers.
    pub storage: Option<Arc<dyn StorageService>>,
}

impl From<Arc<dyn ComputeService>> for Services {
    fn from(compute: Arc<dyn ComputeService>) -> Self {
        Self { compute, networks: None, storage: None }
    }
}

/// A server over a host.
#[derive(Clone, Debug)]
pub struct Server {
    app: Arc<App>,
    router: Router,
    connections: Arc<Semaphore>,
    refused: Arc<Semaphore>,
    /// Told to connections: finish what you are at and end.
    ending: Arc<watch::Sender<bool>>,
}

impl Server {
    /// A server of this host.
    pub fn new(services: impl Into<Services>, config: Config) -> Self {
        let connections = Arc::new(Semaphore::new(config.max_connections.min(Semaphore::MAX_PERMITS)));
        let app = Arc::new(App::new(services.into(), config));
        Self {
            router: router(Arc::clone(&app)),
            app,
            connections,
            refused: Arc::new(Semaphore::new(REFUSED_AT_ONCE)),
            ending: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Serves until `shutdown` is there. Then nothing new begins; calls and streams that go on have
    /// [`Config::drain`] to end; then sessions end, with their handles. Containers are not touched, but those whose
    /// document says that they end with their last handle.
    pub async fn serve(&self, listeners: Vec<Listener>, shutdown: impl Future<Output = ()>) {
        let accepting: Vec<_> =
            listeners.into_iter().map(|listener| tokio::spawn(self.clone().accept(listener))).collect();
        shutdown.await;
        tracing::info!("ending: nothing new begins");
        self.app.drain();
        let drained = tokio::time::timeout(self.app.config.drain, self.app.activities.none()).await;
        if drained.is_err() {
            tracing::warn!(after = ?self.app.config.drain, "calls and streams still go on and are cut off");
        }
        for task in accepting {
            task.abort();
        }
        self.app.end_streams();
        let app = Arc::clone(&self.app);
        let ended = tokio::task::spawn_blocking(move || app.end_sessions(&Error::disconnected())).await;
        if let Err(error) = ended {
            tracing::error!(%error, "sessions did not end");
        }
        self.ending.send_replace(true);
        let all = u32::try_from(self.app.config.max_connections).unwrap_or(u32::MAX);
        // Past that time they end with the process.
        let _ = tokio::time::timeout(FAREWELL, self.connections.acquire_many(all)).await;
    }

    async fn accept(self, listener: Listener) {
        loop {
            match listener.accept().await {
                Ok(accepted) => match Arc::clone(&self.connections).try_acquire_owned() {
                    Ok(permit) => self.take(&listener.socket, accepted, permit),
                    Err(_) => self.turn_away(&listener.socket, accepted),
                },
                // The client gave up first.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    // No descriptors left, as a rule: one comes free when a connection ends.
                    tracing::warn!(%error, "cannot accept a connection");
                    let free = self.connections.available_permits();
                    self.fewer_connections(free).await;
                }
            }
        }
    }

    /// Returns when a connection has ended, or soon: what holds the descriptors may be others.
    async fn fewer_connections(&self, free: usize) {
        let more = u32::try_from(free).unwrap_or(u32::MAX).saturating_add(1);
        let _ = tokio::time::timeout(REFUSAL, self.connections.acquire_many(more)).await;
    }

    fn take(&self, socket: &Socket, accepted: Accepted, permit: OwnedSemaphorePermit) {
        let this = self.clone();
        match (accepted, socket) {
            (Accepted::Unix(stream), _) => {
                tokio::spawn(async move { this.serve_connection(stream, Peer::Unix, None, permit).await });
            }
            (Accepted::Tcp(stream), Socket::Tls(_, acceptor)) => {
                let handshake = acceptor.accept(stream);
                tokio::spawn(async move {
                    match tokio::time::timeout(this.app.config.request_timeout, handshake).await {
                        Ok(Ok(stream)) => this.serve_connection(stream, Peer::Tls, None, permit).await,
                        Ok(Err(error)) => {
                            this.app.metrics.refuse("certificate");
                            tracing::warn!(%error, "a TLS client was refused");
                        }
                        Err(_) => this.app.metrics.refuse("slow handshake"),
                    }
                });
            }
            (Accepted::Tcp(stream), Socket::Loopback(_, token)) => {
                let token = Some(token.clone());
                tokio::spawn(async move {
                    this.serve_connection(stream, Peer::Loopback, token, permit).await;
                });
            }
            (Accepted::Tcp(_), Socket::Unix(_)) => unreachable!("a Unix socket accepts Unix connections"),
        }
    }

    /// Says that there are too many, and hangs up.
    fn turn_away(&self, socket: &Socket, accepted: Accepted) {
        self.app.metrics.refuse("connections");
        // A TLS client would have to be greeted first.
        if matches!(socket, Socket::Tls(..)) {
            return;
        }
        if let Ok(permit) = Arc::clone(&self.refused).try_acquire_owned() {
            let most = self.app.config.max_connections;
            tokio::spawn(async move {
                let refusal = async {
                    match accepted {
                        Accepted::Unix(stream) => say_no(stream, most).await,
                        Accepted::Tcp(stream) => say_no(stream, most).await,
                    }
                };
                // Who does not listen does not hear it.
                let _ = tokio::time::timeout(REFUSAL, refusal).await;
                drop(permit);
            });
        }
    }

    async fn serve_connection(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: Peer,
        token: Option<Token>,
        permit: OwnedSemaphorePermit,
    ) {
        // Held by the requests, and so by upgraded streams, which outlive the connection's own future.
        let place = Arc::new(Place::new(permit, Arc::clone(&self.app)));
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let this = self.clone();
            let (token, place) = (token.clone(), Arc::clone(&place));
            async move { Ok::<_, std::convert::Infallible>(this.answer(request, peer, token, place).await) }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.app.config.request_timeout)
            .max_headers(64)
            .max_buf_size(1 << 16)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let mut ending = self.ending.subscribe();
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = async { drop(ending.wait_for(|ending| *ending).await) } => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        peer: Peer,
        token: Option<Token>,
        place: Arc<Place>,
    ) -> Response {
        if token.is_some_and(|token| !token.is_in(request.headers())) {
            self.app.metrics.refuse("token");
            let error = Error::access_denied("the request has no token, or a wrong one")
                .with_hint("send \"Authorization: Bearer\" with the token of hcsd's token file");
            return Failure::new(StatusCode::UNAUTHORIZED, error).into_response();
        }
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(place);
        match self.router.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// A connection's place among those that there may be.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    app: Arc<App>,
}

impl Place {
    fn new(permit: OwnedSemaphorePermit, app: Arc<App>) -> Self {
        app.metrics.connections.inc();
        Self { _permit: permit, app }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.app.metrics.connections.dec();
    }
}

async fn say_no(mut stream: impl AsyncRead + AsyncWrite + Unpin, most: usize) -> io::Result<()> {
    let error = Failure::limit("connections", most);
    let body = serde_json::to_string(&WireError::from(error.error()))?;
    let text = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await?;
    // Closed with something unread, TCP would take the answer back.
    let mut rest = [0; 4096];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}
