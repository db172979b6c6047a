//! Waiting for long: what an idle supervisor and init hold of memory.
//!
//! A program's pages stay mapped once they were touched, so a container that did something once would count all of
//! the code it took for ever. Before a long wait the read-only pages of the program are given back: they are the page
//! cache's, and come back by minor faults. What is mapped while waiting is the code of [`rest`], which supervisor and
//! init share.

#![expect(
    unsafe_code,
    reason = "the program's own headers are read through the address that the kernel passed"
)]

use rustix::event::{PollFd, poll};
use rustix::mm::{Advice, madvise};

/// Quiet milliseconds after which a wait counts as long. A start or an exec with all its messages is shorter.
pub(crate) const SOON: i64 = 200;

/// The timeout for a wait that may turn out short.
pub(crate) const fn soon() -> rustix::event::Timespec {
    rustix::event::Timespec { tv_sec: 0, tv_nsec: SOON * 1_000_000 }
}

/// Gives the program's read-only pages back and waits without limit until a descriptor is ready.
// Not inlined: both processes wait in this one page of code. The calls in it are bare system calls.
#[inline(never)]
pub(crate) fn rest(fds: &mut [PollFd<'_>]) {
    let (ranges, count) = read_only_segments();
    for (start, length) in ranges.into_iter().take(count) {
        // SAFETY: the pages are private, read-only, and backed by the program's file: touched again they have the
        // same content (madvise(2), MADV_DONTNEED).
        let _ = unsafe { madvise(start as *mut _, length, Advice::LinuxDontNeed) };
    }
    let _ = poll(fds, None);
}

/// Start and length of the program's segments that can't be written.
fn read_only_segments() -> ([(usize, usize); 8], usize) {
    const PAGE: usize = 4096;
    let mut found = ([(0, 0); 8], 0);
    // A program at a variable address has its headers' addresses off by it; ours is linked at a fixed one.
    if cfg!(not(all(target_env = "musl", target_feature = "crt-static"))) {
        return found;
    }
    // SAFETY: getauxval takes a number and returns one.
    let (headers, count) = unsafe { (libc::getauxval(libc::AT_PHDR), libc::getauxval(libc::AT_PHNUM)) };
    let (Ok(headers), Ok(count)) = (usize::try_from(headers), usize::try_from(count)) else { return found };
    if headers == 0 {
        return found;
    }
    // SAFETY: the kernel passes the address and number of the program headers it has mapped (getauxval(3)); they are
    // never written to.
    let headers = unsafe { std::slice::from_raw_parts(headers as *const libc::Elf64_Phdr, count) };
    for header in headers {
        if header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_W == 0 && found.1 < found.0.len() {
            let end = usize::try_from(header.p_vaddr + header.p_memsz);
            let (Ok(start), Ok(end)) = (usize::try_from(header.p_vaddr), end) else { continue };
            let start = start & !(PAGE - 1);
            found.0[found.1] = (start, end.next_multiple_of(PAGE) - start);
            found.1 += 1;
        }
    }
    found
}
