//! Builds what users run and lays it out as it would lie below `/usr`: `bin` for the tools, `libexec/hcs` for what the
//! tools start or copy into containers.

use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;

use crate::error::Error;
use crate::layout::{Layout, MUSL, WINDOWS};
use crate::process::Tool;
use crate::test::DROP_MEMBER;

/// A program that runs beside or inside containers, built by cargo.
struct Guest {
    package: &'static str,
    target: &'static str,
    /// Cargo's name of the file.
    built: &'static str,
    /// The name that the tools look for.
    installed: &'static str,
}

const GUESTS: [Guest; 3] = [
    Guest { package: "hcs-init", target: MUSL, built: "hcs-init", installed: "hcs-init" },
    Guest { package: NETWORK, target: MUSL, built: NETWORK, installed: NETWORK },
    Guest { package: "hcs-agent", target: WINDOWS, built: "agent.exe", installed: "agent.exe" },
];

/// Of the packages below `tools/` the one that supervisors run, not people.
const NETWORK: &str = "hcs-network";

/// What stands in for the service's DLLs in a Wine prefix; the file is called as the package is, without `hcs-`.
const DLLS: [&str; 3] = ["hcs-vmcompute", "hcs-computecore", "hcs-computenetwork"];

/// Wine 8 has no bcryptprimitives.dll, and Rust's standard library for Windows needs one function of it.
const STUB: &str = "bcryptprimitives";

/// What an `install` copies: path below the prefix, path of the built file.
pub(crate) struct Built {
    /// For example `bin/hcs`.
    pub(crate) relative: PathBuf,
    pub(crate) file: PathBuf,
}

/// Tools, guests and DLLs.
pub(crate) fn all(layout: &Layout) -> Result<Vec<Built>, Error> {
    let mut built = tools(layout)?;
    built.extend(guests(layout)?);
    built.extend(dlls(layout)?);
    Ok(built)
}

/// Every package below `tools/` that people run, in one call of cargo, so that they share their dependencies. Static, as the supervisor is:
/// they run on any distribution, and start without a dynamic linker.
pub(crate) fn tools(layout: &Layout) -> Result<Vec<Built>, Error> {
    let metadata = MetadataCommand::new().manifest_path(layout.root.join("Cargo.toml")).no_deps().exec()?;
    let folder = layout.root.join("tools");
    let packages: Vec<_> = metadata
        .workspace_packages()
        .into_iter()
        .filter(|package| package.manifest_path.as_std_path().starts_with(&folder))
        .map(|package| package.name.to_string())
        .filter(|name| name != NETWORK)
        .collect();
    let names = packages.iter().flat_map(|name| ["--package", name]);
    Tool::cargo(&layout.root)
        .args(["build", "--locked", "--release", "--bins", "--target", MUSL])
        .args(names)
        .output_to_stderr()?
        .run()?;
    packages
        .iter()
        .map(|name| {
            let file = layout.target.join(MUSL).join("release").join(name);
            without_switches(&file)?;
            lay(&file, &layout.dist(), &Path::new("bin").join(name))
        })
        .collect()
}

/// Refuses a program that listens to a switch of test builds: nobody's container may lose what its document asks for.
fn without_switches(file: &Path) -> Result<(), Error> {
    let bytes = fs_err::read(file)?;
    if bytes.windows(DROP_MEMBER.len()).any(|window| window == DROP_MEMBER.as_bytes()) {
        return Err(Error::Switch { file: file.to_owned(), variable: DROP_MEMBER });
    }
    Ok(())
}

/// What runs beside and inside containers.
pub(crate) fn guests(layout: &Layout) -> Result<Vec<Built>, Error> {
    let libexec = Path::new("libexec/hcs");
    let mut built = Vec::new();
    for guest in &GUESTS {
        Tool::cargo(&layout.root)
            .args([
                "build",
                "--locked",
                "--profile",
                "guest",
                "--package",
                guest.package,
                "--target",
                guest.target,
            ])
            .output_to_stderr()?
            .run()?;
        let file = layout.target.join(guest.target).join("guest").join(guest.built);
        without_switches(&file)?;
        built.push(lay(&file, &layout.dist(), &libexec.join(guest.installed))?);
    }
    let dll = layout.target.join(format!("{STUB}.dll"));
    let source = layout.root.join("guest").join(STUB);
    Tool::new("x86_64-w64-mingw32-gcc")
        .args(["-Os", "-Wall", "-Wextra", "-Werror", "-shared", "-nostdlib", "-nostartfiles", "-s"])
        // Sections aligned to pages in the file too: Wine maps them, where it would copy them into every process.
        .args(["-Wl,--entry=0", "-Wl,--file-alignment=4096", "-Wl,--no-insert-timestamp", "-o"])
        .arg(&dll)
        .args(["c", "def"].map(|kind| source.join(STUB).with_extension(kind)))
        .arg("-ladvapi32")
        .output_to_stderr()?
        .run()?;
    built.push(lay(&dll, &layout.dist(), &libexec.join(STUB).with_extension("dll"))?);
    Ok(built)
}

/// The service's DLLs for Wine prefixes.
pub(crate) fn dlls(layout: &Layout) -> Result<Vec<Built>, Error> {
    Tool::cargo(&layout.root)
        .args(["build", "--locked", "--profile", "dll", "--target", WINDOWS])
        .args(DLLS.iter().flat_map(|package| ["--package", package]))
        .output_to_stderr()?
        .run()?;
    DLLS.iter()
        .map(|package| {
            let name = format!("{}.dll", package.trim_start_matches("hcs-"));
            let file = layout.target.join(WINDOWS).join("dll").join(&name);
            lay(&file, &layout.dist(), &Path::new("libexec/hcs").join(&name))
        })
        .collect()
}

/// The client in Rust that the DLLs' tests run, where they look for it: no user needs it.
pub(crate) fn clients(layout: &Layout) -> Result<(), Error> {
    let package = "hcs-clients";
    Tool::cargo(&layout.root)
        .args(["build", "--locked", "--profile", "dll", "--target", WINDOWS, "--package", package])
        .output_to_stderr()?
        .run()?;
    let name = "operations.exe";
    put(&layout.target.join(WINDOWS).join("dll").join(name), &layout.target.join("clients").join(name))
}

/// The contract's suite as a Windows program, which its test on Linux runs: here it takes none of that test's time.
pub(crate) fn suite(layout: &Layout) -> Result<(), Error> {
    Tool::cargo(&layout.root)
        .args(["test", "--locked", "--no-run", "--package", "hcs-host-windows", "--test", "conformance"])
        .args(["--target", WINDOWS])
        .output_to_stderr()?
        .run()?;
    Ok(())
}

/// A supervisor with fault points, for tests; a folder in the target folder that only they know.
pub(crate) fn faulty_guests(layout: &Layout) -> Result<(), Error> {
    let [init, ..] = &GUESTS;
    Tool::cargo(&layout.root)
        .args(["build", "--locked", "--profile", "guest", "--features", "fault-points"])
        .args(["--package", init.package, "--target", init.target])
        .output_to_stderr()?
        .run()?;
    let file = layout.target.join(init.target).join("guest").join(init.built);
    put(&file, &layout.faulty_libexec().join(init.installed))
}

/// Puts a built file at its place below `dist`.
fn lay(file: &Path, dist: &Path, relative: &Path) -> Result<Built, Error> {
    let place = dist.join(relative);
    put(file, &place)?;
    Ok(Built { relative: relative.to_owned(), file: place })
}

/// Copies `file` to `place` so that whoever looks sees the old file or the new one: a running program keeps its own.
pub(crate) fn put(file: &Path, place: &Path) -> Result<(), Error> {
    let dir = place.parent().unwrap_or(Path::new("/"));
    fs_err::create_dir_all(dir)?;
    let half = tempfile::NamedTempFile::new_in(dir)?;
    fs_err::copy(file, half.path())?; // takes the permissions along
    half.persist(place).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::{DROP_MEMBER, put, without_switches};
    use crate::error::Error;

    #[test]
    fn a_program_with_a_switch_of_test_builds_is_not_laid_out() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("program");
        fs_err::write(&file, "\x7fELF HCSSHIM_DROP").unwrap();
        without_switches(&file).unwrap();
        fs_err::write(&file, format!("\x7fELF\0{DROP_MEMBER}\0")).unwrap();
        let error = without_switches(&file).unwrap_err();
        assert!(matches!(&error, Error::Switch { file: named, .. } if *named == file), "{error}");
    }

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_permissions() {
        let dir = tempfile::tempdir().unwrap();
        let (file, place) = (dir.path().join("new"), dir.path().join("deep/er/place"));
        fs_err::write(&file, "new").unwrap();
        fs_err::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        put(&file, &place).unwrap();
        let opened = fs_err::File::open(&place).unwrap();
        fs_err::write(&file, "newer").unwrap();
        put(&file, &place).unwrap();
        assert_eq!(std::io::read_to_string(opened).unwrap(), "new", "an open file is not written over");
        assert_eq!(fs_err::read_to_string(&place).unwrap(), "newer");
        assert_eq!(fs_err::metadata(&place).unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(fs_err::read_dir(place.parent().unwrap()).unwrap().count(), 1, "nothing half made stays");
    }
}
