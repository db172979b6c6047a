//! `tar2ext4` beside `cat`, which only copies the same bytes, and beside the programs that make file systems. Each image
//! has to pass e2fsck, outside of the time that counts.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::Bench;
use super::alternate::{Contender, Plan, alternate};
use super::archives::{self, LARGE, SYSTEM, Shape, TINY, USR};
use super::row::Row;
use super::timer::Timed;
use crate::build;
use crate::error::Error;
use crate::process::Tool;

const PLAN: Plan = Plan { warm_ups: 1, rounds: 7, pause: Duration::from_millis(60) };

/// What may be used: this much, and as much for each inode.
const MEMORY_KIB: f64 = 24.0 * 1024.0;
const MEMORY_PER_INODE_KIB: f64 = 100.0 / 1024.0;
/// Bytes that the image of tiny files may have.
const INLINE_KIB: f64 = 370e6 / 1024.0;
/// What it may take in all.
const TINY_MS: f64 = 600.0;

pub(super) fn rows(bench: &Bench<'_>) -> Result<Vec<Row>, Error> {
    build::tools(bench.layout)?;
    let ours = Ours { tool: bench.layout.bin().join("tar2ext4"), dir: bench.dir.to_owned() };
    let mut rows = Vec::new();
    for (shape, goal) in [(SYSTEM, 1.4), (USR, 1.5), (LARGE, 1.2)] {
        let tar = archives::write(shape, "", bench.dir, "tar")?;
        let series = alternate(&mut [ours.converts(&tar, &[]), copies(bench.dir, &tar)], PLAN)?;
        rows.push(Row::times(shape.name, &series[0], &series[1], goal));
        rows.push(ours.memory(shape, &tar)?);
        if shape.name == SYSTEM.name {
            let contenders = &mut [ours.converts(&tar, &["-verity"]), ours.converts(&tar, &[])];
            let series = alternate(contenders, PLAN)?;
            rows.push(Row::times("A with dm-verity", &series[0], &series[1], 2.0));
            rows.extend(peers(bench, &ours, &tar)?);
        }
        fs_err::remove_file(&tar)?;
    }
    let tar = archives::write(TINY, "", bench.dir, "tar")?;
    let series = alternate(&mut [ours.converts(&tar, &[])], PLAN)?;
    rows.push(Row::budget(&format!("{}, ms", TINY.name), &series[0].milliseconds(), TINY_MS));
    rows.push(ours.memory(TINY, &tar)?);
    let (_, size) = ours.once(&tar, &["-inline"])?;
    #[expect(clippy::cast_precision_loss, reason = "a size of an image")]
    rows.push(Row::budget("C with -inline, KiB", &[size as f64 / 1024.0], INLINE_KIB));
    Ok(rows)
}

/// Debian's programs, on the system of 204 MB, unpacked for those that want a tree.
fn peers(bench: &Bench<'_>, ours: &Ours, tar: &Path) -> Result<Vec<Row>, Error> {
    let (tree, place) = (bench.dir.join("tree"), bench.dir.join("mounted"));
    fs_err::create_dir_all(&tree)?;
    fs_err::create_dir_all(&place)?;
    Tool::new("tar").arg("-xf").arg(tar).arg("-C").arg(&tree).run()?;
    let out = bench.dir.join("peer.img");
    let script = |name: &str, text: &str| {
        let out = out.clone();
        let words = [&out, tar, &tree, &place].map(|path| path.as_os_str().to_owned());
        let args = ["-ec", text, "sh"].map(OsStr::new).into_iter().map(OsStr::to_owned).chain(words);
        let timed = Timed::new("/bin/sh", args);
        Contender { name: name.to_owned(), once: Box::new(move || fresh(&out, || timed.once())) }
    };
    let mut contenders = [
        ours.converts(tar, &[]),
        script("mke2fs -d", "mke2fs -q -F -t ext4 -d \"$3\" \"$1\" 400M"),
        script("mkfs.erofs", "mkfs.erofs --quiet \"$1\" \"$3\""),
        script("genext2fs", "genext2fs -B 4096 -b 100000 -N 10000 -a \"$2\" \"$1\""),
        script(
            "mount and bsdtar",
            "truncate -s 400M \"$1\"; mke2fs -q -F -t ext4 \"$1\"; mount -o loop \"$1\" \"$4\"; \
             bsdtar -xf \"$2\" -C \"$4\" || failed=1; umount \"$4\"; test -z \"$failed\"",
        ),
    ];
    let series = alternate(&mut contenders, PLAN)?;
    drop(contenders);
    fs_err::remove_dir_all(&tree)?;
    Ok(series[1..].iter().map(|peer| Row::times(SYSTEM.name, &series[0], peer, 1.0)).collect())
}

/// Copying the same bytes.
fn copies<'a>(dir: &Path, tar: &Path) -> Contender<'a> {
    let out = dir.join("copy");
    let text = "cat \"$1\" > \"$2\"";
    let timed =
        Timed::new("/bin/sh", [OsStr::new("-c"), text.as_ref(), "sh".as_ref(), tar.as_ref(), out.as_ref()]);
    Contender { name: "cat".to_owned(), once: Box::new(move || fresh(&out, || timed.once())) }
}

/// Makes `out` where nothing was before, on a disk that has nothing else to write, and removes it.
fn fresh<T>(out: &Path, make: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    rustix::fs::sync();
    let result = make();
    if out.exists() {
        fs_err::remove_file(out)?;
    }
    result
}

struct Ours {
    tool: PathBuf,
    dir: PathBuf,
}

impl Ours {
    fn image(&self) -> PathBuf {
        self.dir.join("image")
    }

    fn timed(&self, tar: &Path, flags: &[&str]) -> Timed {
        let image = self.image();
        let words = [OsStr::new("-i"), tar.as_ref(), "-o".as_ref(), image.as_ref()];
        Timed::new(&self.tool, words.into_iter().chain(flags.iter().map(OsStr::new)))
    }

    fn converts<'a>(&self, tar: &Path, flags: &[&str]) -> Contender<'a> {
        let (image, timed) = (self.image(), self.timed(tar, flags));
        let once = move || {
            fresh(&image, || {
                let time = timed.once()?;
                check(&image)?;
                Ok(time)
            })
        };
        Contender { name: "tar2ext4".to_owned(), once: Box::new(once) }
    }

    /// Once: peak memory in KiB, and the image's size.
    fn once(&self, tar: &Path, flags: &[&str]) -> Result<(f64, u64), Error> {
        let image = self.image();
        fresh(&image, || {
            let memory = self.timed(tar, flags).peak_kib()?;
            check(&image)?;
            Ok((memory, fs_err::metadata(&image)?.len()))
        })
    }

    fn memory(&self, shape: Shape, tar: &Path) -> Result<Row, Error> {
        #[expect(clippy::cast_precision_loss, reason = "some hundred thousand")]
        let limit = MEMORY_KIB + shape.entries() as f64 * MEMORY_PER_INODE_KIB;
        let peaks = (0..3).map(|_| Ok(self.once(tar, &[])?.0)).collect::<Result<Vec<_>, Error>>()?;
        Ok(Row::budget(&format!("{}, peak memory, KiB", shape.name), &peaks, limit))
    }
}

fn check(image: &Path) -> Result<(), Error> {
    Tool::new("e2fsck").arg("-fn").arg(image).streams(Stdio::null(), Stdio::null(), Stdio::null()).run()
}
