//! What `hcsd` and its clients say to each other over HTTP/1.1: the lines of streams, answers, errors.
//!
//! Documents of the contract cross as they are, as bodies or as text within these messages; only what the contract
//! has as types (errors, notifications, events, a new process) has a form of its own, and it has it here, once, for
//! both sides. Paths, methods and codes stand in `tools/hcsd/openapi.json`; how sessions work, in `docs/remote.md`.

#![forbid(unsafe_code)]

mod error;
mod event;
mod line;
mod names;
mod network;
mod storage;
mod text;

pub use error::{WireError, WireKind, WireObject};
pub use event::WireEvent;
pub use line::{Created, Information, Line, Opened, Outcome, Pending};
pub use network::{FoundObject, WireNetworkEvent, kind_in_path, kind_of_path};
pub use storage::{StorageCall, WireLayer};
pub use text::{encode_component, from_hex, to_hex};

/// The version of what is said. It stands in every path, and in the first line of a session.
pub const VERSION: u32 = 1;

/// A client's own number for a call that it does not wait for: the answer may then be `202`, and the result comes as a
/// line of the session.
pub const OPERATION_HEADER: &str = "hcs-operation";

/// How many bytes this client has written to the process's input so far, sent with a request that may close it: those
/// bytes come first, although they take another connection.
pub const WRITTEN_HEADER: &str = "hcs-input-written";

/// The protocol that a connection of a standard stream is upgraded to: bytes as they are.
pub const STREAM_PROTOCOL: &str = "hcs-stream";

/// The type of every document.
pub const JSON: &str = "application/json";

/// The type of streams of lines, each a JSON object.
pub const NDJSON: &str = "application/x-ndjson";
