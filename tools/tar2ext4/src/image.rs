//! What can be done with an image: `ls`, `cat`, `tar`, `verify`.

use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use hcs_ext4::read::{Export, FileSystem, FileType, ReadError, Stat};
use hcs_ext4::verity;
use serde_json::{Value, json};

use crate::args::Image;
use crate::failure::Failure;
use crate::output::Output;
use crate::printer;

type Opened = FileSystem<std::fs::File>;

pub(crate) fn run(command: &Image, json: bool) -> Result<(), Failure> {
    match command {
        Image::List { image, path, all } => list(image, path, *all, json),
        Image::Cat { image, path } => cat(image, path),
        Image::Tar { image, output } => tar(image, output.as_deref(), json),
        Image::Verify { image, root_hash } => verify(image, *root_hash, json),
    }
}

fn open(image: &Path) -> Result<Opened, Failure> {
    let file = fs_err::File::open(image).map_err(|source| Failure::Open { source })?.into_parts().0;
    FileSystem::open(file).map_err(failed(image))
}

fn failed(image: &Path) -> impl Fn(ReadError) -> Failure + use<> {
    let image = image.display().to_string();
    move |source| Failure::Read { image: image.clone(), source }
}

fn list(image: &Path, path: &[u8], all: bool, json: bool) -> Result<(), Failure> {
    let failed = failed(image);
    let system = open(image)?;
    let begin = system.lookup(path, true).map_err(&failed)?;
    let print = |name: &[u8], stat: &Stat| {
        let target = if stat.file_type == FileType::Symlink {
            Some(system.read_link(stat.inode).map_err(&failed)?)
        } else {
            None
        };
        if json {
            printer::json(&object(name, stat, target.as_deref()))
        } else {
            printer::line(&row(name, stat, target.as_deref()))
        }
    };
    if begin.file_type != FileType::Directory {
        return print(path, &begin);
    }
    if all {
        let mut walk = system.walk(begin.inode).map_err(&failed)?;
        while let Some(step) = walk.next() {
            let (path, stat) = step.map_err(&failed)?;
            print(path, &stat)?;
        }
        return Ok(());
    }
    let mut names = system.read_dir(begin.inode).map_err(&failed)?;
    names.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    for entry in names {
        print(&entry.name, &system.stat(entry.inode).map_err(&failed)?)?;
    }
    Ok(())
}

/// As `ls -l` writes it, but with numbers only.
fn row(name: &[u8], stat: &Stat, target: Option<&[u8]>) -> String {
    let size = match stat.file_type {
        FileType::CharDevice | FileType::BlockDevice => format!("{}, {}", stat.device.0, stat.device.1),
        _ => stat.size.to_string(),
    };
    let target = target.map_or(String::new(), |target| format!(" -> {}", String::from_utf8_lossy(target)));
    format!(
        "{}{} {:>3} {:>5} {:>5} {:>10} {:>11} {}{target}",
        letter(stat.file_type),
        permissions(stat.permissions),
        stat.links,
        stat.uid,
        stat.gid,
        size,
        stat.modified.seconds,
        String::from_utf8_lossy(name),
    )
}

fn letter(file_type: FileType) -> char {
    match file_type {
        FileType::Regular => '-',
        FileType::Directory => 'd',
        FileType::Symlink => 'l',
        FileType::CharDevice => 'c',
        FileType::BlockDevice => 'b',
        FileType::Fifo => 'p',
        FileType::Socket => 's',
        _ => '?',
    }
}

fn permissions(bits: u16) -> String {
    let mut text = String::with_capacity(9);
    for (shift, special, lower, upper) in
        [(6, 0o4000, 's', 'S'), (3, 0o2000, 's', 'S'), (0, 0o1000, 't', 'T')]
    {
        let three = bits >> shift & 7;
        text.push(if three & 4 == 0 { '-' } else { 'r' });
        text.push(if three & 2 == 0 { '-' } else { 'w' });
        text.push(match (three & 1 != 0, bits & special != 0) {
            (true, false) => 'x',
            (false, false) => '-',
            (true, true) => lower,
            (false, true) => upper,
        });
    }
    text
}

fn object(name: &[u8], stat: &Stat, target: Option<&[u8]>) -> Value {
    json!({
        "Name": String::from_utf8_lossy(name),
        "Type": format!("{:?}", stat.file_type),
        "Inode": stat.inode,
        "Permissions": stat.permissions,
        "Links": stat.links,
        "Uid": stat.uid,
        "Gid": stat.gid,
        "Size": stat.size,
        "Modified": format!("{}.{:09}", stat.modified.seconds, stat.modified.nanoseconds),
        "Target": target.map(String::from_utf8_lossy),
    })
}

fn cat(image: &Path, path: &[u8]) -> Result<(), Failure> {
    let failed = failed(image);
    let system = open(image)?;
    let stat = system.lookup(path, true).map_err(&failed)?;
    let mut reader = system.read_file(stat.inode).map_err(&failed)?;
    let mut out = io::stdout().lock();
    let copied = io::copy(&mut reader, &mut out).and_then(|_| out.flush());
    copied.map_err(|source| Failure::Output { source })
}

fn tar(image: &Path, output: Option<&Path>, json: bool) -> Result<(), Failure> {
    let failed = failed(image);
    let system = open(image)?;
    let report = if let Some(path) = output {
        let output = Output::create(path)?;
        let report =
            Export::new().run(&system, BufWriter::with_capacity(1 << 20, output.file()?)).map_err(&failed)?;
        output.finish()?;
        report
    } else {
        let result = Export::new().run(&system, BufWriter::with_capacity(1 << 20, io::stdout().lock()));
        result.map_err(|error| match error {
            ReadError::Export { source } => Failure::Output { source },
            error => failed(error),
        })?
    };
    for path in &report.skipped {
        printer::note(&format!("tar2ext4: warning: {path}: a tar can't hold it"));
    }
    if json && output.is_some() {
        return printer::json(&json!({ "Entries": report.entries, "Skipped": report.skipped }));
    }
    Ok(())
}

fn verify(image: &Path, root_hash: Option<[u8; 32]>, json: bool) -> Result<(), Failure> {
    let system = open(image)?;
    let found = system.verify().map_err(failed(image))?;
    let tree = match root_hash {
        None => None,
        Some(hash) => {
            let checked = verity::check(system.storage(), system.size(), &hash);
            Some(checked.map_err(|source| Failure::Verity { image: image.display().to_string(), source })?)
        }
    };
    let holds = found.holds() && tree.as_ref().is_none_or(verity::Check::holds);
    if json {
        let damage: Vec<_> =
            found.damage.iter().map(|one| json!({ "Place": one.place, "What": one.what })).collect();
        printer::json(&json!({
            "Holds": holds,
            "Inodes": found.inodes,
            "Checksums": found.checksums,
            "Damage": damage,
            "DamagedBlocks": tree.as_ref().map(|tree| &tree.damaged),
            "DamagedTreeBlocks": tree.as_ref().map(|tree| &tree.damaged_tree),
        }))?;
    } else {
        for one in &found.damage {
            printer::line(&format!("{}: {}", one.place, one.what))?;
        }
        if let Some(tree) = &tree {
            for block in &tree.damaged {
                printer::line(&format!("block {block}: differs from its hash"))?;
            }
            for block in &tree.damaged_tree {
                printer::line(&format!("hash tree, block {block}: differs from its hash"))?;
            }
        }
        printer::line(&format!("{} inodes, {} checksums compared", found.inodes, found.checksums))?;
    }
    if holds { Ok(()) } else { Err(Failure::Damaged { image: image.display().to_string() }) }
}
