//! `hcs inspect`: all that is known about containers.

use std::path::PathBuf;

use hcsshim::Host;
use hcsshim::linux::{MappedFolder, MappedNow, MappedSocket};
use hcsshim::schema::compute::PropertyType;
use serde::Serialize;
use serde_json::Value;

use crate::args::manage::Inspect;
use crate::failure::Failure;
use crate::host;
use crate::printer;
use crate::row::Row;

/// Everything about a container.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Whole {
    #[serde(flatten)]
    row: Row,
    /// The document that it was created from, as it was sent.
    document: Value,
    /// What it answers itself, in the form of its schema.
    properties: Value,
    /// What of the host it sees now; `null` of one that has ended.
    mapped: Option<Mapped>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Mapped {
    directories: Vec<MappedDirectory>,
    pipes: Vec<MappedPipe>,
}

// Named as in documents.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct MappedDirectory {
    host_path: PathBuf,
    container_path: String,
    read_only: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct MappedPipe {
    host_path: PathBuf,
    container_pipe_name: String,
}

impl From<MappedNow> for Mapped {
    fn from(now: MappedNow) -> Self {
        let directory = |folder: MappedFolder| MappedDirectory {
            host_path: folder.host,
            container_path: folder.container,
            read_only: folder.read_only,
        };
        let pipe = |pipe: MappedSocket| MappedPipe { host_path: pipe.host, container_pipe_name: pipe.name };
        Self {
            directories: now.folders.into_iter().map(directory).collect(),
            pipes: now.pipes.into_iter().map(pipe).collect(),
        }
    }
}

pub(crate) fn inspect(inspect: &Inspect) -> Result<(), Failure> {
    let host = host::open()?;
    let all = inspect.ids.iter().map(|id| whole(&host, id)).collect::<Result<Vec<_>, _>>()?;
    printer::json(&all)
}

fn whole(host: &Host, id: &str) -> Result<Whole, Failure> {
    let info = host::engine(host, "inspect")?.inspect(id)?;
    let row = Row::new(&info);
    let types: &[PropertyType] = if row.state == "Running" || row.state == "Paused" {
        &[PropertyType::STATISTICS, PropertyType::PROCESS_LIST]
    } else {
        &[]
    };
    let query =
        hcsshim::schema::compute::v1::PropertyQuery { property_types: types.to_vec(), ..Default::default() };
    let query = hcsshim::schema::Document::to_json(&query);
    let properties = host.open_container(id)?.properties_json(&query)?;
    // Both are shown as they are; text that is no JSON as a string.
    let value = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
    let mapped = match host::engine(host, "inspect")?.mapped(id) {
        Ok(mapped) => Some(mapped.into()),
        Err(error) if error.is_already_stopped() => None,
        Err(error) => return Err(error.into()),
    };
    Ok(Whole { row, document: value(info.document()?), properties: value(properties), mapped })
}
