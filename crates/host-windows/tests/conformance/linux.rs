//! What the suite needs to run as a Windows program on Linux: an engine that hcsd serves, and Wine with the DLLs.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the run")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use hcsd::{Config, Listener, Server, Token};
use serde_json::json;
use tokio::sync::oneshot;

use crate::support::Engine;
use crate::{surroundings, windows_guest};

/// Wine's loader and server, as Debian has them.
const WINE: &str = "/usr/lib/wine/wine64";
const WINE_SERVER: &str = "/usr/lib/wine/wineserver64";

const TARGET: &str = "x86_64-pc-windows-gnu";

/// The DLLs, by their packages.
const DLLS: [(&str, &str); 2] = [("hcs-vmcompute", "vmcompute.dll"), ("hcs-computecore", "computecore.dll")];

pub(crate) fn run() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let program = built_suite();
    let engine = Engine::new();
    let server = Serving::new(&engine);
    let folder = engine.path("mapped");
    fs_err::create_dir(&folder).unwrap();
    let mut said = json!({
        surroundings::ROOT: windows_path(&engine.root),
        surroundings::FOLDER: windows_path(&folder),
    });
    // Half a minute, when it is the first time.
    if wants_windows(&arguments) {
        said[surroundings::BASE] = windows_path(windows_guest::base().path()).into();
        said[surroundings::PROBE] = windows_path(&windows_guest::probe()).into();
    }
    let prefix = Prefix::ready();
    let status = prefix
        .wine()
        .arg(windows_path(&program))
        .args(&arguments)
        .env(surroundings::VARIABLE, said.to_string())
        .env("HCS_HOST", format!("http://{}", server.address))
        .env("HCS_TOKEN_FILE", &server.token_file)
        .status()
        .unwrap();
    drop(prefix);
    drop(server);
    drop(engine);
    ExitCode::from(status.code().map_or(1, |code| u8::from(code != 0)))
}

/// Whether a case with Windows containers can be one to run.
fn wants_windows(arguments: &[String]) -> bool {
    let listed = arguments.iter().any(|argument| argument == "--list");
    let linux_only =
        arguments.iter().any(|argument| !argument.starts_with('-') && argument.contains("_linux::"));
    !listed && !linux_only
}

/// A path of the host's as Windows programs have it: Wine's drive Z: is the root folder.
fn windows_path(path: &Path) -> String {
    format!("Z:{}", path.to_str().unwrap().replace('/', "\\"))
}

#[expect(clippy::disallowed_methods, reason = "starts Wine, and builds the programs under test")]
fn command(program: &str) -> Command {
    Command::new(program)
}

/// This test, built for Windows.
fn built_suite() -> PathBuf {
    let package = ["test", "--quiet", "--locked", "--no-run", "--package", env!("CARGO_PKG_NAME")];
    let output = command(env!("CARGO"))
        .args(package)
        .args(["--test", "conformance", "--target", TARGET, "--message-format", "json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let executables = text.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let is_ours = message["target"]["name"] == "conformance";
        message["executable"].as_str().filter(|_| is_ours).map(PathBuf::from)
    });
    executables.last().expect("cargo names what it has built")
}

/// The DLL of a package: what `./x` has built, or built here.
fn built_dll(package: &str, name: &str) -> PathBuf {
    if let Some(folder) = std::env::var_os("HCS_LIBEXEC") {
        return Path::new(&folder).join(name);
    }
    let built =
        ["build", "--quiet", "--locked", "--profile", "guest", "--package", package, "--target", TARGET];
    let target = target_folder();
    let status = command(env!("CARGO"))
        .args(built)
        .arg("--target-dir")
        .arg(&target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap();
    assert!(status.success(), "cannot build {package} for {TARGET} (rustup target add it)");
    target.join(TARGET).join("guest").join(name)
}

fn target_folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_owned()
}

/// The engine, as hcsd serves it to whoever has the token.
struct Serving {
    address: std::net::SocketAddr,
    token_file: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Serving {
    fn new(engine: &Engine) -> Self {
        let token_file = engine.path("token");
        let token = format!("{:032x}", std::process::id());
        fs_err::write(&token_file, &token).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime
            .block_on(async { Listener::loopback(([127, 0, 0, 1], 0).into(), Token::new(&token)) })
            .unwrap();
        let address = listener.address().unwrap();
        let server = Server::new(Arc::new(engine.host.clone()), Config::default());
        let (stop, stopped) = oneshot::channel();
        runtime.spawn(async move { server.serve(vec![listener], async { drop(stopped.await) }).await });
        Self { address, token_file, stop: Some(stop), runtime: Some(runtime) }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(10));
        }
    }
}

/// A Wine prefix with the DLLs, kept from run to run: making one takes ten seconds. Locked while it is used.
struct Prefix {
    folder: PathBuf,
    _lock: File,
}

impl Prefix {
    fn ready() -> Self {
        assert!(Path::new(WINE).exists(), "{WINE} is missing: apt-get install wine64");
        let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let lock = fs_err::File::create(place.join("conformance-prefix.lock")).unwrap().into_parts().0;
        lock.lock().unwrap();
        let this = Self { folder: place.join("conformance-prefix"), _lock: lock };
        let system = this.folder.join("drive_c/windows/system32");
        // The registry is written last.
        if !this.folder.join("user.reg").exists() {
            let _ = fs_err::remove_dir_all(&this.folder);
            fs_err::create_dir_all(&this.folder).unwrap();
            let status = this.wine().args(["wineboot.exe", "-i"]).status().unwrap();
            assert!(status.success(), "Wine makes no prefix: {status}");
            this.server("-w");
        }
        let mut files = DLLS.map(|(package, name)| (built_dll(package, name), name)).to_vec();
        let stub = windows_guest::guest_files().bcryptprimitives;
        files.push((stub, "bcryptprimitives.dll"));
        for (file, name) in files {
            fs_err::copy(file, system.join(name)).unwrap();
        }
        this
    }

    fn wine(&self) -> Command {
        let mut wine = command(WINE);
        wine.env("WINEPREFIX", &self.folder)
            .env("HOME", &self.folder)
            .env("WINEARCH", "win64")
            .env("WINEDEBUG", "-all")
            .env(
                "WINEDLLOVERRIDES",
                "vmcompute,computecore,bcryptprimitives=n;mscoree,mshtml,winemenubuilder.exe=",
            )
            .env_remove("DISPLAY");
        wine
    }

    fn server(&self, what: &str) {
        let ended = command(WINE_SERVER).arg(what).env("WINEPREFIX", &self.folder).status();
        assert!(ended.is_ok(), "{WINE_SERVER}: {ended:?}");
    }
}

impl Drop for Prefix {
    fn drop(&mut self) {
        // Wine's own services stay for a while; the next run, and who looks for what is left, want none.
        self.server("-k");
        self.server("-w");
    }
}
