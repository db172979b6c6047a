//! Looks for inputs that break `hcs_fuzz_targets::remote_answer`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hcs_fuzz_targets::remote_answer(bytes));
