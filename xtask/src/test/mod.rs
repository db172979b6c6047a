//! `test`: what CI runs. Phases with a time budget each, a table at the end, and one line that counts.

mod counts;
mod instance;
mod leftovers;
pub(crate) mod members;
mod phase;
mod program;

use std::time::Duration;

use crate::error::Error;
use crate::layout::{Layout, WINDOWS};
use crate::process::Tool;
use crate::{build, check, programs, vm};

pub(crate) use counts::Counts;
use instance::Instance;
use leftovers::Snapshot;
pub(crate) use phase::Run;
pub(crate) use program::run as program;

/// What to run beyond the usual.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// The proof of every honoured member and the virtual machine, too.
    pub(crate) full: bool,
    /// Only the virtual machine.
    pub(crate) vm: bool,
}

/// Own rules of the sources: arrows between crates, their features, licences, file lengths, links.
const RULES: [&str; 4] = ["arrows", "features", "licences", "tidy"];

/// The switch of test builds that drops a member of a document; `hcs_schema::drop_member` reads it.
pub(crate) const DROP_MEMBER: &str = "HCSSHIM_DROP_MEMBER";

/// Longer than any test program takes on a slow machine.
const PROGRAM: Duration = Duration::from_mins(5);

/// Longer than twenty rounds of all faults.
const FAULTS: Duration = Duration::from_hours(1);

/// A client that makes and leaves ten thousand containers.
const CYCLES: Duration = Duration::from_mins(10);

/// What a run may take in all, without the virtual machine.
const ALL: Duration = Duration::from_mins(25);

/// Runs the phases and prints the summary; the last line on standard output is the count.
pub(crate) fn run(layout: &Layout, options: Options) -> Result<(), Error> {
    if !rustix::process::geteuid().is_root() {
        return Err(Error::NotRoot { action: "./x test" });
    }
    let mut run = Run::new(layout)?;
    let mut counts = Counts::default();
    if !options.vm {
        sources(&mut run, layout);
        tests(&mut run, layout, &mut counts, options.full);
        run.within(if options.full { ALL + FAULTS + CYCLES } else { ALL });
    }
    if options.full {
        run.step("members", Duration::from_mins(12), || members::run(layout, ""));
    }
    if options.vm || options.full {
        vm::run(&mut run, layout, &mut counts);
    }
    run.finish(&counts)
}

/// What can be said without running anything.
fn sources(run: &mut Run, layout: &Layout) {
    let cargo = |args: &[&str]| Tool::cargo(&layout.root).args(args);
    run.tool("format", Duration::from_mins(1), cargo(&["fmt", "--all", "--check"]));
    // The same features everywhere, so that no crate is compiled twice.
    let rules = cargo(&["test", "--locked", "--quiet", "--workspace", "--all-features"]);
    let rules = RULES.iter().fold(rules, |tool, name| tool.args(["--test", name]));
    run.tool("rules", Duration::from_mins(5), rules);
    let lints = cargo(&[
        "clippy",
        "--locked",
        "--quiet",
        "--workspace",
        "--all-features",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]);
    run.tool("lints", Duration::from_mins(6), lints);
    // What is compiled for Windows: the agent, the DLLs, the suite, what a Windows client of the library links, and images.
    let windows = [
        "hcs-agent",
        "hcs-abi",
        "hcs-bridge",
        "hcs-vmcompute",
        "hcs-computecore",
        "hcs-computenetwork",
        "hcs-clients",
        "hcs-conformance",
        "hcs-schema",
        "hcs-contract",
        "hcs-host-fake",
        "hcs-host-remote",
        "hcs-host-windows",
        "hcsshim",
        "hcs",
        "hcs-ext4",
        "tar2ext4",
    ];
    let lints = cargo(&["clippy", "--locked", "--quiet", "--all-features", "--target", WINDOWS]);
    let lints = lints.args(windows.iter().flat_map(|package| ["--package", package]));
    run.tool("lints, Windows", Duration::from_mins(3), lints.args(["--", "-D", "warnings"]));
    // The Windows half of the one test that has two.
    let lints =
        cargo(&["clippy", "--locked", "--quiet", "--package", "hcs-host-windows", "--test", "conformance"]);
    let lints = lints.args(["--target", WINDOWS, "--", "-D", "warnings"]);
    run.tool("lints, suite for Windows", Duration::from_mins(1), lints);
    let docs = cargo(&["doc", "--locked", "--quiet", "--workspace", "--all-features", "--no-deps"]);
    run.tool("docs", Duration::from_mins(3), docs.env("RUSTDOCFLAGS", "-D warnings"));
}

/// `cargo test`, which hands every test program to us (`program`), so that one that hangs does not hold up the others.
fn test_programs(layout: &Layout, limit: Duration) -> Tool {
    let ours = layout.target.join("debug/xtask");
    let runner = [ours.to_string_lossy().into_owned(), "test-program".into(), limit.as_secs().to_string()];
    Tool::cargo(&layout.root)
        .args(["test", "--locked", "--workspace", "--all-features", "--no-fail-fast", "--config"])
        // The form of a list of Rust's strings is TOML's too.
        .arg(format!("target.'cfg(all())'.runner = {runner:?}"))
}

/// Unit, integration and documentation tests, on an instance of their own.
fn tests(run: &mut Run, layout: &Layout, counts: &mut Counts, full: bool) {
    let minute = Duration::from_mins(1);
    run.step("kernel", minute, || check::run(true));
    // The supervisor with fault points first: the product's own is what is to be found where cargo builds it.
    let ready = run.step("guests", 6 * minute, || {
        build::faulty_guests(layout)?;
        build::guests(layout)?;
        build::dlls(layout)?;
        build::clients(layout)?;
        build::suite(layout)
    });
    if !(ready && run.step("programs", 4 * minute, || programs::fetch(layout))) {
        return;
    }
    let mut prepared = None;
    run.step("instance", minute, || {
        prepared = Some((Snapshot::take()?, Instance::new()?));
        Ok(())
    });
    let Some((before, instance)) = prepared else { return };
    let tool = instance.environment(test_programs(layout, PROGRAM), layout);
    let mut tool = tool.env("HCSSHIM_TEST_PROGRAMS", programs::folder(layout));
    if full {
        tool = tool.env("HCSSHIM_TEST_DLL_WINDOWS", "1");
    }
    run.watched("tests", 14 * minute, tool, |line| counts.take(line));
    if full {
        let tool = instance.environment(test_programs(layout, FAULTS), layout);
        let tool = tool.args(["--package", "hcs-host-linux", "--test", "faults"]);
        let tool = tool.env("HCSSHIM_TEST_FAULT_ROUNDS", "20");
        run.watched("20 rounds of faults", FAULTS, tool, |line| counts.take(line));
        let tool = instance.environment(test_programs(layout, CYCLES), layout);
        let tool = tool.args(["--package", "hcs-clients", "--test", "wine", "--", "come_and_go"]);
        let tool = tool.env("HCSSHIM_TEST_CYCLES", "10000");
        run.watched("10,000 cycles of a client", CYCLES, tool, |line| counts.take(line));
    }
    run.step("leftovers", minute, || leftovers::compare(&before, instance.dir(), leftovers::GRACE));
    run.step("clean-up", minute, || instance.remove());
}
