//! The few lines of HTTP/1.1 that both sides are asked by.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::error::Error;

trait Socket: Read + Write + Send {}

impl<T: Read + Write + Send> Socket for T {}

/// A kept connection.
pub(super) struct Connection {
    socket: Box<dyn Socket>,
    buffer: Vec<u8>,
}

/// No answer takes so long.
const LIMIT: Duration = Duration::from_secs(30);

/// A request without a body.
pub(super) fn request(method: &str, path: &str, headers: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: d\r\n{headers}content-length: 0\r\n\r\n")
}

fn wrong(problem: String) -> Error {
    Error::Measure { row: "remote".to_owned(), problem }
}

impl Connection {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let socket = UnixStream::connect(path)?;
        socket.set_read_timeout(Some(LIMIT))?;
        Ok(Self { socket: Box::new(socket), buffer: Vec::new() })
    }

    pub(super) fn tcp(address: SocketAddr) -> Result<Self, Error> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(LIMIT))?;
        Ok(Self { socket: Box::new(socket), buffer: Vec::new() })
    }

    /// Sends it, and reads the whole answer, which must be a success: its body, chunks and all.
    pub(super) fn ask(&mut self, request: &str) -> Result<Vec<u8>, Error> {
        self.socket.write_all(request.as_bytes())?;
        self.buffer.clear();
        loop {
            self.more()?;
            if let Some(end) = whole(&self.buffer) {
                if !self.buffer.starts_with(b"HTTP/1.1 200 ") {
                    return Err(wrong(format!(
                        "{request:?} was answered {:?}",
                        String::from_utf8_lossy(&self.buffer)
                    )));
                }
                return Ok(self.buffer[end..].to_vec());
            }
        }
    }

    fn more(&mut self) -> Result<(), Error> {
        let mut bytes = [0; 1 << 14];
        let count = self.socket.read(&mut bytes)?;
        if count == 0 {
            return Err(wrong("the service hung up".to_owned()));
        }
        self.buffer.extend_from_slice(&bytes[..count]);
        Ok(())
    }
}

/// Where the body begins, once all of it is there.
fn whole(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).ok()?.to_ascii_lowercase();
    if head.contains("transfer-encoding: chunked") {
        return bytes[end..].ends_with(b"0\r\n\r\n").then_some(end);
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    (bytes.len() - end >= length.trim().parse().ok()?).then_some(end)
}

/// A session with hcsd; it lives while this does.
pub(super) struct Session {
    path: String,
    _lines: UnixStream,
}

impl Session {
    pub(super) fn open(socket: &Path) -> Result<Self, Error> {
        let mut lines = UnixStream::connect(socket)?;
        lines.set_read_timeout(Some(LIMIT))?;
        lines.write_all(request("POST", "/v1/sessions", "").as_bytes())?;
        let mut text = String::new();
        loop {
            let mut bytes = [0; 1024];
            let count = lines.read(&mut bytes)?;
            text.push_str(&String::from_utf8_lossy(&bytes[..count]));
            let name = text.split_once("\"Session\":\"").and_then(|(_, rest)| rest.get(..32));
            match name {
                Some(name) => return Ok(Self { path: format!("/v1/sessions/{name}"), _lines: lines }),
                None if count == 0 => return Err(wrong(format!("no session: {text}"))),
                None => {}
            }
        }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Opens a system.
    pub(super) fn handle(&self, socket: &Path, id: &str) -> Result<u64, Error> {
        let body =
            Connection::open(socket)?.ask(&request("POST", &format!("{}/open?id={id}", self.path), ""))?;
        let json = |source| Error::Json { what: "the answer to an open".to_owned(), source };
        let opened: serde_json::Value = serde_json::from_slice(&body).map_err(json)?;
        opened["Handle"].as_u64().ok_or_else(|| wrong(format!("no handle: {opened}")))
    }
}
