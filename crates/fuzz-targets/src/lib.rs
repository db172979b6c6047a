//! What is fuzzed: for every parser of a document, and of bytes from inside a container, a function that takes any
//! bytes and panics when a promise is broken.
//!
//! The programs in `fuzz/` hand these functions what libFuzzer thinks of. The tests of this crate replay the corpora,
//! on any toolchain: an input that once broke something stays in `fuzz/corpus/TARGET`.
//!
//! Promises beside "no panic": what was accepted is the same when it is written and read again, an error is of a kind
//! that a client can tell apart, and nothing leads out of where it belongs.

#![forbid(unsafe_code)]

mod container;
mod documents;
mod files;
mod images;
mod layers;
mod oci;
mod programs;
mod remote;

/// A target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Of the program in `fuzz/fuzz_targets` and of the folder in `fuzz/corpus`.
    pub name: &'static str,
    /// Tries one input.
    pub run: fn(&[u8]),
}

macro_rules! targets {
    ($($module:ident::$name:ident,)*) => {
        $(pub use $module::$name;)*

        /// Every target.
        pub const TARGETS: &[Target] = &[$(Target { name: stringify!($name), run: $name },)*];
    };
}

targets! {
    documents::any_document,
    documents::create_document,
    documents::process_document,
    documents::change_document,
    documents::identifier,
    documents::record,
    programs::linux_command_line,
    programs::windows_command_line,
    programs::windows_path,
    files::wine_registry,
    files::pe_file,
    files::elf_file,
    files::disk_image,
    container::guest_frames,
    container::silo_wire,
    container::proc_files,
    container::users,
    container::log_lines,
    images::tar_to_ext4,
    images::ext4_image,
    layers::backup_stream,
    layers::stream_buffers,
    layers::tar_to_layer,
    remote::remote_answer,
    remote::remote_document,
    oci::image_documents,
    oci::dockerfile,
    layers::transport_folder,
}

/// The parts of an input between separators; what is not UTF-8 is replaced.
fn parts<const N: usize>(bytes: &[u8], separator: char) -> [String; N] {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.splitn(N, separator).map(str::to_owned);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}
