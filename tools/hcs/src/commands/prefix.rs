//! `hcs wine-prefix`: Windows programs of the user's own Wine as clients.

use std::fmt;
use std::path::PathBuf;

use hcsshim::linux::{Options, install_client, uninstall_client};
use hcsshim::remote::Address;
use serde::Serialize;

use crate::args::prefix::{Install, Uninstall, WinePrefix};
use crate::failure::Failure;
use crate::printer::Printer;

/// What was done, as programs get it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Changed {
    files: Vec<PathBuf>,
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.files.iter().map(|file| file.display().to_string()).collect();
        f.write_str(&lines.join("\n"))
    }
}

pub(crate) fn prefix(arguments: &WinePrefix, printer: Printer) -> Result<(), Failure> {
    let files = match arguments {
        WinePrefix::Install(install) => put_in(install)?,
        WinePrefix::Uninstall(Uninstall { prefix }) => uninstall_client(prefix)?,
    };
    printer.result(&Changed { files })
}

fn put_in(install: &Install) -> Result<Vec<PathBuf>, Failure> {
    let Install { prefix, host, token_file } = install;
    // Its form; which kinds the DLLs can use is the library's matter.
    let address: Address = host.parse()?;
    let options = Options::from_env()?;
    let default = options.run.join("hcsd.token");
    Ok(install_client(&options, prefix, &address.to_string(), token_file.as_ref().unwrap_or(&default))?)
}
