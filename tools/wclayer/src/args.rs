//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Windows Container layer command line tool.
#[derive(Debug, Parser)]
#[command(name = "wclayer", version, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// How results and errors are printed.
    #[arg(long, value_enum, default_value_t, global = true)]
    pub(crate) format: Format,
    /// Show how far the work is, even when nobody seems to look.
    #[arg(long, global = true)]
    pub(crate) progress: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Creates a new writable container layer
    Create {
        #[command(flatten)]
        layers: Layers,
        /// Bytes that it may hold, as a number or with K, M, G, T behind it (default: what the disk has)
        #[arg(long, value_name = "SIZE", value_parser = size)]
        size: Option<u64>,
        /// Where to make it
        layer: PathBuf,
    },
    /// Exports a layer to a tar file
    Export(Export),
    /// Imports a layer from a tar file
    Import(Import),
    /// Mounts a scratch
    Mount {
        #[command(flatten)]
        layers: Layers,
        /// The scratch
        scratch: PathBuf,
        /// Where to mount it
        target: Option<PathBuf>,
    },
    /// Unmounts a scratch
    Unmount {
        /// The scratch
        layer: PathBuf,
        /// Where it is mounted
        target: Option<PathBuf>,
    },
    /// Permanently removes a layer directory in its entirety
    Remove {
        /// The layer
        layer: PathBuf,
    },
    /// Converts a directory containing 'Files/' into a base layer
    #[command(name = "makebaselayer")]
    MakeBaseLayer {
        /// The directory
        layer: PathBuf,
    },
    /// Lets virtual machines use a file: refused, there are none
    #[command(name = "grantvmgroupaccess")]
    GrantVmGroupAccess {
        /// The file
        path: PathBuf,
    },
    /// Lists what differs between two layers
    Diff {
        /// The one
        first: PathBuf,
        /// The other
        second: PathBuf,
    },
    /// Says what is in a layer
    Inspect {
        /// The layer
        layer: PathBuf,
    },
    /// Reads a layer's metadata and streams whole, and checks them
    Verify {
        /// The layer
        layer: PathBuf,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Layers {
    /// Paths to the read-only layers: the direct parent first
    #[arg(long = "layer", short = 'l', value_name = "PATH")]
    pub(crate) layers: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) layers: Layers,
    /// Output layer tar (defaults to stdout, as does -)
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Compress output with gzip compression
    #[arg(long, short = 'z', conflicts_with = "zstd")]
    pub(crate) gzip: bool,
    /// Compress output with zstd compression
    #[arg(long)]
    pub(crate) zstd: bool,
    /// In the form that equal layers share, even if the layer came as a tar of another
    #[arg(long)]
    pub(crate) canonical: bool,
    /// The layer
    pub(crate) layer: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct Import {
    #[command(flatten)]
    pub(crate) layers: Layers,
    /// Input layer tar, gzip or zstd (defaults to stdin, as does -)
    #[arg(long, short, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    /// The layer is of a Linux image: a folder for an overlay
    #[arg(long, conflicts_with = "layers")]
    pub(crate) linux: bool,
    /// Take a tar that just ends, without its end marker, for whole
    #[arg(long)]
    pub(crate) allow_missing_end: bool,
    /// Where to make the layer: a folder that is new or empty
    pub(crate) layer: PathBuf,
}

/// Bytes, by a number and perhaps its unit: powers of 1024.
fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let shift = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        "T" | "TB" | "TIB" => 40,
        unit => return Err(format!("{unit:?} is no unit; K, M, G and T are")),
    };
    let number: u64 = digits.parse().map_err(|_| format!("{digits:?} is no number"))?;
    number.checked_mul(1 << shift).ok_or_else(|| "that is more than can be".to_owned())
}
