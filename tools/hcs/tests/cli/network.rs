//! Networks on the command line. The host's network is a namespace of the test's.

use std::io::Read as _;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::path::PathBuf;

use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};

use super::running::{self, PATIENCE};
use super::support::Engine;

/// A network namespace with loopback, which goes with this value.
struct Host(OwnedFd);

impl Host {
    #[expect(
        unsafe_code,
        reason = "rustix marks unshare unsafe for the flags that part threads' descriptors"
    )]
    fn new() -> Self {
        let make = || {
            // SAFETY: NEWNET is the only flag: no descriptor is taken from another thread.
            unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) }.unwrap();
            let mut up = running::program("busybox");
            assert_eq!(running::finish(up.args(["ip", "link", "set", "lo", "up"])).code, 0);
            let file: std::fs::File = fs_err::File::open("/proc/thread-self/ns/net").unwrap().into();
            OwnedFd::from(file)
        };
        Self(std::thread::spawn(make).join().unwrap())
    }

    fn path(&self) -> PathBuf {
        format!("/proc/{}/fd/{}", std::process::id(), self.0.as_raw_fd()).into()
    }

    /// What whoever listens at an address of this host says.
    fn hear(&self, address: &str) -> String {
        let address: SocketAddr = address.parse().unwrap();
        let hear = || {
            move_into_link_name_space(self.0.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            // Until the server listens the kernel refuses at once.
            for _ in 0..100_000 {
                if let Ok(mut stream) = TcpStream::connect_timeout(&address, PATIENCE) {
                    let mut text = String::new();
                    stream.read_to_string(&mut text).unwrap();
                    return text;
                }
                std::thread::yield_now();
            }
            panic!("nobody answers at {address}");
        };
        std::thread::scope(|scope| scope.spawn(hear).join().unwrap())
    }
}

const SERVER: [&str; 8] = ["/bin/busybox", "nc", "-ll", "-p", "80", "-e", "/bin/echo", "hello"];

#[test]
fn a_published_port_reaches_the_program_and_goes_with_it() {
    let host = Host::new();
    let engine = Engine::in_network(host.path());
    let rootfs = engine.rootfs();
    let run =
        [&["run", "-d", "--name", "web", "--rootfs", &rootfs, "-p", "8080:80", "--"], &SERVER[..]].concat();
    assert_eq!(engine.hcs(&run).ok(), "web\n");
    assert_eq!(host.hear("127.0.0.1:8080"), "hello\n");
    let networks = engine.hcs(&["network", "ls", "--format", "json"]).json();
    assert_eq!((&networks[0]["Name"], networks.as_array().unwrap().len()), (&"nat".into(), 1));
    // Another that wants the port is told so, and makes nothing.
    let taken = [&["run", "--rm", "--rootfs", &rootfs, "-p", "8080:80", "--"], &SERVER[..]].concat();
    let failed = engine.hcs(&taken);
    assert_eq!(failed.code, 125);
    assert!(failed.stderr.contains("HCN_E_PORT_ALREADY_EXISTS"), "{}", failed.stderr);
    assert_eq!(engine.hcs(&["endpoint", "ls", "--format", "json"]).json().as_array().unwrap().len(), 1);
    engine.hcs(&["rm", "--force", "web"]).ok();
    assert_eq!(engine.hcs(&["endpoint", "ls", "--format", "json"]).json(), serde_json::json!([]));
    assert_eq!(engine.hcs(&["network", "check"]).ok(), "");
    engine.hcs(&["network", "rm", "nat"]).ok();
    // Without an option of a network there is none.
    assert_eq!(engine.sh(&[], "busybox ls /sys/class/net").ok(), "lo\n");
    assert_eq!(engine.sh(&["--network", "none"], "busybox ls /sys/class/net").ok(), "lo\n");
    assert_eq!(engine.hcs(&["network", "ls", "--format", "json"]).json(), serde_json::json!([]));
}

#[test]
fn networks_endpoints_and_namespaces_are_made_shown_and_removed() {
    let host = Host::new();
    let engine = Engine::in_network(host.path());
    let create = [
        "network",
        "create",
        "--subnet",
        "10.9.0.0/24",
        "--subnet",
        "fd00:9::/64",
        "--dns",
        "10.9.0.53",
        "web",
    ];
    let network = engine.hcs(&create).ok().trim_end().to_owned();
    let table = engine.hcs(&["network", "ls"]).ok();
    assert!(table.lines().nth(1).unwrap().contains("10.9.0.0/24 fd00:9::/64"), "{table}");
    let endpoint = ["endpoint", "create", "--network", "web", "--name", "e", "--ip", "10.9.0.7", "-p", "80"];
    let endpoint = engine.hcs(&endpoint).ok().trim_end().to_owned();
    let document = &engine.hcs(&["endpoint", "inspect", "e"]).json()[0];
    assert_eq!(document["ID"], serde_json::json!(endpoint));
    assert_eq!(document["IpConfigurations"][0]["IpAddress"], "10.9.0.7");
    assert_eq!(document["Policies"].as_array().unwrap().len(), 2, "a port of each IP version");
    let namespace = engine.hcs(&["namespace", "create"]).ok().trim_end().to_owned();
    engine.hcs(&["namespace", "attach", &namespace, "e"]).ok();
    let resources = engine.hcs(&["namespace", "inspect", &namespace]).json()[0]["Resources"].clone();
    assert_eq!(resources[0]["Data"]["ID"], serde_json::json!(endpoint));
    engine.hcs(&["namespace", "detach", &namespace, &endpoint]).ok();
    let seen = engine.sh(
        &["--network", "web", "--ip", "10.9.0.9", "--mac", "02-00-00-00-00-09"],
        "busybox ip addr show eth0 | busybox grep -E 'inet |ether' | busybox awk '{ print $2 }'; cat /etc/resolv.conf",
    );
    assert_eq!(seen.ok(), "02:00:00:00:00:09\n10.9.0.9/24\nnameserver 10.9.0.53\n");
    assert_eq!(engine.hcs(&["network", "check", "--format", "json"]).json(), serde_json::json!([]));
    let missing = engine.hcs(&["network", "inspect", "nobody"]);
    assert_eq!(missing.code, 125);
    for arguments in [["endpoint", "rm", "e"], ["namespace", "rm", &namespace], ["network", "rm", &network]] {
        engine.hcs(&arguments).ok();
    }
    // The host's own network, by name.
    assert_eq!(engine.sh(&["--network", "host"], "busybox ls /sys/class/net").ok(), "lo\n");
    let refused = engine.sh(&["--network", "host", "-p", "80"], "true");
    assert_eq!(refused.code, 125);
    assert!(refused.stderr.contains("--network host takes no"), "{}", refused.stderr);
}
