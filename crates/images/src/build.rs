//! placeholder
use crate::error::Result;
use crate::spec::Config;
/// x
pub fn change(_c: &mut Config, _t: &str, _w: bool) -> Result<()> { Ok(()) }
