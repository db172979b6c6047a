//! The proof of the support page: for each member that it calls honoured, the named test is run while the host reads its
//! documents without that member. The test must fail then, and must pass without the switch.

mod page;
mod proof;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use page::Promise;
use proof::{Test, Verdict};

use super::instance::Instance;
use super::leftovers::{self, Snapshot};
use crate::error::Error;
use crate::layout::Layout;
use crate::{build, check, print, programs};

const PAGE: &str = "docs/support/compute.md";

/// The first test that needs it makes the Wine base, if there is none yet.
const PASSES: Duration = super::PROGRAM;

/// Less than any test waits for what never comes: a test that runs into its own patience has not shown what it asserts.
const FAILS: Duration = Duration::from_secs(50);

/// Proves every member whose name contains `filter`, and prints a line for each and the sums.
///
/// # Errors
/// Members that are not proven; what the tests left behind.
pub(crate) fn run(layout: &Layout, filter: &str) -> Result<(), Error> {
    if !rustix::process::geteuid().is_root() {
        return Err(Error::NotRoot { action: "./x members" });
    }
    let page = fs_err::read_to_string(layout.root.join(PAGE))?;
    let mut promises = page::promises(&page);
    promises.retain(|promise| promise.member.contains(filter));
    if promises.is_empty() {
        return Err(Error::NoMember { filter: filter.to_owned() });
    }
    check::run(true)?;
    build::guests(layout)?;
    let tests = proof::tests(layout)?;
    let (before, instance) = (Snapshot::take()?, Instance::new()?);
    let proven = prove(layout, &instance, &promises, &tests);
    let left = leftovers::compare(&before, instance.dir(), leftovers::GRACE);
    instance.remove()?;
    let names = proven?;
    print::line(format_args!("{} proven, {} not", promises.len() - names.len(), names.len()));
    if names.is_empty() { left } else { Err(Error::Unproven { names }) }
}

/// The names of those that could not be proven.
fn prove(
    layout: &Layout,
    instance: &Instance,
    promises: &[Promise],
    tests: &[Test],
) -> Result<Vec<String>, Error> {
    let find = |name: &str| tests.iter().find(|test| test.is(name));
    let tool = |test: &Test| {
        let tool = instance.environment(test.tool(layout), layout);
        tool.env("HCSSHIM_TEST_PROGRAMS", programs::folder(layout)).without_env(proof::VARIABLE)
    };
    let mut named: Vec<&str> = promises.iter().map(|promise| promise.test.as_str()).collect();
    named.sort_unstable();
    named.dedup();
    let passes = side_by_side(&named, |name| {
        let Some(test) = find(name) else { return Ok((*name, Verdict::NoTest)) };
        let (verdict, took) = proof::passes(tool(test), PASSES)?;
        print::note(format_args!("{name}: {verdict}, {:.1} s", took.as_secs_f64()));
        Ok((*name, verdict))
    })?;
    let passes: BTreeMap<&str, Verdict> = passes.into_iter().collect();
    let unproven = side_by_side(promises, |Promise { member, test: name }| {
        let (verdict, took) = match (&passes[name.as_str()], find(name)) {
            (Verdict::Passed, Some(test)) => proof::fails(tool(test), member, FAILS)?,
            (verdict, _) => (verdict.clone(), Duration::ZERO),
        };
        let outcome = if verdict.is_proof() { "proven" } else { "NOT PROVEN" };
        print::line(format_args!("{outcome}  {member}  {name}  {:.1} s  {verdict}", took.as_secs_f64()));
        Ok((!verdict.is_proof()).then(|| member.clone()))
    })?;
    Ok(unproven.into_iter().flatten().collect())
}

/// Does `act` with each of the items, as many at a time as there are processors; the results in the order of the items.
fn side_by_side<I: Sync, T: Send>(
    items: &[I],
    act: impl Fn(&I) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    let workers = std::thread::available_parallelism()?.get();
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..workers.min(items.len()) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { break };
                    let result = act(item);
                    results.lock().expect("no worker panics while it holds it").insert(at, result);
                }
            });
        }
    });
    results.into_inner().expect("no worker panics while it holds it").into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items_and_an_error_ends_it() {
        let items: Vec<u32> = (0..50).collect();
        assert_eq!(side_by_side(&items, |item| Ok(item * 2)).unwrap()[49], 98);
        let none = |_: &u32| Err::<u32, _>(Error::NoMember { filter: String::new() });
        assert!(side_by_side(&items, none).is_err());
    }
}
