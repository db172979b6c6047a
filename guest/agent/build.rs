//! How `agent.exe` is linked: without the C runtime's start-up code, and so that Wine can map it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") != "windows" || target("ENV") != "gnu" {
        return;
    }
    // The entry is `entry` of src/win/entry.rs; the C library's own would bring msvcrt.dll and ucrtbase.dll into every
    // container (docs/windows-guests.md has what that costs).
    // Sections aligned to pages in the file as they are in memory: otherwise Wine reads the file into private memory.
    for argument in ["-nostartfiles", "-Wl,--entry=entry", "-Wl,--file-alignment=4096"] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
}
