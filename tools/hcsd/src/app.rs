//! What all requests share: the host, the sessions, the limits.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use hcs_contract::{ComputeService, Error, NetworkService, Result, StorageService};
use hcs_remote_protocol::to_hex;
use tokio::sync::watch;

use crate::activity::Activities;
use crate::config::Config;
use crate::failure::Failure;
use crate::metrics::Metrics;
use crate::serve::Services;
use crate::session::{Session, gone};

/// The shared state.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) service: Arc<dyn ComputeService>,
    pub(crate) networks: Option<Arc<dyn NetworkService>>,
    pub(crate) storage: Option<Arc<dyn StorageService>>,
    pub(crate) config: Config,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) activities: Activities,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
    draining: AtomicBool,
    ending: watch::Sender<bool>,
}

impl App {
    pub(crate) fn new(services: Services, config: Config) -> Self {
        let Services { compute: service, networks, storage } = services;
        let metrics = Arc::new(Metrics::new());
        let activities = Activities::new(Arc::clone(&metrics));
        Self {
            service,
            networks,
            storage,
            config,
            metrics,
            activities,
            sessions: Mutex::default(),
            draining: AtomicBool::new(false),
            ending: watch::Sender::new(false),
        }
    }

    /// A new session.
    pub(crate) fn open_session(&self, grace: Duration) -> std::result::Result<Arc<Session>, Failure> {
        self.check_not_draining()?;
        let mut id = [0; 16];
        rustix::rand::getrandom(&mut id, rustix::rand::GetRandomFlags::empty())
            .map_err(|errno| Error::os("make", "a session's name", errno.into()))?;
        let id = to_hex(&id);
        let mut sessions = self.lock();
        if sessions.len() >= self.config.max_sessions {
            self.metrics.refuse("sessions");
            return Err(Failure::limit("sessions", self.config.max_sessions));
        }
        let session = Arc::new(Session::new(
            id.clone(),
            grace,
            &self.config,
            self.activities.clone(),
            Arc::clone(&self.metrics),
        ));
        sessions.insert(id, Arc::clone(&session));
        Ok(session)
    }

    /// The session of this name.
    pub(crate) fn session(&self, id: &str) -> std::result::Result<Arc<Session>, Failure> {
        // Names are random: how long a comparison takes tells nothing that helps to find one.
        let found = self.lock().get(id).cloned();
        found.ok_or_else(|| Failure::new(StatusCode::GONE, gone()))
    }

    /// Ends a session; waits until its handles are closed.
    pub(crate) fn end_session(&self, session: &Session, why: &Error) {
        self.lock().remove(session.id());
        session.end(why);
    }

    /// Ends all of them.
    pub(crate) fn end_sessions(&self, why: &Error) {
        let sessions = std::mem::take(&mut *self.lock());
        for session in sessions.into_values() {
            session.end(why);
        }
    }

    /// From now on nothing new begins.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Ends streams that have no end of their own.
    pub(crate) fn end_streams(&self) {
        self.ending.send_replace(true);
    }

    /// Returns when they are to end.
    pub(crate) async fn ending(&self) {
        // Fails only without a sender, and we hold it.
        let _ = self.ending.subscribe().wait_for(|ending| *ending).await;
    }

    /// # Errors
    /// The server is about to end.
    pub(crate) fn check_not_draining(&self) -> Result<()> {
        if self.is_draining() {
            let error = Error::service_unavailable("hcsd is about to end and begins nothing new");
            Err(error.with_hint("try again when it has been started anew"))
        } else {
            Ok(())
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
