//! Looks for inputs that break `hcs_fuzz_targets::transport_folder`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hcs_fuzz_targets::transport_folder(bytes));
