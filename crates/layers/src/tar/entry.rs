//! What an entry's headers say of a file, as Windows would say it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hcs_ext4::Time;
use hcs_ext4::tar::{Entry, Kind};

use super::{EntryProblem, key};
use crate::LayerError;
use crate::ea::{self, Ea};
use crate::filetime::{BasicInfo, FileTime, attributes};
use crate::layer::text;
use crate::metadata::Object;
use crate::reparse::Reparse;

/// The object that an entry describes.
pub(super) fn object(entry: &Entry) -> Result<Object, EntryProblem> {
    let mut object = Object { info: info(entry)?, ..Object::default() };
    let mut eas = Vec::new();
    let mut mount_point = false;
    let mut sddl = false;
    for (key, value) in &entry.records {
        match key.as_slice() {
            key::SECURITY => object.security = Some(decode(key, value)?),
            key::SDDL => sddl = true,
            key::MOUNT_POINT => mount_point = true,
            key => {
                if let Some(name) = key.strip_prefix(key::EA) {
                    let ea = Ea { flags: 0, name: name.to_vec(), value: decode(key, value)? };
                    check_ea(&ea)?;
                    eas.push(ea);
                }
            }
        }
    }
    if sddl && object.security.is_none() {
        return Err(EntryProblem::Sddl);
    }
    if !eas.is_empty() {
        // In the order of their names, so that equal files have equal buffers.
        eas.sort_by(|a, b| a.name.cmp(&b.name));
        let name = text(&entry.name);
        object.attributes = Some(ea::encode(&eas).map_err(|source| LayerError::Ea { name, source })?);
    }
    if entry.kind == Kind::Symlink {
        let target = std::str::from_utf8(&entry.link).map_err(|_| EntryProblem::Target)?;
        let reparse = Reparse::to(&target.replace('/', "\\"), mount_point).encode();
        let name = text(&entry.name);
        object.reparse = Some(reparse.map_err(|source| LayerError::Reparse { name, source })?);
        object.info.attributes |= attributes::REPARSE_POINT;
    }
    Ok(object)
}

/// Whether an attribute can stand in a record.
pub(super) fn check_ea(ea: &Ea) -> Result<(), EntryProblem> {
    let plain = std::str::from_utf8(&ea.name).is_ok() && !ea.name.iter().any(|byte| matches!(byte, 0 | b'='));
    if ea.name.is_empty() || ea.value.is_empty() || !plain {
        return Err(EntryProblem::EaRecord { name: text(&ea.name) });
    }
    Ok(())
}

/// Attributes and times.
pub(super) fn info(entry: &Entry) -> Result<BasicInfo, EntryProblem> {
    let directory = entry.kind == Kind::Directory;
    let stated = entry.records.iter().find(|(key, _)| key == key::ATTRIBUTES).map(|(_, value)| value);
    let mut bits = match stated {
        None if directory => attributes::DIRECTORY,
        None => 0,
        Some(value) => {
            std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).ok_or_else(|| {
                EntryProblem::Record { key: text(key::ATTRIBUTES), what: "is no number of 32 bits" }
            })?
        }
    };
    let says_directory = bits & attributes::DIRECTORY != 0;
    match entry.kind {
        Kind::Directory if !says_directory => return Err(EntryProblem::Contrary { kind: "folder" }),
        Kind::File if says_directory => return Err(EntryProblem::Contrary { kind: "file" }),
        Kind::File | Kind::Directory => bits &= !attributes::REPARSE_POINT,
        _ => {}
    }
    let time = |time: Option<Time>| {
        let time = time.unwrap_or(entry.modified);
        FileTime::from_unix(time.seconds, time.nanoseconds)
    };
    Ok(BasicInfo {
        created: time(entry.created),
        accessed: time(entry.accessed),
        written: time(Some(entry.modified)),
        changed: time(entry.changed),
        attributes: bits,
    })
}

/// What kind of entry Windows knows nothing of.
pub(super) fn foreign(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::CharDevice => Some("character device"),
        Kind::BlockDevice => Some("block device"),
        Kind::Fifo => Some("named pipe"),
        _ => None,
    }
}

fn decode(key: &[u8], value: &[u8]) -> Result<Vec<u8>, EntryProblem> {
    STANDARD.decode(value).map_err(|_| EntryProblem::Record { key: text(key), what: "is no base64" })
}

pub(super) fn encode(value: &[u8]) -> Vec<u8> {
    STANDARD.encode(value).into_bytes()
}
