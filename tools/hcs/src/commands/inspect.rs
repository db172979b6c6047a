//! `hcs inspect`: all that is known about containers.

use hcsshim::Host;
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
}

pub(crate) fn inspect(inspect: &Inspect) -> Result<(), Failure> {
    let host = host::open()?;
    let all = inspect.ids.iter().map(|id| whole(&host, id)).collect::<Result<Vec<_>, _>>()?;
    printer::json(&all)
}

fn whole(host: &Host, id: &str) -> Result<Whole, Failure> {
    let info = host::engine(host)?.inspect(id)?;
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
    Ok(Whole { row, document: value(info.document()?), properties: value(properties) })
}
