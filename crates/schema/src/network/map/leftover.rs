//! What one side of the map says and the other can't: it travels among the other's unknown members.

use serde_json::{Map, Value};

use crate::{Document, Unknown};

/// The document as a map of its members.
pub(super) fn members<T: Document>(document: &T) -> Map<String, Value> {
    match serde_json::to_value(document) {
        Ok(Value::Object(members)) => members,
        _ => unreachable!("documents are objects with string keys and values that JSON can hold"),
    }
}

/// The document that has these members. They are those of documents that were read, so each has its type.
pub(super) fn from_members<T: Document>(members: Map<String, Value>) -> Option<T> {
    serde_json::from_value(Value::Object(members)).ok()
}

/// Takes the member of this name, in any letter case, out of `unknown`.
pub(super) fn take(unknown: &mut Unknown, name: &str) -> Option<Value> {
    let key = unknown.keys().find(|key| key.eq_ignore_ascii_case(name))?.clone();
    unknown.shift_remove(&key)
}

/// Puts the members of `names` that `original` has, and that `mapped` (what would come back) does not have so, into
/// `unknown`.
pub(super) fn keep<T: Document>(original: &T, mapped: &T, names: &[&str], unknown: &mut Unknown) {
    let (original, mapped) = (members(original), members(mapped));
    for name in names {
        match original.get(*name) {
            Some(value) if mapped.get(*name) != Some(value) => {
                unknown.insert((*name).to_owned(), value.clone());
            }
            _ => {}
        }
    }
}

/// Gives `document` the members of `names` that stand in its unknown ones: the other half of [`keep`]. A value of the
/// wrong type stays where it is.
pub(super) fn restore<T: Document>(
    mut document: T,
    unknown: impl Fn(&mut T) -> &mut Unknown,
    names: &[&str],
) -> T {
    for name in names {
        let Some(value) = take(unknown(&mut document), name) else { continue };
        let mut all = members(&document);
        all.insert((*name).to_owned(), value.clone());
        match from_members(all) {
            Some(restored) => document = restored,
            None => {
                unknown(&mut document).insert((*name).to_owned(), value);
            }
        }
    }
    document
}

/// `stored` after an update that v1 made: `before` and `after` are what v1 said before and says now, as v2. What it says
/// unchanged stays as it was stored, with all that v1 can't say.
pub(super) fn updated<T: Document>(stored: &T, before: &T, after: &T) -> T {
    let (kept, before, mut after) = (members(stored), members(before), members(after));
    let names: Vec<String> = kept.keys().chain(after.keys()).cloned().collect();
    for name in names {
        if before.get(&name) == after.get(&name) {
            match kept.get(&name) {
                Some(value) => drop(after.insert(name, value.clone())),
                None => drop(after.shift_remove(&name)),
            }
        }
    }
    from_members(after).unwrap_or_else(|| stored.clone())
}
