//! A client of computecore.dll in Rust: looks exports up when it needs them, and leads a container's life by operations.
//!
//! `operations lifecycle ID` and `operations bad ID`; the container's document is in `HCS_TEST_DOCUMENT`. It prints "done",
//! or panics with what was wrong.
#![allow(clippy::print_stdout, reason = "a test's program; its last word is what the test looks for")]

#[cfg(windows)]
mod win;

#[cfg(windows)]
fn main() {
    let mut arguments = std::env::args().skip(1);
    let (mode, id) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    let document = std::env::var("HCS_TEST_DOCUMENT").unwrap_or_default();
    match &*mode {
        "lifecycle" => win::lifecycle(&id, &document),
        "bad" => win::bad(&id, &document),
        _ => panic!("no such mode: {mode:?}"),
    }
    println!("done");
}

/// The workspace builds for Linux as well; there is nothing to call there.
#[cfg(not(windows))]
fn main() {
    println!("this is a program for Windows: build it with --target x86_64-pc-windows-gnu");
}
