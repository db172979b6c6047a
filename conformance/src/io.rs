//! Reading what a process writes, so that a stream that never ends fails its case instead of hanging it.

use std::io::{ErrorKind, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use hcs_contract::Stream;

use crate::{Context, Failure};

/// One output of a process. A thread of its own reads it, which may be left behind by a stream without end.
pub(crate) struct Output {
    name: &'static str,
    chunks: Receiver<std::io::Result<Vec<u8>>>,
    rest: Vec<u8>,
    patience: Duration,
}

impl Output {
    /// Begins to read. The stream must be there.
    pub(crate) fn of(context: &Context, stream: Option<Stream>, name: &'static str) -> Result<Self, Failure> {
        let Some(mut stream) = stream else {
            return Err(Failure::Broken(format!("the process has no {name}, although a pipe was asked for")));
        };
        context.step(format!("read the process's {name}"));
        let (send, chunks) = channel();
        std::thread::spawn(move || {
            loop {
                let mut bytes = vec![0; 1 << 14];
                let read = match stream.read(&mut bytes) {
                    Ok(0) => return,
                    Ok(count) => {
                        bytes.truncate(count);
                        Ok(bytes)
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) => Err(error),
                };
                let failed = read.is_err();
                // Nobody listens any more when the case has ended.
                if send.send(read).is_err() || failed {
                    return;
                }
            }
        });
        Ok(Self { name, chunks, rest: Vec::new(), patience: context.patience() })
    }

    /// The next line, without its end.
    pub(crate) fn line(&mut self) -> Result<String, Failure> {
        loop {
            if let Some(end) = self.rest.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
            }
            if !self.more()? {
                let text = String::from_utf8_lossy(&self.rest).into_owned();
                return Err(Failure::Nothing(format!("a line of {}; it ended with {text:?}", self.name)));
            }
        }
    }

    /// Reads until a screen without its control sequences has the text.
    pub(crate) fn until(&mut self, text: &str) -> Result<(), Failure> {
        while !plain(&self.rest).contains(text) {
            if !self.more()? {
                let seen = plain(&self.rest);
                return Err(Failure::Nothing(format!(
                    "{text:?} on the {}; it ended with {seen:?}",
                    self.name
                )));
            }
        }
        Ok(())
    }

    /// Every byte until the end.
    pub(crate) fn bytes(mut self) -> Result<Vec<u8>, Failure> {
        while self.more()? {}
        Ok(self.rest)
    }

    /// The text until the end.
    pub(crate) fn rest(self) -> Result<String, Failure> {
        self.bytes().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn more(&mut self) -> Result<bool, Failure> {
        match self.chunks.recv_timeout(self.patience) {
            Ok(Ok(bytes)) => {
                self.rest.extend(bytes);
                Ok(true)
            }
            Ok(Err(error)) => {
                Err(Failure::Stream { step: format!("read the process's {}", self.name), error })
            }
            Err(RecvTimeoutError::Disconnected) => Ok(false),
            Err(RecvTimeoutError::Timeout) => {
                let text = String::from_utf8_lossy(&self.rest).into_owned();
                Err(Failure::Nothing(format!("more of {}, or its end, after {text:?}", self.name)))
            }
        }
    }
}

/// Of a line, at most: a number from a process must not make us allocate.
const MOST_COLUMNS: usize = 1000;

/// What a terminal shows of these bytes, nearly: control sequences (ECMA-48) are left out.
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut shown = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('\x1b', Some('[')) => {
                characters.next();
                // Parameters, up to the letter that says what is done.
                let mut parameters = String::new();
                while let Some(next) = characters.next_if(|next| !('@'..='~').contains(next)) {
                    parameters.push(next);
                }
                // Columns to the right are how blanks are written.
                if characters.next() == Some('C') {
                    shown.extend(std::iter::repeat_n(' ', parameters.parse().unwrap_or(1).min(MOST_COLUMNS)));
                }
            }
            ('\x1b', Some(']')) => {
                while characters.next_if(|next| *next != '\x07' && *next != '\x1b').is_some() {}
                characters.next();
            }
            ('\x1b', _) => {}
            (character, _) => shown.push(character),
        }
    }
    shown
}

/// Writes to a process. A thread of its own does it, so that a process that does not read fails its case.
pub(crate) fn write(context: &Context, mut stream: Stream, bytes: &[u8]) -> Result<Stream, Failure> {
    let step = "write to the process's input";
    context.step(step);
    let (send, written) = channel();
    let bytes = bytes.to_vec();
    std::thread::spawn(move || {
        let result = stream.write_all(&bytes).and_then(|()| stream.flush());
        // Nobody listens any more when the case has ended.
        let _ = send.send(result.map(|()| stream));
    });
    match written.recv_timeout(context.patience()) {
        Ok(result) => result.map_err(|error| Failure::Stream { step: step.into(), error }),
        Err(_) => Err(Failure::Nothing("the process to read its input".into())),
    }
}

/// A stream that must be there.
pub(crate) fn there(stream: Option<Stream>, name: &str) -> Result<Stream, Failure> {
    stream.ok_or_else(|| Failure::Broken(format!("there is no {name}, although its pipe was asked for")))
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn control_sequences_are_left_out() {
        assert_eq!(plain(b"\x1b[?25l\x1b[2;5Hsize\x1b[1C\x1b]0;title\x0780x25\x1b[m\r\n"), "size 80x25\r\n");
        assert_eq!(plain(b"\x1b["), "");
        assert_eq!(plain(b"\x1b]no end"), "");
    }
}
