//! What the client is like is not seen in the container.

use crate::support::{Place, System, supervisor};
use hcs_silo::protocol::User;
use hcs_silo::spec::{Mount, Source};

/// Passes on its own, and is run again by the test below from a client of another kind.
#[test]
fn a_container_is_the_same_whoever_starts_it() {
    let place = Place::new();
    for (mut spec, name) in [(place.spec("a"), "plain"), (place.mapped_spec("b"), "mapped")] {
        let upper = place.path(&format!("upper-{name}"));
        let work = place.path(&format!("work-{name}"));
        spec.root.source =
            Source::Overlay { lowers: vec![place.root.clone()], upper: upper.clone(), work, volatile: true };
        spec.mounts = vec![Mount {
            target: "/new/mount/point".into(),
            source: Source::Tmpfs { size: 0, mode: 0o755 },
            read_only: false,
        }];
        let system = System::started(&spec);
        let (text, _) =
            system.run("umask; stat -c %a / /new /new/mount; id -G; cat /proc/self/oom_score_adj");
        assert_eq!(text, "0022\n755\n755\n755\n0\n100\n", "{name}");
        // From outside: a program can be faster than process 1, which has a program's score while it starts one.
        let own = fs_err::read_to_string(format!("/proc/{}/oom_score_adj", system.pids()[0])).unwrap();
        assert_eq!(own, "0\n", "{name}");
        let supervisor = fs_err::read_to_string(format!("/proc/{}/oom_score_adj", system.pids()[1]));
        // Without CAP_SYS_RESOURCE, as in many containers, the kernel lets nobody go below where they began.
        let supervisor = supervisor.unwrap();
        assert!(
            supervisor == "-999\n" || (!may_spare() && supervisor == "0\n"),
            "{name}: the supervisor is the last to go: {supervisor}"
        );
        let argv =
            ["/bin/grep", "-hE", "Sig(Blk|Ign)|Cap(Inh|Amb)|Groups", "/proc/1/status", "/proc/self/status"];
        let (text, _) = system.start(&argv, User::default()).finish();
        let wrong = |line: &&str| {
            let (name, value) = line.split_once(":\t").unwrap();
            // Process 1 takes its signals by a descriptor.
            name != "SigBlk" && !value.trim().trim_matches('0').is_empty()
        };
        assert_eq!(text.lines().count(), 10, "{text}");
        assert_eq!(text.lines().find(wrong), None, "{name}: {text}");
        assert!(text.contains("SigBlk:\t0000000000000000"), "{name}: {text}");
        assert_ne!(system.run("echo -1 >/proc/self/oom_score_adj").1.code, 0, "{name}");
        system.end();
    }
}

/// Also CVE-2022-29162 and CVE-2022-24769: inheritable capabilities of the engine's were the container's.
#[test]
fn an_odd_client_makes_the_same_container() {
    let script = "umask 077; echo -500 2>/dev/null >/proc/self/oom_score_adj; trap '' INT HUP CHLD PIPE; \
                  exec setpriv --groups 4,27 --inh-caps +chown,+sys_admin --ambient-caps +chown,+sys_admin \
                  \"$0\" --exact client::a_container_is_the_same_whoever_starts_it --nocapture";
    #[expect(clippy::disallowed_methods, reason = "another process can be another kind of client")]
    let output = std::process::Command::new("/bin/sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .env("HCS_INIT", supervisor())
        .output()
        .unwrap();
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "{out}{error}");
}

/// Whether this process has CAP_SYS_RESOURCE.
fn may_spare() -> bool {
    let status = fs_err::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:\t")).unwrap();
    u64::from_str_radix(mask, 16).unwrap() & (1 << 24) != 0
}
