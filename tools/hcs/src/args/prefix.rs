//! `hcs wine-prefix`: options.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  hcs wine-prefix install ~/.wine --host http://127.0.0.1:8376 \
                        --token-file /run/hcs/hcsd.token")]
pub(crate) enum WinePrefix {
    /// Put the DLLs, hcsd's address and a copy of its token into a prefix
    Install(Install),
    /// Take them out again
    Uninstall(Uninstall),
}

/// Put the DLLs, hcsd's address and a copy of its token into a prefix
///
/// The prefix is a 64-bit one in which no program runs. The token's copy is its owner's alone. A second call replaces
/// what the first has written.
#[derive(Args, Debug)]
pub(crate) struct Install {
    /// The prefix's folder, such as ~/.wine
    #[arg(value_name = "DIR")]
    pub(crate) prefix: PathBuf,
    /// Where hcsd listens
    #[arg(long, value_name = "URL", env = "HCS_HOST")]
    pub(crate) host: String,
    /// The file with hcsd's token [default: hcsd.token in HCS_RUN]
    #[arg(long, value_name = "PATH", env = "HCS_TOKEN_FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

/// Take them out again
#[derive(Args, Debug)]
pub(crate) struct Uninstall {
    /// The prefix's folder
    #[arg(value_name = "DIR")]
    pub(crate) prefix: PathBuf,
}
