//! Looks for inputs that break `hcs_fuzz_targets::tar_to_layer`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hcs_fuzz_targets::tar_to_layer(bytes));
