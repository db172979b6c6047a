//! `test --vm`: tests on Debian's own kernel with cgroup v2 alone, because most users' machines are like that.
//!
//! QEMU boots the kernel with a small initial file system of ours. The host's root folder is the machine's, read-only
//! below an overlay, so that test programs and all that they need lie where they do on the host. Without hardware
//! support QEMU emulates the processor: nothing here may assert times.
//!
//! There are three boots: one for all tests that do not need Windows programs; one with systemd as process 1; and one
//! with little memory and a small disk, both of which its tests use up.

mod cpio;
mod kernel;
mod machine;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cargo_metadata::{Message, MetadataCommand};

use crate::error::Error;
use crate::layout::Layout;
use crate::process::Tool;
use crate::test::{Counts, Run};
use crate::{build, programs};
use kernel::Kernel;
use machine::{Kind, Machine};

/// Test programs of a package, or a part of one.
struct Set {
    package: &'static str,
    /// The program, and parts of the names of its tests: only these. None: all programs of the package.
    only: Option<(&'static str, &'static [&'static str])>,
    /// Programs left out, and why.
    without: &'static [LeftOut],
    /// Tests left out, by a part of their names, and why.
    skip: &'static [LeftOut],
    /// Those that are ignored elsewhere.
    ignored: bool,
}

/// A name, and why it does not run in the machine.
type LeftOut = (&'static str, &'static str);

/// A boot: a phase of the run.
struct Boot {
    phase: &'static str,
    budget: Duration,
    kind: Kind,
    sets: &'static [Set],
}

const UNCOUNTED: &str = "the machine's disk, which QEMU emulates on a shared file system, does not count";
const FIGURES: &str = "asserts or prints figures";
const WINE: &str = "Wine under emulation takes minutes for each start";
const LONG: &str = "takes minutes where the processor is emulated";
const DOCUMENTS: &str = "about documents, whatever the kernel is";
const OTHER_BOOT: &str = "runs in a boot of its own";

const GIBIBYTE: u64 = 1 << 30;
const ALL: Set = Set { package: "", only: None, without: &[], skip: &[], ignored: false };
/// Parts of the programs `machine` and `compute` of the host.
const HOST: Set = Set { package: "hcs-host-linux", skip: &[("windows", WINE)], ..ALL };

/// What all boots may take together, on two processors without KVM.
const TOGETHER: Duration = Duration::from_mins(15);

/// What runs in which machine.
const BOOTS: [Boot; 3] = [
    Boot {
        phase: "vm, tests",
        budget: Duration::from_mins(10),
        kind: Kind { memory: "3G", disk_bytes: 8 * GIBIBYTE, systemd: false, console: "console.log" },
        sets: &[
            Set {
                package: "hcs-silo",
                skip: &[
                    ("io_is_counted", UNCOUNTED),
                    ("v2_block_requests_are_counted", UNCOUNTED),
                    ("a_memory_limit_above_the_use_can_be_lowered", FIGURES),
                    ("a_process_is_described", FIGURES),
                    ("_figures", FIGURES),
                    ("ten_thousand_processes", LONG),
                ],
                ..ALL
            },
            Set {
                package: "hcs-host-linux",
                without: &[
                    ("wine_boot", WINE),
                    ("wine_silo", WINE),
                    ("machine", OTHER_BOOT),
                    ("faults", LONG),
                    ("network", LONG),
                ],
                skip: &[("windows", WINE), ("wine", WINE), ("bad_values", DOCUMENTS)],
                ..ALL
            },
            Set { package: "hcs", skip: &[("windows", WINE), ("prefix", WINE)], ..ALL },
        ],
    },
    Boot {
        phase: "vm, systemd",
        budget: Duration::from_mins(6),
        kind: Kind { memory: "2G", disk_bytes: 4 * GIBIBYTE, systemd: true, console: "systemd.log" },
        sets: &[
            Set { only: Some(("machine", &["systemd::"])), ignored: true, ..HOST },
            Set { only: Some(("compute", &["lifecycle::", "recovery::"])), ..HOST },
            // It takes one part of a name.
            Set { only: Some(("conformance", &["lifecycle"])), ..HOST },
            Set { only: Some(("conformance", &["modify"])), ..HOST },
        ],
    },
    Boot {
        phase: "vm, pressure",
        budget: Duration::from_mins(4),
        kind: Kind { memory: "768M", disk_bytes: 2 * GIBIBYTE, systemd: false, console: "pressure.log" },
        sets: &[Set { only: Some(("machine", &["disk::", "memory::"])), ignored: true, ..HOST }],
    },
];

/// A built test program.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Program {
    /// `package/program`.
    name: String,
    file: PathBuf,
    /// The package's folder, in which cargo would start it.
    dir: PathBuf,
    args: Vec<String>,
}

/// The phases of the machines.
pub(crate) fn run(run: &mut Run, layout: &Layout, counts: &mut Counts) {
    let minute = Duration::from_mins(1);
    let mut tests = Vec::new();
    let mut kernel = None;
    let built = run.step("vm, build", 6 * minute, || {
        build::guests(layout)?;
        tests = test_programs(layout)?;
        Ok(())
    });
    let fetched = run.step("vm, kernel", 5 * minute, || {
        let folder = layout.target.join("vm");
        fs_err::create_dir_all(&folder)?;
        kernel = Some(Kernel::get(&folder)?);
        Ok(())
    });
    let (true, true, Some(kernel)) = (built, fetched, kernel) else { return };
    for boot in &BOOTS {
        for set in boot.sets {
            for (name, reason) in set.without.iter().chain(set.skip) {
                counts.skip(format!("in the machine: {}: {name}: {reason}", set.package));
            }
        }
        run.step(boot.phase, boot.budget, || {
            let programs = programs_of(boot.sets, &tests)?;
            let machine = Machine::new(layout, &kernel, boot.kind)?;
            machine.run(&script(layout, &programs), boot.budget, |line| counts.take(line))
        });
    }
    run.together("vm, all boots", BOOTS.len(), TOGETHER);
}

/// Builds the test programs as the tests on the host are built, so that nothing compiles twice. Without arguments yet.
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
        programs.push(Program {
            name: format!("{}/{}", package.name, artifact.target.name),
            file: file.into(),
            dir: package.manifest_path.parent().map(Into::into).unwrap_or_default(),
            args: Vec::new(),
        });
    }
    Ok(programs)
}

/// What of the built programs a boot's sets want, with the arguments that say so.
fn programs_of(sets: &[Set], tests: &[Program]) -> Result<Vec<Program>, Error> {
    let mut programs = Vec::new();
    for set in sets {
        let before = programs.len();
        for test in tests {
            let Some((package, name)) = test.name.split_once('/') else { continue };
            let (wanted, filters) =
                set.only.map_or((true, &[][..]), |(only, filters)| (only == name, filters));
            if package != set.package || !wanted || set.without.iter().any(|(left_out, _)| *left_out == name)
            {
                continue;
            }
            let skip = set.skip.iter().map(|(name, _)| format!("--skip={name}"));
            let ignored = set.ignored.then(|| "--ignored".to_owned());
            let filters = filters.iter().map(|&filter| filter.to_owned());
            let args = ignored.into_iter().chain(skip).chain(filters).collect();
            programs.push(Program { args, ..test.clone() });
        }
        if programs.len() == before {
            let name = set.only.map_or("", |(program, _)| program);
            return Err(Error::Missing {
                what: "the tests of a package",
                path: Path::new(set.package).join(name),
            });
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
