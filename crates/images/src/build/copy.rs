//! COPY and ADD: files of the context over what the image has, as what a container would have written.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use super::Problem;
use super::change::below;
use super::parse::{Instruction, Keyword};
use crate::error::{ImageError, Result, at, invalid};
use crate::stack::Place;

/// Bytes by which archives are known that ADD would unpack: gzip, bzip2, xz, zstd.
const ARCHIVES: [&[u8]; 4] =
    [&[0x1f, 0x8b], b"BZh", &[0xfd, b'7', b'z', b'X', b'Z'], &[0x28, 0xb5, 0x2f, 0xfd]];

/// What to copy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Copy {
    sources: Vec<String>,
    /// Names within the root or drive.
    target: Vec<String>,
    /// The target was said to be a folder.
    into: bool,
    owner: (u32, u32),
    mode: Option<u32>,
    adds: bool,
    windows: bool,
}

impl Copy {
    pub(crate) fn new(
        instruction: &Instruction,
        words: &[String],
        folder: &str,
        windows: bool,
    ) -> Result<Self, Problem> {
        let adds = instruction.keyword == Keyword::Add;
        let (mut owner, mut mode) = ((0, 0), None);
        for (name, value) in &instruction.flags {
            let wrong = |expected| Problem::new(format!("--{name}={value}: expected {expected}"));
            match name.as_str() {
                "chown" if !windows => {
                    let (user, group) = value.split_once(':').unwrap_or((value, value));
                    let ids = user.parse().ok().zip(group.parse().ok());
                    owner = ids.ok_or_else(|| wrong("numbers, as UID or UID:GID"))?;
                }
                "chmod" if !windows => {
                    let bits = u32::from_str_radix(value, 8).ok().filter(|bits| *bits <= 0o7777);
                    mode = Some(bits.ok_or_else(|| wrong("an octal mode"))?);
                }
                name => return Err(Problem::new(format!("the option --{name} is not supported here"))),
            }
        }
        let Some((target, sources)) = words.split_last().filter(|(_, sources)| !sources.is_empty()) else {
            return Err(Problem::new("it takes one or more sources and a target"));
        };
        for source in sources {
            if source.contains(['*', '?', '[']) {
                return Err(Problem::new(format!(
                    "{source}: patterns are not supported; name files or a folder"
                )));
            }
            if adds && source.contains("://") {
                return Err(Problem::new(format!("{source}: ADD of what is elsewhere is not supported")));
            }
        }
        let into = target.ends_with(['/', '\\']) || matches!(&**target, "." | "..") || target.ends_with("/.");
        if sources.len() > 1 && !into {
            return Err(Problem::new("with several sources the target is a folder, which ends with /"));
        }
        let whole = below(folder, target, windows);
        let rest = if windows && whole.get(1..2) == Some(":") {
            if !whole.starts_with(['c', 'C']) {
                return Err(Problem::new(format!("{target}: there is drive C: only")));
            }
            whole[2..].replace('\\', "/")
        } else if windows {
            whole.replace('\\', "/")
        } else {
            whole
        };
        let mut names: Vec<String> = Vec::new();
        for part in rest.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(names.pop()),
                part => names.push(part.to_owned()),
            }
        }
        Ok(Self { sources: sources.to_vec(), target: names, into, owner, mode, adds, windows })
    }
}

/// Puts files into `upper`, the upper folder of an overlay over `lowers`.
pub(crate) fn copy(copy: &Copy, context: &Path, lowers: &[PathBuf], upper: &Path) -> Result<()> {
    let place = Place::new(lowers, upper, copy.windows);
    for source in &copy.sources {
        let path = inside(context, source)?;
        let found = fs_err::symlink_metadata(&path).map_err(at("look at", &path))?;
        if found.is_dir() {
            // What is in it, not itself.
            place.folder(&copy.target)?;
            tree(copy, &path, &place, &copy.target)?;
            continue;
        }
        if copy.adds && found.is_file() && is_archive(&path)? {
            return Err(invalid(
                path.display().to_string(),
                "is an archive, which ADD does not unpack here; use COPY",
            ));
        }
        let mut target = copy.target.clone();
        if copy.into || place.is_folder(&target)? {
            target.push(path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default());
        }
        entry(copy, &path, &place, &target)?;
    }
    Ok(())
}

/// A path of the context, which no name and no link leads out of.
fn inside(context: &Path, source: &str) -> Result<PathBuf> {
    let mut path = PathBuf::new();
    for component in Path::new(source).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::ParentDir => {
                path.pop();
            }
            _ => {}
        }
    }
    let whole = context.join(&path);
    let root = fs_err::canonicalize(context).map_err(at("open", context))?;
    // A link as the source itself stays a link; those on the way are followed.
    let parent = whole.parent().filter(|_| path.file_name().is_some()).unwrap_or(&whole);
    let parent = fs_err::canonicalize(parent).map_err(at("open", &whole))?;
    if !parent.starts_with(&root) {
        return Err(invalid(whole.display().to_string(), "leads out of the context"));
    }
    Ok(path.file_name().map_or(parent.clone(), |name| parent.join(name)))
}

fn tree(copy: &Copy, from: &Path, place: &Place<'_>, names: &[String]) -> Result<()> {
    let mut entries: Vec<PathBuf> = fs_err::read_dir(from)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(at("read", from))?;
    entries.sort();
    for path in entries {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Err(ImageError::Diff { name: path.display().to_string(), what: "its name is no text" });
        };
        let target = [names, &[name.to_owned()]].concat();
        if fs_err::symlink_metadata(&path).map_err(at("look at", &path))?.is_dir() {
            let new = !place.is_folder(&target)?;
            let folder = place.folder(&target)?;
            if new {
                finish(copy, &path, &folder)?;
            }
            tree(copy, &path, place, &target)?;
        } else {
            entry(copy, &path, place, &target)?;
        }
    }
    Ok(())
}

fn entry(copy: &Copy, from: &Path, place: &Place<'_>, names: &[String]) -> Result<()> {
    if place.is_folder(names)? {
        return Err(invalid(from.display().to_string(), "would take the place of a folder"));
    }
    let to = place.file(names)?;
    let found = fs_err::symlink_metadata(from).map_err(at("look at", from))?;
    if found.is_symlink() {
        if copy.windows {
            return Err(ImageError::Diff { name: from.display().to_string(), what: "it is a symbolic link" });
        }
        let link = fs_err::read_link(from).map_err(at("read", from))?;
        fs_err::os::unix::fs::symlink(link, &to).map_err(at("make", &to))?;
        let (uid, gid) = copy.owner;
        return std::os::unix::fs::lchown(&to, Some(uid), Some(gid)).map_err(at("give away", &to));
    }
    if !found.is_file() {
        return Err(ImageError::Diff {
            name: from.display().to_string(),
            what: "it is neither file nor folder nor link",
        });
    }
    fs_err::copy(from, &to).map_err(at("copy", from))?;
    finish(copy, from, &to)
}

/// Owner, mode and time.
fn finish(copy: &Copy, from: &Path, to: &Path) -> Result<()> {
    let found = fs_err::symlink_metadata(from).map_err(at("look at", from))?;
    let (uid, gid) = copy.owner;
    std::os::unix::fs::chown(to, Some(uid), Some(gid)).map_err(at("give away", to))?;
    let mode = copy.mode.unwrap_or(found.permissions().mode() & 0o7777);
    fs_err::set_permissions(to, std::fs::Permissions::from_mode(mode)).map_err(at("set the mode of", to))?;
    let modified = found.modified().map_err(at("look at", from))?;
    let file = fs_err::File::open(to).map_err(at("open", to))?;
    file.file().set_modified(modified).map_err(at("set the time of", to))
}

fn is_archive(path: &Path) -> Result<bool> {
    use std::io::Read as _;
    let mut start = Vec::new();
    let file = fs_err::File::open(path).map_err(at("open", path))?;
    file.take(512).read_to_end(&mut start).map_err(at("read", path))?;
    let tar = start.get(257..262) == Some(b"ustar");
    Ok(tar || ARCHIVES.iter().any(|magic| start.starts_with(magic)))
}
