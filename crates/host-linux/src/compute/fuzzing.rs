//! The parsers of clients' documents and of the engine's own records, for the fuzz targets: text in, a plan as text or
//! an error out, and nothing made.

use std::path::Path;

use hcs_contract::{Error, ProcessStreams, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{create, disk, modify, process, process_doc, properties, refuse, service, windows_path, words};
use crate::ids::{IdName, Life};
use crate::record::{self, FinalState, GuestOs, Meta};

fn guest(windows: bool) -> GuestOs {
    if windows { GuestOs::Windows } else { GuestOs::Linux }
}

fn shown<T: std::fmt::Debug>(result: Result<T>) -> Result<String> {
    result.map(|value| format!("{value:?}"))
}

/// A document that makes a system. Folders below `/base` count as Wine bases.
///
/// # Errors
/// As creating says it.
pub fn create(text: &str) -> Result<String> {
    shown(create::plan(text, &|path| path.starts_with("/base")))
}

/// An image of a virtual disk: how much of it is the disk, and which file system fills it.
///
/// # Errors
/// As creating says it.
pub fn disk(bytes: &[u8]) -> Result<(u64, &'static str)> {
    disk::of_bytes(bytes).map(|content| (content.length, content.file_system))
}

/// A document that starts a process.
///
/// # Errors
/// As creating the process says it.
pub fn process(text: &str, windows: bool, schema: u32) -> Result<String> {
    shown(process_doc::request(text, ProcessStreams::default(), guest(windows), schema))
}

/// A document that changes a system.
///
/// # Errors
/// As the change says it.
pub fn change(text: &str) -> Result<String> {
    shown(modify::change(text, GuestOs::Windows))
}

/// A document that changes a process.
///
/// # Errors
/// As the change says it.
pub fn process_change(text: &str) -> Result<String> {
    shown(process::modify_requests(1, text))
}

/// A document with a signal for a process.
///
/// # Errors
/// As sending the signal says it.
pub fn signal(text: &str, windows: bool) -> Result<String> {
    shown(process::signal_request(1, guest(windows), text))
}

/// A query of a system's properties, in a system of either schema.
///
/// # Errors
/// As the query of schema 2 says it.
pub fn query(text: &str) -> Result<String> {
    shown(properties::query(text, 1)).or_else(|_| shown(properties::query(text, 2)))
}

/// A query of the service's properties.
///
/// # Errors
/// As the query says it.
pub fn service_query(text: &str) -> Result<String> {
    service::service_properties(text)
}

/// Options of an operation that has none.
///
/// # Errors
/// As the operation says it.
pub fn options(text: &str) -> Result<()> {
    refuse::no_options(text)
}

/// A command line of a Linux program as its words.
///
/// # Errors
/// What has no end.
pub fn words(line: &str) -> std::result::Result<Vec<String>, String> {
    words::split(line).map_err(|unfinished| unfinished.to_string())
}

/// A path of a Windows container as the path inside.
///
/// # Errors
/// As a document with it says it.
pub fn windows_path(path: &str, prefix: &Path) -> Result<String> {
    windows_path::inside("Path", path, &[prefix.join(windows_path::DRIVE_C)])
}

/// The file name of an id, and what a system's life of that name is read back as.
///
/// # Errors
/// As creating a system of that id says it.
pub fn id(id: &str) -> Result<(String, Option<String>)> {
    let name = IdName::new(id)?;
    let life = Life::new(&name)?;
    let back = Life::parse(life.as_str()).map(|life| life.id_name().as_str().to_owned());
    Ok((name.as_str().to_owned(), back))
}

/// The record of a system, read and written again.
///
/// # Errors
/// A newer engine's record.
pub fn meta(text: &str) -> Result<Option<String>> {
    again::<Meta>(text)
}

/// The record of a system's end, read and written again.
///
/// # Errors
/// A newer engine's record.
pub fn final_state(text: &str) -> Result<Option<String>> {
    again::<FinalState>(text)
}

fn again<T: DeserializeOwned + Serialize>(text: &str) -> Result<Option<String>> {
    record::check_version(Path::new("record"), text)?;
    let Some(value) = record::parse::<T>(text) else { return Ok(None) };
    serde_json::to_string(&value).map(Some).map_err(|error| Error::unexpected_value(error.to_string()))
}
