//! What a server says to its clients: answers of HTTP, and the documents in them.

use hcs_contract::Error;
use hcs_host_remote::fuzzing;
use hcs_remote_protocol::{Created, Information, Line, Opened, WireError, WireEvent};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An answer's bytes: what is heard is the same however they are cut.
///
/// # Panics
/// When it is not.
pub fn remote_answer(bytes: &[u8]) {
    let whole = fuzzing::answer(bytes, usize::MAX);
    for step in [1, 7] {
        assert_eq!(fuzzing::answer(bytes, step), whole, "{step} bytes at a time");
    }
}

/// A document of the protocol's own: what is read is the same when it is written and read again, and an error that
/// crosses once more says the same.
///
/// # Panics
/// When it does not.
pub fn remote_document(bytes: &[u8]) {
    again::<Line>(bytes);
    again::<Created>(bytes);
    again::<Opened>(bytes);
    again::<Information>(bytes);
    if let Some(event) = again::<WireEvent>(bytes).and_then(WireEvent::into_event) {
        let text = serde_json::to_vec(&WireEvent::from(&event)).expect("plain values");
        let event_again = again::<WireEvent>(&text).and_then(WireEvent::into_event);
        assert_eq!(event_again, Some(event));
    }
    if let Some(wire) = again::<WireError>(bytes) {
        let error = Error::from(wire);
        let crossed = Error::from(WireError::from(&error));
        assert_eq!(
            (crossed.code(), crossed.hresult(), crossed.to_string(), crossed.hint()),
            (error.code(), error.hresult(), error.to_string(), error.hint())
        );
    }
}

fn again<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let read: T = serde_json::from_slice(bytes).ok()?;
    let text = serde_json::to_string(&read).expect("string keys and plain values");
    let second: T = serde_json::from_str(&text).expect("what we write we read");
    assert_eq!(serde_json::to_string(&second).expect("as above"), text);
    Some(read)
}
