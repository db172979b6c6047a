//! Killed before each of its requests to the kernel, and racing with others, a caller leaves nothing that the next call
//! does not make good.

use std::os::fd::{AsFd, AsRawFd};
use std::process::{Command, Output};

use hcs_dataplane::{
    Acl, Action, Endpoint, Instance, Kind, Netns, Network, Plane, PortMap, TableState, Transport, Wanted,
};

use crate::support::{World, connects, endpoint, listen, network};

const HOST: &str = "HCS_DATAPLANE_HOST";
const INSIDE: &str = "HCS_DATAPLANE_INSIDE";
const WHAT: &str = "HCS_DATAPLANE_WHAT";

fn parts() -> (Network, Endpoint, Vec<PortMap>) {
    let acl = Acl { otherwise_out: Action::Block, ..Acl::default() };
    let endpoint =
        Endpoint { acl, egress: Some(hcs_dataplane::EgressLimit { rate: 10_000_000 }), ..endpoint(1, 10) };
    let port =
        |port| PortMap { transport: Transport::Tcp, at: None, port, to: "10.9.1.10:80".parse().unwrap() };
    (network(1, Kind::Nat), endpoint, vec![port(8080), port(8081)])
}

fn wanted(inside: &Netns) -> Wanted<'_> {
    let (network, endpoint, ports) = parts();
    Wanted { networks: vec![(network, vec![(endpoint, inside)])], ports, ..Wanted::default() }
}

/// What the killed process does: not a test of its own, but started by the tests below.
#[test]
#[ignore = "the process that other tests kill"]
fn victim() {
    let open = |variable| Netns::open(std::env::var(variable).expect("set by who starts it")).unwrap();
    let (host, inside) = (open(HOST), open(INSIDE));
    let mut plane = Plane::open(Instance::new("test").unwrap(), host).unwrap();
    let (network, endpoint, ports) = parts();
    match std::env::var(WHAT).unwrap().as_str() {
        "apply" => _ = plane.apply(&wanted(&inside)).unwrap(),
        "calls" => {
            plane.add_network(&network).unwrap();
            plane.attach(&network, &endpoint, &inside).unwrap();
            plane.add_ports(&ports).unwrap();
        }
        "remove" => {
            plane.remove_ports(&ports).unwrap();
            plane.detach(&network, &[endpoint]).unwrap();
            plane.remove_network(&network).unwrap();
        }
        "clear" => plane.clear().unwrap(),
        other => panic!("{other}"),
    }
}

/// Runs the victim under strace, which kills it as it enters system call `call` for the `n`th time.
#[expect(clippy::disallowed_methods, reason = "strace and the victim")]
fn run(world: &World, inside: &Netns, what: &str, call: &str, n: u32) -> Output {
    let path = |netns: &Netns| format!("/proc/{}/fd/{}", std::process::id(), netns.as_fd().as_raw_fd());
    Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={call}:signal=KILL:when={n}")])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "faults::victim", "--test-threads=1"])
        .envs([(HOST, path(&world.host)), (INSIDE, path(inside)), (WHAT, what.to_owned())])
        .output()
        .unwrap_or_else(|e| panic!("strace (Debian's package strace) cannot be run: {e}"))
}

fn all_is_there(world: &mut World, inside: &Netns) {
    world.plane.apply(&wanted(inside)).unwrap();
    assert_eq!(world.plane.apply(&wanted(inside)).unwrap(), []);
    let server = listen(inside, "10.9.1.10:80");
    connects(&world.outside, "192.0.2.1:8080", &server);
    connects(&world.host, "127.0.0.1:8081", &server);
}

fn all_is_gone(world: &mut World) {
    world.plane.clear().unwrap();
    assert_eq!(world.plane.links().unwrap(), []);
    assert_eq!(world.plane.table_state().unwrap(), TableState::Absent);
    assert_eq!(world.setting("ipv4/ip_forward"), "0");
    assert_eq!(world.setting("ipv6/conf/all/forwarding"), "0");
}

/// Kills at each visit of `call`; returns how many there are.
fn at_each(what: &str, call: &str, made_before: bool) -> u32 {
    for n in 1..500 {
        let mut world = World::new();
        let inside = Netns::create("container").unwrap();
        if made_before {
            world.plane.apply(&wanted(&inside)).unwrap();
        }
        let output = run(&world, &inside, what, call, n);
        let lived = output.status.success();
        if made_before {
            // Half removed: removed whole, and made again.
            all_is_gone(&mut world);
        }
        all_is_there(&mut world, &inside);
        if lived {
            return n - 1;
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!errors.contains("panicked"), "it was to be killed and failed:\n{errors}");
    }
    panic!("{what}: after 500 requests it still is not done");
}

#[test]
fn killed_before_any_request_of_apply_the_next_one_makes_it_whole() {
    assert!(at_each("apply", "sendto", false) > 20);
}

#[test]
fn killed_before_any_request_of_single_calls_the_next_one_makes_it_whole() {
    assert!(at_each("calls", "sendto", false) > 20);
}

#[test]
fn killed_before_any_request_of_a_removal_the_next_one_removes_the_rest() {
    assert!(at_each("remove", "sendto", true) > 5);
    assert!(at_each("clear", "sendto", true) > 5);
}

#[test]
fn callers_at_once_get_what_they_asked_for() {
    for _ in 0..5 {
        let mut world = World::new();
        let nat = network(1, Kind::Nat);
        let inside: Vec<Netns> = (10..18).map(|m| Netns::create(format!("container {m}")).unwrap()).collect();
        let port = |m: u8, n: u16| PortMap {
            transport: Transport::Tcp,
            at: None,
            port: 8000 + u16::from(m) * 100 + n,
            to: format!("10.9.1.{m}:80").parse().unwrap(),
        };
        std::thread::scope(|scope| {
            for (m, netns) in (10..18).zip(&inside) {
                let (host, nat) = (world.host.try_clone().unwrap(), &nat);
                scope.spawn(move || {
                    let mut plane = Plane::open(Instance::new("test").unwrap(), host).unwrap();
                    plane.add_network(nat).unwrap();
                    plane.attach(nat, &endpoint(1, m), netns).unwrap();
                    let ports: Vec<PortMap> = (0..50).map(|n| port(m, n)).collect();
                    plane.add_ports(&ports).unwrap();
                    plane.remove_ports(&ports[..7]).unwrap();
                });
            }
        });
        let endpoints = (10..18).map(|m| endpoint(1, m)).zip(&inside).collect();
        let ports = (10..18).flat_map(|m| (7..50).map(move |n| port(m, n))).collect();
        let wanted = Wanted { networks: vec![(nat, endpoints)], ports, ..Wanted::default() };
        assert_eq!(world.plane.apply(&wanted).unwrap(), []);
        let server = listen(&inside[3], "10.9.1.13:80");
        connects(&world.outside, "192.0.2.1:9320", &server);
    }
}
