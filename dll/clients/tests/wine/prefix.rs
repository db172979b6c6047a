//! A Wine prefix with the DLLs, and programs that are run in it.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use hcs_host_linux::wine::WineInstall;

use crate::engine::libexec;
use crate::served::TOKEN;

/// Making a prefix takes ten seconds on a quiet machine.
const TO_MAKE: Duration = Duration::from_mins(4);

/// A client's whole run.
pub(crate) const TO_RUN: Duration = Duration::from_mins(4);

/// A prefix that goes with the test, with everything that runs in it.
pub(crate) struct Prefix {
    folder: tempfile::TempDir,
    wine: WineInstall,
}

/// What a program has said, and whether it ended well.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) text: String,
    pub(crate) success: bool,
}

impl Prefix {
    /// Makes it, and puts the DLLs in, with this address.
    pub(crate) fn new(host: &str) -> Self {
        let this =
            Self { folder: tempfile::tempdir_in("/var/tmp").unwrap(), wine: WineInstall::find().unwrap() };
        fs_err::create_dir(this.path("home")).unwrap();
        let made = finish(this.wine(&["wineboot.exe", "-i"]), TO_MAKE);
        assert!(made.success, "{}", made.text);
        // The registry is written when the server ends.
        assert!(this.server("-w").success);
        fs_err::write(this.path("token"), TOKEN).unwrap();
        this.install(host).unwrap();
        // From here on it stays: starting it and its services takes longer than most clients run.
        assert!(this.server("-p").success);
        this
    }

    /// Puts the DLLs in, as `hcs wine-prefix install` does.
    pub(crate) fn install(&self, host: &str) -> hcs_contract::Result<Vec<PathBuf>> {
        let options = hcs_host_linux::Options { libexec: vec![libexec()], ..Default::default() };
        hcs_host_linux::install_client(&options, &self.path("prefix"), host, &self.path("token"))
    }

    /// A program that runs in it until it is ended.
    pub(crate) fn hold(&self) -> Child {
        let mut command = self.wine(&["cmd.exe", "/c", "echo up& set /p x="]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut word = [0; 2];
        child.stdout.as_mut().unwrap().read_exact(&mut word).unwrap();
        assert_eq!(&word, b"up");
        child
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file of drive C:.
    pub(crate) fn drive_c(&self, name: &str) -> PathBuf {
        self.path("prefix/drive_c").join(name)
    }

    /// A program that is started by its path of Windows.
    pub(crate) fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let program = format!(r"C:\{program}");
        self.wine(&[&[&*program], arguments].concat())
    }

    fn wine(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(&self.wine.loader);
        command.args(arguments);
        command
    }

    fn program(&self, program: &Path) -> Command {
        #[expect(clippy::disallowed_methods, reason = "runs Wine, and clients under it")]
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .env("HOME", self.path("home"))
            .env("WINEPREFIX", self.path("prefix"))
            .env("WINEARCH", "win64")
            .env("WINEDEBUG", "-all")
            // Neither are there, and it would ask for them.
            .env("WINEDLLOVERRIDES", "mscoree=;mshtml=;winemenubuilder.exe=")
            .env_remove("DISPLAY")
            .env_remove("HCS_HOST")
            .env_remove("HCS_TOKEN_FILE")
            .stdin(Stdio::null());
        command
    }

    fn server(&self, option: &str) -> Output {
        let mut command = self.program(&self.wine.server);
        command.arg(option);
        finish(command, TO_MAKE)
    }
}

/// Runs it to its end. Standard error is Wine's own and goes where the test's goes.
pub(crate) fn finish(mut command: Command, limit: Duration) -> Output {
    ended(command.stdout(Stdio::piped()).spawn().unwrap(), limit)
}

/// What a child says until it ends; it is ended when that takes too long.
fn ended(mut child: Child, limit: Duration) -> Output {
    let mut stdout = child.stdout.take().unwrap();
    let (sender, said) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        // What it has said until then is what there is.
        let _ = stdout.read_to_end(&mut text);
        // Nobody waits any more after the limit.
        let _ = sender.send(String::from_utf8_lossy(&text).into_owned());
    });
    let in_time = said.recv_timeout(limit);
    if in_time.is_err() {
        child.kill().unwrap();
    }
    let status = child.wait().unwrap();
    let text = in_time.unwrap_or_else(|_| {
        let text = said.recv_timeout(Duration::from_secs(5)).unwrap_or_default();
        panic!("it did not end within {} s, and said: {text}", limit.as_secs())
    });
    reader.join().unwrap();
    Output { text, success: status.success() }
}

impl Drop for Prefix {
    fn drop(&mut self) {
        let folder = self.path("prefix");
        if !folder.exists() {
            return;
        }
        for option in ["-k", "-w"] {
            let mut command = self.program(&self.wine.server);
            // Fails when there is none.
            let _ = command.arg(option).stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
        // Where the server had its socket: Debian's notes its name in the prefix.
        if let Ok(name) = fs_err::read_to_string(folder.join("wineserver"))
            && name.starts_with("wine-")
        {
            let _ = fs_err::remove_dir_all(Path::new("/tmp").join(name.trim_end_matches('\0')));
        }
    }
}
