//! The peer of Windows containers: bare Wine, with a stock prefix, as its own set-up makes it.
//!
//! It lives in a mount namespace of its own, so that its overlays and its server's sockets in `/tmp` are nobody else's,
//! and so that all of a session's processes can be found and ended.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use rustix::process::Pid;

use super::held::Held;
use super::processes;
use super::room::Room;
use crate::bench::timer::Timed;
use crate::error::Error;
use crate::process::Tool;

/// Not `/usr/bin/wine`, a script that asks dpkg first.
pub(in crate::bench) const LOADER: &str = "/usr/lib/wine/wine64";
pub(in crate::bench) const SERVER: &str = "/usr/lib/wine/wineserver64";

/// Folder of the measured program on `C:`, in the prefix and in our containers.
pub(super) const FOLDER: &str = r"C:\bench";
/// The measured program.
pub(super) const QUICK: &str = r"C:\bench\quick.exe";
/// Asks the service manager, so that the services run from then on.
pub(super) const SERVICES: [&str; 2] = [r"C:\windows\system32\net.exe", "start"];

/// A stock prefix and an overlay of it.
#[derive(Debug)]
pub(super) struct Wine {
    room: Room,
    stock: PathBuf,
    /// Takes what a session writes.
    scratch: PathBuf,
    /// Where the overlay is.
    prefix: PathBuf,
}

impl Wine {
    /// Makes the stock prefix, which takes some seconds. `program`: the folder that becomes [`FOLDER`].
    pub(super) fn new(dir: &Path, program: &Path) -> Result<Self, Error> {
        let dir = dir.join("wine");
        let [stock, scratch, prefix] = ["stock", "scratch", "prefix"].map(|name| dir.join(name));
        for folder in [&stock, &scratch, &prefix] {
            fs_err::create_dir_all(folder)?;
        }
        let this = Self { room: Room::new()?, stock, scratch, prefix };
        this.room.act(|| {
            let flags = MountFlags::NOSUID | MountFlags::NODEV;
            mount("tmpfs", "/tmp", "tmpfs", flags, None).map_err(failed("mounting /tmp"))?;
            set_up(&this.stock)
        })?;
        let folder = this.stock.join("drive_c/bench");
        fs_err::create_dir(&folder)?;
        for entry in fs_err::read_dir(program)? {
            let entry = entry?;
            fs_err::copy(entry.path(), folder.join(entry.file_name()))?;
        }
        Ok(this)
    }

    /// Ends the session, and puts a fresh prefix in place.
    pub(super) fn fresh(&self) -> Result<(), Error> {
        self.room.clear()?;
        self.room.act(|| {
            // Whoever looks at a process through /proc may hold its files for a moment longer.
            match unmount(&self.prefix, UnmountFlags::DETACH) {
                // Not mounted yet.
                Ok(()) | Err(Errno::INVAL) => {}
                Err(source) => return Err(Error::Kernel { step: "unmounting a prefix", source }),
            }
            fs_err::remove_dir_all(&self.scratch)?;
            let [upper, work] = ["upper", "work"].map(|name| self.scratch.join(name));
            for folder in [&upper, &work] {
                fs_err::create_dir_all(folder)?;
            }
            let [lower, upper, work] = [&self.stock, &upper, &work].map(|path| path.display());
            // Not synced, as our containers' is not.
            let options = format!("lowerdir={lower},upperdir={upper},workdir={work},volatile");
            let options = std::ffi::CString::new(options).map_err(std::io::Error::from)?;
            mount("overlay", &self.prefix, "overlay", MountFlags::empty(), options.as_c_str())
                .map_err(failed("mounting a prefix"))
        })
    }

    /// The measured program, on a fresh prefix with no server.
    pub(super) fn first(&self) -> impl FnMut() -> Result<Duration, Error> {
        let timed = self.timed(&[QUICK]);
        move || {
            self.fresh()?;
            self.room.act(|| timed.once())
        }
    }

    /// The measured program in the session that there is.
    pub(super) fn further(&self) -> impl FnMut() -> Result<Duration, Error> {
        let timed = self.timed(&[QUICK]);
        move || self.room.act(|| timed.once())
    }

    /// A new session, held by a program.
    pub(super) fn held(&self) -> Result<Held, Error> {
        self.fresh()?;
        self.room.act(|| Held::start(self.tool(LOADER).args([QUICK, "hold"])))
    }

    /// A new session without a program; its server stays when the last one has ended.
    pub(super) fn kept(&self) -> Result<(), Error> {
        self.fresh()?;
        self.room.act(|| self.tool(SERVER).arg("--persistent").output_to_stderr()?.run())
    }

    /// Runs a program in the session that there is.
    pub(super) fn run(&self, args: &[&str]) -> Result<(), Error> {
        let timed = self.timed(args);
        self.room.act(|| timed.once()).map(drop)
    }

    /// All processes of the session.
    pub(super) fn processes(&self) -> Result<Vec<Pid>, Error> {
        processes::within("mnt", self.room.number()?)
    }

    /// Ends the session.
    pub(super) fn end(&self) -> Result<(), Error> {
        self.room.clear()
    }

    fn tool(&self, program: &str) -> Tool {
        tool(program, &self.prefix)
    }

    fn timed(&self, args: &[&str]) -> Timed {
        let timed = Timed::new(LOADER, args);
        environment(&self.prefix).into_iter().fold(timed, |timed, (name, value)| timed.env(name, value))
    }
}

/// Makes a stock prefix in an empty folder; nothing runs in it afterwards.
pub(in crate::bench) fn set_up(prefix: &Path) -> Result<(), Error> {
    let step = |program: &str| {
        // Without these Wine offers to download browsers, and makes menu entries.
        let overrides = "mscoree=;mshtml=;winemenubuilder.exe=";
        let tool = tool(program, prefix).env("WINEARCH", "win64").env("WINEDLLOVERRIDES", overrides);
        // It says what it did, and what a 64-bit Wine can't do, also when told to say nothing.
        tool.streams(Stdio::null(), Stdio::null(), Stdio::null())
    };
    step(LOADER).args(["wineboot.exe", "-i"]).run()?;
    // The server writes the registry when it ends.
    step(SERVER).arg("-w").run()
}

/// A program of Wine's in a prefix.
pub(in crate::bench) fn tool(program: &str, prefix: &Path) -> Tool {
    environment(prefix).into_iter().fold(Tool::new(program), |tool, (name, value)| tool.env(name, value))
}

/// As the programs of our containers have it.
fn environment(prefix: &Path) -> [(&'static str, &OsStr); 5] {
    let text = OsStr::new;
    [
        ("WINEPREFIX", prefix.as_os_str()),
        ("WINEDEBUG", text("-all")),
        ("LC_CTYPE", text("C.UTF-8")),
        ("HOME", text("/")),
        // No display, whatever the caller has.
        ("DISPLAY", text("")),
    ]
}

fn failed(step: &'static str) -> impl FnOnce(Errno) -> Error {
    move |source| Error::Kernel { step, source }
}
