//! Real Windows programs, as they are published, run in a container and do what they are made for.
//!
//! Their archives are fetched by `./x test`; `docs/support/windows-programs.md` has the list for people.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking and prints a table")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use hcsshim::schema::compute::SystemType;
use hcsshim::schema::compute::v1::{ContainerConfig, MappedDir};
use hcsshim::{Container, Host, Options};

/// One program and one thing that it is asked to do, in `C:\work`.
struct Program {
    /// How the name of its archive begins.
    archive: &'static str,
    /// The folder of the archive that is mapped, and the program below it.
    folder: &'static str,
    exe: &'static str,
    arguments: &'static [&'static str],
    code: u32,
    /// Stands in its output or its error output, both with `\n` at the ends of lines.
    says: &'static str,
}

const fn program(
    archive: &'static str,
    [folder, exe]: [&'static str; 2],
    arguments: &'static [&'static str],
    code: u32,
    says: &'static str,
) -> Program {
    Program { archive, folder, exe, arguments, code, says }
}

/// `{archive}.data/scripts` of a wheel, `*` being name and version.
const SCRIPTS: &str = "*.data/scripts";

const PROGRAMS: [Program; 13] = [
    program(
        "clang_format-",
        ["clang_format/data/bin", "clang-format.exe"],
        &["a.c"],
        0,
        "int main() { return 0; }\n",
    ),
    program("cmake-", ["cmake/data", r"bin\cmake.exe"], &["-P", "a.cmake"], 0, "WIN32=1 product=42\n"),
    program("ninja-", [SCRIPTS, "ninja.exe"], &["-v"], 0, "[2/2]"),
    program(
        "nodejs_bin-",
        ["nodejs", "node.exe"],
        &["sync.js", "6", "7"],
        3,
        "win32 x64 42 C:\\work\\sync.js\n",
    ),
    program("ripgrep-", [SCRIPTS, "rg.exe"], &["-n", "needle", "."], 0, "hay.txt:2:a needle here\n"),
    program(
        "ruff-",
        [SCRIPTS, "ruff.exe"],
        &["check", "--isolated", "--no-cache", "a.py"],
        1,
        "`os` imported but unused",
    ),
    program("rust_just-", [SCRIPTS, "just.exe"], &["greet", "world"], 0, "hello world\n"),
    program("shfmt_py-", [SCRIPTS, "shfmt.exe"], &["-i", "2", "a.sh"], 0, "if true; then\n  echo yes\nfi\n"),
    program("taplo-", [SCRIPTS, "taplo.exe"], &["get", "-f", "a.toml", "package.name"], 0, "example\n"),
    program("typos-", [SCRIPTS, "typos.exe"], &["typo.txt"], 2, "`teh` should be `the`"),
    program("uv-", [SCRIPTS, "uv.exe"], &["version", "--short", "--offline"], 0, "1.2.3\n"),
    program("esbuild-win32-x64-", ["package", "esbuild.exe"], &["--minify", "a.ts"], 0, "const answer=42;\n"),
    program(
        "lightningcss-cli-win32-x64-msvc-",
        ["package", "lightningcss.exe"],
        &["--minify", "a.css"],
        0,
        ".a{color:red}",
    ),
];

/// What does not work, how that shows, and why. One that works after all fails the test: it belongs above then.
const BROKEN: [(Program, &str); 1] = [(
    program(
        "nodejs_bin-",
        ["nodejs", "node.exe"],
        &["console.js"],
        1,
        "EINVAL: invalid argument, uv_pipe_open",
    ),
    "libuv refuses the pipe that is its standard output; a file, or fs.writeSync, works",
)];

/// What the programs work on.
const FILES: [(&str, &str); 15] = [
    ("a.c", "int   main( ) {return 0;}\n"),
    ("a.cmake", "math(EXPR p \"6*7\")\nmessage(\"WIN32=${WIN32} product=${p}\")\n"),
    (
        "build.ninja",
        "rule copy\n  command = cmd /c copy $in $out\nbuild one.txt: copy hay.txt\nbuild two.txt: copy one.txt\n",
    ),
    (
        "sync.js",
        "const [, file, a, b] = process.argv;\n\
         require('fs').writeSync(1, [process.platform, process.arch, a * b, file].join(' ') + '\\n');\n\
         process.exitCode = 3;\n",
    ),
    ("console.js", "console.log(1);\n"),
    ("hay.txt", "hay\na needle here\nhay\n"),
    ("a.py", "import os\nprint(1)\n"),
    ("justfile", "set shell := [\"cmd\", \"/c\"]\ngreet who:\n  @echo hello {{who}}\n"),
    ("a.sh", "if true\nthen\necho yes\nfi\n"),
    ("a.toml", "[package]\nname = \"example\"\n"),
    ("typo.txt", "teh end\n"),
    ("pyproject.toml", "[project]\nname = \"example\"\nversion = \"1.2.3\"\n"),
    ("a.ts", "const answer: number = 42;\n"),
    ("a.css", ".a {\n  color: #ff0000;\n}\n"),
    (".ignore", "one.txt\ntwo.txt\n"),
];

#[test]
fn published_windows_programs_do_their_work() {
    assert!(rustix::process::geteuid().is_root(), "this test makes a container and needs root");
    let archives = std::env::var_os("HCSSHIM_TEST_PROGRAMS").expect(
        "HCSSHIM_TEST_PROGRAMS, the folder of the programs' archives, is not set: run the tests by ./x test",
    );
    // Not below `/tmp`, which may be a tmpfs: that has no id maps before Linux 6.3.
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let work = folder.path().join("work");
    fs_err::create_dir(&work).unwrap();
    for (name, text) in FILES {
        fs_err::write(work.join(name), text).unwrap();
    }
    let mut mapped = vec![directory(&work, r"C:\work", false)];
    for program in &PROGRAMS {
        let host = program.unpack(Path::new(&archives), folder.path());
        mapped.push(directory(&host, &program.place(), true));
    }
    let document = ContainerConfig {
        system_type: SystemType::CONTAINER,
        name: "programs".into(),
        terminate_on_last_handle_closed: true,
        mapped_directories: mapped,
        ..ContainerConfig::default()
    };
    let host = Host::open(Options::from_env().unwrap()).unwrap();
    let container = host.create_container(&format!("programs-{}", std::process::id()), &document).unwrap();
    container.start().unwrap();
    let failures = PROGRAMS.iter().filter_map(|program| program.failure(&container, "ok"));
    let broken = BROKEN.iter().filter_map(|(program, reason)| program.failure(&container, reason));
    let failures: Vec<_> = failures.chain(broken).collect();
    let built = fs_err::read_to_string(work.join("two.txt"));
    container.stop(Duration::from_secs(10)).unwrap();
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
    assert_eq!(built.unwrap(), "hay\na needle here\nhay\n", "what ninja had built");
}

fn directory(host: &Path, container: &str, read_only: bool) -> MappedDir {
    MappedDir {
        host_path: host.to_str().unwrap().into(),
        container_path: container.into(),
        read_only,
        ..MappedDir::default()
    }
}

impl Program {
    fn place(&self) -> String {
        format!(r"C:\programs\{}", self.archive.trim_end_matches('-'))
    }

    /// Unpacks its archive below `folder`; the folder to be mapped.
    fn unpack(&self, archives: &Path, folder: &Path) -> PathBuf {
        let archive = fs_err::read_dir(archives)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(self.archive))
            .unwrap_or_else(|| panic!("no {}* in {}", self.archive, archives.display()));
        let into = folder.join(self.archive);
        let module = if archive.extension().unwrap() == "whl" { "zipfile" } else { "tarfile" };
        #[expect(clippy::disallowed_methods, reason = "unpacks, by what is there wherever pip is")]
        let status = std::process::Command::new("python3")
            .args(["-m", module, "-e"])
            .args([&archive, &into])
            .status()
            .expect("cannot start python3, which unpacks the programs");
        assert!(status.success(), "{}: {status}", archive.display());
        let name = archive.file_name().unwrap().to_str().unwrap();
        let stem = name.splitn(3, '-').take(2).collect::<Vec<_>>().join("-");
        into.join(self.folder.replace('*', &stem))
    }

    /// Runs it and prints a line of the table; `None` if it did as is written, which is `expected`.
    fn failure(&self, container: &Container, expected: &str) -> Option<String> {
        let exe = format!(r"{}\{}", self.place(), self.exe);
        let output =
            container.command(&*exe).args(self.arguments.iter().copied()).current_dir(r"C:\work").output();
        let seen = match output {
            Ok(output) => {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace("\r\n", "\n");
                let (out, errors) = (text(&output.stdout), text(&output.stderr));
                let good = output.status.code() == self.code
                    && (out.contains(self.says) || errors.contains(self.says));
                (!good).then(|| format!("{}\n{out}{errors}", output.status.code()))
            }
            Err(error) => Some(format!("{error:?}")),
        };
        let result = if seen.is_none() { expected } else { "DIFFERS" };
        println!("{:16}  {:36}  {result}", self.exe, self.arguments.join(" "));
        seen.map(|seen| format!("{exe}: expected {} and {:?}, got {seen}", self.code, self.says))
    }
}
