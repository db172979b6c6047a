//! Our own form of entries: the one form that each file has, so that import and export give the same bytes.

use std::io;

use hcs_ext4::Time;
use hcs_ext4::tar::{Item, Kind, time_text};

use super::entry::{check_ea, encode};
use super::{EntryProblem, WHITEOUT, key};
use crate::LayerError;
use crate::ea;
use crate::filetime::{BasicInfo, FileTime};
use crate::layer::{OPAQUE, text};
use crate::metadata::Object;
use crate::path;
use crate::reparse::Reparse;

const FILE: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
const LINK: u32 = 0o120_000;

/// Why headers can't be made.
#[derive(Debug)]
pub(super) enum Failed {
    Entry(EntryProblem),
    Write(io::Error),
}

impl From<EntryProblem> for Failed {
    fn from(problem: EntryProblem) -> Self {
        Self::Entry(problem)
    }
}

/// Adds the headers of a file, folder or reparse point to `out`.
pub(super) fn object(name: &str, object: &Object, size: u64, out: &mut Vec<u8>) -> Result<(), Failed> {
    let mut records = records(&object.info);
    let (mut kind, mut mode) =
        if object.info.is_directory() { (Kind::Directory, FOLDER) } else { (Kind::File, FILE) };
    let mut target = String::new();
    if let Some(buffer) = &object.reparse {
        let reparse = Reparse::decode(buffer).map_err(|source| {
            EntryProblem::Layer(LayerError::Reparse { name: text(name.as_bytes()), source })
        })?;
        match reparse {
            Reparse::Other { tag, .. } => return Err(EntryProblem::Reparse { tag }.into()),
            Reparse::MountPoint { .. } => records.push((key::MOUNT_POINT.to_vec(), b"1".to_vec())),
            Reparse::Symlink { .. } => {}
        }
        target = reparse.target().ok_or(EntryProblem::Target)?;
        mode = if kind == Kind::Directory { FOLDER | LINK } else { LINK };
        kind = Kind::Symlink;
    }
    if let Some(security) = &object.security {
        records.push((key::SECURITY.to_vec(), encode(security)));
    }
    if let Some(buffer) = &object.attributes {
        let all = ea::decode(buffer)
            .map_err(|source| EntryProblem::Layer(LayerError::Ea { name: text(name.as_bytes()), source }))?;
        for one in all {
            check_ea(&one)?;
            records.push(([key::EA, &one.name[..]].concat(), encode(&one.value)));
        }
    }
    let stored = if kind == Kind::File { size } else { 0 };
    let item =
        Item { kind, link: target.as_bytes(), mode, stored, records: &records, ..item(name, &object.info) };
    item.headers(out).map_err(Failed::Write)
}

/// Adds the headers of another name of `target`.
pub(super) fn hard_link(name: &str, info: &BasicInfo, target: &str, out: &mut Vec<u8>) -> Result<(), Failed> {
    let (link, records) = (target.as_bytes(), records(info));
    let item = Item { kind: Kind::HardLink, link, mode: 0o644, records: &records, ..item(name, info) };
    item.headers(out).map_err(Failed::Write)
}

/// Adds the headers of an alternate stream.
pub(super) fn stream(
    name: &str,
    stream: &str,
    object: &Object,
    size: u64,
    out: &mut Vec<u8>,
) -> Result<(), Failed> {
    let mode = match (object.info.is_directory(), object.reparse.is_some()) {
        (false, false) => FILE,
        (true, false) => FOLDER,
        (false, true) => LINK,
        (true, true) => FOLDER | LINK,
    };
    let name = format!("{name}:{stream}");
    let item = Item { mode, stored: size, ..item(&name, &object.info) };
    item.headers(out).map_err(Failed::Write)
}

/// Adds the headers that hide `path`.
pub(super) fn tombstone(path: &str, out: &mut Vec<u8>) -> Result<(), Failed> {
    let (folder, base) = path::split(path);
    let slash = if folder.is_empty() { "" } else { "/" };
    let name = format!("{folder}{slash}{WHITEOUT}{base}");
    Item { name: name.as_bytes(), ..Item::default() }.headers(out).map_err(Failed::Write)
}

/// Adds the headers that hide all that is below a folder.
pub(super) fn opaque(folder: &str, out: &mut Vec<u8>) -> Result<(), Failed> {
    let name = format!("{folder}/{OPAQUE}");
    Item { name: name.as_bytes(), ..Item::default() }.headers(out).map_err(Failed::Write)
}

fn item<'a>(name: &'a str, info: &BasicInfo) -> Item<'a> {
    Item {
        name: name.as_bytes(),
        modified: time(info.written),
        accessed: Some(time(info.accessed)),
        changed: Some(time(info.changed)),
        ..Item::default()
    }
}

fn records(info: &BasicInfo) -> Vec<(Vec<u8>, Vec<u8>)> {
    let attributes = info.attributes.to_string().into_bytes();
    let created = time_text(time(info.created)).into_bytes();
    vec![(key::ATTRIBUTES.to_vec(), attributes), (key::CREATED.to_vec(), created)]
}

fn time(time: FileTime) -> Time {
    let (seconds, nanoseconds) = time.to_unix();
    Time { seconds, nanoseconds }
}
