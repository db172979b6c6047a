//! Network settings of one namespace (`net.…`), below `/proc/sys`.

use std::io;
use std::path::PathBuf;

use crate::error::Error;
use crate::netns::Netns;

/// Settings of one namespace.
#[derive(Debug)]
pub(crate) struct Settings<'a> {
    netns: &'a Netns,
}

impl<'a> Settings<'a> {
    pub(crate) fn of(netns: &'a Netns) -> Self {
        Self { netns }
    }

    /// The value of `key`, a path below `/proc/sys/net`; `None` where this kernel has no such setting.
    pub(crate) fn get(&self, key: &str) -> Result<Option<String>, Error> {
        let path = path(key);
        match self.netns.inside(|| fs_err::read_to_string(&path))? {
            Ok(text) => Ok(Some(text.trim_end().to_owned())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Setting { path, action: "read", source }),
        }
    }

    /// Writes those of `wanted` (path below `/proc/sys/net`, value) that have another value, in order, and returns
    /// the paths of these. With `look_only` it does not write.
    pub(crate) fn set(&self, wanted: &[(String, &str)], look_only: bool) -> Result<Vec<String>, Error> {
        self.netns.inside(|| {
            let mut written = Vec::new();
            for (key, value) in wanted {
                let path = path(key);
                let present = fs_err::read_to_string(&path).map_err(|e| failed(&path, "read", e))?;
                if present.trim_end() != *value {
                    if !look_only {
                        fs_err::write(&path, value).map_err(|e| failed(&path, "write", e))?;
                    }
                    written.push(key.clone());
                }
            }
            Ok(written)
        })?
    }
}

fn failed(path: &std::path::Path, action: &'static str, source: io::Error) -> Error {
    Error::Setting { path: path.to_owned(), action, source }
}

fn path(key: &str) -> PathBuf {
    PathBuf::from("/proc/sys/net").join(key)
}
