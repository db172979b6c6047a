//! `hcs features`: what this host can do.

use hcsshim::linux::Feature;
use serde::Serialize;

use crate::failure::Failure;
use crate::host;
use crate::printer::Printer;

/// A feature, as programs get it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    name: &'static str,
    available: bool,
    /// What there is, or why it is not there.
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Row {
    fn new(feature: Feature) -> Self {
        let Feature { name, available, detail, hint, .. } = feature;
        Self { name, available, detail, hint }
    }
}

pub(crate) fn features(printer: Printer) -> Result<(), Failure> {
    let host = host::open()?;
    let rows: Vec<Row> = host::engine(&host, "features")?.features().into_iter().map(Row::new).collect();
    printer.list(&rows, ["FEATURE", "HERE", "WHAT, OR WHY NOT"], |row| {
        let hint = row.hint.iter().flat_map(|hint| ["; ", hint]);
        let detail = std::iter::once(&*row.detail).chain(hint).collect();
        [row.name.into(), if row.available { "yes" } else { "no" }.into(), detail]
    })
}
