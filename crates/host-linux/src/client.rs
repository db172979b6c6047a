//! Makes Windows clients of the service run on this machine: the service's DLLs, and where hcsd is, in a Wine prefix.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use hcs_contract::{Error, Result};

use crate::compute::from_wine;
use crate::helpers;
use crate::options::Options;
use crate::wine::client::{Client, DLLS, Prefix, STUB};

/// Bytes of a token's file, at most: a token is a line.
const MOST_OF_TOKEN: u64 = 4096;

/// Puts the service's DLLs into somebody's own Wine prefix, and what they need to find hcsd: its address and a copy of
/// its token, which the prefix's owner alone can read. A second call replaces what the first has written. Gives the
/// files.
///
/// `host` is what `HCS_HOST` would say. Programs under Wine have neither Unix sockets nor our certificates, so it is
/// `http://ADDRESS:PORT`, and `token_file` the file that hcsd was given.
///
/// # Errors
/// Invalid argument, for a folder that is no 64-bit Wine prefix or one in which programs run (`ERROR_BUSY`), and for a
/// file without a token; not supported, for another kind of address; service not available, when the DLLs are not
/// installed; the operating system's.
pub fn install_client(
    options: &Options,
    prefix: &Path,
    host: &str,
    token_file: &Path,
) -> Result<Vec<PathBuf>> {
    if !host.starts_with("http://") || host.contains(char::is_control) {
        let error = Error::not_supported("the address", "programs under Wine reach hcsd over http alone");
        return Err(error.with_hint("start hcsd with --tcp 127.0.0.1:PORT, and name http://127.0.0.1:PORT"));
    }
    let mut text = String::new();
    fs_err::File::open(token_file)
        .and_then(|file| file.take(MOST_OF_TOKEN).read_to_string(&mut text))
        .map_err(|error| Error::os("read", "the server's token", error))?;
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        let reason = format!("{} holds no token", token_file.display());
        return Err(Error::invalid_argument("the token's file", reason));
    }
    let names = DLLS.into_iter().chain([STUB]);
    let dlls = names.map(|name| helpers::find(options, name)).collect::<Result<Vec<_>>>()?;
    let client = Client { dlls: &dlls, host, token };
    Prefix::open(prefix).and_then(|prefix| prefix.install(&client)).map_err(from_wine)
}

/// Takes out of a Wine prefix what [`install_client`] has put in. The stub `bcryptprimitives.dll` stays: other programs
/// may have come to need it. Gives the files that were removed or changed; none when there was nothing.
///
/// # Errors
/// As [`install_client`], of the prefix.
pub fn uninstall_client(prefix: &Path) -> Result<Vec<PathBuf>> {
    Prefix::open(prefix).and_then(|prefix| prefix.uninstall()).map_err(from_wine)
}
