//! Ways out of a container that others have had, by their numbers. Each test fails without the defence that it names.
//!
//! | CVE | What it was | Test |
//! |---|---|---|
//! | 2016-3697 | a number asked for as user was looked up as a name, and was root | `init::users` `a_number_is_no_name` |
//! | 2016-9962 | a program inside opened descriptors of the engine's process that came to start another | `cve_2016_9962_…` |
//! | 2019-5736 | a program started as `/proc/self/exe` was the engine's, and was overwritten | `isolation` `the_engines_program_…` |
//! | 2019-16884 | an image's volume on `/proc` took what was written there | `cve_2019_16884_…` |
//! | 2019-19921, 2023-27561, 2023-28642 | a link or a shared volume in place of `/proc`: its masks were elsewhere | `cve_2019_19921_…` |
//! | 2020-15257 | the engine's abstract sockets were reached from the host's network namespace | `cve_2020_15257_…` |
//! | 2021-30465, 2024-45310 | a mount point became a link while the mount was made | `cve_2021_30465_…` |
//! | 2022-0492, 2023-25809 | the release agent of a cgroup; a writable `/sys/fs/cgroup` | `cve_2022_0492_…` |
//! | 2022-24769, 2022-29162 | inheritable capabilities that were not empty | `client` `an_odd_client_…` |
//! | 2024-21626 | the working directory was a descriptor of the engine's | `cve_2024_21626_…` |
//! | 2025-31133, 2025-52881 | the device that masks are made of, or what is written to, was another's | `cve_2025_31133_…` |
//! | 2025-52565 | the terminal for `/dev/console` was another's | `cve_2025_52565_…` |

use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::{Place, System, linux, supervisor};
use hcs_guest_protocol::Console;
use hcs_silo::client::{ClientError, LaunchError, Launcher};
use hcs_silo::protocol::{Failure, LinuxProgram, Program, Reply, Request, Step, Stream, User};
use hcs_silo::spec::{Mount, Source, Spec};
use rustix::fs::{CWD, FileType, Mode, OFlags, RenameFlags};

fn bind(target: &str, path: &Path) -> Mount {
    Mount {
        target: target.into(),
        source: Source::Bind { path: path.into(), id_mapped: true },
        read_only: false,
    }
}

/// Both kinds of containers, with and without a user namespace.
fn both(place: &Place) -> [Spec; 2] {
    [place.spec("plain"), place.mapped_spec("mapped")]
}

/// Why there is no such container; the object of the step that failed, and its error.
fn refused(spec: &Spec) -> (String, i32) {
    match Launcher::new(supervisor()).launch(spec) {
        Err(LaunchError::Refused { source: Failure::Os { object, errno, .. }, .. }) => (object, errno),
        other => panic!("{other:?}"),
    }
}

#[test]
fn cve_2016_9962_what_process_1_holds_is_out_of_reach() {
    let place = Place::new();
    for spec in both(&place) {
        let system = System::started(&spec);
        for forbidden in [
            "cat /proc/1/fd/0",
            "readlink /proc/1/fd/3",
            "ls /proc/1/cwd/",
            "ls /proc/1/root/",
            "readlink /proc/1/exe",
            "cat /proc/1/environ",
            "cat /proc/1/maps",
            "head -c 1 /proc/1/mem",
            "cat /proc/1/stack",
        ] {
            let (text, exit) = system.run(forbidden);
            assert_ne!(exit.code, 0, "{forbidden}: {text}");
        }
        // Should that fail: there is nothing to be had but what process 1 needs, and no folder.
        let folder = format!("/proc/{}/fd", system.pids()[0]);
        for entry in fs_err::read_dir(folder).unwrap() {
            let link = fs_err::read_link(entry.unwrap().path()).unwrap();
            let link = link.to_str().unwrap();
            let needed = ["/dev/null", "anon_inode:[signalfd]"].contains(&link)
                || link.starts_with("socket:[")
                || link.ends_with("/oom_score_adj");
            assert!(needed, "process 1 has {link}");
        }
        let (text, _) = system.run("exec ls /proc/self/fd");
        assert_eq!(text, "0\n1\n2\n3\n", "programs have their streams, and ls its folder");
        system.end();
    }
}

#[test]
fn cve_2019_16884_nothing_is_mounted_over_the_kernels_files() {
    let place = Place::new();
    let shared = place.path("shared");
    fs_err::create_dir(&shared).unwrap();
    fs_err::write(place.path("file"), "").unwrap();
    symlink("/proc", place.root.join("alias")).unwrap();
    for (n, target) in
        ["/proc", "/proc/self/attr", "/proc/sys", "/alias", "/alias/../proc/net"].iter().enumerate()
    {
        let mut spec = place.spec(&format!("a{n}"));
        spec.mounts = vec![bind(target, &shared)];
        assert_eq!(refused(&spec), ((*target).to_owned(), libc::EPERM));
    }
    let mut spec = place.mapped_spec("b");
    spec.mounts = vec![bind("/proc/meminfo", &place.path("file"))];
    assert_eq!(refused(&spec), ("/proc/meminfo".to_owned(), libc::EPERM));
}

#[test]
fn cve_2019_19921_kernel_file_systems_are_mounted_on_folders_of_the_root_only() {
    for name in ["proc", "sys", "dev"] {
        let place = Place::new();
        let elsewhere = place.root.join("elsewhere");
        fs_err::create_dir(&elsewhere).unwrap();
        symlink("/elsewhere", place.root.join(name)).unwrap();
        for spec in both(&place) {
            assert_eq!(refused(&spec).1, libc::ENOTDIR);
        }
        assert_eq!(fs_err::read_dir(elsewhere).unwrap().count(), 0);
    }
}

#[test]
fn cve_2020_15257_abstract_sockets_of_the_host_are_not_there() {
    let place = Place::new();
    let name = format!("{}-engine", place.instance);
    let _socket = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    assert!(fs_err::read_to_string("/proc/net/unix").unwrap().contains(&name));
    let own = fs_err::read_link("/proc/self/ns/net").unwrap();
    for spec in both(&place) {
        let system = System::started(&spec);
        let (text, _) = system.run("readlink /proc/self/ns/net; cat /proc/net/unix");
        assert!(text.starts_with("net:[") && !text.starts_with(own.to_str().unwrap()), "{text}");
        assert!(!text.contains('@'), "{text}");
        system.end();
    }
}

/// Says stop also when the test has failed.
struct StopAtEnd<'a>(&'a AtomicBool);
impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Another container, or a program in this one's volume, makes a link of a folder again and again.
#[test]
fn cve_2021_30465_a_mount_point_that_becomes_a_link_leads_nowhere_else() {
    let place = Place::new();
    let (volume, outside) = (place.path("volume"), place.path("outside"));
    fs_err::create_dir_all(volume.join("folder")).unwrap();
    fs_err::create_dir(&outside).unwrap();
    fs_err::create_dir(place.path("other")).unwrap();
    symlink(&outside, volume.join("link")).unwrap();
    // Inside the root, the link's target is there too.
    fs_err::create_dir_all(place.root.join(outside.strip_prefix("/").unwrap())).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (one, other) = (volume.join("folder"), volume.join("link"));
            while !stop.load(Ordering::Relaxed) {
                rustix::fs::renameat_with(CWD, &one, CWD, &other, RenameFlags::EXCHANGE).unwrap();
            }
        });
        let _stop = StopAtEnd(&stop);
        for n in 0..20 {
            let mut spec =
                if n % 2 == 0 { place.spec(&n.to_string()) } else { place.mapped_spec(&n.to_string()) };
            spec.mounts = vec![
                bind("/volume", &volume),
                bind("/volume/folder/new/place", &place.path("other")),
                bind("/volume/folder", &place.path("other")),
            ];
            // Whether it can be made depends on who is faster.
            match Launcher::new(supervisor()).launch(&spec) {
                Ok(connection) => {
                    let system = System::over(connection);
                    system.ask(Request::Start).unwrap();
                    assert_ne!(system.run(&format!("ls {}/../shadow", outside.display())).1.code, 0);
                    system.end();
                }
                Err(LaunchError::Refused { source: Failure::Os { object, .. }, .. }) => {
                    assert!(object.starts_with("/volume/"), "{object}");
                }
                Err(error) => panic!("{error}"),
            }
            assert_eq!(fs_err::read_dir(&outside).unwrap().count(), 0, "made outside");
        }
    });
}

#[test]
fn cve_2022_0492_cgroups_are_not_to_be_had() {
    let place = Place::new();
    for spec in both(&place) {
        let system = System::started(&spec);
        for forbidden in [
            "unshare -Ur true",
            "unshare -C true",
            "mount -t cgroup -o memory none /mnt",
            "mount -t cgroup2 none /mnt",
            "ls /sys/fs/cgroup/* 2>&1 | grep -v 'No such'",
            "echo '|/evil' >/proc/sys/kernel/core_pattern",
            "echo /evil >/sys/kernel/uevent_helper",
            "mount -o remount,rw /sys",
            "mkdir /sys/fs/cgroup/new",
        ] {
            let (text, exit) = system.run(&format!("mkdir -p /mnt; {forbidden}"));
            assert_ne!(exit.code, 0, "{forbidden} worked: {text}");
        }
        system.end();
    }
}

#[test]
fn cve_2024_21626_no_working_directory_is_outside() {
    let place = Place::new();
    for spec in both(&place) {
        let system = System::started(&spec);
        let start = |directory: &str, streams: [Stream; 3], fds: &[OwnedFd]| {
            let mut process =
                linux(&["/bin/ls", "-d", "../../../../../../../etc/shadow"], User::default(), streams);
            let Program::Linux(LinuxProgram { directory: place, .. }) = &mut process.program else {
                panic!()
            };
            *place = directory.into();
            match system.ask_with(Request::CreateProcess(process), fds) {
                Err(ClientError::Refused(Failure::Exec { step: Step::Directory, .. })) => None,
                Ok((Reply::Process { process, .. }, _)) => Some(system.exit_of(process).code),
                other => panic!("{directory}: {other:?}"),
            }
        };
        for number in 0..40 {
            for process in ["self", "1"] {
                let directory = format!("/proc/{process}/fd/{number}");
                assert_eq!(start(&directory, [Stream::Null; 3], &[]), None, "{directory}");
            }
        }
        // A folder that a client has given is given; but nobody starts in it unawares.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let etc = rustix::fs::open("/etc", flags, Mode::empty()).unwrap();
        let streams = [Stream::Given, Stream::Null, Stream::Null];
        assert_eq!(start("/proc/self/fd/0", streams, &[etc]), None);
        assert_eq!(
            start("/proc/self/cwd", [Stream::Null; 3], &[]),
            Some(1),
            "as good as any other name for /"
        );
        system.end();
    }
}

/// A folder in which everything is another's, to be mapped on `/dev`.
fn hostile_dev(place: &Place) -> std::path::PathBuf {
    let dev = place.path("dev");
    fs_err::create_dir_all(dev.join("pts")).unwrap();
    symlink("/proc/version", dev.join("null")).unwrap();
    rustix::fs::mknodat(CWD, dev.join("pts/ptmx"), FileType::Fifo, Mode::from_raw_mode(0o666), 0).unwrap();
    dev
}

#[test]
fn cve_2025_31133_what_hides_the_kernels_files_is_the_real_null_device() {
    let place = Place::new();
    let dev = hostile_dev(&place);
    for mut spec in both(&place) {
        spec.mounts = vec![bind("/dev", &dev)];
        let system = System::started(&spec);
        let (text, exit) =
            system.run("stat -c %t:%T /proc/interrupts /proc/timer_list; cat /proc/timer_list");
        assert_eq!((text.as_str(), exit.code), ("1:3\n1:3\n", 0));
        let (text, exit) = system.run("echo 1 >/proc/sys/kernel/panic");
        assert!(exit.code != 0 && text.contains("Read-only"), "{text}");
        system.end();
    }
}

#[test]
fn cve_2025_52565_a_terminal_is_one_of_the_containers_own() {
    let place = Place::new();
    let on_terminal = |system: &System| {
        let script = "tty; stat -c 'on %d' /dev/pts; ls /dev/console";
        let mut process = linux(&["/bin/sh", "-c", script], User::default(), [Stream::Null; 3]);
        process.console = Some(Console { columns: 80, rows: 25 });
        system.ask_with(Request::CreateProcess(process), &[])
    };
    for spec in both(&place) {
        let system = System::started(&spec);
        let (_, fds) = on_terminal(&system).unwrap();
        let text = crate::terminal::read_until(&fds[0], "No such file");
        assert!(text.starts_with("/dev/pts/0\r\non "), "{text}");
        let of_the_host = format!("on {}\r", fs_err::metadata("/dev/pts").unwrap().dev());
        assert!(!text.contains(&of_the_host) && text.contains("/dev/console: No such file"), "{text}");
        system.end();
    }

    // Where a folder of another's covers it there is none, and nobody waits for one.
    let mut spec = place.spec("covered");
    spec.mounts = vec![bind("/dev", &hostile_dev(&place))];
    let system = System::started(&spec);
    match on_terminal(&system) {
        Err(ClientError::Refused(Failure::Exec { step: Step::Terminal, .. })) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(system.run("exit 3").1.code, 3);
    system.end();
}
