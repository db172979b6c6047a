//! [`crate::Process`] with futures.

use std::time::Duration;

use hcs_contract::{Deadline, Result, Stream};
use hcs_schema::compute::{ProcessModifyRequest, ProcessStatus, StdHandle};

use crate::process::{close, size};
use crate::{ExitStatus, Signal, Stdin, StdioPipes};

/// A handle of a process within a container: [`crate::Process`], whose calls are awaited.
#[derive(Clone, Debug)]
pub struct Process(crate::Process);

impl From<crate::Process> for Process {
    fn from(process: crate::Process) -> Self {
        Self(process)
    }
}

impl Process {
    /// The same handle, whose calls wait; also for those that never do (`subscribe`, `close`).
    pub fn blocking(&self) -> &crate::Process {
        &self.0
    }

    /// Its number within the container. Makes no call.
    pub fn pid(&self) -> u32 {
        self.0.pid()
    }

    /// As [`crate::Process::take_stdin`].
    ///
    /// # Errors
    /// As there.
    pub async fn take_stdin(&self) -> Result<Option<Stdin>> {
        self.informed().await?;
        self.0.take_stdin()
    }

    /// As [`crate::Process::take_stdout`].
    ///
    /// # Errors
    /// As there.
    pub async fn take_stdout(&self) -> Result<Option<Stream>> {
        self.informed().await?;
        self.0.take_stdout()
    }

    /// As [`crate::Process::take_stderr`].
    ///
    /// # Errors
    /// As there.
    pub async fn take_stderr(&self) -> Result<Option<Stream>> {
        self.informed().await?;
        self.0.take_stderr()
    }

    /// Once it returns, the streams are there and taking one makes no call.
    async fn informed(&self) -> Result<()> {
        if !self.0.is_informed() {
            let asked = self.0.asking_stdio().finish().await?;
            self.0.keep(asked);
        }
        Ok(())
    }

    /// As [`crate::Process::stdio`].
    ///
    /// # Errors
    /// As there.
    pub async fn stdio(&self) -> Result<StdioPipes> {
        self.0.asking_stdio().finish().await.map(|information| self.0.pipes(&information))
    }

    /// As [`crate::Process::wait`].
    ///
    /// # Errors
    /// As there.
    pub async fn wait(&self) -> Result<ExitStatus> {
        self.wait_by(Deadline::Never).await
    }

    /// As [`crate::Process::wait_timeout`].
    ///
    /// # Errors
    /// As there.
    pub async fn wait_timeout(&self, limit: Duration) -> Result<ExitStatus> {
        self.wait_by(Deadline::after(limit)).await
    }

    async fn wait_by(&self, deadline: Deadline) -> Result<ExitStatus> {
        let status = self.0.exit(deadline).finish().await?;
        if self.0.is_carried() {
            use super::apart::apart;
            let process = self.0.clone();
            let kind = hcs_contract::OperationKind::WaitProcessExit;
            apart(kind, self.0.object(), deadline.remaining(), move || process.written(deadline)).await?;
        }
        self.0.exit_status(&status)
    }

    /// As [`crate::Process::exit_code`].
    ///
    /// # Errors
    /// As there.
    pub async fn exit_code(&self) -> Result<u32> {
        self.0.code_of(&self.status().await?)
    }

    /// As [`crate::Process::status`].
    ///
    /// # Errors
    /// As there.
    pub async fn status(&self) -> Result<ProcessStatus> {
        self.0.asking_status().finish().await
    }

    /// As [`crate::Process::kill`].
    ///
    /// # Errors
    /// As there.
    pub async fn kill(&self) -> Result<()> {
        self.0.killing().finish().await
    }

    /// As [`crate::Process::signal`].
    ///
    /// # Errors
    /// As there.
    pub async fn signal(&self, signal: Signal) -> Result<()> {
        self.0.signalling(signal).finish().await
    }

    /// As [`crate::Process::resize_console`].
    ///
    /// # Errors
    /// As there.
    pub async fn resize_console(&self, width: u16, height: u16) -> Result<()> {
        self.0.modifying(&size(width, height)).finish().await
    }

    /// As [`crate::Process::close_stdin`].
    ///
    /// # Errors
    /// As there.
    pub async fn close_stdin(&self) -> Result<()> {
        self.0.modifying(&close(StdHandle::STD_IN)).finish().await
    }

    /// As [`crate::Process::modify`].
    ///
    /// # Errors
    /// As there.
    pub async fn modify(&self, request: &ProcessModifyRequest) -> Result<()> {
        self.0.modifying(request).finish().await
    }
}
