//! computenetwork.dll for Wine: the network service's API (HCN v2), answered by hcsd.
//!
//! As `vmcompute.dll` beside it, over the same `hcs-bridge`. Calls block until they are done, and explain a failure by an
//! error record.
//!
//! Nothing runs when the DLL is loaded; the first call finds hcsd.

#[cfg(windows)]
mod events;
#[cfg(windows)]
mod exports;
#[cfg(windows)]
mod objects;
