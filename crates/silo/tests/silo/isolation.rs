//! What a container can't do: reach the host's files and processes, gain rights, pass its limits, outlive its
//! supervisor.

use std::os::unix::fs::MetadataExt;

use crate::support::{OnHost, Place, System, linux};
use hcs_silo::board::Notice;
use hcs_silo::cgroup::Maximum;
use hcs_silo::client::{ClientError, connect};
use hcs_silo::protocol::{Event, Failure, Reply, Request, Stream, User};
use hcs_silo::spec::{Mount, Source};

#[test]
fn its_root_is_not_the_hosts_root() {
    let place = Place::new();
    let system = System::started(&place.mapped_spec("a"));
    let (text, exit) = system.run("cat /proc/self/uid_map; touch /made; id -u");
    assert_eq!(exit.code, 0, "{text}");
    let fields: Vec<&str> = text.split_whitespace().collect();
    assert_eq!(fields, ["0", "300000", "65536", "0"]);
    // Through the id-mapped mount the folder's own ids apply: what the container's root makes is root's there.
    assert_eq!(fs_err::metadata(place.root.join("made")).unwrap().uid(), 0);
    let Ok(Reply::Status(status)) = system.ask(Request::Status) else { panic!() };
    let process = fs_err::read_to_string(format!("/proc/{}/status", status.init_pid)).unwrap();
    assert!(process.contains("Uid:\t300000\t300000\t300000\t300000"), "{process}");
    system.end();
}

#[test]
fn an_overlay_takes_the_writes_as_the_containers_root() {
    let place = Place::new();
    let mut spec = place.mapped_spec("b");
    let (upper, work) = (place.path("upper"), place.path("work"));
    spec.root.source =
        Source::Overlay { lowers: vec![place.root.clone()], upper: upper.clone(), work, volatile: true };
    let system = System::started(&spec);
    let (text, exit) = system.run("echo new > /made; stat -c '%u %n' /bin/busybox /made");
    assert_eq!((text.as_str(), exit.code), ("0 /bin/busybox\n0 /made\n", 0));
    assert_eq!(fs_err::metadata(upper.join("made")).unwrap().uid(), 300_000);
    assert!(!place.root.join("made").exists());
    system.end();
}

#[test]
fn rights_are_given_up_for_good() {
    let place = Place::new();
    for spec in [place.spec("c"), place.mapped_spec("d")] {
        let system = System::started(&spec);
        let (text, _) =
            system.run("grep -E 'Cap(Eff|Prm|Bnd|Inh|Amb)|NoNewPrivs|Seccomp:' /proc/self/status");
        let expected = format!("{:016x}", spec.capabilities);
        for name in ["CapPrm", "CapEff", "CapBnd"] {
            assert!(text.contains(&format!("{name}:\t{expected}")), "{text}");
        }
        assert!(text.contains("NoNewPrivs:\t1") && text.contains("Seccomp:\t2"), "{text}");
        for forbidden in [
            "mount -t tmpfs none /bin",
            "mknod /disk b 8 0 && cat /disk",
            "unshare -m true",
            "hostname other",
            "echo 1 > /proc/sys/kernel/panic",
            "echo b > /proc/sysrq-trigger",
            "dmesg",
            "ls /proc/1/root/",
            "cat /proc/1/environ",
            "cat /proc/1/fd/0",
            "echo 1 > /proc/1/fd/31",
            "chroot /proc/1/root true",
            "kill -9 1; kill -0 1 && false",
        ] {
            let (text, exit) = system.run(forbidden);
            assert_ne!(exit.code, 0, "{forbidden} worked: {text}");
        }
        assert_eq!(system.run("exit 4").1.code, 4, "it still works after that");
        system.end();
    }
}

#[test]
fn it_sees_its_own_processes_devices_and_network_only() {
    let place = Place::new();
    let system = System::started(&place.spec("e"));
    let (text, _) = system.run("ls /proc | grep -E '^[0-9]+$' | head -n 9; hostname; ls /dev; ls /");
    let own = text.lines().take_while(|line| line.parse::<u32>().is_ok()).count();
    assert!(own <= 6, "{text}");
    assert!(text.contains("box\n"), "{text}");
    assert!(!text.contains("vda") && !text.contains("kmsg"), "{text}");
    let (text, _) = system.run(
        "cat /proc/net/dev | grep -c :; cat /proc/self/cgroup; wc -c < /proc/timer_list; wc -c < /proc/keys",
    );
    assert!(text.starts_with("1\n"), "only lo: {text}");
    assert!(text.lines().filter(|line| line.contains(':')).all(|line| line.ends_with(":/")), "{text}");
    assert!(text.ends_with("\n0\n0\n"), "{text}");
    system.end();
}

#[test]
fn hidden_folders_are_empty_and_take_nothing() {
    let place = Place::new();
    let system = System::started(&place.spec("e"));
    let (text, _) = system.run(
        "for folder in /proc/acpi /proc/scsi /sys/firmware; do test -d $folder || continue; \
         echo $folder $(ls -A $folder | wc -l) $(touch $folder/x 2>&1 | grep -c Read-only); done",
    );
    assert!(text.contains("/sys/firmware 0 1\n"), "{text}");
    assert!(text.lines().all(|line| line.ends_with(" 0 1")), "{text}");
    system.end();
}

#[test]
fn mapped_folders_and_files_appear_and_read_only_is_read_only() {
    let place = Place::new();
    let (folder, file) = (place.path("shared"), place.path("file"));
    fs_err::create_dir(&folder).unwrap();
    fs_err::write(&file, "text").unwrap();
    let mut spec = place.mapped_spec("f");
    let bind = |target: &str, path: &std::path::Path, read_only| Mount {
        target: target.into(),
        source: Source::Bind { path: path.into(), id_mapped: true },
        read_only,
    };
    spec.mounts = vec![
        bind("/mnt/deep/rw", &folder, false),
        bind("/mnt/ro", &folder, true),
        bind("/etc/file", &file, true),
        Mount {
            target: "/tmp".into(),
            source: Source::Tmpfs { size: 1 << 20, mode: 0o1777 },
            read_only: false,
        },
    ];
    let system = System::started(&spec);
    let (text, exit) = system.run("echo hi > /mnt/deep/rw/a && cat /mnt/ro/a /etc/file");
    assert_eq!((text.as_str(), exit.code), ("hi\ntext", 0));
    assert_ne!(system.run("touch /mnt/ro/b").1.code, 0);
    assert_ne!(system.run("echo x > /etc/file").1.code, 0);
    assert_ne!(system.run("dd if=/dev/zero of=/tmp/big bs=1M count=2").1.code, 0, "tmpfs has a size");
    assert_eq!(fs_err::read_to_string(folder.join("a")).unwrap(), "hi\n");
    system.end();
}

/// Without a user namespace what is mounted below a folder comes along, and must be as restricted as the folder.
#[test]
fn what_is_mounted_below_a_mapped_folder_is_restricted_like_it() {
    let place = Place::new();
    let shared = place.path("shared");
    fs_err::create_dir_all(shared.join("sub")).unwrap();
    let below = OnHost::new(&shared.join("sub"));
    rustix::fs::mknodat(
        rustix::fs::CWD,
        below.path.join("zero"),
        rustix::fs::FileType::CharacterDevice,
        rustix::fs::Mode::from_raw_mode(0o666),
        rustix::fs::makedev(1, 5),
    )
    .unwrap();
    let mut spec = place.spec("n");
    spec.mounts = [("/mnt/ro", true), ("/mnt/rw", false)]
        .map(|(target, read_only)| Mount {
            target: target.into(),
            source: Source::Bind { path: shared.clone(), id_mapped: true },
            read_only,
        })
        .into();
    let system = System::started(&spec);
    let (text, exit) = system.run("touch /mnt/rw/sub/made && ls /mnt/ro/sub");
    assert_eq!((text.as_str(), exit.code), ("made\nzero\n", 0));
    let (text, exit) = system.run("touch /mnt/ro/sub/no");
    assert!(exit.code != 0 && text.contains("Read-only"), "{text}");
    let (text, exit) = system.run("head -c 1 /mnt/rw/sub/zero");
    assert!(exit.code != 0 && text.contains("ermission"), "a device node of a mapped folder is void: {text}");
    let (text, _) = system.run("grep ' /mnt/r[ow]/sub ' /proc/self/mountinfo");
    assert_eq!(text.matches("nosuid,nodev").count(), 2, "{text}");
    system.end();
}

#[test]
fn what_is_mounted_below_a_read_only_root_takes_no_writes() {
    let place = Place::new();
    fs_err::create_dir(place.root.join("sub")).unwrap();
    let _below = OnHost::new(&place.root.join("sub"));
    let mut spec = place.spec("o");
    spec.root.read_only = true;
    let scratch = place.path("scratch");
    fs_err::create_dir(&scratch).unwrap();
    spec.mounts = vec![Mount {
        target: "/new/scratch".into(),
        source: Source::Bind { path: scratch, id_mapped: true },
        read_only: false,
    }];
    let system = System::started(&spec);
    let (text, exit) = system.run("touch /sub/no");
    assert!(exit.code != 0 && text.contains("Read-only"), "{text}");
    assert_ne!(system.run("touch /no").1.code, 0);
    assert_eq!(system.run("touch /new/scratch/yes /dev/shm/yes").1.code, 0);
    system.end();
}

#[test]
fn a_read_only_root_takes_no_writes() {
    let place = Place::new();
    let mut spec = place.spec("g");
    spec.root.read_only = true;
    let system = System::started(&spec);
    assert_ne!(system.run("touch /x").1.code, 0);
    assert_eq!(system.run("touch /dev/shm/x").1.code, 0);
    system.end();
}

#[test]
fn past_the_memory_limit_the_program_dies_and_init_lives() {
    let place = Place::new();
    let mut spec = place.spec("h");
    spec.limits.memory = Some(Maximum::At(32 << 20));
    let system = System::started(&spec);
    let (_, exit) = system.run("exec head -c 200000000 /dev/zero | exec busybox sort -z >/dev/null; exit $?");
    assert_ne!(exit.code, 0);
    let (_, exit) = system
        .start(&["/bin/busybox", "dd", "if=/dev/zero", "of=/dev/null", "bs=300M"], User::default())
        .finish();
    assert!(exit.out_of_memory && exit.signal == 9, "{exit:?}");
    system.until(|event| matches!(event, Some(Event::OutOfMemory)).then_some(()));
    assert_eq!(system.run("exit 6").1.code, 6);
    system.end();
}

#[test]
fn other_users_run_without_capabilities() {
    let place = Place::new();
    fs_err::create_dir_all(place.root.join("etc")).unwrap();
    fs_err::write(place.root.join("etc/passwd"), "web:x:33:34::/:/bin/sh\n").unwrap();
    fs_err::write(place.root.join("etc/group"), "logs:x:4:web\n").unwrap();
    let system = System::started(&place.mapped_spec("i"));
    let argv = ["/bin/sh", "-c", "id -u; id -g; id -G; grep CapEff /proc/self/status"];
    let (text, _) = system.start(&argv, User::Name("web".into())).finish();
    assert_eq!(text, "33\n34\n34 4\nCapEff:\t0000000000000000\n");
    system.end();
}

#[test]
fn a_hostile_user_database_does_not_hold_up_process_1() {
    let place = Place::new();
    let etc = place.root.join("etc");
    fs_err::create_dir_all(&etc).unwrap();
    let (fifo, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o644));
    rustix::fs::mknodat(rustix::fs::CWD, etc.join("passwd"), fifo, mode, 0).unwrap();
    std::os::unix::fs::symlink("/dev/zero", etc.join("group")).unwrap();
    let system = System::started(&place.mapped_spec("p"));
    let refused = |user: &str| {
        let process = linux(&["/bin/true"], User::Name(user.into()), [Stream::Null; 3]);
        match system.ask(Request::CreateProcess(process)) {
            Err(ClientError::Refused(failure)) => failure,
            other => panic!("{user}: {other:?}"),
        }
    };
    assert_eq!(refused("web"), Failure::UnknownUser("web".into()));
    assert_eq!(
        system.start(&["/bin/grep", "Uid", "/proc/self/status"], User::Name("7".into())).finish().0,
        "Uid:\t7\t7\t7\t7\n"
    );

    // By this number the kernel would leave the program who process 1 is.
    fs_err::remove_file(etc.join("passwd")).unwrap();
    fs_err::write(etc.join("passwd"), "nobody:x:4294967295:4294967295::/:/bin/sh\n").unwrap();
    for user in ["nobody", "4294967295", "7:4294967295"] {
        assert_eq!(refused(user), Failure::UnknownUser(user.into()));
    }
    system.end();
}

#[test]
fn killed_supervisor_takes_the_container_with_it() {
    let place = Place::new();
    let spec = place.spec("j");
    let system = System::started(&spec);
    let sleeper = system.shell("echo up; exec sleep 1000");
    rustix::io::read(&sleeper.fds[1], &mut [0; 3]).unwrap();
    let Ok(Reply::Status(status)) = system.ask(Request::Status) else { panic!() };
    let init = rustix::process::Pid::from_raw(status.init_pid.cast_signed()).unwrap();
    let init = rustix::process::pidfd_open(init, rustix::process::PidfdFlags::empty()).unwrap();
    let parent = fs_err::read_to_string(format!("/proc/{}/status", status.init_pid)).unwrap();
    let parent = parent.lines().find_map(|line| line.strip_prefix("PPid:\t")).unwrap().parse().unwrap();
    let parent = rustix::process::Pid::from_raw(parent).unwrap();
    let supervisor = rustix::process::pidfd_open(parent, rustix::process::PidfdFlags::empty()).unwrap();
    let board = hcs_silo::board::open(&spec.directory).unwrap().unwrap();
    assert!(Notice::read(&board).unwrap().is_some());
    rustix::process::kill_process(parent, rustix::process::Signal::KILL).unwrap();
    system.until(|event| event.is_none().then_some(()));
    // Readable once its files are closed.
    rustix::event::poll(&mut [rustix::event::PollFd::new(&supervisor, rustix::event::PollFlags::IN)], None)
        .unwrap();
    assert_eq!(Notice::read(&board), Ok(None), "a board that nobody keeps");
    let mut fds = [rustix::event::PollFd::new(&init, rustix::event::PollFlags::IN)];
    let limit = rustix::event::Timespec { tv_sec: 30, tv_nsec: 0 };
    assert_eq!(rustix::event::poll(&mut fds, Some(&limit)).unwrap(), 1, "init outlived its supervisor");
    assert!(connect(&spec.directory).is_err());
    // What only the next client can take away.
    let hierarchies = hcs_silo::cgroup::Hierarchies::detect().unwrap();
    let instance = hcs_silo::cgroup::Instance::open(&hierarchies, "", &place.instance).unwrap();
    let left = instance.system("j").unwrap().remove_when_empty(std::time::Duration::from_secs(30)).unwrap();
    assert!(left.is_gone());
}

#[test]
fn it_ends_with_its_last_handle_when_asked_to() {
    let place = Place::new();
    let mut spec = place.spec("k");
    spec.end_with_last_handle = true;
    let first = System::started(&spec);
    let second = System::over(connect(&spec.directory).unwrap());
    drop(first);
    assert_eq!(second.run("exit 2").1.code, 2);
    let gone = crate::support::until_removed(&spec.directory);
    drop(second);
    gone();
}

/// CVE-2019-5736: a program inside that is started as `/proc/self/exe` is the engine's own file.
#[test]
fn the_engines_program_can_not_be_overwritten_from_inside() {
    use std::os::fd::OwnedFd;
    let place = Place::new();
    let program = crate::support::supervisor();
    let before = fs_err::read(&program).unwrap();
    let system = System::started(&place.spec("l"));
    // It waits for its specification on a socket, so it stays while we try.
    let (_ours, theirs): (OwnedFd, OwnedFd) = rustix::net::socketpair(
        rustix::net::AddressFamily::UNIX,
        rustix::net::SocketType::SEQPACKET,
        rustix::net::SocketFlags::CLOEXEC,
        None,
    )
    .unwrap();
    let streams = [Stream::Given, Stream::Null, Stream::Null];
    let process = linux(&["/proc/self/exe"], User::default(), streams);
    let (reply, _) = system.ask_with(Request::CreateProcess(process), &[theirs]).unwrap();
    let Reply::Process { pid, .. } = reply else { panic!("{reply:?}") };
    let script = format!(
        "exec 3< /proc/{pid}/exe || exit 1; kill -9 {pid}; while kill -0 {pid}; do :; done; \
         (echo pwned > /proc/self/fd/3) && exit 2; echo held"
    );
    let (text, _) = system.run(&script);
    system.end();
    assert!(!text.contains("pwned") && (text.contains("held") || text.contains("ermission")), "{text}");
    assert!(fs_err::read(&program).unwrap() == before, "the engine's program was changed from inside");

    // The above already fails to open the file, since such a process hides itself first thing. Should one be faster:
    // the mount that it was started through takes no writes (truncating asks the mount before it asks the file).
    let system = System::launch(&place.spec("m"));
    let Ok(Reply::Status(status)) = system.ask(Request::Status) else { panic!() };
    let file = format!("/proc/{}/exe", status.init_pid);
    let error = fs_err::OpenOptions::new().write(true).truncate(true).open(file).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ReadOnlyFilesystem, "{error}");
    system.end();
}
