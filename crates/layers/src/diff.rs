//! What differs between two layers, name by name.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use crate::{Item, LayerError, LayerReader, What};

/// How a name differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Only the second layer has it.
    Added,
    /// Only the first one has it.
    Removed,
    /// Its content, attributes, times of writing and creation, descriptor, reparse data or extended attributes differ.
    Modified,
}

/// What differs, in the order of the names. Times of access and change are not compared: reading changes them.
///
/// Needs memory for what is known of the names of the first layer; content is compared as it is read.
///
/// # Errors
/// [`LayerError`], of either layer.
pub fn diff(first: &Path, second: &Path) -> Result<Vec<(String, Change)>, LayerError> {
    let (mut one, mut other) = (LayerReader::open(first)?, LayerReader::open(second)?);
    let mut known = BTreeMap::new();
    while let Some(item) = one.next()? {
        known.insert((item.path.clone(), item.what), item);
    }
    let mut changes = BTreeMap::new();
    while let Some(item) = other.next()? {
        let key = (item.path.clone(), item.what);
        let change = match known.remove(&key) {
            None => Some(Change::Added),
            Some(before) if same(&before, &item) && same_content(&mut one, &before, &mut other, &item)? => {
                None
            }
            Some(_) => Some(Change::Modified),
        };
        if let Some(change) = change {
            changes.insert(key, change);
        }
    }
    changes.extend(known.into_keys().map(|key| (key, Change::Removed)));
    Ok(changes.into_iter().map(|((path, what), change)| (name(path, what), change)).collect())
}

/// A tombstone by the name that tars give it.
fn name(path: String, what: What) -> String {
    match what {
        What::Object => path,
        What::Opaque => format!("{path}/{}", crate::layer::OPAQUE),
        What::Tombstone => match path.rsplit_once('/') {
            Some((folder, base)) => format!("{folder}/.wh.{base}"),
            None => path,
        },
    }
}

fn same(one: &Item, other: &Item) -> bool {
    let (a, b) = (&one.object, &other.object);
    let folder = a.info.is_directory();
    one.size == other.size
        && a.info.attributes == b.info.attributes
        && (folder || a.info.written == b.info.written && a.info.created == b.info.created)
        && (&a.security, &a.reparse, &a.attributes) == (&b.security, &b.reparse, &b.attributes)
        && (&a.short_name, &a.object_id) == (&b.short_name, &b.object_id)
}

fn same_content(
    one: &mut LayerReader,
    before: &Item,
    other: &mut LayerReader,
    item: &Item,
) -> Result<bool, LayerError> {
    let failed = |error| LayerError::io("read", item.path.as_bytes(), error);
    let (mut a, mut b) = (one.backup(before)?, other.backup(item)?);
    let (mut left, mut right) = (vec![0; BUFFER], vec![0; BUFFER]);
    loop {
        let count = fill(&mut a, &mut left).map_err(failed)?;
        if fill(&mut b, &mut right).map_err(failed)? != count || left[..count] != right[..count] {
            return Ok(false);
        }
        if count == 0 {
            return Ok(true);
        }
    }
}

/// Bytes that are compared at once.
const BUFFER: usize = 64 << 10;

fn fill(from: &mut crate::Backup<'_>, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut have = 0;
    while have < buffer.len() {
        match from.read(&mut buffer[have..])? {
            0 => break,
            count => have += count,
        }
    }
    Ok(have)
}
