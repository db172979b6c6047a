//! Systems by vmcompute.dll.

use std::sync::Arc;

use hcs_contract::{
    Callback, ComputeProcess, ComputeSystem, CreatedProcess, Deadlines, Error, NotificationType, Object,
    ObjectKind, Operation, OperationKind, ProcessStreams, Result, Subscription,
};

use super::handle::Handle;
use super::process::Process;
use super::{Answer, V1, completion_of, no_handle};
use crate::text::Wide;
use crate::watched::{PIPES, Watched, blocking};

/// A handle of a system.
#[derive(Debug)]
pub(crate) struct System {
    id: String,
    watched: Arc<Watched<Handle>>,
    deadlines: Arc<Deadlines>,
}

/// Creates a system.
pub(crate) fn create(
    dll: &Arc<V1>,
    id: &str,
    document: &str,
    deadlines: &Arc<Deadlines>,
) -> Result<(Arc<dyn ComputeSystem>, Operation)> {
    let (wide_id, wide_document) = (Wide::id(id)?, Wide::document(document)?);
    let system = System::new(id, deadlines);
    let (dll, watched) = (Arc::clone(dll), Arc::clone(&system.watched));
    let make = move || {
        // Before the registration, at which the service tells what has come before.
        let expectation = watched.expect(NotificationType::SYSTEM_CREATE_COMPLETED);
        let (handle, answer) = dll.create_system(&wide_id, &wide_document)?;
        let unless_taken = Unwanted(Some(Arc::new(handle)));
        let handle = unless_taken.0.as_ref().ok_or_else(no_handle)?;
        watched.opened(Arc::clone(handle));
        handle.register(&watched)?;
        Ok((unless_taken, expectation, answer))
    };
    let object = Object::system(id);
    let (mut unless_taken, expectation, answer) = blocking(deadlines, OperationKind::Create, &object, make)?;
    // Ours from here on.
    unless_taken.0 = None;
    let operation = system.watched.call(OperationKind::Create, |handle, call| {
        drop(handle);
        let call = call.with_document(document);
        match answer {
            Answer::Done => {
                system.watched.withdraw(expectation);
                call.complete(Ok(String::new()));
            }
            Answer::Pending => {
                let complete = move |result: Result<String>| call.complete(result.map(|_| String::new()));
                system.watched.completes_later(expectation, Box::new(complete));
            }
        }
    });
    Ok((Arc::new(system), operation))
}

/// A new system that nobody took, because it could not be registered or came after the deadline: it is ended, as the
/// original does.
struct Unwanted(Option<Arc<Handle>>);

impl Drop for Unwanted {
    fn drop(&mut self) {
        if let Some(handle) = &self.0
            && let Ok(options) = Wide::document("")
        {
            // What it is answered changes nothing: the handle is closed next.
            let _ = handle.dll().act_on(OperationKind::Terminate, handle, &options);
        }
    }
}

/// Opens a system.
pub(crate) fn open(dll: &Arc<V1>, id: &str, deadlines: &Arc<Deadlines>) -> Result<Arc<dyn ComputeSystem>> {
    let wide_id = Wide::id(id)?;
    let system = System::new(id, deadlines);
    let (dll, watched) = (Arc::clone(dll), Arc::clone(&system.watched));
    let open = move || {
        let handle = Arc::new(dll.open_system(&wide_id)?);
        watched.opened(Arc::clone(&handle));
        handle.register(&watched)
    };
    blocking(deadlines, OperationKind::OpenSystem, &Object::system(id), open)?;
    Ok(Arc::new(system))
}

impl System {
    fn new(id: &str, deadlines: &Arc<Deadlines>) -> Self {
        let watched = Watched::new(Object::system(id));
        Self { id: id.to_owned(), watched, deadlines: Arc::clone(deadlines) }
    }

    /// A call that takes a system and a text, on a thread that may block.
    fn act(&self, kind: OperationKind, text: &str) -> Operation {
        let wide = Wide::document(text);
        let watched = Arc::clone(&self.watched);
        self.watched.on_thread(kind, text, move |handle, call| {
            let expectation = completion_of(kind).map(|completion| watched.expect(completion));
            let answer = wide.and_then(|text| handle.dll().act_on(kind, &handle, &text));
            drop(handle);
            match (answer, expectation) {
                (Ok(Answer::Pending), Some(expectation)) => {
                    watched.completes_later(expectation, Box::new(move |result| call.complete(result)));
                }
                (answer, expectation) => {
                    if let Some(expectation) = expectation {
                        watched.withdraw(expectation);
                    }
                    call.complete(answer.map(|_| String::new()));
                }
            }
        })
    }
}

impl ComputeSystem for System {
    fn id(&self) -> &str {
        &self.id
    }

    fn start(&self, options: &str) -> Operation {
        self.act(OperationKind::Start, options)
    }

    fn shutdown(&self, options: &str) -> Operation {
        self.act(OperationKind::Shutdown, options)
    }

    fn terminate(&self, options: &str) -> Operation {
        self.act(OperationKind::Terminate, options)
    }

    fn pause(&self, options: &str) -> Operation {
        self.act(OperationKind::Pause, options)
    }

    fn resume(&self, options: &str) -> Operation {
        self.act(OperationKind::Resume, options)
    }

    fn save(&self, options: &str) -> Operation {
        self.act(OperationKind::Save, options)
    }

    fn properties(&self, query: &str) -> Operation {
        let query = Wide::query(query);
        self.watched
            .blocking(OperationKind::GetProperties, move |system| system.dll().properties(system, &query?))
    }

    fn modify(&self, request: &str) -> Operation {
        self.act(OperationKind::Modify, request)
    }

    fn create_process(&self, parameters: &str, streams: ProcessStreams) -> Operation<Arc<CreatedProcess>> {
        let given = streams.none_given(parameters, PIPES);
        let wide = given.and_then(|()| Wide::document(parameters));
        let id = self.id.clone();
        self.watched.on_thread(OperationKind::CreateProcess, parameters, move |handle, call| {
            let created = wide.and_then(|parameters| handle.dll().create_process(&handle, &parameters));
            drop(handle);
            call.complete(created.and_then(|(handle, information)| {
                let process = Arc::new(Process::new(handle, &id, information.pid())?);
                Ok(Arc::new(CreatedProcess { process, information: information.into_streams() }))
            }));
        })
    }

    fn open_process(&self, pid: u32) -> Result<Arc<dyn ComputeProcess>> {
        let object = Object::process(&self.id, pid);
        let kind = OperationKind::OpenProcess;
        let open = || {
            let (handle, id) = (self.watched.handle()?, self.id.clone());
            blocking(&self.deadlines, kind, &object, move || {
                let process = handle.dll().open_process(&handle, pid);
                drop(handle);
                Process::new(process?, &id, pid)
            })
        };
        let failed = |error: Error| error.with_operation(kind).with_object(object.clone());
        Ok(Arc::new(open().map_err(failed)?))
    }

    fn subscribe(&self, callback: Callback) -> Result<Subscription> {
        self.watched.subscribe(callback)
    }

    fn wait_exit(&self) -> Operation {
        self.watched.wait_exit(OperationKind::WaitSystemExit)
    }

    fn close(&self) {
        self.watched.close();
    }
}

impl Drop for System {
    fn drop(&mut self) {
        self.watched.close();
    }
}

impl V1 {
    /// A call that takes a system and a text. Blocks.
    fn act_on(&self, kind: OperationKind, system: &Handle, text: &Wide) -> Result<Answer> {
        let call = self.act(kind)?;
        self.run(ObjectKind::System, |result| {
            // SAFETY: the handle is open as long as `system` is; the text is ended by NUL and outlives the call; the output
            // may be written to.
            unsafe { call(system.raw(), text.as_ptr(), result) }
        })
    }

    /// Properties of a system. Blocks.
    fn properties(&self, system: &Handle, query: &Wide) -> Result<String> {
        let call = self.exports.HcsGetComputeSystemProperties()?;
        let mut properties = self.text();
        self.ask(ObjectKind::System, |result| {
            // SAFETY: as in `act_on`, with one output more.
            unsafe { call(system.raw(), query.as_ptr(), properties.out(), result) }
        })?;
        properties.document()
    }
}
