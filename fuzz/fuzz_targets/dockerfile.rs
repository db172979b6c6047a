//! Looks for inputs that break `hcs_fuzz_targets::dockerfile`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hcs_fuzz_targets::dockerfile(bytes));
