//! A container in a network namespace that somebody else made, and what runs when a container has ended.

use std::os::fd::{AsRawFd, OwnedFd};

use hcs_silo::protocol::Request;
use hcs_silo::spec::{AtEnd, Command};

use crate::support::{Place, System, until_removed};

/// A network namespace of the host's user namespace, with nothing but loopback, which is down.
#[expect(unsafe_code, reason = "rustix marks unshare unsafe for the flags that part threads' descriptors")]
fn namespace() -> OwnedFd {
    let make = || {
        // SAFETY: NEWNET is the only flag: no descriptor is taken from another thread.
        unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWNET) }.unwrap();
        let file: std::fs::File = fs_err::File::open("/proc/thread-self/ns/net").unwrap().into();
        OwnedFd::from(file)
    };
    std::thread::spawn(make).join().unwrap()
}

#[test]
fn it_is_born_in_a_network_namespace_that_was_made_before_it() {
    let place = Place::new();
    let network = namespace();
    let number = rustix::fs::fstat(&network).unwrap().st_ino;
    let own = fs_err::read_link("/proc/self/ns/net").unwrap();
    for mut spec in [place.spec("a"), place.mapped_spec("b")] {
        spec.network = Some(format!("/proc/{}/fd/{}", std::process::id(), network.as_raw_fd()).into());
        let system = System::started(&spec);
        let (text, exit) = system.run(
            "busybox readlink /proc/self/ns/net; busybox ls /sys/class/net; cat /sys/class/net/lo/flags",
        );
        // It is not the container's to switch on.
        assert_eq!((text.as_str(), exit.code), (&*format!("net:[{number}]\nlo\n0x8\n"), 0));
        assert_ne!(system.run("busybox ip link set lo up").1.code, 0);
        // The supervisor is back where it was.
        let [_, supervisor] = system.pids();
        let there = fs_err::read_link(format!("/proc/{}/ns/net", supervisor.as_raw_nonzero())).unwrap();
        assert_eq!(there, own);
        system.end();
    }
}

#[test]
fn a_program_runs_at_the_end_if_its_mark_is_there() {
    let place = Place::new();
    for (id, marked) in [("c", true), ("d", false)] {
        let mut spec = place.spec(id);
        let (mark, told) = (spec.directory.join("mark"), place.path(&format!("told-{id}")));
        let script = "echo \"$WORD\" > \"$0\"";
        let argv = ["/bin/sh", "-c", script, told.to_str().unwrap()].map(str::to_owned).to_vec();
        spec.at_end =
            Some(AtEnd { mark: mark.clone(), command: Command { argv, env: vec!["WORD=gone".into()] } });
        let system = System::started(&spec);
        if marked {
            fs_err::write(&mark, "").unwrap();
        }
        let removed = until_removed(&spec.directory);
        system.ask(Request::Terminate).unwrap();
        // The answer comes when it has run.
        assert_eq!(fs_err::read_to_string(&told).ok().as_deref(), marked.then_some("gone\n"));
        drop(system);
        removed();
    }
}
