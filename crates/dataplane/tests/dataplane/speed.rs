//! Figures beside those of `nft -f`, in one run, alternating. To be run alone, and optimised:
//! `cargo test --release -p hcs-dataplane --test dataplane speed -- --ignored --nocapture`

use std::fmt::Write;
use std::time::{Duration, Instant};

use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};

use hcs_dataplane::{Bridge, Kind, Links, Netns, PortMap, Transport, Veth};

use crate::listing::nft;
use crate::support::{World, endpoint, listen, mac, name, namespace, net, network};

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

/// How long a connection takes from its beginning to the server's first byte.
fn connection(from: &Netns, to: &str, server: &TcpListener) -> Duration {
    from.inside(|| {
        let start = Instant::now();
        let mut client = TcpStream::connect(to).unwrap();
        let (mut accepted, _) = server.accept().unwrap();
        accepted.write_all(b"x").unwrap();
        client.read_exact(&mut [0]).unwrap();
        start.elapsed()
    })
    .unwrap()
}

#[test]
#[ignore = "a measurement, for a machine that does nothing else"]
fn a_connection_by_one_port_and_by_one_of_ten_thousand() {
    const CONNECTIONS: usize = 1_000;
    let mut world = World::new();
    let nat = network(1, Kind::Nat);
    world.plane.add_network(&nat).unwrap();
    let inside = world.container(&nat, &endpoint(1, 10));
    let server = listen(&inside, "0.0.0.0:80");
    let last = PortMap { port: 20_001, to: "10.9.1.10:80".parse().unwrap(), ..ports()[0] };
    world.plane.add_ports(&[last]).unwrap();
    let (mut few, mut many) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        for _ in 0..CONNECTIONS / 5 {
            few.push(connection(&world.outside, "192.0.2.1:20001", &server));
        }
        world.plane.add_ports(&ports()).unwrap();
        for _ in 0..CONNECTIONS / 5 {
            many.push(connection(&world.outside, "192.0.2.1:20001", &server));
        }
        world.plane.remove_ports(&ports()).unwrap();
    }
    println!("a connection by the only port: {:?}, by one of {PORTS}: {:?}", median(few), median(many));
}

/// Bytes each second over one connection.
fn throughput(from: &Netns, to: &str, server: &TcpListener) -> f64 {
    const PIECE: usize = 1 << 20;
    const PIECES: u32 = 1_500;
    let client = from.inside(|| TcpStream::connect(to)).unwrap().unwrap();
    let (mut accepted, _) = server.accept().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let piece = vec![7; PIECE];
            (0..PIECES).for_each(|_| (&client).write_all(&piece).unwrap());
        });
        let mut piece = vec![0; PIECE];
        let start = Instant::now();
        (0..PIECES).for_each(|_| accepted.read_exact(&mut piece).unwrap());
        f64::from(PIECES) * 1_048_576.0 / start.elapsed().as_secs_f64()
    })
}

#[test]
#[ignore = "a measurement, for a machine that does nothing else"]
fn bytes_between_containers_and_by_a_port_beside_a_bare_bridge() {
    let mut world = World::new();
    let nat = network(1, Kind::Nat);
    world.plane.add_network(&nat).unwrap();
    let (one, two) = (world.container(&nat, &endpoint(1, 10)), world.container(&nat, &endpoint(1, 11)));
    let port = PortMap { port: 8080, to: "10.9.1.11:80".parse().unwrap(), at: None, ..ports()[0] };
    world.plane.add_ports(&[port]).unwrap();
    // The same by hand: a bridge, two pairs, no rules.
    let bare = namespace("bare");
    let mut links = Links::open(&bare).unwrap();
    links.add_bridge(&Bridge { name: name("br0"), mac: mac(0xb0), mtu: None, group: 0 }).unwrap();
    let bridge = links.need(&name("br0")).unwrap().index;
    let ends: Vec<Netns> = (1..3)
        .map(|n| {
            let end = namespace("end");
            let link = name(&format!("vh{n}"));
            let veth = Veth {
                name: link,
                peer: name("eth0"),
                peer_mac: mac(n),
                mtu: None,
                bridge: Some(bridge),
                group: 0,
            };
            links.add_veth(&veth, &end).unwrap();
            let mut there = Links::open(&end).unwrap();
            let eth0 = there.need(&name("eth0")).unwrap().index;
            there.set_up(eth0).unwrap();
            there.add_address(eth0, net(&format!("10.8.0.{n}/24"))).unwrap();
            there.ready(&name("eth0"), Duration::from_secs(5)).unwrap();
            end
        })
        .collect();
    let (ours, theirs) = (listen(&two, "0.0.0.0:80"), listen(&ends[1], "0.0.0.0:80"));
    let mut rows = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..5 {
        rows[0].push(throughput(&ends[0], "10.8.0.2:80", &theirs));
        rows[1].push(throughput(&one, "10.9.1.11:80", &ours));
        rows[2].push(throughput(&world.outside, "192.0.2.1:8080", &ours));
    }
    let [bare, straight, port] = rows.map(|mut row| {
        row.sort_by(f64::total_cmp);
        row[2] / 1e9
    });
    println!("GB/s: bare {bare:.2}; between containers {straight:.2}; from outside by a port {port:.2}");
}
