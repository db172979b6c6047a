//! The fake's files: in memory, by their paths. A container has its own, and sees the host's in mapped folders.

use std::sync::PoisonError;

use crate::machine::Machine;
use crate::plan::Guest;

/// Where a path of a guest leads.
enum Place {
    Own(String),
    Host { path: String, read_only: bool },
}

impl Machine {
    /// The content of a file, by the guest's path.
    pub(crate) fn read_file(&self, path: &str) -> Option<Vec<u8>> {
        match self.place(path) {
            Place::Own(path) => self.lock().files.get(&path).cloned(),
            Place::Host { path, .. } => {
                self.rules.files.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned()
            }
        }
    }

    /// Writes a file, by the guest's path. False where it may only read.
    pub(crate) fn write_file(&self, path: &str, content: &[u8]) -> bool {
        match self.place(path) {
            Place::Own(path) => {
                self.lock().files.insert(path, content.into());
            }
            Place::Host { read_only: true, .. } => return false,
            Place::Host { path, .. } => {
                let mut files = self.rules.files.lock().unwrap_or_else(PoisonError::into_inner);
                files.insert(path, content.into());
            }
        }
        true
    }

    fn place(&self, path: &str) -> Place {
        let path = plain(path, self.plan.guest);
        // The last mapping that fits lies over those before it.
        for mapped in self.lock().mapped.iter().rev() {
            let folder = plain(&mapped.container, self.plan.guest);
            if let Some(rest) = path.strip_prefix(&folder)
                && rest.starts_with('/')
            {
                let path = format!("{}{rest}", host_path(&mapped.host));
                return Place::Host { path, read_only: mapped.read_only };
            }
        }
        Place::Own(path)
    }
}

/// Whether two paths of a guest are the same.
pub(crate) fn same_place(one: &str, other: &str, guest: Guest) -> bool {
    plain(one, guest) == plain(other, guest)
}

/// One spelling of a path of the host.
pub(crate) fn host_path(path: &str) -> String {
    path.replace('\\', "/").trim_end_matches('/').to_owned()
}

fn plain(path: &str, guest: Guest) -> String {
    match guest {
        Guest::Linux => path.trim_end_matches('/').to_owned(),
        Guest::Windows => host_path(path).to_lowercase(),
    }
}
