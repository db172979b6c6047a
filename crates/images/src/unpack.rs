//! Layers as folders: each chain of layers once, whoever needs it.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use hcs_layers::tar::{self, Import, Source, Unpack};

use crate::digest::{Digest, Hashed};
use crate::error::{ImageError, Result, at};
use crate::io::Room;
use crate::spec::Descriptor;
use crate::store::{Documents, Store};

/// The file that only Windows itself brings.
const WINDOWS_ITSELF: [&str; 4] = ["Files", "windows", "system32", "ntdll.dll"];

/// A layer that is a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unpacked {
    /// The id of the chain that ends with it.
    pub chain: Digest,
    /// Its folder, in the form of `hcs-layers`.
    pub folder: PathBuf,
}

/// What is being unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnpackProgress {
    /// Which layer, from 1.
    pub layer: usize,
    /// Of how many.
    pub layers: usize,
    /// Bytes of its tar.
    pub bytes: u64,
}

impl Store {
    /// Unpacks an image's layers, those that are not there yet. The result is the lowest first; layers that stay where
    /// they are ([`Descriptor::is_foreign`]) and that nobody brought are left out.
    ///
    /// # Errors
    /// A layer that is missing or damaged, or whose tar has another digest than the configuration says; entries that a
    /// layer can't have. Nothing of that layer stays.
    pub fn prepare(
        &self,
        documents: &Documents,
        mut progress: impl FnMut(UnpackProgress),
    ) -> Result<Vec<Unpacked>> {
        let _lock = self.adding()?;
        let chains = documents.image.chains();
        let layers = documents.manifest.layers.len();
        let mut done: Vec<Unpacked> = Vec::with_capacity(layers);
        for (at, (layer, chain)) in documents.manifest.layers.iter().zip(chains).enumerate() {
            let name = folder_name(chain, documents.image.is_windows(), at, &done);
            let folder = self.layers().join(&name);
            if !folder.exists() {
                if layer.is_foreign() && !self.has(layer)? {
                    continue;
                }
                let wanted = documents.image.rootfs.diff_ids[at];
                let kind = if documents.image.is_windows() {
                    // Below the lowest layer lies Windows, or the base in its place: names of it may be hidden.
                    let below = done.iter().rev().map(|layer| layer.folder.clone());
                    Kind::Windows(below.chain([self.empty_layer()?]).collect())
                } else {
                    Kind::Linux
                };
                let mut show = |bytes| progress(UnpackProgress { layer: at + 1, layers, bytes });
                self.made(&name, |work| self.unpack(layer, wanted, work, &kind, &mut show))?;
            }
            done.push(Unpacked { chain, folder });
        }
        Ok(done)
    }

    fn unpack(
        &self,
        layer: &Descriptor,
        wanted: Digest,
        work: &Path,
        kind: &Kind,
        progress: &mut dyn FnMut(u64),
    ) -> Result<()> {
        if !self.has(layer)? {
            return Err(ImageError::NoBlob { digest: layer.digest });
        }
        let blob = self.blob(layer.digest);
        let opened = tar::open(&blob).map_err(at("open", &blob))?;
        let (source, sum) = summed(opened.source, Room::at(&self.work())?);
        let failed = |source| ImageError::Unpack { layer: layer.digest, source };
        let show = |at: tar::Progress| progress(at.bytes);
        let report = match kind {
            Kind::Linux => Unpack::new().end_is_optional(true).run(source, work, show),
            Kind::Windows(below) => {
                Import::new().parents(below.clone()).end_is_optional(true).run(source, work, show)
            }
        };
        report.map_err(failed)?;
        let checked = sum.check(layer, wanted);
        if checked.is_err() {
            fs_err::remove_dir_all(work).map_err(at("remove", work))?;
        }
        checked
    }
}

/// The name of a layer's folder. A chain's id says nothing of the form: an image of another system that claims the same
/// layers has other folders. So has a layer of Windows above others than all of its chain, of which those that nobody
/// brought are not there: what of them it hides is not noted in it.
fn folder_name(chain: Digest, windows: bool, at: usize, below: &[Unpacked]) -> String {
    match (windows, below.len() == at) {
        (false, _) => chain.hex(),
        (true, true) => format!("{}-w", chain.hex()),
        (true, false) => {
            let chains: Vec<String> = below.iter().map(|layer| layer.chain.hex()).collect();
            format!("{}-w-{}", chain.hex(), &Digest::of(chains.concat().as_bytes()).hex()[..16])
        }
    }
}

enum Kind {
    Linux,
    /// With the layers below, the direct parent first.
    Windows(Vec<PathBuf>),
}

/// Whether a layer is part of Windows, whose place a Wine base takes.
pub fn is_windows_itself(layer: &Path) -> bool {
    let mut place = layer.to_owned();
    for part in WINDOWS_ITSELF {
        let Ok(entries) = fs_err::read_dir(&place) else { return false };
        let found = entries.flatten().find(|entry| entry.file_name().eq_ignore_ascii_case(part));
        let Some(found) = found else { return false };
        place = found.path();
    }
    true
}

/// The sum of what was read.
pub(crate) struct Sum(Arc<Mutex<Hashed<io::Sink>>>);

impl Sum {
    /// Whether that was the tar of this layer.
    pub(crate) fn check(&self, layer: &Descriptor, wanted: Digest) -> Result<()> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).sum().0;
        if found == wanted {
            return Ok(());
        }
        let what = format!("the tar of layer {}", layer.digest);
        Err(ImageError::Mismatch { what, expected: wanted.to_string(), found: found.to_string() })
    }
}

/// The same source, and the sum of what is read of it, which takes about as much `room`.
pub(crate) fn summed(source: Source<'static>, room: Room) -> (Source<'static>, Sum) {
    let sum = Arc::new(Mutex::new(Hashed::new(io::sink())));
    let inner: Box<dyn Read + Send> = match source {
        Source::File(file) => Box::new(file),
        Source::Stream(stream) => stream,
    };
    (Source::from_reader(Summing { inner, room, sum: Arc::clone(&sum) }), Sum(sum))
}

struct Summing {
    inner: Box<dyn Read + Send>,
    room: Room,
    sum: Arc<Mutex<Hashed<io::Sink>>>,
}

impl Read for Summing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.room.take(count as u64)?;
        let mut sum = self.sum.lock().unwrap_or_else(PoisonError::into_inner);
        io::Write::write_all(&mut *sum, &buffer[..count])?;
        Ok(count)
    }
}
