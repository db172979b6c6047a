//! Namespaces for one test: a host, what is outside of it, and containers; and packets between them.

use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use hcs_dataplane::ipnet::IpNet;
use hcs_dataplane::{
    Acl, Bridge, Endpoint, Instance, Kind, LinkName, Links, Mac, Netns, Network, Outbound, Plane, Route, Veth,
};

/// Longer than any packet here takes, also on a busy machine: what has not come by then fails the test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

pub(crate) fn name(text: &str) -> LinkName {
    text.parse().unwrap()
}

pub(crate) fn mac(last: u8) -> Mac {
    Mac([0x00, 0x15, 0x5d, 0x52, 0xc0, last])
}

/// A new namespace whose loopback is on.
pub(crate) fn namespace(what: &str) -> Netns {
    let netns = Netns::create(what).unwrap();
    Links::open(&netns).unwrap().set_up(1).unwrap();
    netns
}

/// What stands outside: a namespace with a link to the host's `eth0`, the host being 192.0.2.1 and 2001:db8::1, the
/// outside 192.0.2.9 and 2001:db8::9, which the host's default routes lead to.
pub(crate) fn outside_of(host: &Netns) -> Netns {
    let outside = namespace("outside");
    let mut links = Links::open(&outside).unwrap();
    // The outside is itself a bridge with one port, so that the same call makes the wire.
    links.add_bridge(&Bridge { name: name("wan"), mac: mac(0xf0), mtu: None, group: 0 }).unwrap();
    let wan = links.need(&name("wan")).unwrap().index;
    let veth = Veth {
        name: name("wire"),
        peer: name("eth0"),
        peer_mac: mac(0xf1),
        mtu: None,
        bridge: Some(wan),
        group: 0,
    };
    links.add_veth(&veth, host).unwrap();
    for address in ["192.0.2.9/24", "2001:db8::9/64"] {
        links.add_address(wan, net(address)).unwrap();
    }
    let mut links = Links::open(host).unwrap();
    let eth0 = links.need(&name("eth0")).unwrap().index;
    links.set_up(eth0).unwrap();
    for address in ["192.0.2.1/24", "2001:db8::1/64"] {
        links.add_address(eth0, net(address)).unwrap();
    }
    for (to, via) in [("0.0.0.0/0", "192.0.2.9"), ("::/0", "2001:db8::9")] {
        let route = Route { destination: net(to), gateway: Some(via.parse().unwrap()), metric: None };
        links.set_route(eth0, &route).unwrap();
    }
    links.ready(&name("eth0"), PATIENCE).unwrap();
    let mut links = Links::open(&outside).unwrap();
    for link in ["wire", "wan"] {
        links.ready(&name(link), PATIENCE).unwrap();
    }
    outside
}

/// A server for TCP in `netns`, on a port that is free if `address` names port 0.
pub(crate) fn listen(netns: &Netns, address: &str) -> TcpListener {
    netns
        .inside(|| TcpListener::bind(address))
        .unwrap()
        .unwrap_or_else(|e| panic!("{netns}: bind {address}: {e}"))
}

/// Connects from `netns` to `to`; the server must take it, and sees it come from the address that is returned.
pub(crate) fn connects(netns: &Netns, to: &str, server: &TcpListener) -> IpAddr {
    let to: SocketAddr = to.parse().unwrap();
    let client = netns
        .inside(|| TcpStream::connect_timeout(&to, PATIENCE))
        .unwrap()
        .unwrap_or_else(|e| panic!("{netns}: connect to {to}: {e}"));
    let (accepted, from) = server.accept().unwrap();
    // It is this connection, and bytes pass both ways.
    for (mut one, mut other) in [(&client, &accepted), (&accepted, &client)] {
        use std::io::{Read, Write};
        one.set_read_timeout(Some(PATIENCE)).unwrap();
        other.set_read_timeout(Some(PATIENCE)).unwrap();
        one.write_all(b"hello").unwrap();
        let mut bytes = [0; 5];
        other.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"hello");
    }
    from.ip()
}

/// A socket for datagrams in `netns`.
pub(crate) fn datagrams(netns: &Netns, address: &str) -> UdpSocket {
    let socket = netns.inside(|| UdpSocket::bind(address)).unwrap();
    let socket = socket.unwrap_or_else(|e| panic!("{netns}: bind {address}: {e}"));
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// The next datagram's text and sender.
pub(crate) fn receive(socket: &UdpSocket) -> (String, SocketAddr) {
    let mut bytes = [0; 2048];
    let (length, from) = socket.recv_from(&mut bytes).unwrap_or_else(|e| panic!("no datagram came: {e}"));
    (String::from_utf8_lossy(&bytes[..length]).into_owned(), from)
}

/// A network with the prefixes 10.9.N.0/24 and fd00:N::/64.
pub(crate) fn network(n: u8, kind: Kind) -> Network {
    let routed = matches!(kind, Kind::Nat | Kind::Internal);
    let gateways =
        if routed { vec![net(&format!("10.9.{n}.1/24")), net(&format!("fd00:{n}::1/64"))] } else { vec![] };
    Network { bridge: name(&format!("br{n}")), kind, mac: Mac([2, 0, 0, 0, n, 1]), mtu: None, gateways }
}

/// Endpoint `m` of that network: 10.9.N.M and fd00:N::M.
pub(crate) fn endpoint(n: u8, m: u8) -> Endpoint {
    let via = |to: &str, gateway: String| Route {
        destination: net(to),
        gateway: Some(gateway.parse().unwrap()),
        metric: None,
    };
    Endpoint {
        link: name(&format!("vh{n}-{m}")),
        name: name("eth0"),
        alias: None,
        mac: Mac([2, 0, 0, 0, n, m]),
        addresses: vec![net(&format!("10.9.{n}.{m}/24")), net(&format!("fd00:{n}::{m}/64"))],
        routes: vec![via("0.0.0.0/0", format!("10.9.{n}.1")), via("::/0", format!("fd00:{n}::1"))],
        mtu: None,
        only_its_mac: true,
        egress: None,
        outbound: Outbound::default(),
        acl: Acl::default(),
    }
}

/// A host with an outside, and an instance's plane on it.
pub(crate) struct World {
    pub(crate) host: Netns,
    pub(crate) outside: Netns,
    pub(crate) plane: Plane,
}

impl World {
    pub(crate) fn new() -> Self {
        let host = namespace("host");
        let outside = outside_of(&host);
        let plane = Plane::open(Instance::new("test").unwrap(), host.try_clone().unwrap()).unwrap();
        Self { host, outside, plane }
    }

    /// A new namespace with endpoint `m` of network `n` in it.
    pub(crate) fn container(&mut self, network: &Network, endpoint: &Endpoint) -> Netns {
        let inside = Netns::create(&endpoint.link).unwrap();
        self.plane.attach(network, endpoint, &inside).unwrap();
        inside
    }

    /// Whether the kernel shows frames within a bridge to nftables, too: both happen, by distribution.
    pub(crate) fn bridged_frames_seen(&self, seen: bool) {
        for file in ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables"] {
            let path = format!("/proc/sys/net/bridge/{file}");
            let value = if seen { "1" } else { "0" };
            self.host.inside(|| fs_err::write(&path, value)).unwrap().unwrap();
        }
    }

    /// The value of a setting of the host, below `/proc/sys/net`.
    pub(crate) fn setting(&self, key: &str) -> String {
        let path = format!("/proc/sys/net/{key}");
        self.host.inside(|| fs_err::read_to_string(&path)).unwrap().unwrap().trim_end().to_owned()
    }
}
