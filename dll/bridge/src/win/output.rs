//! What a process writes: a thread carries it from the server into the client's pipe.
//!
//! It reads ahead by what the pipe holds, so that a client that reads nothing holds up the process, as a full pipe does.

use std::fs::File;
use std::io::{Read, Write};
use std::os::windows::io::OwnedHandle;
use std::thread;

use hcs_contract::{Error, Result, Stream};

use crate::win::pipe::{self, BUFFER, Direction};

/// A pipe with what the stream brings; the client's end of it. Its end is the stream's.
pub(crate) fn output(stream: Stream) -> Result<OwnedHandle> {
    let (ours, client) = pipe::pipe(Direction::ToClient)?;
    thread::Builder::new()
        .name("hcs-output".into())
        .spawn(move || carry(stream, ours.into()))
        .map_err(|error| Error::os("start", "the thread of a standard stream", error))?;
    Ok(client)
}

fn carry(mut stream: Stream, mut pipe: File) {
    let mut buffer = vec![0; BUFFER as usize];
    // A connection that breaks is the end, too: that the server is gone is told by a notification.
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        if pipe.write_all(&buffer[..count]).is_err() {
            return; // nobody reads any more
        }
    }
}
