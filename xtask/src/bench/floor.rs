//! The floor itself: what the kernel's calls for a container cost here, and what it saves that the child moves itself
//! into its cgroups. If that saves nothing, the machine is busy, or its kernel differs from those that were measured.

use std::ffi::OsStr;
use std::time::Duration;

use super::alternate::{Contender, Plan, alternate};
use super::row::Row;
use super::timer::Timed;
use super::{Bench, compiled};
use crate::error::Error;

const PLAN: Plan = Plan { warm_ups: 3, rounds: 40, pause: Duration::from_millis(60) };

pub(super) fn rows(bench: &Bench<'_>) -> Result<Vec<Row>, Error> {
    let floor = compiled::compile(bench, "floor")?;
    let (lower, scratch) = (bench.dir.join("lower"), bench.dir.join("scratch"));
    for dir in ["bin", "dev", "proc", "sys"].map(|name| lower.join(name)).iter().chain([&scratch]) {
        fs_err::create_dir_all(dir)?;
    }
    fs_err::copy("/bin/busybox", lower.join("bin/true"))?;
    let with = |name: &str, options: &[&str]| {
        let args = options.iter().map(OsStr::new).chain([lower.as_os_str(), scratch.as_os_str()]);
        Contender::timed(name, Timed::new(&floor, args.chain([OsStr::new("/bin/true")])))
    };
    let mut contenders =
        [with("floor", &["-v", "-l"]), with("the same, attached by its parent", &["-v", "-l", "-p"])];
    let series = alternate(&mut contenders, PLAN)?;
    Ok(vec![Row::times("the child joins its cgroups itself", &series[0], &series[1], 1.0)])
}
