//! The profile of our Linux containers, for peers: written by an example of the crate that has it, so that nobody's
//! copy can differ from it.

use std::path::PathBuf;

use serde::Deserialize;

use crate::bench::Bench;
use crate::error::Error;
use crate::process::Tool;

/// What the example wrote.
#[derive(Debug)]
pub(in crate::bench) struct Profile {
    pub(in crate::bench) oci: Oci,
    /// The compiled filter.
    pub(in crate::bench) filter: PathBuf,
}

/// In the words of OCI documents.
#[derive(Debug, Deserialize)]
pub(in crate::bench) struct Oci {
    pub(in crate::bench) capabilities: Vec<String>,
    pub(in crate::bench) seccomp: serde_json::Value,
}

impl Profile {
    pub(in crate::bench) fn write(bench: &Bench<'_>) -> Result<Self, Error> {
        Tool::cargo(&bench.layout.root)
            .args(["run", "--quiet", "--locked", "--package", "hcs-silo", "--example", "linux-profile", "--"])
            .arg(bench.dir)
            .output_to_stderr()?
            .run()?;
        let file = bench.dir.join("linux.json");
        let json = |source| Error::Json { what: file.display().to_string(), source };
        let oci = serde_json::from_str(&fs_err::read_to_string(&file)?).map_err(json)?;
        Ok(Self { oci, filter: bench.dir.join("linux.bpf") })
    }
}
