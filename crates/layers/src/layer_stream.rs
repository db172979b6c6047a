//! A file of a layer that comes as its backup stream, in pieces: what BackupWrite takes.

use std::io::{self, Write};

use crate::backup::{Event, Push, SPARSE_ATTRIBUTE, StreamHeader, StreamId};
use crate::filetime::attributes;
use crate::layer::text;
use crate::{LayerError, LayerWriter, reparse, security};

/// Bytes of a buffer with extended attributes: NTFS holds 64 KiB of them.
const ATTRIBUTES: usize = 128 << 10;

/// Writes the backup stream of one file, which [`LayerWriter::add`] has begun.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use hcs_layers::backup::{StreamHeader, StreamId, Writer};
/// use hcs_layers::filetime::BasicInfo;
/// use hcs_layers::layer_stream::BackupWrite;
/// use hcs_layers::{LayerOptions, LayerReader, LayerWriter};
/// use std::io::Write as _;
///
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path().join("layer");
/// let mut layer = LayerWriter::create(&folder, LayerOptions::default())?;
/// layer.add("Files", &BasicInfo { attributes: 0x10, ..BasicInfo::default() })?;
/// layer.add("Files/hello.txt", &BasicInfo::default())?;
/// let mut streams = Writer::new(BackupWrite::new(&mut layer, "Files/hello.txt"));
/// streams.begin(&StreamHeader::new(StreamId::DATA, 5))?;
/// streams.write_all(b"hello")?;
/// streams.finish()?.finish()?;
/// layer.finish()?;
///
/// let mut layer = LayerReader::open(&folder)?;
/// while let Some(item) = layer.next()? {
///     println!("{} {}", item.path, item.size);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[doc(alias = "BackupFileWriter")]
pub struct BackupWrite<'a> {
    layer: &'a mut LayerWriter,
    name: String,
    push: Push,
    current: Option<StreamHeader>,
    /// A stream that is taken whole.
    gathered: Vec<u8>,
    left: u64,
}

impl<'a> BackupWrite<'a> {
    /// For the layer's current file; `name` is what errors call it.
    pub fn new(layer: &'a mut LayerWriter, name: &str) -> Self {
        let (push, current, gathered) = (Push::new(), None, Vec::new());
        Self { layer, name: text(name.as_bytes()), push, current, gathered, left: 0 }
    }

    /// The next bytes.
    ///
    /// # Errors
    /// [`LayerError`]
    pub fn take(&mut self, mut bytes: &[u8]) -> Result<(), LayerError> {
        let name = self.name.clone();
        while !bytes.is_empty() {
            let event = self.push.take(&mut bytes);
            match event.map_err(|source| LayerError::Backup { name: name.clone(), source })? {
                Some(Event::Begin(header)) => self.begin(header)?,
                Some(Event::Bytes(bytes)) => self.bytes(bytes)?,
                None => {}
            }
        }
        Ok(())
    }

    /// The stream ends here.
    ///
    /// # Errors
    /// [`LayerError::Backup`] when it was cut off.
    pub fn finish(self) -> Result<(), LayerError> {
        self.push.finish().map_err(|source| LayerError::Backup { name: self.name, source })
    }

    fn begin(&mut self, header: StreamHeader) -> Result<(), LayerError> {
        let most = match header.id {
            StreamId::DATA => {
                let sparse = header.attributes & SPARSE_ATTRIBUTE != 0;
                if sparse && !self.layer.has_attribute(attributes::SPARSE_FILE) {
                    return Err(LayerError::file(&self.name, "a sparse stream of a file that is not sparse"));
                }
                self.layer.data(header.size)?;
                u64::MAX
            }
            StreamId::SPARSE_BLOCK => {
                self.layer.part(header.offset, header.size)?;
                u64::MAX
            }
            StreamId::ALTERNATE_DATA => {
                let stream = stream_name(&header.name);
                let stream = stream
                    .ok_or_else(|| LayerError::file(&self.name, "a stream's name is not :NAME:$DATA"))?;
                self.layer.stream(&stream, header.size)?;
                u64::MAX
            }
            StreamId::SECURITY => security::MOST as u64,
            StreamId::EA_DATA => ATTRIBUTES as u64,
            StreamId::REPARSE_DATA => reparse::MOST as u64,
            StreamId::OBJECT_ID => 64,
            id => return Err(LayerError::Stream { name: self.name.clone(), id }),
        };
        if header.size > most {
            return Err(LayerError::file(&self.name, "a stream is larger than it can be"));
        }
        self.left = header.size;
        self.gathered.clear();
        self.current = Some(header);
        if self.left == 0 { self.end() } else { Ok(()) }
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), LayerError> {
        self.left -= bytes.len() as u64;
        match self.current.as_ref().map(|header| header.id) {
            Some(StreamId::DATA | StreamId::SPARSE_BLOCK) => self.layer.write(bytes)?,
            Some(StreamId::ALTERNATE_DATA) => self.layer.stream_bytes(bytes)?,
            _ => self.gathered.extend_from_slice(bytes),
        }
        if self.left == 0 { self.end() } else { Ok(()) }
    }

    fn end(&mut self) -> Result<(), LayerError> {
        match self.current.take().map(|header| header.id) {
            Some(StreamId::SECURITY) => self.layer.security(&self.gathered),
            Some(StreamId::EA_DATA) => self.layer.attributes(&self.gathered),
            Some(StreamId::REPARSE_DATA) => self.layer.reparse(&self.gathered),
            Some(StreamId::OBJECT_ID) => self.layer.object_id(&self.gathered),
            _ => Ok(()),
        }
    }
}

impl Write for BackupWrite<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.take(bytes).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `NAME` of `:NAME:$DATA`.
pub(crate) fn stream_name(name: &[u16]) -> Option<String> {
    let name = String::from_utf16(name).ok()?;
    let name = name.strip_prefix(':')?;
    Some(name.strip_suffix(":$DATA").unwrap_or(name).to_owned())
}
