//! Volumes in the documents of containers: their paths become folders of the host, and as long as a container uses one its
//! layer stays prepared.
//!
//! A container has copies of the mounts that it sees. A layer that was unprepared and prepared again meanwhile would be
//! mounted twice, which overlays do not bear. So each container that uses a volume leaves its name in the volume's folder.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use hcs_contract::{Deadline, Error, Result};
use serde_json::Value;

use super::error::io;
use super::mount;
use super::volume::{self, Volume};
use crate::ids::Life;
use crate::lock::{Knocker, TryLock};
use crate::paths::Layout;
use crate::record::Meta;

/// Members that hold a path of the host's, wherever they stand.
const MEMBERS: [&str; 4] = ["Path", "HostPath", "VolumePath", "LayerFolderPath"];

/// The layers whose volumes a document names.
#[derive(Debug, Default)]
pub(crate) struct Used(Vec<PathBuf>);

/// The document with the folders in place of its volumes' paths.
///
/// # Errors
/// Invalid document, with the member's path, for a volume that shows no layer.
pub(crate) fn resolved<'a>(layout: &Layout, text: &'a str) -> Result<(Cow<'a, str>, Used)> {
    let mut used = Used::default();
    // Most documents name none, and stay byte for byte as they are.
    if !text.contains("Volume{") {
        return Ok((Cow::Borrowed(text), used));
    }
    // What is wrong with a text that is no document says the one that takes it apart.
    let Ok(mut document) = serde_json::from_str::<Value>(text) else {
        return Ok((Cow::Borrowed(text), used));
    };
    walk(layout, &mut document, "", &mut used)?;
    Ok((Cow::Owned(document.to_string()), used))
}

fn walk(layout: &Layout, value: &mut Value, at: &str, used: &mut Used) -> Result<()> {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let field = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                if let Value::String(path) = value
                    && MEMBERS.iter().any(|member| member.eq_ignore_ascii_case(name))
                {
                    let found = volume::resolve(layout, path);
                    let found = found.map_err(|message| Error::invalid_document(field.clone(), message))?;
                    if let Some((folder, layer)) = found {
                        *path = folder.display().to_string();
                        used.0.push(layer);
                    }
                } else {
                    walk(layout, value, &field, used)?;
                }
            }
        }
        Value::Array(elements) => {
            for (number, element) in elements.iter_mut().enumerate() {
                walk(layout, element, &format!("{at}[{number}]"), used)?;
            }
        }
        _ => {}
    }
    Ok(())
}

impl Used {
    /// From now on a container uses them.
    ///
    /// # Errors
    /// Not ready, for a layer that was unprepared since.
    pub(crate) fn by(&self, layout: &Layout, life: &Life, deadline: Deadline) -> Result<()> {
        for layer in &self.0 {
            let volume = Volume::take(layout, layer, deadline)?;
            let shown =
                volume.state()?.is_some_and(|state| mount::is_overlay(&state.target).unwrap_or(false));
            let noted = if shown {
                let name = volume.users().join(life);
                fs_err::create_dir_all(volume.users())
                    .and_then(|()| fs_err::write(&name, ""))
                    .map_err(|error| io("write", &name, error))
            } else {
                Err(super::error::not_ready(layer, "it was unprepared meanwhile"))
            };
            volume.leave()?;
            noted?;
        }
        Ok(())
    }
}

/// The id of a container that uses a volume; those that are gone are forgotten.
pub(super) fn living(layout: &Layout, users: &Path) -> Result<Option<String>> {
    let entries = match fs_err::read_dir(users) {
        Ok(entries) => entries.collect::<std::io::Result<Vec<_>>>(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => Err(error),
    };
    for entry in entries.map_err(|error| io("list", users, error))? {
        let life = entry.file_name().to_str().and_then(Life::parse);
        if let Some(life) = life {
            let folder = layout.system(&life.id_name());
            let meta = Meta::read(&folder)?.filter(|meta| meta.life == life.as_str());
            if let Some(meta) = meta
                && matches!(Knocker::new(&folder).knock()?, TryLock::Busy)
            {
                return Ok(Some(meta.id));
            }
        }
        fs_err::remove_file(entry.path()).map_err(|error| io("remove", &entry.path(), error))?;
    }
    Ok(None)
}
