//! From a registry into the store: what is not there, several blobs at once, each gone on with where it stopped.

use std::io::Read as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};

use ureq::http::StatusCode;

use super::client::{Ask, Client};
use super::{Event, Options};
use crate::digest::Digest;
use crate::error::{ImageError, Result, invalid};
use crate::platform;
use crate::reference::Reference;
use crate::spec::{Descriptor, Image, Index, MOST_CONFIG, MOST_MANIFEST, Manifest, media};
use crate::store::{self, Entry, Receive, Store};

/// Connections that may break off one after the other before they together brought [`PIECE`] bytes.
const FRUITLESS: u32 = 3;
const PIECE: usize = 128 << 10;

impl Store {
    /// Gets an image from its registry and gives it its name. Blobs that are here are not asked for again, and what an
    /// earlier attempt got of one is gone on with.
    ///
    /// # Errors
    /// The registry's refusals; silence beyond the options'; content that is not what was announced; no image for the
    /// system that is wanted. What came whole by then stays for the next attempt.
    pub fn pull(
        &self,
        name: &Reference,
        options: &Options,
        mut progress: impl FnMut(Event),
    ) -> Result<Entry> {
        let _lock = self.adding()?;
        let client = Client::new(name, "pull", options)?;
        let (manifest, index) = self.pull_manifest(&client, name, options)?;
        let document: Manifest = self.document(&manifest, MOST_MANIFEST)?;
        store::check_manifest(manifest.digest, &document)?;
        // First, because it says whether the rest is worth getting.
        let config = &document.config;
        if !self.has(config)? {
            progress(Event::Total { blobs: 1, bytes: config.size });
        }
        let (send, _events) = channel();
        self.pull_blob(&client, config, &send, &AtomicBool::new(false))?;
        let image: Image = self.document(config, MOST_CONFIG)?;
        store::check_layers(&document, &image)?;
        platform::check(&name.short(), &image.platform, options.platform.as_ref(), manifest.digest)?;
        self.pull_layers(&client, &document, options, &mut progress)?;
        self.name(name, &manifest, index)
    }

    /// The manifest that is wanted, and the list that it was chosen from.
    fn pull_manifest(
        &self,
        client: &Client,
        name: &Reference,
        options: &Options,
    ) -> Result<(Descriptor, Option<Digest>)> {
        let first = self.pull_document(client, &name.wanted(), name.digest())?;
        if !first.is_index() {
            return Ok((first, None));
        }
        let index: Index = self.document(&first, MOST_MANIFEST)?;
        let chosen = platform::choose(&name.short(), &index.manifests, options.platform.as_ref())?;
        let manifest = self.pull_document(client, &chosen.digest.to_string(), Some(chosen.digest))?;
        if manifest.is_index() {
            return Err(invalid(format!("list {}", first.digest), "has another list for this system"));
        }
        Ok((manifest, Some(first.digest)))
    }

    fn pull_document(&self, client: &Client, wanted: &str, digest: Option<Digest>) -> Result<Descriptor> {
        let (bytes, kind, said) = client.manifest(wanted, MOST_MANIFEST)?;
        let found = Digest::of(&bytes);
        let said = said.and_then(|said| said.parse().ok());
        if let Some(expected) = digest.or(said).filter(|expected| *expected != found) {
            let (what, expected) = (format!("manifest {wanted}"), expected.to_string());
            return Err(ImageError::Mismatch { what, expected, found: found.to_string() });
        }
        let within: serde_json::Value = store::parse(&format!("manifest {wanted}"), &bytes)?;
        // What stands within is hashed, and the header is not.
        let kind = within["mediaType"].as_str().map_or(kind, str::to_owned);
        let known = [media::MANIFEST, media::INDEX, media::DOCKER_MANIFEST, media::DOCKER_LIST];
        if !known.contains(&&*kind) {
            let problem = format!("is {kind:?}; only manifests of schema 2 and lists of them are taken");
            return Err(invalid(format!("manifest {wanted}"), problem));
        }
        self.put(&kind, &bytes)
    }

    fn pull_layers(
        &self,
        client: &Client,
        manifest: &Manifest,
        options: &Options,
        progress: &mut dyn FnMut(Event),
    ) -> Result<()> {
        let mut missing: Vec<&Descriptor> = Vec::new();
        for layer in &manifest.layers {
            let twice = missing.iter().any(|other| other.digest == layer.digest);
            if !layer.is_foreign() && !twice && !self.has(layer)? {
                missing.push(layer);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let bytes = missing.iter().fold(0_u64, |sum, layer| sum.saturating_add(layer.size));
        progress(Event::Total { blobs: missing.len(), bytes });
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (send, events) = channel();
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..options.parallel.clamp(1, missing.len()))
                .map(|_| {
                    let (send, next, stop, missing) = (send.clone(), &next, &stop, &missing);
                    scope.spawn(move || {
                        while let Some(layer) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                            let got = self.pull_blob(client, layer, &send, stop);
                            if got.is_err() {
                                stop.store(true, Ordering::Relaxed);
                                return got;
                            }
                        }
                        Ok(())
                    })
                })
                .collect();
            drop(send);
            for event in events {
                progress(event);
            }
            // All of them end; the first failure is the one to tell.
            let mut result = Ok(());
            for worker in workers {
                let end = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                result = result.and(end);
            }
            result
        })
    }

    /// Gets one blob. A connection that breaks off is made again as long as enough comes.
    fn pull_blob(
        &self,
        client: &Client,
        blob: &Descriptor,
        send: &Sender<Event>,
        stop: &AtomicBool,
    ) -> Result<()> {
        let Some(mut receive) = self.receive(blob)? else { return Ok(()) };
        let tell = |event| drop(send.send(event)); // nobody may be listening
        tell(Event::Bytes(receive.at()));
        let (mut best, mut fruitless) = (receive.at(), 0);
        while receive.at() < blob.size {
            let got = attempt(client, blob, &mut receive, &tell, stop);
            if stop.load(Ordering::Relaxed) {
                return Ok(()); // another blob's failure is the one to tell
            }
            let Err(error) = got else { continue };
            if !matches!(error, ImageError::Transport { .. }) {
                return Err(error);
            }
            // Without ranges it began anew, and has to come further than before.
            if receive.at() >= best.saturating_add(PIECE as u64) {
                (best, fruitless) = (receive.at(), 0);
            } else {
                fruitless += 1;
            }
            if fruitless == FRUITLESS || is_silence(&error) {
                return Err(error);
            }
        }
        receive.finish()?;
        tell(Event::Done { digest: blob.digest, size: blob.size });
        Ok(())
    }
}

fn is_silence(error: &ImageError) -> bool {
    let ImageError::Transport { source, .. } = error else { return false };
    match &**source {
        ureq::Error::Timeout(_) => true,
        ureq::Error::Io(source) => source.kind() == std::io::ErrorKind::TimedOut,
        _ => false,
    }
}

/// One request, from where the blob is now to where the connection ends.
fn attempt(
    client: &Client,
    blob: &Descriptor,
    receive: &mut Receive,
    tell: &dyn Fn(Event),
    stop: &AtomicBool,
) -> Result<()> {
    let what = format!("blob {}", blob.digest);
    let headers = match receive.at() {
        0 => Vec::new(),
        at => vec![("range", format!("bytes={at}-"))],
    };
    let url = client.url(&format!("blobs/{}", blob.digest));
    // Without ranges all of it comes.
    let mut answer = client.ask(&mut Ask { method: "GET", url, headers, most: blob.size, body: None })?;
    match answer.status() {
        StatusCode::OK => {
            if receive.at() > 0 {
                receive.restart()?;
            }
        }
        StatusCode::PARTIAL_CONTENT => {
            let range = answer.headers().get("content-range").and_then(|value| value.to_str().ok());
            let start = format!("bytes {}-", receive.at());
            if !range.is_some_and(|range| range.starts_with(&start)) {
                return Err(client.protocol(format!("sent another part of {what} than it was asked for")));
            }
        }
        status => return Err(client.refused(&format!("a request for {what}"), status, &mut answer)),
    }
    let mut body = answer.body_mut().with_config().limit(u64::MAX).reader();
    let mut piece = vec![0; PIECE];
    while !stop.load(Ordering::Relaxed) {
        let count = body.read(&mut piece).map_err(|source| client.transport(&what, source.into()))?;
        if count == 0 {
            break;
        }
        receive.write(&piece[..count])?;
        tell(Event::Bytes(count as u64));
    }
    if receive.at() < blob.size && !stop.load(Ordering::Relaxed) {
        let source = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        return Err(client.transport(&what, ureq::Error::Io(source)));
    }
    Ok(())
}
