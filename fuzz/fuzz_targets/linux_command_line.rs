//! Looks for inputs that break `hcs_fuzz_targets::linux_command_line`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hcs_fuzz_targets::linux_command_line(bytes));
