//! Starting processes: the futures of [`Command`].

use hcs_contract::{Error, Object, Operation, OperationKind, Result, Stream};

use super::Process;
use crate::command::{Output, read_all};
use crate::{Command, ExitStatus};

impl Command {
    /// As [`Command::spawn`]. Feature `async`.
    ///
    /// # Errors
    /// As there.
    pub async fn spawn_async(self) -> Result<Process> {
        let container = self.container().clone();
        if !container.knows_guest() {
            // The answer is kept, so that what follows makes no call.
            container.learn_guest(&container.asking_for(&[]).finish().await?);
        }
        let starting = self.into_starting()?;
        let call = container.creating_process(&starting.parameters, starting.streams);
        let process = call.finish().await?;
        process.carry(starting.carried, starting.parameters.emulate_console)?;
        Ok(process.into())
    }

    /// As [`Command::status`]. Feature `async`.
    ///
    /// # Errors
    /// As there.
    pub async fn status_async(self) -> Result<ExitStatus> {
        let process = self.spawn_async().await?;
        drop(process.take_stdin().await?);
        process.wait().await
    }

    /// As [`Command::output`]. Feature `async`.
    ///
    /// Dropped before its end, it reads on until the process has closed its output, so that the process does not meet a
    /// broken pipe.
    ///
    /// # Errors
    /// As there.
    pub async fn output_async(mut self) -> Result<Output> {
        self.collects();
        let process = self.spawn_async().await?;
        drop(process.take_stdin().await?);
        let object = Object::process(process.blocking().container_id(), process.pid());
        let read = |stream: Option<Stream>| {
            let (operation, completer) = Operation::new(OperationKind::WaitProcessExit, object.clone());
            let thread = std::thread::Builder::new().name("hcs-output".into());
            let started = thread.spawn(move || completer.complete(read_all(stream)));
            started.map(|_| operation).map_err(|error| Error::os("start", "a thread for output", error))
        };
        // Both at once: a process that fills one pipe must not wait for the end of the other.
        let stdout = read(process.take_stdout().await?)?;
        let stderr = read(process.take_stderr().await?)?;
        let (stdout, stderr) = (stdout.await?, stderr.await?);
        Ok(Output { status: process.wait().await?, stdout, stderr })
    }
}
