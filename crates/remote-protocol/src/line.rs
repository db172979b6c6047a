//! The lines of a session's stream, and the answers to calls.

use serde::{Deserialize, Serialize};

use crate::WireError;

/// One line of a session's stream.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "Type")]
pub enum Line {
    /// The first line of every stream of a session.
    #[serde(rename_all = "PascalCase")]
    Session {
        /// What the session's paths contain: 32 hexadecimal digits, and as good as a password.
        session: String,
        /// How long the session lives on without its stream, in milliseconds.
        grace: u64,
        /// [`crate::VERSION`].
        version: u32,
    },
    /// A call that was answered with `202` is complete.
    #[serde(rename_all = "PascalCase")]
    Operation {
        /// The line's number within the session, from 1.
        number: u64,
        /// The client's number of the call.
        operation: u64,
        /// What came of it.
        outcome: Outcome,
    },
    /// Something happened to a system or process that was subscribed to.
    #[serde(rename_all = "PascalCase")]
    Notification {
        /// The line's number within the session, from 1.
        number: u64,
        /// The handle.
        handle: u64,
        /// [`hcs_contract::EventType`].
        event: u32,
        /// The status, as an HRESULT.
        status: i32,
        /// The document.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        data: Option<String>,
    },
    /// The last line: the session has ended, with all of its handles.
    #[serde(rename_all = "PascalCase")]
    End {
        /// Why.
        error: Box<WireError>,
    },
}

/// What came of a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// The result document, as the host wrote it.
    Result(String),
    /// A new process.
    Process(Opened),
    /// Streams of a process.
    Information(Information),
    /// It failed.
    Error(Box<WireError>),
}

/// The answer to a call that is not complete yet.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Pending {
    /// The client's number of the call.
    pub operation: u64,
}

/// The answer to a create: the handle is there at once, the outcome perhaps later.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Created {
    /// The handle.
    pub handle: u64,
    /// What came of it; absent while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// A handle that was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Opened {
    /// The handle.
    pub handle: u64,
    /// Of a process that was created: its number and streams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub information: Option<Information>,
}

/// A process's number, and the numbers of the streams that can be connected to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Information {
    /// The process's number within its system.
    pub process_id: u32,
    /// What it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std_in: Option<u64>,
    /// What it writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std_out: Option<u64>,
    /// What it writes of errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std_err: Option<u64>,
}
