//! Writing a layer's metadata.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};

use super::{FRAME, MAGIC, MOST, MetadataError, Object, PIECE, VERSION, kind, member, times};
use crate::bytes;

/// Bytes of descriptors that are compared with later ones. A layer has a few hundred that differ.
const COMPARED: usize = 4 << 20;

/// Appends records.
#[derive(Debug)]
pub(crate) struct MetadataWriter {
    out: BufWriter<File>,
    record: Vec<u8>,
    records: u64,
    descriptors: HashMap<Box<[u8]>, u32>,
    compared: usize,
    next: u32,
}

impl MetadataWriter {
    /// Begins a file that is empty.
    pub(crate) fn new(file: File) -> Result<Self, MetadataError> {
        let mut out = BufWriter::with_capacity(64 << 10, file);
        out.write_all(MAGIC)?;
        out.write_all(&VERSION.to_le_bytes())?;
        out.write_all(&[0; 4])?;
        let descriptors = HashMap::new();
        Ok(Self { out, record: Vec::new(), records: 0, descriptors, compared: 0, next: 0 })
    }

    pub(crate) fn object(&mut self, path: &str, object: &Object) -> Result<(), MetadataError> {
        let descriptor = match &object.security {
            Some(security) => self.descriptor(security)? + 1,
            None => 0,
        };
        self.begin(kind::OBJECT);
        self.text(path);
        self.record.extend(object.info.attributes.to_le_bytes());
        for time in times(&object.info) {
            self.record.extend(time.0.to_le_bytes());
        }
        self.record.extend(descriptor.to_le_bytes());
        let short_name = object.short_name.as_deref().map(bytes::from_units);
        for (tag, value) in [
            (member::REPARSE, &object.reparse),
            (member::ATTRIBUTES, &object.attributes),
            (member::SHORT_NAME, &short_name),
            (member::OBJECT_ID, &object.object_id),
        ] {
            if let Some(value) = value {
                self.record.push(tag);
                self.length(value.len());
                self.record.extend_from_slice(value);
            }
        }
        self.end()
    }

    /// An alternate stream of the last object; its bytes have to follow.
    pub(crate) fn stream(&mut self, name: &str, size: u64) -> Result<(), MetadataError> {
        self.begin(kind::STREAM);
        self.text(name);
        self.record.extend(size.to_le_bytes());
        self.end()
    }

    pub(crate) fn stream_bytes(&mut self, bytes: &[u8]) -> Result<(), MetadataError> {
        for piece in bytes.chunks(PIECE) {
            self.begin(kind::PIECE);
            self.record.extend_from_slice(piece);
            self.end()?;
        }
        Ok(())
    }

    pub(crate) fn link(&mut self, path: &str, target: &str) -> Result<(), MetadataError> {
        self.begin(kind::LINK);
        self.text(path);
        self.text(target);
        self.end()
    }

    pub(crate) fn tombstone(&mut self, path: &str) -> Result<(), MetadataError> {
        self.path(kind::TOMBSTONE, path)
    }

    /// A mark in a folder that hides what lower layers have in that; the path is the mark's.
    pub(crate) fn opaque(&mut self, path: &str) -> Result<(), MetadataError> {
        self.path(kind::OPAQUE, path)
    }

    /// A folder that nobody announced: it is there for what is in it.
    pub(crate) fn folder(&mut self, path: &str) -> Result<(), MetadataError> {
        self.path(kind::FOLDER, path)
    }

    /// Ends the file.
    pub(crate) fn finish(mut self) -> Result<(), MetadataError> {
        let records = self.records;
        self.begin(kind::END);
        self.record.extend(records.to_le_bytes());
        self.end()?;
        Ok(self.out.flush()?)
    }

    fn path(&mut self, kind: u8, path: &str) -> Result<(), MetadataError> {
        self.begin(kind);
        self.text(path);
        self.end()
    }

    /// The number of a descriptor, which is written when it is new.
    fn descriptor(&mut self, security: &[u8]) -> Result<u32, MetadataError> {
        if let Some(known) = self.descriptors.get(security) {
            return Ok(*known);
        }
        self.begin(kind::DESCRIPTOR);
        self.record.extend_from_slice(security);
        self.end()?;
        let number = self.next;
        self.next += 1;
        if self.compared < COMPARED {
            self.compared += security.len();
            self.descriptors.insert(security.into(), number);
        }
        Ok(number)
    }

    fn begin(&mut self, kind: u8) {
        self.record.clear();
        self.record.extend([0; FRAME]);
        self.record.push(kind);
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.record.extend(text.as_bytes());
    }

    /// What does not fit is over the limit of a record anyway.
    fn length(&mut self, length: usize) {
        self.record.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    }

    fn end(&mut self) -> Result<(), MetadataError> {
        let length = self.record.len() - FRAME;
        if length > MOST {
            return Err(MetadataError::TooLarge { length });
        }
        let crc = crc32c::crc32c(&self.record[FRAME..]);
        // Below a MiB.
        self.record[..4].copy_from_slice(&u32::try_from(length).unwrap_or_default().to_le_bytes());
        self.record[4..FRAME].copy_from_slice(&crc.to_le_bytes());
        self.records += 1;
        Ok(self.out.write_all(&self.record)?)
    }
}
