//! Whatever happened half way, the next who looks makes good: kills at each step, a reboot, another program's hands in
//! our things, two who change at once.

use hcs_contract::NetworkService;
use hcs_dataplane::{Instance, Links, Plane};
use serde_json::json;

use super::packets::{connects, listen};
use super::support::{Endpoint, Namespace, Network, World, ipams};

/// The links of the host's namespace that are the engine's.
fn own_links(world: &World) -> Vec<hcs_dataplane::Link> {
    plane(world).links().unwrap()
}

fn plane(world: &World) -> Plane {
    let instance = Instance::new(world.engine.host.instance()).unwrap();
    Plane::open(instance, world.host.try_clone().unwrap()).unwrap()
}

#[test]
fn what_another_program_took_away_is_shown_and_mended() {
    let world = World::new();
    let network = world.nat();
    let port = json!([{ "Type": "PortMapping", "Settings": { "Protocol": 6, "InternalPort": 80, "ExternalPort": 8080 } }]);
    let (_, netns) = world.attached(&network, &json!({ "Policies": port }));
    let server = listen(&netns, "0.0.0.0:80");
    connects(&world.outside, "192.0.2.1:8080", &server);
    let bridge = own_links(&world).into_iter().find(|link| link.kind.as_deref() == Some("bridge")).unwrap();
    let mut links = Links::open(&world.host).unwrap();
    links.delete(&[bridge.index], 4711).unwrap();
    let differs = world.drift();
    assert!(differs.iter().any(|line| line == &format!("made bridge {}", bridge.name)), "{differs:?}");
    assert_eq!(world.drift(), differs, "a look changes nothing");
    let mended = world.engine.host.check_networks(true).unwrap().differences;
    assert!(mended.iter().any(|line| line.contains(&bridge.name)), "{mended:?}");
    assert_eq!(world.drift(), Vec::<String>::new());
    connects(&world.outside, "192.0.2.1:8080", &server);
    world.clear();
    assert!(own_links(&world).is_empty());
}

#[test]
fn after_a_reboot_all_is_made_anew_but_what_ends_with_one() {
    let world = World::new();
    let network = world.nat();
    let volatile =
        world.network(&json!({ "Name": "volatile", "Type": "Private", "Flags": 8, "Ipams": ipams(1) }));
    assert_eq!(world.document(Network, &volatile)["Flags"], 8);
    let (namespace, netns) = world.namespace();
    let endpoint = world.endpoint(&network, &json!({ "HostComputeNamespace": namespace }));
    // The kernel has nothing of it any more, and another boot's name.
    plane(&world).clear().unwrap();
    drop(netns);
    rustix::mount::unmount(
        world.engine.path("run/netns").join(&namespace),
        rustix::mount::UnmountFlags::DETACH,
    )
    .unwrap();
    let database = rusqlite::Connection::open(world.engine.path("state/network.db")).unwrap();
    database.execute("UPDATE state SET value = 'another' WHERE key = 'boot'", []).unwrap();
    drop(database);
    let other = world.engine.other();
    let query = r#"{"Filter":"{\"Name\":\"volatile\"}"}"#;
    assert_eq!(other.enumerate(Network, query).unwrap(), "[]");
    assert_eq!(world.drift(), Vec::<String>::new());
    assert_eq!(world.document(Endpoint, &endpoint)["HostComputeNamespace"], json!(namespace));
    let netns = hcs_dataplane::Netns::open(world.engine.path("run/netns").join(&namespace)).unwrap();
    let outside = listen(&world.outside, "192.0.2.9:80");
    connects(&netns, "192.0.2.9:80", &outside);
    world.clear();
}

#[test]
fn two_who_make_the_same_at_once_do_not_get_in_each_other_s_way() {
    let world = World::new();
    let id = "7b7fd6a5-0b0c-4e29-b4a3-3a5d2b3f9d11";
    let document = json!({ "Type": "NAT", "Ipams": ipams(0) }).to_string();
    let hosts: Vec<_> = (0..4).map(|_| world.engine.other()).collect();
    let made: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = hosts
            .iter()
            .map(|host| scope.spawn(|| usize::from(host.create(Network, Some(id), &document).is_ok())))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(made, 1);
    let endpoints: Vec<String> = std::thread::scope(|scope| {
        let make = |host: &hcs_host_linux::LinuxHost| -> Vec<String> {
            (0..10).map(|_| host.create_endpoint(id, None, "{}").unwrap().id().to_owned()).collect()
        };
        let threads: Vec<_> = hosts.iter().map(|host| scope.spawn(move || make(host))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let mut addresses: Vec<String> = endpoints
        .iter()
        .map(|id| {
            world.document(Endpoint, id)["IpConfigurations"][0]["IpAddress"].as_str().unwrap().to_owned()
        })
        .collect();
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), 40);
    world.clear();
}

#[test]
fn a_network_that_the_kernel_refuses_leaves_nothing() {
    let world = World::new();
    // Somebody has the bridge's name.
    let id = "7b7fd6a5-0b0c-4e29-b4a3-3a5d2b3f9d11";
    let instance = Instance::new(world.engine.host.instance()).unwrap();
    let bridge = hcs_dataplane::Bridge {
        name: instance.link("hcb", id).unwrap(),
        mac: "02-00-00-00-00-01".parse().unwrap(),
        mtu: None,
        group: 0,
    };
    let mut links = Links::open(&world.host).unwrap();
    links.add_bridge(&bridge).unwrap();
    let document = json!({ "Type": "NAT", "Ipams": ipams(0) }).to_string();
    let error = world.engine.host.create(Network, Some(id), &document).unwrap_err();
    assert!(error.to_string().contains("is not ours") && error.hint().is_some(), "{error}");
    assert!(world.ids(Network, &json!({})).is_empty());
    assert_eq!(world.drift(), Vec::<String>::new());
    // The address range is free.
    let index = links.need(&bridge.name).unwrap().index;
    links.delete(&[index], 4711).unwrap();
    world.engine.host.create(Network, Some(id), &document).unwrap();
    world.clear();
}

#[cfg(feature = "fault-points")]
mod killed {
    use std::path::{Path, PathBuf};

    use hcs_fault::session::{Action, Session, VARIABLE};
    use hcs_fault::{Point, Role};
    use hcs_host_linux::{LinuxHost, Options};

    use super::super::support::{change, path_of, policies};
    use super::*;

    const FOLDER: &str = "HCS_TEST_FOLDER";
    const NETNS: &str = "HCS_TEST_NETNS";

    /// All that a client does with networks, in order.
    fn life(host: &LinuxHost) -> Result<(), hcs_contract::Error> {
        let network = host.create(
            Network,
            None,
            &json!({ "Name": "n", "Type": "NAT", "Ipams": ipams(0) }).to_string(),
        )?;
        let namespace = host.create(Namespace, None, "{}")?;
        let port = json!([{ "Type": "PortMapping", "Settings": { "Protocol": 6, "InternalPort": 80, "ExternalPort": 8080 } }]);
        let endpoint = host.create_endpoint(network.id(), None, &json!({ "Policies": port }).to_string())?;
        namespace.modify(&change("Add", endpoint.id()))?;
        let rule =
            json!([{ "Type": "ACL", "Settings": { "Action": "Block", "Direction": "In", "Priority": 1 } }]);
        endpoint.modify(&policies("Add", &rule))?;
        namespace.modify(&change("Remove", endpoint.id()))?;
        namespace.modify(&change("Add", endpoint.id()))?;
        host.delete(Endpoint, endpoint.id())?;
        host.delete(Namespace, namespace.id())?;
        host.delete(Network, network.id())
    }

    #[test]
    #[ignore = "the client that the test beside it kills"]
    fn client() {
        let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
        let options = Options {
            root: folder.join("state"),
            run: folder.join("run"),
            netns: std::env::var_os(NETNS).map(PathBuf::from),
            ..Options::default()
        };
        let host = LinuxHost::open(options).unwrap();
        hcs_fault::role(Role::Client, std::process::id());
        // What fails has failed; what is left of it the other one looks at.
        let _ = life(&host);
    }

    #[expect(clippy::disallowed_methods, reason = "a client to be killed")]
    fn run_client(world: &World, session: &Path) {
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crashes::killed::client", "--ignored"])
            .env(FOLDER, world.engine.path(""))
            .env(NETNS, path_of(&world.host))
            .env(VARIABLE, session)
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap();
        let _ = status;
    }

    #[test]
    fn at_every_step_the_next_client_makes_it_good() {
        let world = World::new();
        let path = world.engine.path("faults");
        let session = Session::create(&path).unwrap();
        // How often each point is visited when nothing happens.
        run_client(&world, &path);
        let points = [
            Point::NetworkIntended,
            Point::NetworkApplied,
            Point::CommitNetworks,
            Point::MountNetns,
            Point::SettleNetworks,
        ];
        let visits: Vec<u32> = points.iter().map(|point| session.visits(*point)).collect();
        assert!(visits.iter().all(|visits| *visits > 0), "{visits:?}");
        assert!(world.ids(Network, &json!({})).is_empty());
        for (point, visits) in points.into_iter().zip(visits) {
            let actions: &[Action] = match point.kind() {
                hcs_fault::Kind::Step => &[Action::Kill(Role::Client)],
                hcs_fault::Kind::Call => &[Action::Kill(Role::Client), Action::NoSpace],
            };
            for action in actions {
                for visit in 0..visits {
                    // Each run is the first of a boot, as the one whose visits were counted.
                    let database = rusqlite::Connection::open(world.engine.path("state/network.db")).unwrap();
                    database.execute("UPDATE state SET value = 'another' WHERE key = 'boot'", []).unwrap();
                    drop(database);
                    session.plan(point, visit, *action);
                    run_client(&world, &path);
                    assert!(session.fired(), "{point:?} visit {visit}: {action:?} has not happened");
                    session.clear();
                    let what = format!("{point:?} visit {visit}: {action:?}");
                    // The next change makes it good; then the kernel has what is recorded, and all of it can go.
                    world.engine.host.create(Namespace, None, r#"{"Type":"Guest"}"#).unwrap();
                    assert_eq!(world.drift(), Vec::<String>::new(), "{what}");
                    world.clear();
                    assert!(own_links(&world).is_empty(), "{what}");
                    let names: Vec<_> = fs_err::read_dir(world.engine.path("run/netns")).unwrap().collect();
                    assert!(names.is_empty(), "{what}: {names:?}");
                }
            }
        }
    }
}
