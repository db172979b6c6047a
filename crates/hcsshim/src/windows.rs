//! What only the compute service of Windows has: which of its two interfaces is used.

pub use hcs_host_windows::{Generation, Options, WindowsHost};
