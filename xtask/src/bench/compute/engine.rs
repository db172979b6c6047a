//! Ours: the installed tool on an engine of its own, in the measurement's folder.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rustix::process::Pid;

use super::processes;
use crate::bench::Bench;
use crate::bench::timer::Timed;
use crate::error::Error;
use crate::print;
use crate::process::Tool;

/// The folders of an engine, and the tool that works on it.
#[derive(Debug)]
pub(in crate::bench) struct Engine {
    hcs: PathBuf,
    root: PathBuf,
    run: PathBuf,
}

impl Engine {
    /// Makes the folders that are not there. The tools must have been built.
    pub(in crate::bench) fn new(bench: &Bench<'_>) -> Result<Self, Error> {
        let (root, run) = (bench.dir.join("root"), bench.dir.join("run"));
        for dir in [&root, &run] {
            fs_err::create_dir_all(dir)?;
        }
        Ok(Self { hcs: bench.layout.bin().join("hcs"), root, run })
    }

    /// A call of the tool.
    pub(in crate::bench) fn tool<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Tool {
        Tool::new(&self.hcs).args(args).env("HCS_ROOT", &self.root).env("HCS_RUN", &self.run)
    }

    /// Makes a call that says nothing new.
    pub(in crate::bench) fn act<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Result<(), Error> {
        self.tool(args).text().map(drop)
    }

    /// A call of the tool to be timed.
    pub(in crate::bench) fn timed<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Timed {
        Timed::new(&self.hcs, args).env("HCS_ROOT", &self.root).env("HCS_RUN", &self.run)
    }

    /// The path of the engine's cgroup in the unified hierarchy, in which every supervisor and every container is. Found
    /// by a container's supervisor.
    pub(in crate::bench) fn cgroup(&self, id: &str) -> Result<String, Error> {
        let text = processes::file(self.supervisor(id)?, "cgroup")?;
        let path = text.lines().find_map(|line| line.strip_prefix("0::")?.strip_suffix("/engine"));
        path.map(str::to_owned).ok_or_else(|| Error::Measure {
            row: "a supervisor".to_owned(),
            problem: format!("is not where supervisors are, but in {text}"),
        })
    }

    /// Process 1 of a container.
    pub(in crate::bench) fn init(&self, id: &str) -> Result<Pid, Error> {
        let text = self.tool(["inspect", id]).text()?;
        let json = |source| Error::Json { what: "the output of `hcs inspect`".to_owned(), source };
        let document: serde_json::Value = serde_json::from_str(&text).map_err(json)?;
        processes::pid_of(&document[0]["InitPid"].to_string(), "hcs inspect")
    }

    /// Every process of a container, process 1 among them.
    pub(in crate::bench) fn inside(&self, id: &str) -> Result<Vec<Pid>, Error> {
        processes::within("pid", processes::namespace(self.init(id)?, "pid")?)
    }

    /// The container's supervisor.
    pub(in crate::bench) fn supervisor(&self, id: &str) -> Result<Pid, Error> {
        processes::parent(self.init(id)?)
    }

    /// Ends what a measurement that failed has left, and frees the engine's own cgroups.
    pub(in crate::bench) fn end(&self) -> Result<(), Error> {
        let left = self.tool(["ls", "-aq"]).text()?;
        if !left.is_empty() {
            self.act(["rm", "--force"].into_iter().chain(left.lines()))?;
        }
        self.act(["gc", "--format", "json"])
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            print::note(format_args!("x: {}", error.chain()));
        }
    }
}

/// Where a container's process is found in a small root folder.
pub(in crate::bench) const TRUE: &str = "/bin/true";
/// Holds a container open, see [`super::held`].
pub(in crate::bench) const CAT: &str = "/bin/cat";

/// A root folder with static programs and the folders that mounts need.
pub(in crate::bench) fn root_folder(dir: &Path) -> Result<PathBuf, Error> {
    let root = dir.join("lower");
    for name in ["bin", "dev", "proc", "sys"] {
        fs_err::create_dir_all(root.join(name))?;
    }
    for program in [TRUE, CAT] {
        fs_err::copy("/bin/busybox", root.join(&program[1..]))?;
    }
    Ok(root)
}
