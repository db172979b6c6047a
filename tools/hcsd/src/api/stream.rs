//! Standard streams: a connection that is upgraded to the bytes of one.

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use hcs_contract::{Error, Stream};
use hcs_remote_protocol::STREAM_PROTOCOL;
use hcsshim::future::tokio::AsyncStream;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;

use super::{Answer, blocking, nothing};
use crate::app::App;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::serve::Place;
use crate::session::StreamEnd;

/// What a pipe holds.
const CHUNK: usize = 64 << 10;

pub(crate) async fn connect(
    State(app): State<Arc<App>>,
    Path((session, number)): Path<(String, u64)>,
    mut request: Request,
) -> Answer {
    let session = app.session(&session)?;
    let upgrade = request.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok());
    if upgrade != Some(STREAM_PROTOCOL) {
        let error = Error::invalid_argument(
            "upgrade",
            format!("a stream is connected by \"Upgrade: {STREAM_PROTOCOL}\""),
        );
        return Err(Failure::new(StatusCode::UPGRADE_REQUIRED, error));
    }
    let end = session.take_stream(number)?;
    let upgraded = hyper::upgrade::on(&mut request);
    let place = request.extensions().get::<Arc<Place>>().cloned();
    let activity = app.activities.begin();
    tokio::spawn(async move {
        match upgraded.await {
            Ok(upgraded) => carry(&app, end, upgraded).await,
            Err(error) => tracing::debug!(%error, "a stream was not connected"),
        }
        drop((activity, place));
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static(STREAM_PROTOCOL));
    Ok(response)
}

pub(crate) async fn close(
    State(app): State<Arc<App>>,
    Path((session, number)): Path<(String, u64)>,
) -> Answer {
    let session = app.session(&session)?;
    blocking(|| drop(session.take_stream(number)));
    nothing()
}

async fn carry(app: &App, end: StreamEnd, upgraded: Upgraded) {
    let (from, to) = tokio::io::split(TokioIo::new(upgraded));
    let StreamEnd { stream, input } = end;
    let ended = match input {
        Some(progress) => {
            let ended = carry_input(app, stream, from, &progress).await;
            progress.give_up();
            ended
        }
        None => carry_output(app, stream, from, to).await,
    };
    if let Err(error) = ended {
        // The client's end of the connection, or the process's of the pipe: either may go at any time.
        tracing::debug!(%error, "a stream ended early");
    }
}

/// Until the client ends it, which ends our end of the pipe, or the process reads no more.
async fn carry_input(
    app: &App,
    stream: Stream,
    mut from: impl AsyncRead + Unpin,
    progress: &Progress,
) -> io::Result<()> {
    let mut to = Input::new(stream)?;
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..count]).await?;
        progress.add(count);
        app.metrics.stream_bytes.inc_by(count as u64);
    }
}

/// Until the process ends it, which the client sees as the end, or the client goes.
async fn carry_output(
    app: &App,
    stream: Stream,
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    let mut output = Output::new(stream)?;
    let mut nothing = [0; 64];
    loop {
        tokio::select! {
            bytes = output.next() => match bytes? {
                Some(bytes) => {
                    to.write_all(bytes).await?;
                    app.metrics.stream_bytes.inc_by(bytes.len() as u64);
                }
                None => return to.shutdown().await,
            },
            // A client that ends its direction does not read any more; what it says means nothing.
            said = from.read(&mut nothing) => if said? == 0 { return Ok(()) },
        }
    }
}

/// Where a process reads: a descriptor, or what must be written by a thread.
enum Input {
    Descriptor(AsyncStream),
    Thread(mpsc::Sender<(Bytes, tokio::sync::oneshot::Sender<io::Result<()>>)>),
}

impl Input {
    fn new(stream: Stream) -> io::Result<Self> {
        if stream.as_fd().is_some() {
            return AsyncStream::new(stream).map(Self::Descriptor);
        }
        let (send, mut receive) = mpsc::channel::<(Bytes, tokio::sync::oneshot::Sender<_>)>(1);
        let mut stream = stream;
        std::thread::Builder::new().name("input".into()).spawn(move || {
            while let Some((bytes, done)) = receive.blocking_recv() {
                let written = io::Write::write_all(&mut stream, &bytes);
                // Whoever asked has gone with its connection.
                let _ = done.send(written);
            }
        })?;
        Ok(Self::Thread(send))
    }

    async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Descriptor(stream) => stream.write_all(bytes).await,
            Self::Thread(send) => {
                let (done, written) = tokio::sync::oneshot::channel();
                let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
                send.send((Bytes::copy_from_slice(bytes), done)).await.map_err(|_| gone())?;
                written.await.map_err(|_| gone())?
            }
        }
    }
}

/// Where a process writes.
enum Output {
    Descriptor { stream: AsyncStream, buffer: Vec<u8> },
    Thread { chunks: mpsc::Receiver<io::Result<Vec<u8>>>, last: Vec<u8> },
}

impl Output {
    fn new(stream: Stream) -> io::Result<Self> {
        if stream.as_fd().is_some() {
            return Ok(Self::Descriptor { stream: AsyncStream::new(stream)?, buffer: vec![0; CHUNK] });
        }
        let (send, chunks) = mpsc::channel(1);
        let mut stream = stream;
        std::thread::Builder::new().name("output".into()).spawn(move || {
            loop {
                let mut bytes = vec![0; CHUNK];
                let read = match io::Read::read(&mut stream, &mut bytes) {
                    Ok(0) => return,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Ok(count) => {
                        bytes.truncate(count);
                        Ok(bytes)
                    }
                    Err(error) => Err(error),
                };
                let over = read.is_err();
                if send.blocking_send(read).is_err() || over {
                    return;
                }
            }
        })?;
        Ok(Self::Thread { chunks, last: Vec::new() })
    }

    /// The next bytes; `None` at the end. Nothing is lost when the future is dropped.
    async fn next(&mut self) -> io::Result<Option<&[u8]>> {
        match self {
            Self::Descriptor { stream, buffer } => {
                let count = stream.read(buffer).await?;
                Ok((count > 0).then(|| &buffer[..count]))
            }
            Self::Thread { chunks, last } => match chunks.recv().await {
                None => Ok(None),
                Some(read) => {
                    *last = read?;
                    Ok(Some(last))
                }
            },
        }
    }
}
