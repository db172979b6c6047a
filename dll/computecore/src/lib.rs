//! computecore.dll for Wine: the compute service's second API, answered by hcsd.
//!
//! As `vmcompute.dll` beside it, over the same `hcs-bridge`; this API's own are operations, which a client makes, hands
//! to a request, and asks for the result.
//!
//! Nothing runs when the DLL is loaded; the first call finds hcsd.

#[cfg(windows)]
mod events;
#[cfg(windows)]
mod exports;
#[cfg(windows)]
mod objects;
#[cfg(windows)]
mod operation;
#[cfg(windows)]
mod ticket;
