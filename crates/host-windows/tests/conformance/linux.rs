//! What the suite needs to run as a Windows program on Linux: an engine that hcsd serves, and Wine with the DLLs.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the run")]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;

use serde_json::json;

use crate::engine::Engine;
use crate::prefix::Prefix;
use crate::served::Served;
use crate::{surroundings, windows_guest};

const TARGET: &str = "x86_64-pc-windows-gnu";

/// The suite's name on drive C:.
const PROGRAM: &str = "conformance.exe";

/// Set by `./x test --full`: the cases with Windows containers too. They are the engine's own suite once more, by six
/// hundred starts of Wine.
const WITH_WINDOWS: &str = "HCSSHIM_TEST_DLL_WINDOWS";

pub(crate) fn run() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let asked_for = arguments.iter().any(|argument| argument.contains("_windows"));
    let all = [WITH_WINDOWS, "HCS_CONFORMANCE_TABLE"].iter().any(|name| std::env::var_os(name).is_some());
    if !asked_for && !all {
        eprintln!(
            "without Windows containers by the DLLs: {WITH_WINDOWS} is not set, as ./x test --full does"
        );
        arguments.extend(["--skip", "_windows::"].map(str::to_owned));
    }
    let program = built_suite();
    let engine = Engine::new();
    let served = Served::new(Arc::new(engine.host.clone()));
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
    let prefix = Prefix::new(&served.url());
    fs_err::copy(program, prefix.drive_c(PROGRAM)).unwrap();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let suite = prefix.command(PROGRAM, &arguments).env(surroundings::VARIABLE, said.to_string()).status();
    ExitCode::from(u8::from(!suite.unwrap().success()))
}

/// Whether a case with Windows containers can be one to run.
fn wants_windows(arguments: &[String]) -> bool {
    let listed = arguments.iter().any(|argument| argument == "--list");
    let linux_only =
        arguments.iter().any(|argument| !argument.starts_with('-') && argument.contains("_linux::"));
    let skipped = arguments.windows(2).any(|pair| pair == ["--skip", "_windows::"]);
    !listed && !linux_only && !skipped
}

/// A path of the host's as Windows programs have it: Wine's drive Z: is the root folder.
fn windows_path(path: &Path) -> String {
    format!("Z:{}", path.to_str().unwrap().replace('/', "\\"))
}

/// This test, built for Windows; `./x test` has built it before.
fn built_suite() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "builds the program under test")]
    let output = Command::new(env!("CARGO"))
        .args(["test", "--quiet", "--locked", "--no-run", "--package", env!("CARGO_PKG_NAME")])
        .args(["--test", "conformance", "--target", TARGET, "--message-format", "json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let mut executables = text.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let is_ours = message["target"]["name"] == "conformance";
        message["executable"].as_str().filter(|_| is_ours).map(PathBuf::from)
    });
    executables.next_back().expect("cargo names what it has built")
}
