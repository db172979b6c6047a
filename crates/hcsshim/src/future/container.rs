//! [`crate::Container`] with futures.

use std::time::Duration;

use hcs_contract::{Deadline, OperationKind, ProcessStreams, Result};
use hcs_schema::compute::PropertyType;
use hcs_schema::compute::v1::{ContainerProperties, ProcessListItem, Statistics};

use super::Process;
use super::apart::apart;
use crate::container::Next;
use crate::{Command, ModifyDocument, ProcessDocument, SystemExit};

/// A handle of a container: [`crate::Container`], whose calls are awaited.
#[derive(Clone, Debug)]
pub struct Container(crate::Container);

impl From<crate::Container> for Container {
    fn from(container: crate::Container) -> Self {
        Self(container)
    }
}

impl Container {
    /// The same handle, whose calls wait; also for those that never do (`subscribe`, `close`, `open_process`).
    pub fn blocking(&self) -> &crate::Container {
        &self.0
    }

    /// Its id. Makes no call.
    pub fn id(&self) -> &str {
        self.0.id()
    }

    /// As [`crate::Container::start`].
    ///
    /// # Errors
    /// As there.
    pub async fn start(&self) -> Result<()> {
        if self.0.inner().host.starts.is_limited() {
            // Waiting for a place in the row is a thread's.
            let (container, object) = (self.0.clone(), self.0.object());
            let limit = self.0.inner().host.deadlines.start.saturating_mul(2);
            return apart(OperationKind::Start, object, Some(limit), move || container.start()).await;
        }
        self.0.starting().finish().await
    }

    /// As [`crate::Container::shutdown`].
    ///
    /// # Errors
    /// As there.
    pub async fn shutdown(&self) -> Result<()> {
        self.0.shutting_down().finish().await
    }

    /// As [`crate::Container::terminate`].
    ///
    /// # Errors
    /// As there.
    pub async fn terminate(&self) -> Result<()> {
        self.0.terminating().finish().await
    }

    /// As [`crate::Container::stop`].
    ///
    /// # Errors
    /// As there.
    pub async fn stop(&self, grace: Duration) -> Result<SystemExit> {
        match self.0.after_shutdown(self.shutdown().await)? {
            Next::WaitFor => match self.wait_timeout(grace).await {
                Err(error) if error.is_timeout() => {}
                ended => return ended,
            },
            Next::HasEnded => return self.0.exit(self.0.terminated_by()).finish().await,
            Next::Terminate => {}
        }
        self.terminate().await?;
        self.0.exit(self.0.terminated_by()).finish().await
    }

    /// As [`crate::Container::pause`].
    ///
    /// # Errors
    /// As there.
    pub async fn pause(&self) -> Result<()> {
        self.0.pausing().finish().await
    }

    /// As [`crate::Container::resume`].
    ///
    /// # Errors
    /// As there.
    pub async fn resume(&self) -> Result<()> {
        self.0.resuming().finish().await
    }

    /// As [`crate::Container::wait`].
    ///
    /// # Errors
    /// As there.
    pub async fn wait(&self) -> Result<SystemExit> {
        self.0.exit(Deadline::Never).finish().await
    }

    /// As [`crate::Container::wait_timeout`].
    ///
    /// # Errors
    /// As there.
    pub async fn wait_timeout(&self, limit: Duration) -> Result<SystemExit> {
        self.0.exit(Deadline::after(limit)).finish().await
    }

    /// As [`crate::Container::modify`].
    ///
    /// # Errors
    /// As there.
    pub async fn modify(&self, request: &(impl ModifyDocument + ?Sized)) -> Result<()> {
        let call = self.0.modifying(request);
        call.finish().await
    }

    /// As [`crate::Container::properties`].
    ///
    /// # Errors
    /// As there.
    pub async fn properties(&self, types: &[PropertyType]) -> Result<ContainerProperties> {
        let call = self.0.asking_for(types);
        call.finish().await
    }

    /// As [`crate::Container::properties_json`].
    ///
    /// # Errors
    /// As there.
    pub async fn properties_json(&self, query: &str) -> Result<String> {
        let call = self.0.asking(query);
        call.finish().await
    }

    /// As [`crate::Container::statistics`].
    ///
    /// # Errors
    /// As there.
    pub async fn statistics(&self) -> Result<Statistics> {
        self.0.only_statistics(self.properties(&[PropertyType::STATISTICS]).await?)
    }

    /// As [`crate::Container::process_list`].
    ///
    /// # Errors
    /// As there.
    pub async fn process_list(&self) -> Result<Vec<ProcessListItem>> {
        Ok(self.properties(&[PropertyType::PROCESS_LIST]).await?.process_list)
    }

    /// A process to be started inside: see [`Command`], and its methods in `async`. Makes no call.
    pub fn command(&self, program: impl Into<String>) -> Command {
        self.0.command(program)
    }

    /// As [`crate::Container::create_process`].
    ///
    /// # Errors
    /// As there.
    pub async fn create_process(&self, parameters: &(impl ProcessDocument + ?Sized)) -> Result<Process> {
        self.create_process_with(parameters, ProcessStreams::default()).await
    }

    /// As [`crate::Container::create_process_with`].
    ///
    /// # Errors
    /// As there.
    pub async fn create_process_with(
        &self,
        parameters: &(impl ProcessDocument + ?Sized),
        streams: ProcessStreams,
    ) -> Result<Process> {
        let call = self.0.creating_process(parameters, streams);
        call.finish().await.map(Process::from)
    }

    /// As [`crate::Container::open_process`].
    ///
    /// # Errors
    /// As there.
    pub async fn open_process(&self, pid: u32) -> Result<Process> {
        let (container, object) = (self.0.clone(), self.0.object());
        let limit = self.0.inner().host.deadlines.open;
        let open = move || container.open_process(pid);
        apart(OperationKind::OpenProcess, object, Some(limit), open).await.map(Process::from)
    }
}
