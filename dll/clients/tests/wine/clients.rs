//! The programs that are run: those in C are compiled here, that in Rust by `./x build`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::prefix::Prefix;

/// Each is a file below `c/`.
const IN_C: [&str; 8] =
    ["ask", "bad", "bad-networks", "callbacks", "cycles", "lifecycle", "networks", "threads"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Puts the programs onto drive C:.
pub(crate) fn put(prefix: &Prefix) {
    std::thread::scope(|scope| {
        for name in IN_C {
            let place = prefix.drive_c(&format!("{name}.exe"));
            scope.spawn(move || compile(&root().join("c").join(name).with_extension("c"), &place));
        }
    });
    let built = crate::engine::libexec().join("../../../clients/operations.exe");
    let place = prefix.drive_c("operations.exe");
    fs_err::copy(built, place).expect("`./x test` builds it: HCS_LIBEXEC leads to its folder");
}

fn compile(source: &Path, place: &Path) {
    #[expect(clippy::disallowed_methods, reason = "compiles the clients")]
    let mut compiler = Command::new("x86_64-w64-mingw32-gcc");
    compiler.args(["-municode", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-o"]);
    let status = compiler.arg(place).arg(source).args(["-lpsapi", "-lole32"]).status();
    let status = status.expect("mingw-w64 is missing: apt-get install mingw-w64");
    assert!(status.success(), "{} does not compile", source.display());
}
