//! Figures beside those of `nft -f`, in one run, alternating. To be run alone, and optimised:
//! `cargo test --release -p hcs-dataplane --test dataplane speed -- --ignored --nocapture`

use std::fmt::Write;
use std::time::{Duration, Instant};

use hcs_dataplane::{Kind, Links, Netns, PortMap, Transport};

use crate::listing::nft;
use crate::support::{World, endpoint, network};

const PORTS: u16 = 10_000;
const ROUNDS: usize = 7;

fn ports() -> Vec<PortMap> {
    let at = Some("192.0.2.1".parse().unwrap());
    let to = |n: u16| format!("10.9.1.10:{n}").parse().unwrap();
    (1..=PORTS).map(|n| PortMap { transport: Transport::Tcp, at, port: 10_000 + n, to: to(n) }).collect()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[test]
#[ignore = "a measurement, for a machine that does nothing else"]
fn ten_thousand_ports_beside_nft() {
    let mut world = World::new();
    world.plane.add_network(&network(1, Kind::Nat)).unwrap();
    let ports = ports();
    let mut script = String::from(
        "table ip peer { map at { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; elements = { ",
    );
    for port in &ports {
        write!(script, "192.0.2.1 . tcp . {} : 10.9.1.10 . {}, ", port.port, port.to.port()).unwrap();
    }
    script.push_str(" }; }; }\n");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ports.nft");
    fs_err::write(&file, script).unwrap();
    let peer = Netns::create("peer").unwrap();
    let (mut ours, mut theirs, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = Instant::now();
        world.plane.add_ports(&ports).unwrap();
        ours.push(start.elapsed());
        let start = Instant::now();
        nft(&peer, &["-f", file.to_str().unwrap()]);
        theirs.push(start.elapsed());
        let start = Instant::now();
        world.plane.remove_ports(&ports).unwrap();
        gone.push(start.elapsed());
        nft(&peer, &["flush", "ruleset"]);
    }
    let (ours, theirs, gone) = (median(ours), median(theirs), median(gone));
    println!(
        "{PORTS} ports: ours {ours:?}, nft -f {theirs:?}: {:.2} ×",
        ours.as_secs_f64() / theirs.as_secs_f64()
    );
    println!("withdrawn: {gone:?}");
    world.plane.add_ports(&ports).unwrap();
    let start = Instant::now();
    assert_eq!(world.plane.ports().unwrap().len(), usize::from(PORTS));
    println!("read back: {:?}", start.elapsed());
    let start = Instant::now();
    let one = PortMap { transport: Transport::Udp, ..ports[0] };
    world.plane.add_ports(&[one]).unwrap();
    println!("one more: {:?}", start.elapsed());
}

#[test]
#[ignore = "a measurement, for a machine that does nothing else"]
fn endpoints_one_by_one_and_gone_together() {
    let mut world = World::new();
    let nat = network(1, Kind::Nat);
    world.plane.add_network(&nat).unwrap();
    let endpoints: Vec<_> = (2..252).map(|m| endpoint(1, m)).collect();
    let inside: Vec<_> = endpoints.iter().map(|e| Netns::create(&e.link).unwrap()).collect();
    let mut times = Vec::new();
    for (endpoint, netns) in endpoints.iter().zip(&inside) {
        let start = Instant::now();
        world.plane.attach(&nat, endpoint, netns).unwrap();
        times.push(start.elapsed());
    }
    println!(
        "attach: the first 20 {:?}, the last 20 {:?}",
        median(times[..20].to_vec()),
        median(times[230..].to_vec())
    );
    let start = Instant::now();
    world.plane.detach(&nat, &endpoints).unwrap();
    println!("detach of {} together: {:?}", endpoints.len(), start.elapsed());
    let left = Links::open(&world.host).unwrap().list().unwrap().len();
    assert_eq!(left, 3, "lo, eth0 and the bridge");
}
