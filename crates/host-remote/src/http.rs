//! As much of HTTP/1.1 as a client of hcsd needs: a request, its answer, an answer that is a stream of lines, and an
//! upgrade. What comes is checked and has limits.

use std::io::{self, Read, Write};
use std::time::Duration;

use crate::transport::Transport;

/// Of an answer's head.
const MOST_OF_HEAD: usize = 1 << 16;

/// Of an answer's body. The largest is a list of all systems.
const MOST_OF_BODY: usize = 1 << 28;

/// A connection that is used for one request after the other.
#[derive(Debug)]
pub(crate) struct Connection<T = Transport> {
    transport: T,
    /// What has come and is not used yet.
    buffer: Vec<u8>,
    limit: Option<Duration>,
    /// Of the last request nothing went out.
    unsent: bool,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// Whether the connection can be used again.
    pub(crate) keep: bool,
}

#[derive(Debug)]
struct Head {
    status: u16,
    length: Option<usize>,
    chunked: bool,
    close: bool,
}

fn nonsense(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl Connection {
    /// How long the next answer may take.
    pub(crate) fn set_limit(&mut self, limit: Option<Duration>) -> io::Result<()> {
        if self.limit != limit {
            self.transport.set_read_timeout(limit)?;
            self.limit = limit;
        }
        Ok(())
    }

    /// Reads the answer: the bare connection when it was upgraded, and what came behind the head.
    pub(crate) fn receive_upgrade(mut self) -> io::Result<Result<(Transport, Vec<u8>), Answer>> {
        let head = self.head()?;
        if head.status == 101 {
            self.set_limit(None)?;
            return Ok(Ok((self.transport, self.buffer)));
        }
        self.body(&head).map(Err)
    }
}

impl<T: Read + Write> Connection<T> {
    pub(crate) fn new(transport: T) -> Self {
        Self { transport, buffer: Vec::new(), limit: None, unsent: true }
    }

    /// Sends a request: in one write, so that it goes in one packet. `headers` are whole lines.
    pub(crate) fn send(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> io::Result<()> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: hcsd\r\n{headers}content-length: {}\r\n\r\n",
            body.len()
        );
        let mut message = head.into_bytes();
        message.extend_from_slice(body);
        self.unsent = true;
        let mut rest = &message[..];
        while !rest.is_empty() {
            match self.transport.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.unsent = false;
                    rest = &rest[count..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.transport.flush()
    }

    /// Whether nothing of the last request has gone out, so that nobody can have acted on it.
    pub(crate) fn is_unsent(&self) -> bool {
        self.unsent
    }

    /// Reads the answer, which has a length.
    pub(crate) fn receive(&mut self) -> io::Result<Answer> {
        let head = self.head()?;
        self.body(&head)
    }

    /// Reads the answer: a stream of lines when it is a success.
    pub(crate) fn receive_lines(mut self) -> io::Result<Result<Lines<T>, Answer>> {
        let head = self.head()?;
        if head.status == 200 && head.chunked {
            return Ok(Ok(Lines {
                transport: self.transport,
                raw: self.buffer,
                text: Vec::new(),
                looked_at: 0,
                part: Part::Size,
            }));
        }
        self.body(&head).map(Err)
    }

    fn fill(&mut self) -> io::Result<()> {
        if read_more(&mut self.transport, &mut self.buffer)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    fn head(&mut self) -> io::Result<Head> {
        loop {
            if let Some((head, length)) = parse(&self.buffer)? {
                self.buffer.drain(..length);
                return Ok(head);
            }
            if self.buffer.len() >= MOST_OF_HEAD {
                return Err(nonsense("the answer's head is too long"));
            }
            self.fill()?;
        }
    }

    fn body(&mut self, head: &Head) -> io::Result<Answer> {
        let length = match head.length {
            Some(length) => length,
            None if head.status == 204 => 0,
            None => return Err(nonsense("the answer has no length")),
        };
        if length > MOST_OF_BODY {
            return Err(nonsense("the answer is too long"));
        }
        while self.buffer.len() < length {
            self.fill()?;
        }
        let rest = self.buffer.split_off(length);
        let body = std::mem::replace(&mut self.buffer, rest);
        Ok(Answer { status: head.status, body, keep: !head.close && self.buffer.is_empty() })
    }
}

fn read_more(transport: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let mut bytes = [0; 8192];
    loop {
        match transport.read(&mut bytes) {
            Ok(count) => {
                buffer.extend_from_slice(&bytes[..count]);
                return Ok(count);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn parse(bytes: &[u8]) -> io::Result<Option<(Head, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let httparse::Status::Complete(length) = parsed else { return Ok(None) };
    let status = response.code.ok_or_else(|| nonsense("the answer has no status"))?;
    let mut head = Head { status, length: None, chunked: false, close: response.version != Some(1) };
    for header in response.headers {
        let value = std::str::from_utf8(header.value).unwrap_or_default().trim();
        if header.name.eq_ignore_ascii_case("content-length") {
            head.length = Some(value.parse().map_err(|_| nonsense("the answer's length is no number"))?);
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            head.chunked = value.eq_ignore_ascii_case("chunked");
        } else if header.name.eq_ignore_ascii_case("connection") {
            head.close |= value.eq_ignore_ascii_case("close");
        }
    }
    Ok(Some((head, length)))
}

/// An answer that goes on: lines, as they come. A read that timed out can be tried again; nothing is lost.
#[derive(Debug)]
pub(crate) struct Lines<T = Transport> {
    transport: T,
    raw: Vec<u8>,
    text: Vec<u8>,
    /// So much of the text has no line's end.
    looked_at: usize,
    part: Part,
}

/// Where in the chunks it is.
#[derive(Debug)]
enum Part {
    Size,
    Data(usize),
    DataEnd,
    Over,
}

/// Of a line: a result document.
const MOST_OF_LINE: usize = 1 << 26;

impl Lines {
    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }
}

impl<T: Read> Lines<T> {
    /// The next line without its end; `None` when there are no more.
    pub(crate) fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(end) = self.text[self.looked_at..].iter().position(|byte| *byte == b'\n') {
                let rest = self.text.split_off(self.looked_at + end + 1);
                let mut line = std::mem::replace(&mut self.text, rest);
                line.pop();
                self.looked_at = 0;
                return Ok(Some(line));
            }
            self.looked_at = self.text.len();
            if self.looked_at > MOST_OF_LINE {
                return Err(nonsense("a line is too long"));
            }
            if matches!(self.part, Part::Over) {
                return Ok(None);
            }
            if !self.decode()? && read_more(&mut self.transport, &mut self.raw)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Takes one part off what has come; false when that needs more.
    fn decode(&mut self) -> io::Result<bool> {
        match self.part {
            Part::Size => match httparse::parse_chunk_size(&self.raw) {
                Ok(httparse::Status::Complete((length, size))) => {
                    self.raw.drain(..length);
                    let size = usize::try_from(size).map_err(|_| nonsense("a chunk is too long"))?;
                    self.part = if size == 0 { Part::Over } else { Part::Data(size) };
                    Ok(true)
                }
                Ok(httparse::Status::Partial) => Ok(false),
                Err(_) => Err(nonsense("a chunk has no size")),
            },
            Part::Data(left) => {
                let count = left.min(self.raw.len());
                self.text.extend(self.raw.drain(..count));
                self.part = if count == left { Part::DataEnd } else { Part::Data(left - count) };
                Ok(count > 0)
            }
            Part::DataEnd => {
                if self.raw.len() < 2 {
                    return Ok(false);
                }
                if !self.raw.starts_with(b"\r\n") {
                    return Err(nonsense("a chunk has no end"));
                }
                self.raw.drain(..2);
                self.part = Part::Size;
                Ok(true)
            }
            Part::Over => Ok(true),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    /// A connection whose other side has said this and then hung up.
    fn said(text: &str) -> Connection {
        let (ours, mut theirs) = UnixStream::pair().expect("a test may have sockets");
        theirs.write_all(text.as_bytes()).expect("a socket takes so little");
        Connection::new(Transport::Unix(ours))
    }

    #[test]
    fn answers_have_their_length() {
        let mut connection = said(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 204 No\r\nconnection: close\r\n\r\n",
        );
        let first = connection.receive().unwrap();
        assert_eq!((first.status, &first.body[..]), (200, &b"{}"[..]));
        let second = connection.receive().unwrap();
        assert_eq!((second.status, second.keep), (204, false));
        assert_eq!(connection.receive().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn lines_come_across_chunks() {
        let text =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na\nb\r\n2;x\r\nc\n\r\n0\r\n\r\n";
        let mut lines = said(text).receive_lines().unwrap().unwrap();
        assert_eq!(lines.next().unwrap().unwrap(), b"a");
        assert_eq!(lines.next().unwrap().unwrap(), b"bc");
        assert_eq!(lines.next().unwrap(), None);
        assert_eq!(lines.next().unwrap(), None);
    }

    #[test]
    fn nonsense_is_an_error() {
        for text in [
            "nonsense\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}",
            "",
        ] {
            assert!(said(text).receive().is_err(), "{text:?}");
        }
        for chunks in ["x\r\n", "1\r\nab\r\n", "ffffffffffffffffff\r\n", "2\r\na"] {
            let text = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
            assert!(said(&text).receive_lines().unwrap().unwrap().next().is_err(), "{chunks:?}");
        }
        let (ours, theirs) = UnixStream::pair().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut theirs = theirs;
                // Until the reader has had enough.
                while theirs.write_all(&[b'x'; 4096]).is_ok() {}
            });
            assert!(Connection::new(Transport::Unix(ours)).receive().is_err());
        });
    }

    #[test]
    fn what_comes_behind_an_upgrade_is_kept() {
        let upgraded = said("HTTP/1.1 101 Up\r\nupgrade: x\r\n\r\nbytes").receive_upgrade().unwrap().unwrap();
        let (mut transport, mut text) = upgraded;
        transport.read_to_end(&mut text).unwrap();
        assert_eq!(text, b"bytes");
    }
}
