//! `hcs inspect`: all that is known about containers.

use hcsshim::Host;
use hcsshim::schema::compute::PropertyType;
use hcsshim::schema::host::{Inspection, Mapped, Record};
use serde::Serialize;
use serde_json::Value;

use crate::args::manage::Inspect;
use crate::failure::Failure;
use crate::host;
use crate::printer;

/// Everything about a container.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Whole {
    #[serde(flatten)]
    record: Record,
    /// The document that it was created from, as it was sent.
    document: Value,
    /// What it answers itself, in the form of its schema.
    properties: Value,
    /// What of the host it sees now; `null` of one that has ended.
    mapped: Option<Mapped>,
}

pub(crate) fn inspect(inspect: &Inspect) -> Result<(), Failure> {
    let host = host::open()?;
    let all = inspect.ids.iter().map(|id| whole(&host, id)).collect::<Result<Vec<_>, _>>()?;
    printer::json(&all)
}

fn whole(host: &Host, id: &str) -> Result<Whole, Failure> {
    let Inspection { record, document, mapped } = host.records()?.inspect(id)?;
    let types: &[PropertyType] = if record.state == "Running" || record.state == "Paused" {
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
    Ok(Whole { record, document: value(document), properties: value(properties), mapped })
}
