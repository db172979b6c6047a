//! Property queries of a system, as many as a line of the input says, each line answered by the time that they took.
#![expect(unsafe_code, reason = "calls of the DLL")]

use std::io::BufRead as _;
use std::ptr::null_mut;
use std::time::Instant;

use hcs_abi::computecore::GENERIC_ALL;

use super::dll::export;
use super::operation::request;
use super::wide;

pub(crate) fn queries(id: &str) {
    let (name, query) = (wide(id), wide(""));
    let mut system = null_mut();
    // SAFETY: the id ends with a NUL; `system` may be written to.
    let opened = unsafe { export!(HcsOpenComputeSystem)(name.as_ptr(), GENERIC_ALL, &raw mut system) };
    assert_eq!(opened, 0, "opening {id}");
    let properties = export!(HcsGetComputeSystemProperties);
    for line in std::io::stdin().lock().lines() {
        let count: u32 = line.expect("the input is text").trim().parse().expect("a number a line");
        let begun = Instant::now();
        for _ in 0..count {
            // SAFETY: the system is open, and the query ends with a NUL.
            let (code, text) = request(|operation| unsafe { properties(system, operation, query.as_ptr()) });
            assert!(code == 0 && text.contains("State"), "{code:#x}: {text}");
        }
        println!("{}", begun.elapsed().as_nanos());
    }
    // SAFETY: the handle is open, and not used again.
    unsafe { export!(HcsCloseComputeSystem)(system) };
}
