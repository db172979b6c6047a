//! vmcompute.dll for Wine: the compute service's first API, answered by hcsd.
//!
//! A client of Windows loads this DLL where it expects the service's. What it does with an export is a call of the
//! contract on the host that hcsd serves (`hcs-host-remote`); what all DLLs share stands in `hcs-bridge`. Here is what
//! is this API's own: "pending" and its notifications.
//!
//! Nothing runs when the DLL is loaded; the first call finds hcsd.

#[cfg(windows)]
mod callback;
#[cfg(windows)]
mod exports;
#[cfg(windows)]
mod process;
#[cfg(windows)]
mod system;
#[cfg(windows)]
mod watchers;
