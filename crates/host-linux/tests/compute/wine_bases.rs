//! Making the base of all Windows containers: interrupted, by two at once, and without what it is made from.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use hcs_contract::Hresult;
use hcs_host_linux::wine::{GuestFiles, Step};
use hcs_host_linux::{Garbage, LinuxHost, Options};

use super::support::Engine;
use super::windows;

/// A folder with all helper programs.
fn libexec() -> PathBuf {
    if let Some(folder) = std::env::var_os("HCS_LIBEXEC") {
        return folder.into();
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("libexec");
    fs_err::create_dir_all(&folder).unwrap();
    let GuestFiles { agent, bcryptprimitives } = windows::guest_files();
    for file in [agent, bcryptprimitives, windows::supervisor()] {
        // Renamed into place: another test may be using it.
        let half = folder.join(format!("{}-half", std::process::id()));
        fs_err::copy(&file, &half).unwrap();
        fs_err::rename(half, folder.join(file.file_name().unwrap())).unwrap();
    }
    folder
}

fn host(engine: &Engine) -> LinuxHost {
    let options = Options { libexec: vec![libexec()], ..engine.host.options().clone() };
    LinuxHost::open(options).unwrap()
}

/// This program again, with one of the tests below that are no tests.
fn child(engine: &Engine, name: &str, wrapper: &[&str]) -> Child {
    let own = std::env::current_exe().unwrap();
    let words = wrapper.iter().copied().chain([own.to_str().unwrap(), "--exact", name]);
    let words: Vec<_> = words.chain(["--ignored", "--nocapture"]).collect();
    #[expect(clippy::disallowed_methods, reason = "a maker in a process of its own")]
    Command::new(words[0])
        .args(&words[1..])
        .env("HCS_ROOT", &engine.host.options().root)
        .env("HCS_RUN", &engine.host.options().run)
        .env("HCS_LIBEXEC", libexec())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "the maker that a_killed_maker_leaves_nothing_that_stays kills"]
fn maker() {
    let host = LinuxHost::open(Options::from_env().unwrap()).unwrap();
    host.ensure_base(&mut |progress| println!("at {:?}", progress.step)).unwrap();
}

#[test]
fn a_killed_maker_leaves_nothing_that_stays() {
    let engine = Engine::new();
    let host = host(&engine);
    let mut maker = child(&engine, "wine_bases::maker", &[]);
    let lines = std::io::BufReader::new(maker.stdout.take().unwrap()).lines();
    let at_set_up = lines.map_while(Result::ok).any(|line| line.ends_with("at SetUpPrefix"));
    assert!(at_set_up, "the maker ended before");
    // Wine's set-up runs in its container by now, or is about to.
    assert!(host.gc(true).unwrap().found.is_empty(), "what is being made is no garbage");
    maker.kill().unwrap();
    maker.wait().unwrap();
    // What it has started ends by itself, and has the makers' lock until then.
    let lock = fs_err::File::open(engine.host.options().root.join("bases/.lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    drop(lock);
    assert!(host.bases().unwrap().is_empty());
    assert!(host.gc(true).unwrap().found.contains(&Garbage::UnfinishedBase));
    let report = host.gc(false).unwrap();
    assert!(report.failures.is_empty(), "{report:?}");
    assert_eq!(host.gc(true).unwrap().found, []);

    // Two at once make one.
    let makers = std::thread::scope(|scope| {
        let make = || {
            let mut steps = Vec::new();
            let base = host.ensure_base(&mut |progress| steps.push(progress.step));
            (base.unwrap(), steps)
        };
        [scope.spawn(make), scope.spawn(make)].map(|thread| thread.join().unwrap())
    });
    assert_eq!(makers[0].0, makers[1].0);
    let made = makers.iter().filter(|(_, steps)| steps.contains(&Step::SetUpPrefix)).count();
    assert_eq!(made, 1, "{:?}", makers.each_ref().map(|(_, steps)| steps));
    assert_eq!(host.bases().unwrap().len(), 1);
    host.remove_base(&makers[0].0.info().id).unwrap();
    assert!(host.bases().unwrap().is_empty());
}

#[test]
#[ignore = "runs where without_wine_the_error_says_what_to_install has taken Wine away"]
fn without_wine() {
    let host = LinuxHost::open(Options::from_env().unwrap()).unwrap();
    let error = host.ensure_base(&mut |_| {}).unwrap_err();
    assert_eq!(error.hresult(), Hresult::HCS_E_SERVICE_NOT_AVAILABLE);
    println!("said {error}");
}

#[test]
fn without_wine_the_error_says_what_to_install() {
    let engine = Engine::new();
    // In mount namespaces of their own: of the machine nothing changes.
    let hidden = "mount -t tmpfs none /usr/lib/wine && exec \"$@\"";
    let child = child(&engine, "wine_bases::without_wine", &["unshare", "-m", "sh", "-c", hidden, "sh"]);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let said = text.lines().find_map(|line| line.split_once("said ")).unwrap().1;
    assert!(said.contains("wine") && said.contains("apt-get install"), "{said}");
    assert!(host(&engine).gc(true).unwrap().found.is_empty());
}
