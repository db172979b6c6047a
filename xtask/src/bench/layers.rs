//! `wclayer` beside GNU tar, in memory, so that tools are compared and not disks. The archives are those of the group `ext4`,
//! below the folder in which a layer has its files.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Bench;
use super::alternate::{Contender, Plan, alternate};
use super::archives::{self, SYSTEM, Shape, TINY};
use super::row::Row;
use super::timer::Timed;
use crate::build;
use crate::error::Error;
use crate::process::Tool;

const PLAN: Plan = Plan { warm_ups: 1, rounds: 7, pause: Duration::from_millis(60) };

/// Of GNU tar's time, on two cores.
const IMPORT: f64 = 0.8;
const EXPORT: f64 = 1.0;
/// What any of them may use.
const MEMORY_KIB: f64 = 48.0 * 1024.0;

pub(super) fn rows(bench: &Bench<'_>) -> Result<Vec<Row>, Error> {
    build::tools(bench.layout)?;
    let dir = tempfile::Builder::new().prefix("hcs-bench-").tempdir_in("/dev/shm")?;
    let tool = bench.layout.bin().join("wclayer");
    let mut rows = Vec::new();
    for shape in [SYSTEM, TINY] {
        let tar = archives::write(shape, "Files/", dir.path(), "tar")?;
        let ours = Ours { tool: &tool, dir: dir.path(), tar: &tar };
        rows.extend(ours.rows(shape)?);
        fs_err::remove_file(&tar)?;
    }
    rows.extend(super::images::rows(bench, dir.path())?);
    Ok(rows)
}

struct Ours<'a> {
    tool: &'a Path,
    dir: &'a Path,
    tar: &'a Path,
}

impl Ours<'_> {
    fn rows(&self, shape: Shape) -> Result<Vec<Row>, Error> {
        let name = |what: &str| format!("{}: {what}", shape.name);
        let (layer, tree) = (self.dir.join("layer"), self.dir.join("tree"));
        let mut rows = Vec::new();
        for (what, flags) in [("import", &["import"][..]), ("import --linux", &["import", "--linux"])] {
            let words = flags.iter().map(OsStr::new);
            let import =
                Timed::new(self.tool, words.chain(["-i".as_ref(), self.tar.as_ref(), layer.as_ref()]));
            let script = "mkdir \"$2\" && tar -xf \"$1\" -C \"$2\"";
            let contenders =
                &mut [into(&layer, "wclayer", import), into(&tree, "tar x", self.script(script, &tree))];
            let series = alternate(contenders, PLAN)?;
            rows.push(Row::times(&name(what), &series[0], &series[1], IMPORT));
        }
        for (packer, unpacker) in [("gzip -kf", "gzip -dc"), ("zstd -qkf", "zstd -qdc")] {
            Tool::new("sh").arg("-c").arg(format!("{packer} \"$0\"")).arg(self.tar).run()?;
            let ending = if packer.starts_with('g') { "gz" } else { "zst" };
            let packed = self.tar.with_extension(ending);
            let import =
                Timed::new(self.tool, ["import".as_ref(), "-i".as_ref(), packed.as_os_str(), layer.as_ref()]);
            let script = format!("mkdir \"$2\" && {unpacker} \"$1.{ending}\" | tar -x -C \"$2\"");
            let contenders =
                &mut [into(&layer, "wclayer", import), into(&tree, unpacker, self.script(&script, &tree))];
            let series = alternate(contenders, PLAN)?;
            rows.push(Row::times(&name(&format!("import of .{ending}")), &series[0], &series[1], IMPORT));
            fs_err::remove_file(&packed)?;
        }
        let import =
            Timed::new(self.tool, ["import".as_ref(), "-i".as_ref(), self.tar.as_os_str(), layer.as_ref()]);
        let peaks = [import.peak_kib()?];
        rows.push(Row::budget(&name("import, peak memory, KiB"), &peaks, MEMORY_KIB));
        Tool::new("sh")
            .arg("-c")
            .arg("mkdir \"$1\" && tar -xf \"$0\" -C \"$1\"")
            .arg(self.tar)
            .arg(&tree)
            .run()?;
        let out = self.dir.join("out.tar");
        let export =
            || Timed::new(self.tool, ["export".as_ref(), "-o".as_ref(), out.as_os_str(), layer.as_ref()]);
        let contenders = &mut [
            onto(&out, "wclayer", export()),
            onto(&out, "tar c", self.script("tar -cf \"$3\" -C \"$2\" Files", &tree)),
        ];
        let series = alternate(contenders, PLAN)?;
        rows.push(Row::times(&name("export"), &series[0], &series[1], EXPORT));
        let peaks = [export().peak_kib()?];
        rows.push(Row::budget(&name("export, peak memory, KiB"), &peaks, MEMORY_KIB));
        for path in [&layer, &tree] {
            fs_err::remove_dir_all(path)?;
        }
        fs_err::remove_file(&out)?;
        Ok(rows)
    }

    /// A shell's: the archive is $1, the tree $2, what is made $3.
    fn script(&self, text: &str, tree: &Path) -> Timed {
        let out = self.dir.join("out.tar");
        let words =
            ["-c".as_ref(), text.as_ref(), "sh".as_ref(), self.tar.as_os_str(), tree.as_ref(), out.as_ref()];
        Timed::new("/bin/sh", words)
    }
}

/// Fills a folder that is not there, and removes it outside of the time that counts.
pub(super) fn into<'a>(folder: &Path, name: &str, timed: Timed) -> Contender<'a> {
    let folder: PathBuf = folder.to_owned();
    let once = move || {
        let time = timed.once();
        if folder.exists() {
            fs_err::remove_dir_all(&folder)?;
        }
        time
    };
    Contender { name: name.to_owned(), once: Box::new(once) }
}

/// Writes a file, and removes it.
fn onto<'a>(file: &Path, name: &str, timed: Timed) -> Contender<'a> {
    let file: PathBuf = file.to_owned();
    let once = move || {
        let time = timed.once();
        if file.exists() {
            fs_err::remove_file(&file)?;
        }
        time
    };
    Contender { name: name.to_owned(), once: Box::new(once) }
}
