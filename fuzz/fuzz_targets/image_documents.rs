//! Looks for inputs that break `hcs_fuzz_targets::image_documents`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hcs_fuzz_targets::image_documents(bytes));
