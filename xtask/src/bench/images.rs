//! `hcs image pull` beside skopeo and umoci, which together do the same: an image of one layer from Debian's registry on
//! loopback, in memory, into a folder that a container can stand on.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::Bench;
use super::alternate::{Plan, alternate};
use super::archives::{self, SYSTEM, Shape, TINY};
use super::layers::into;
use super::row::Row;
use super::timer::Timed;
use crate::error::Error;
use crate::process::{Tool, pause};

const PLAN: Plan = Plan { warm_ups: 1, rounds: 5, pause: Duration::from_millis(60) };
/// Of skopeo's and umoci's time.
const PULL: f64 = 0.5;
const MEMORY_KIB: f64 = 48.0 * 1024.0;
/// How long the registry may take to come up.
const LIMIT: Duration = Duration::from_secs(30);

pub(super) fn rows(bench: &Bench<'_>, dir: &Path) -> Result<Vec<Row>, Error> {
    let registry = Registry::start(dir)?;
    let mut rows = Vec::new();
    for shape in [SYSTEM, TINY] {
        rows.extend(pull(bench, dir, &registry, shape)?);
    }
    Ok(rows)
}

fn pull(bench: &Bench<'_>, dir: &Path, registry: &Registry, shape: Shape) -> Result<Vec<Row>, Error> {
    let tar = archives::write(shape, "", dir, "image.tar")?;
    let layout = dir.join("layout");
    let image = format!("{}:x", layout.display());
    Tool::new("umoci").args(["init", "--layout"]).arg(&layout).run()?;
    Tool::new("umoci").args(["new", "--image", &image]).run()?;
    Tool::new("umoci").args(["raw", "add-layer", "--image", &image]).arg(&tar).run()?;
    let name = format!("{}/x:1", registry.address);
    let copy =
        ["copy", "--quiet", "--dest-tls-verify=false", &format!("oci:{image}"), &format!("docker://{name}")];
    Tool::new("skopeo").args(copy).run()?;
    for path in [&layout, &tar] {
        let _ = fs_err::remove_dir_all(path);
        let _ = fs_err::remove_file(path);
    }
    let (ours, theirs) = (dir.join("ours"), dir.join("theirs"));
    let tool = bench.layout.bin().join("hcs");
    let pulled = || Timed::new(&tool, ["image", "pull", &name]).env("HCS_ROOT", &ours);
    let script = "mkdir \"$2\" && skopeo copy --quiet --src-tls-verify=false \"docker://$1\" \"oci:$2/layout:x\" && \
                  umoci unpack --image \"$2/layout:x\" \"$2/bundle\"";
    let words = ["-c".as_ref(), script.as_ref(), "sh".as_ref(), name.as_ref(), theirs.as_os_str()];
    let contenders =
        &mut [into(&ours, "hcs", pulled()), into(&theirs, "skopeo, umoci", Timed::new("/bin/sh", words))];
    let series = alternate(contenders, PLAN)?;
    let peaks = [pulled().peak_kib()?];
    fs_err::remove_dir_all(&ours)?;
    let title = |what: &str| format!("{}: {what}", shape.name);
    Ok(vec![
        Row::times(&title("pull and unpack"), &series[0], &series[1], PULL),
        Row::budget(&title("pull and unpack, peak memory, KiB"), &peaks, MEMORY_KIB),
    ])
}

/// Ended with the measurement.
struct Registry {
    process: Child,
    address: String,
}

impl Registry {
    fn start(dir: &Path) -> Result<Self, Error> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let (config, data) = (dir.join("registry.yml"), dir.join("registry"));
        fs_err::write(
            &config,
            format!(
                "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n\
                 http: {{addr: '{address}'}}\n",
                data.display()
            ),
        )?;
        let tool = Tool::new("docker-registry").arg("serve").arg(&config);
        let line = tool.line();
        let process = tool.streams(Stdio::null(), Stdio::null(), Stdio::null()).spawn()?;
        let this = Self { process, address };
        let until = Instant::now() + LIMIT;
        while TcpStream::connect(&this.address).is_err() {
            if Instant::now() > until {
                return Err(Error::TooSlow { line, limit: LIMIT });
            }
            pause(Duration::from_millis(20))?;
        }
        Ok(this)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        let _ = self.process.wait();
    }
}
