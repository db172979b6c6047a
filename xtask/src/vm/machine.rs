//! QEMU, and the server that shows it the host's files.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use super::cpio::Archive;
use super::kernel::Kernel;
use crate::error::Error;
use crate::layout::Layout;
use crate::print;
use crate::process::Tool;

/// Part of qemu-system-common in Debian 12, and a package of its own later.
const FILE_SERVERS: [&str; 2] = ["/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd"];
const INIT: &str = include_str!("init.sh");
/// What a machine has, and what is its process 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// As QEMU reads it.
    pub(super) memory: &'static str,
    /// The disk grows to this as it is written; it lies in the target folder and goes with the run.
    pub(super) disk_bytes: u64,
    /// The host's systemd; otherwise the tests' own script is process 1.
    pub(super) systemd: bool,
    /// File name of what the console has shown.
    pub(super) console: &'static str,
}

/// For the kernel's command line: our first program's word, and systemd's own. What units print is nobody's without the
/// journal, and what systemd has to say goes to the console.
const SYSTEMD: &str = " MANAGER=systemd systemd.unit=tests.service systemd.default_standard_output=null \
                       systemd.log_target=console systemd.log_level=warning systemd.show_status=no";
/// A boot takes 3 s, also emulated; a processor's support that hangs is given up after this.
const BOOT: Duration = Duration::from_secs(30);

/// A machine that can be started.
pub(super) struct Machine<'a> {
    kernel: &'a Kernel,
    kind: Kind,
    file_server: PathBuf,
    /// Socket, disk, initial file system.
    dir: tempfile::TempDir,
    console: PathBuf,
}

impl<'a> Machine<'a> {
    pub(super) fn new(layout: &Layout, kernel: &'a Kernel, kind: Kind) -> Result<Self, Error> {
        let found = FILE_SERVERS.map(PathBuf::from).into_iter().find(|path| path.exists());
        let missing = || Error::Missing { what: "QEMU's file server", path: FILE_SERVERS[0].into() };
        let console = layout.target.join("vm").join(kind.console);
        let dir = tempfile::Builder::new().prefix("machine-").tempdir_in(layout.target.join("vm"))?;
        Ok(Self { kernel, kind, file_server: found.ok_or_else(missing)?, dir, console })
    }

    /// Runs `script` as the last thing that the machine does; `each` sees its lines and says whether to show them.
    pub(super) fn run(
        &self,
        script: &str,
        limit: Duration,
        mut each: impl FnMut(&str) -> bool,
    ) -> Result<(), Error> {
        let accelerator = if self.kvm_works() { "kvm" } else { "tcg" };
        print::note(format_args!("accelerator: {accelerator}"));
        let mut log = String::new();
        let mut code = None;
        let result = self.boot(accelerator, script, limit, |line| {
            log.push_str(line);
            log.push('\n');
            if let Some(number) = line.strip_prefix("VM-EXIT ") {
                code = number.trim().parse::<u8>().ok();
            }
            if each(line) {
                print::note(line);
            }
        });
        fs_err::write(&self.console, log)?;
        result?;
        match code {
            Some(0) => Ok(()),
            Some(_) => Err(Error::MachineTests { console: self.console.clone() }),
            None => Err(Error::MachineDied { console: self.console.clone() }),
        }
    }

    /// `/dev/kvm` may be there and hang or fail, as it does inside some virtual machines: a boot tells.
    fn kvm_works(&self) -> bool {
        let processors = fs_err::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let supported = processors.split_whitespace().any(|flag| flag == "vmx" || flag == "svm");
        if !supported || fs_err::File::open("/dev/kvm").is_err() {
            return false;
        }
        let mut up = false;
        let ended =
            self.boot("kvm", "exec busybox poweroff -f", BOOT, |line| up |= line.starts_with("VM-UP"));
        ended.is_ok() && up
    }

    fn boot(
        &self,
        accelerator: &str,
        script: &str,
        limit: Duration,
        mut each: impl FnMut(&str),
    ) -> Result<(), Error> {
        let path = |name: &str| self.dir.path().join(name);
        let (socket, disk, archive) = (path("files"), path("disk"), path("initramfs"));
        fs_err::write(&archive, self.initial_files(script)?)?;
        // Made anew: nothing of another run, and nothing of the probe.
        fs_err::File::create(&disk)?.set_len(self.kind.disk_bytes)?;
        Tool::new("mkfs.ext4").args(["-q", "-F"]).arg(&disk).run()?;
        let _files = FileServer::start(&self.file_server, &socket)?;

        let with = |prefix: &str, path: PathBuf, suffix: &str| format!("{prefix}{}{suffix}", path.display());
        let modules = self.kernel.modules();
        let memory = self.kind.memory;
        // A word of the form NAME=value that the kernel doesn't know becomes the first program's environment.
        let mut line = with("console=ttyS0 quiet panic=-1 MODULES=", modules, "");
        if self.kind.systemd {
            line.push_str(SYSTEMD);
        }
        let status = Tool::new("qemu-system-x86_64")
            .args(["-accel", accelerator, "-cpu", "max", "-smp", "2", "-m", memory])
            .args(["-object", &format!("memory-backend-memfd,id=memory,size={memory},share=on")])
            .args(["-numa", "node,memdev=memory"])
            .args(["-chardev", &with("socket,id=files,path=", socket, "")])
            .args(["-device", "vhost-user-fs-pci,chardev=files,tag=host"])
            .args(["-drive", &with("if=virtio,format=raw,cache=unsafe,file=", disk, "")])
            .arg("-kernel")
            .arg(self.kernel.image())
            .arg("-initrd")
            .arg(archive)
            .args(["-append", &line])
            .args(["-nodefaults", "-no-reboot", "-display", "none", "-monitor", "none", "-serial", "stdio"])
            .watch(limit, |line| each(plain(line)))?;
        if status.success() { Ok(()) } else { Err(Error::MachineDied { console: self.console.clone() }) }
    }

    fn initial_files(&self, script: &str) -> Result<Vec<u8>, Error> {
        let mut archive = Archive::default();
        archive.file("bin/busybox", &fs_err::read("/bin/busybox")?);
        archive.file("init", INIT.as_bytes());
        archive.file("tests.sh", script.as_bytes());
        self.kernel.add_modules(&mut archive)?;
        Ok(archive.finish())
    }
}

/// The firmware clears the screen before it prints its own lines, and ends them as terminals want it.
fn plain(line: &str) -> &str {
    let start = line.rfind('\u{1b}').map_or(0, |escape| {
        line[escape..].find(|c: char| c.is_ascii_alphabetic()).map_or(line.len(), |end| escape + end + 1)
    });
    line[start..].trim_end()
}

/// virtiofsd, ended with this value.
struct FileServer(Child);

impl FileServer {
    fn start(program: &std::path::Path, socket: &std::path::Path) -> Result<Self, Error> {
        if socket.exists() {
            fs_err::remove_file(socket)?;
        }
        // Listening already when QEMU connects: nobody has to wait for the server.
        let listener = OwnedFd::from(UnixListener::bind(socket)?);
        let tool = Tool::new(program)
            .args(["--fd=0", "-o", "source=/", "-o", "cache=always", "-o", "sandbox=chroot"])
            .streams(Stdio::from(listener), Stdio::null(), Stdio::null());
        Ok(Self(tool.spawn()?))
    }
}

impl Drop for FileServer {
    fn drop(&mut self) {
        // It ends with QEMU's connection; if QEMU never connected, this ends it. Both may have happened already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn the_firmware_s_escapes_are_cut() {
        assert_eq!(plain("\u{1b}c\u{1b}[?7l\u{1b}[2JVM-UP 6.1\r"), "VM-UP 6.1");
        assert_eq!(plain("VM-EXIT 0"), "VM-EXIT 0");
        assert_eq!(plain(""), "");
    }
}
