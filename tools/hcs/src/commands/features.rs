//! `hcs features`: what this host can do.

use crate::failure::Failure;
use crate::host;
use crate::printer::Printer;

pub(crate) fn features(printer: Printer) -> Result<(), Failure> {
    let host = host::open()?;
    let features = host.records()?.features()?;
    printer.list(&features, ["FEATURE", "HERE", "WHAT, OR WHY NOT"], |feature| {
        let hint = feature.hint.iter().flat_map(|hint| ["; ", hint]);
        let detail = std::iter::once(&*feature.detail).chain(hint).collect();
        [feature.name.clone(), if feature.available { "yes" } else { "no" }.into(), detail]
    })
}
