//! `test --vm`: tests on Debian's own kernel with cgroup v2 alone, because most users' machines are like that.
//!
//! QEMU boots the kernel with a small initial file system of ours. The host's root folder is the machine's, read-only
//! below an overlay, so that test programs and all that they need lie where they do on the host. Without hardware
//! support QEMU emulates the processor: nothing here may assert times.

mod cpio;
mod kernel;
mod machine;

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use cargo_metadata::{Message, MetadataCommand};

use crate::error::Error;
use crate::layout::Layout;
use crate::process::Tool;
use crate::test::{Counts, Run};
use crate::{build, programs};
use kernel::Kernel;
use machine::Machine;

/// The test programs of a package.
struct Set {
    package: &'static str,
    /// Programs left out, and why.
    without: &'static [LeftOut],
    /// Tests left out, by a part of their names, and why.
    skip: &'static [LeftOut],
}

/// A name, and why it does not run in the machine.
type LeftOut = (&'static str, &'static str);

const UNCOUNTED: &str = "the machine's disk, which QEMU emulates on a shared file system, does not count";
const FIGURES: &str = "asserts or prints figures";
const WINE: &str = "Wine under emulation takes minutes for each start";

/// What runs in the machine.
const SETS: [Set; 3] = [
    Set {
        package: "hcs-silo",
        without: &[],
        skip: &[
            ("io_is_counted", UNCOUNTED),
            ("v2_block_requests_are_counted", UNCOUNTED),
            ("a_memory_limit_above_the_use_can_be_lowered", FIGURES),
            ("a_process_is_described", FIGURES),
            ("_figures", FIGURES),
        ],
    },
    Set {
        package: "hcs-host-linux",
        without: &[("wine_boot", WINE), ("wine_silo", WINE)],
        skip: &[("windows", WINE), ("wine", WINE)],
    },
    Set { package: "hcs", without: &[], skip: &[("windows", WINE)] },
];

/// A built test program.
#[derive(Debug, PartialEq, Eq)]
struct Program {
    /// `package/program`.
    name: String,
    file: PathBuf,
    /// The package's folder, in which cargo would start it.
    dir: PathBuf,
    args: Vec<String>,
}

/// The phases of the machine.
pub(crate) fn run(run: &mut Run, layout: &Layout, counts: &mut Counts) {
    let minute = Duration::from_mins(1);
    let mut programs = Vec::new();
    let mut kernel = None;
    let built = run.step("vm, build", 6 * minute, || {
        build::guests(layout)?;
        programs = test_programs(layout)?;
        Ok(())
    });
    let fetched = run.step("vm, kernel", 5 * minute, || {
        let folder = layout.target.join("vm");
        fs_err::create_dir_all(&folder)?;
        kernel = Some(Kernel::get(&folder)?);
        Ok(())
    });
    let (true, true, Some(kernel)) = (built, fetched, kernel) else { return };
    for set in &SETS {
        for (name, reason) in set.without.iter().chain(set.skip) {
            counts.reasons.push(format!("in the machine: {}: {name}: {reason}", set.package));
        }
    }
    let limit = 15 * minute;
    run.step("vm, tests", limit, || {
        let machine = Machine::new(layout, &kernel)?;
        machine.run(&script(layout, &programs), limit, |line| counts.take(line))
    });
}

/// Builds the test programs as the tests on the host are built, so that nothing compiles twice.
fn test_programs(layout: &Layout) -> Result<Vec<Program>, Error> {
    let build = ["test", "--locked", "--workspace", "--all-features", "--no-run"];
    let tool = Tool::cargo(&layout.root).args(build).args(["--message-format", "json-render-diagnostics"]);
    let text = tool.text()?;
    let metadata = MetadataCommand::new().manifest_path(layout.root.join("Cargo.toml")).no_deps().exec()?;
    let mut programs = Vec::new();
    for message in Message::parse_stream(text.as_bytes()) {
        let Message::CompilerArtifact(artifact) = message? else { continue };
        let (Some(file), true) = (&artifact.executable, artifact.profile.test) else { continue };
        let Some(package) = metadata.packages.iter().find(|package| package.id == artifact.package_id) else {
            continue;
        };
        let name = artifact.target.name.as_str();
        let runs = |set: &&Set| {
            set.package == package.name.as_str() && !set.without.iter().any(|(left_out, _)| *left_out == name)
        };
        for set in SETS.iter().filter(runs) {
            programs.push(Program {
                name: format!("{}/{name}", set.package),
                file: file.into(),
                dir: package.manifest_path.parent().map(Into::into).unwrap_or_default(),
                args: set.skip.iter().map(|(name, _)| format!("--skip={name}")).collect(),
            });
        }
    }
    for set in &SETS {
        if !programs.iter().any(|program| program.name.starts_with(set.package)) {
            return Err(Error::Missing { what: "the tests of a package", path: set.package.into() });
        }
    }
    Ok(programs)
}

/// What runs in the machine once it is up: each program with the environment that tests on the host get.
fn script(layout: &Layout, programs: &[Program]) -> String {
    let libexec = quoted(&layout.libexec().to_string_lossy());
    // Not our own file: building the tests may have replaced that.
    let xtask = quoted(&layout.target.join("debug/xtask").to_string_lossy());
    // Snapshots are found without cargo.
    let root = quoted(&layout.root.to_string_lossy());
    let fetched = quoted(&programs::folder(layout).to_string_lossy());
    let mut script = format!(
        "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8\n\
         export HCS_ROOT=/vm/root HCS_RUN=/run/hcs TMPDIR=/vm/tmp HCS_LIBEXEC={libexec} HCS_INIT={libexec}/hcs-init\n\
         export HCSSHIM_TEST_RUN=/vm HCSSHIM_TEST_PROGRAMS={fetched}\n\
         export INSTA_UPDATE=no INSTA_WORKSPACE_ROOT={root}\n\
         mkdir -p $HCS_ROOT $HCS_RUN $TMPDIR\n\
         failed=0\n\
         {xtask} check || failed=1\n"
    );
    for program in programs {
        let args: Vec<_> = program.args.iter().map(|arg| quoted(arg)).collect();
        let (name, file) = (&program.name, quoted(&program.file.to_string_lossy()));
        let (dir, args) = (quoted(&program.dir.to_string_lossy()), args.join(" "));
        // Writing to a String can't fail.
        let _ = writeln!(
            script,
            "echo '     Running {name} (in the machine)'\ncd {dir} && {file} --color never {args} || failed=1"
        );
    }
    script.push_str("echo \"VM-EXIT $failed\"\nexec busybox poweroff -f\n");
    script
}

/// One word for a shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_one_that_a_shell_takes_whatever_the_paths_are() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout { root: "/r".into(), target: dir.path().join("it's a target") };
        let xtask = layout.target.join("debug/xtask");
        fs_err::create_dir_all(layout.target.join("debug")).unwrap();
        std::os::unix::fs::symlink("/bin/echo", xtask).unwrap();
        let program = |name: &str, file: &str| Program {
            name: name.to_owned(),
            file: file.into(),
            dir: dir.path().to_owned(),
            args: vec!["--skip".into(), "a b".into()],
        };
        let text = script(&layout, &[program("a/unit", "/bin/echo"), program("b/unit", "/bin/false")]);
        // Without the lines that only a machine may run.
        let text =
            text.replace("mkdir -p $HCS_ROOT $HCS_RUN $TMPDIR", "").replace("exec busybox poweroff -f", "");
        let output = Tool::new("sh").args(["-ec", &text]).text().unwrap();
        assert!(output.starts_with("check\n"), "{output}");
        assert!(output.contains("Running a/unit") && output.contains("--skip a b\n"), "{output}");
        assert!(output.ends_with("VM-EXIT 1\n"), "{output}");
    }
}
