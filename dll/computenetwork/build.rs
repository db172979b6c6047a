//! How the DLL is linked: so that Wine can map it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") == "windows" && target("ENV") == "gnu" {
        // Sections aligned to pages in the file as they are in memory: otherwise Wine reads the file into private memory.
        println!("cargo::rustc-link-arg-cdylib=-Wl,--file-alignment=4096");
    }
}
