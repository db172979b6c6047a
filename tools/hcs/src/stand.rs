//! What a container of an image stands on, and how its program is started.

use std::path::PathBuf;

#[cfg(target_os = "linux")]
use hcs_images::Lock as Hold;

/// Images are on Linux alone.
#[cfg(not(target_os = "linux"))]
type Hold = std::convert::Infallible;

/// An image, made ready for one container.
#[derive(Debug, Default)]
pub(crate) struct Stand {
    /// The document's layers, the top-most first; of a Windows image the last one is the Wine base.
    pub(crate) layers: Vec<PathBuf>,
    pub(crate) is_windows: bool,
    /// The version of Windows that the image is for.
    pub(crate) os_version: String,
    /// By which it is known of which image the container is.
    pub(crate) labels: Vec<(String, String)>,
    /// The program and its arguments.
    pub(crate) argv: Vec<String>,
    /// `argv` is one text, a whole command line.
    pub(crate) is_line: bool,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) user: Option<String>,
    pub(crate) folder: Option<String>,
    /// Until the container is made nobody takes its layers away.
    pub(crate) hold: Option<Hold>,
}

impl Stand {
    /// The container is there, and its document says what it stands on.
    pub(crate) fn used(&mut self) {
        self.hold.take();
    }
}
