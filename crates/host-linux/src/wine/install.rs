//! The host's Wine: where its parts are, and which version it is.
//!
//! The loader is called directly: `/usr/bin/wine` of Debian is a shell script that asks dpkg at every start.

use std::path::{Path, PathBuf};

use super::WineError;

/// Folders in which distributions put Wine's loader and server (`wine64`, `wineserver64`). Debian's first.
const LOADERS: [&str; 3] = ["/usr/lib/wine", "/usr/bin", "/opt/wine-stable/bin"];

/// Folders that hold `wine/x86_64-unix` and `wine/x86_64-windows`.
const LIBRARIES: [&str; 4] =
    ["/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/opt/wine-stable/lib64"];

/// Folders that hold `wine/nls` and `wine/wine.inf`.
const SHARES: [&str; 2] = ["/usr/share", "/opt/wine-stable/share"];

/// An installed 64-bit Wine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WineInstall {
    /// `wine64`
    pub loader: PathBuf,
    /// `wineserver64` or `wineserver`
    pub server: PathBuf,
    /// Folder of the modules that call Linux (`ntdll.so` and so on).
    pub unix_modules: PathBuf,
    /// Folder of Wine's DLLs and programs.
    pub windows_modules: PathBuf,
    /// Folder of `wine.inf`, `nls` and `fonts`.
    pub share: PathBuf,
}

impl WineInstall {
    /// Finds the host's Wine. Looks whether files are there and reads none, since every start of a container asks.
    ///
    /// # Errors
    /// [`WineError::NoWine`] names what is missing and how to install it.
    pub fn find() -> Result<Self, WineError> {
        let loader = first(&LOADERS, "wine64")?;
        let beside = loader.parent().unwrap_or(Path::new("/"));
        let server = ["wineserver64", "wineserver"]
            .map(|name| beside.join(name))
            .into_iter()
            .find(|path| path.is_file())
            .ok_or_else(|| WineError::NoWine { missing: beside.join("wineserver64") })?;
        let unix_modules = first(&LIBRARIES, "wine/x86_64-unix/ntdll.so")?;
        let windows_modules = first(&LIBRARIES, "wine/x86_64-windows/ntdll.dll")?;
        let share = first(&SHARES, "wine/wine.inf")?;
        let folder = |file: PathBuf| file.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(Self {
            loader,
            server,
            unix_modules: folder(unix_modules),
            windows_modules: folder(windows_modules),
            share: folder(share),
        })
    }

    /// The version as Wine's build knows it, such as `8.0 (Debian 8.0~repack-4)`.
    ///
    /// # Errors
    /// [`WineError::OtherWine`] when it is a version that the recipe does not know.
    pub fn version(&self) -> Result<String, WineError> {
        // The text stands in ntdll.so: running `wine64 --version` costs 10 ms.
        let found = find_version(&fs_err::read(self.unix_modules.join("ntdll.so"))?).unwrap_or_default();
        if found != "8.0" && !found.starts_with("8.0 ") {
            return Err(WineError::OtherWine { loader: self.loader.clone(), found });
        }
        Ok(found)
    }

    /// The files whose change makes a base outdated.
    pub(super) fn key_files(&self) -> [PathBuf; 4] {
        [
            self.loader.clone(),
            self.server.clone(),
            self.unix_modules.join("ntdll.so"),
            self.windows_modules.join("kernelbase.dll"),
        ]
    }
}

fn first(folders: &[&str], file: &str) -> Result<PathBuf, WineError> {
    let paths = folders.iter().map(|folder| Path::new(folder).join(file));
    let missing = || WineError::NoWine { missing: Path::new(folders[0]).join(file) };
    paths.clone().find(|path| path.is_file()).ok_or_else(missing)
}

fn find_version(bytes: &[u8]) -> Option<String> {
    const MARK: &[u8] = b"\0wine-";
    let texts = bytes.windows(MARK.len()).enumerate().filter(|(_, window)| *window == MARK);
    texts.map(|(at, _)| &bytes[at + MARK.len()..]).find_map(|rest| {
        let text = rest.split(|&byte| byte == 0).next()?;
        let text = std::str::from_utf8(text).ok()?;
        text.starts_with(|c: char| c.is_ascii_digit()).then(|| text.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_text_that_goes_on_with_a_digit() {
        let bytes = b"x\0wine-preloader\0wine-8.0 (Debian 8.0~repack-4)\0";
        assert_eq!(find_version(bytes).as_deref(), Some("8.0 (Debian 8.0~repack-4)"));
        assert_eq!(find_version(b"\0wine-"), None);
    }

    #[test]
    fn what_is_missing_is_named_with_the_way_to_get_it() {
        let text = first(&["/nonexistent"], "wine64").unwrap_err().to_string();
        assert!(text.contains("/nonexistent/wine64") && text.contains("apt-get install"), "{text}");
    }
}
