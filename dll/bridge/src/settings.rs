//! Where hcsd is, as the DLLs find it.
//!
//! The environment comes first: when `HCS_HOST` is set there, everything is read from it. Otherwise a file beside the
//! DLL says it ([`FILE`], which `hcs wine-prefix install` writes), in lines of the same names.

use std::collections::BTreeMap;

use hcs_contract::{Deadlines, Error, Result};
use hcs_host_remote::Options;

use crate::paths::{Place, place};

/// The file beside the DLL.
pub const FILE: &str = "hcs-client.conf";

/// The names that it may have.
const NAMES: [&str; 2] = ["HCS_HOST", "HCS_TOKEN_FILE"];

/// Settings as they were found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Reads the file's text: `NAME=VALUE` in each line, `#` begins a comment.
    ///
    /// # Errors
    /// Invalid argument, with the line, for anything else.
    pub fn parse(text: &str) -> Result<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut settings = BTreeMap::new();
        for line in lines {
            let wrong =
                || Error::invalid_argument(FILE, format!("{line:?}: it is HCS_HOST= or HCS_TOKEN_FILE="));
            let (name, value) = line.split_once('=').ok_or_else(wrong)?;
            let name = NAMES.iter().find(|known| **known == name.trim()).ok_or_else(wrong)?;
            if settings.insert((*name).to_owned(), value.trim().to_owned()).is_some() {
                return Err(Error::invalid_argument(FILE, format!("{name} stands there twice")));
            }
        }
        Ok(Self(settings))
    }

    /// The way to the server. `lookup` gives a variable of the environment; `file` the text of the file, if there is
    /// one; `folder` is the DLL's, which the file's paths start from.
    ///
    /// # Errors
    /// Service not available, when neither says where it is; invalid argument.
    pub fn options(
        lookup: impl Fn(&str) -> Option<String>,
        file: impl FnOnce() -> Result<Option<String>>,
        folder: &str,
    ) -> Result<Options> {
        if let Some(mut options) = Options::from_lookup(&lookup)? {
            options.token_file =
                options.token_file.map(|path| windows_path(&path.to_string_lossy(), "").into());
            return Ok(options);
        }
        let text = file()?.ok_or_else(nowhere)?;
        let Self(settings) = Self::parse(&text)?;
        let mut options = Options::from_lookup(|name| settings.get(name).cloned())?.ok_or_else(nowhere)?;
        options.token_file =
            options.token_file.map(|path| windows_path(&path.to_string_lossy(), folder).into());
        options.deadlines = Deadlines::from_lookup(lookup);
        Ok(options)
    }
}

fn nowhere() -> Error {
    Error::service_unavailable("neither the environment nor the Wine prefix says where hcsd is")
        .with_hint(format!("set HCS_HOST and HCS_TOKEN_FILE, or run `hcs wine-prefix install` for {FILE}"))
}

/// A path of the host's as a program under Wine opens it; one of Windows as it is; another below `folder`.
fn windows_path(path: &str, folder: &str) -> String {
    if path.starts_with('/') {
        format!(r"\\?\unix{}", path.replace('/', "\\"))
    } else if folder.is_empty() || !matches!(place(path), Place::Elsewhere) || path.starts_with('\\') {
        path.to_owned()
    } else {
        format!(r"{folder}\{path}")
    }
}

#[cfg(test)]
mod tests {
    use hcs_host_remote::Address;

    use super::*;

    const SYSTEM: &str = r"C:\windows\system32";

    fn file(text: &str) -> impl FnOnce() -> Result<Option<String>> {
        let text = text.to_owned();
        move || Ok(Some(text))
    }

    #[test]
    fn the_environment_comes_before_the_file() {
        let environment = |name: &str| match name {
            "HCS_HOST" => Some("http://127.0.0.1:1".to_owned()),
            "HCS_TOKEN_FILE" => Some("/run/hcs/token".to_owned()),
            _ => None,
        };
        let options = Settings::options(environment, || unreachable!("not read"), SYSTEM).unwrap();
        assert_eq!(options.address, Address::Http("127.0.0.1:1".into()));
        assert_eq!(options.token_file, Some(r"\\?\unix\run\hcs\token".into()));
    }

    #[test]
    fn the_file_says_it_from_its_folder_on() {
        let text = "# made by a test\n\nHCS_HOST = http://127.0.0.1:2\nHCS_TOKEN_FILE=hcs-client.token\n";
        let deadline = |name: &str| (name == "HCSSHIM_TIMEOUT_SYSTEMSTART").then(|| "7".to_owned());
        let options = Settings::options(deadline, file(text), SYSTEM).unwrap();
        assert_eq!(options.address, Address::Http("127.0.0.1:2".into()));
        assert_eq!(options.token_file, Some(r"C:\windows\system32\hcs-client.token".into()));
        assert_eq!(options.deadlines.start, std::time::Duration::from_secs(7));
        let drive = "HCS_HOST=http://h:2\nHCS_TOKEN_FILE=D:\\token";
        let options = Settings::options(|_| None, file(drive), SYSTEM).unwrap();
        assert_eq!(options.token_file, Some(r"D:\token".into()));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let error = Settings::options(|_| None, || Ok(None), SYSTEM).unwrap_err();
        assert!(error.is_service_unavailable(), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("wine-prefix install")));
        assert!(Settings::options(|_| None, file(""), SYSTEM).unwrap_err().is_service_unavailable());
        for bad in ["HCS_HOST", "HCS_PORT=1", "HCS_HOST=a\nHCS_HOST=b"] {
            let error = Settings::options(|_| None, file(bad), SYSTEM).unwrap_err();
            assert_eq!(error.code(), "invalid-argument", "{bad}");
        }
    }
}
