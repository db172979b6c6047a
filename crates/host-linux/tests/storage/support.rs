//! An engine in a folder of its own, with layers, and everything unmounted at the end.

use std::path::{Path, PathBuf};

use hcs_contract::{Error, LayerDescriptor, Result, StorageService as _};
use hcs_host_linux::{LinuxHost, Options};
use hcs_layers::filetime::{BasicInfo, FileTime};
use hcs_layers::{LayerOptions, LayerWriter};

pub(crate) struct Place {
    pub(crate) host: LinuxHost,
    pub(crate) folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("hcs-storage-").tempdir_in("/var/tmp").unwrap();
        let host = LinuxHost::open(options(folder.path())).unwrap();
        Self { host, folder }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// A base layer with a file, a folder and a read-only file.
    pub(crate) fn base(&self) -> Vec<LayerDescriptor> {
        let path = self.path("base");
        if !Path::new(&path).exists() {
            let mut layer = LayerWriter::create(Path::new(&path), LayerOptions::default()).unwrap();
            for folder in ["Files", "Files/data"] {
                layer.add(folder, &info(0x10)).unwrap();
            }
            for (file, attributes) in
                [("Files/hello.txt", 0x20), ("Files/data/one", 0x22), ("Files/data/two", 0x21)]
            {
                layer.add(file, &info(attributes)).unwrap();
                layer.data(5).unwrap();
                layer.write(b"hello").unwrap();
            }
            layer.finish().unwrap();
        }
        vec![LayerDescriptor { path, ..LayerDescriptor::default() }]
    }

    /// A writable layer above the base.
    pub(crate) fn scratch(&self, name: &str) -> String {
        let path = self.path(name);
        self.host.create_sandbox_layer(&path, &self.base()).unwrap();
        path
    }

    /// The same, shown; and the folder where it is.
    pub(crate) fn shown(&self, name: &str) -> (String, PathBuf) {
        let path = self.scratch(name);
        self.show(&path).map(|folder| (path, folder)).unwrap()
    }

    pub(crate) fn show(&self, path: &str) -> Result<PathBuf> {
        self.host.activate_layer(path)?;
        self.host.prepare_layer(path, &self.base())?;
        self.host.volume_path(&self.host.layer_mount_path(path)?)
    }

    pub(crate) fn hide(&self, path: &str) {
        self.host.unprepare_layer(path).unwrap();
        self.host.deactivate_layer(path).unwrap();
    }

    /// What is there of layers that are activated.
    pub(crate) fn volumes(&self) -> usize {
        fs_err::read_dir(self.path("run/volumes")).unwrap().count()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Whatever a test that failed left mounted, the innermost first.
        let mounts = fs_err::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let folder = self.folder.path().display().to_string();
        let ours = mounts.lines().rev().filter_map(|line| line.split(' ').nth(4));
        for place in ours.filter(|place| place.starts_with(&folder)) {
            let _ = rustix::mount::unmount(place, rustix::mount::UnmountFlags::DETACH);
        }
    }
}

pub(crate) fn options(folder: &Path) -> Options {
    Options { root: folder.join("state"), run: folder.join("run"), ..Options::default() }
}

fn info(attributes: u32) -> BasicInfo {
    let time = |n: i64| FileTime(131_000_000_000_000_000 + n);
    BasicInfo { attributes, created: time(1), accessed: time(2), written: time(3), changed: time(4) }
}

/// The call fails with this code, and its text has these words.
#[track_caller]
pub(crate) fn fails<T: std::fmt::Debug>(
    result: Result<T>,
    code: hcs_contract::Hresult,
    words: &str,
) -> Error {
    let error = result.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(error.hresult() == code && text.contains(words), "{text}");
    error
}
