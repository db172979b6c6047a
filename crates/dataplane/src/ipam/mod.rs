//! Pools that addresses, hardware addresses and ports are handed out of, lowest first.
//!
//! Pure values: what is taken is the caller's record, from which a pool is made again by [`take`](Pool::take). Nothing
//! is scanned: what is taken is kept as runs of neighbours, so the lowest free number stands behind the first run.

mod addresses;
mod macs;
mod pool;
mod ports;

pub use addresses::AddressPool;
pub use macs::MacPool;
pub use pool::{Pool, PoolError};
pub use ports::PortPool;
