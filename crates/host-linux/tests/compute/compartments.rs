//! A thread in the network of a container.

use hcs_contract::Hresult;

use super::support::{Engine, done, run};

/// The network interfaces that the calling thread sees.
fn interfaces() -> Vec<String> {
    let text = fs_err::read_to_string("/proc/thread-self/net/dev").unwrap();
    text.lines().filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned())).collect()
}

#[test]
fn one_thread_moves_into_a_container_s_network_and_back() {
    let engine = Engine::new();
    let system = engine.started("net", "");
    let other = engine.started("other", "");
    let host = &engine.host;
    let (id, of_other) = (host.compartment_id("net").unwrap(), host.compartment_id("other").unwrap());
    assert!(id > 1 && of_other > 1 && id != of_other);
    assert_eq!(host.current_thread_compartment_id().unwrap(), 1);
    let outside = interfaces();
    std::thread::scope(|scope| {
        scope
            .spawn(|| {
                host.set_current_thread_compartment_id(id).unwrap();
                assert_eq!(host.current_thread_compartment_id().unwrap(), id);
                assert_eq!(interfaces(), ["lo"]);
                let listener = std::net::TcpListener::bind("127.0.0.1:4321").unwrap();
                // The container sees its port, 0x10E1, and the host does not.
                assert_eq!(run(&system, "busybox grep -c :10E1 /proc/net/tcp").0, "1\n");
                assert_eq!(run(&other, "busybox grep -c :10E1 /proc/net/tcp").0, "0\n");
                drop(listener);
                // From one to another, and home.
                host.set_current_thread_compartment_id(of_other).unwrap();
                assert_eq!(host.current_thread_compartment_id().unwrap(), of_other);
                host.set_current_thread_compartment_id(1).unwrap();
                assert_eq!(interfaces(), outside);
                // A failure leaves it where it is.
                let error = host.set_current_thread_compartment_id(7).unwrap_err();
                assert_eq!(error.hresult(), Hresult::ERROR_NOT_FOUND, "{error}");
                assert!(error.to_string().contains('7'), "{error}");
                let error = host.set_current_thread_compartment_id(0).unwrap_err();
                assert_eq!(error.hresult(), Hresult::E_INVALIDARG, "{error}");
                assert_eq!(host.current_thread_compartment_id().unwrap(), 1);
            })
            .join()
            .unwrap();
    });
    assert_eq!(host.current_thread_compartment_id().unwrap(), 1, "other threads stay where they are");
    done(&system.terminate(""));
    assert!(host.compartment_id("net").unwrap_err().is_already_stopped());
    assert_eq!(host.set_current_thread_compartment_id(id).unwrap_err().hresult(), Hresult::ERROR_NOT_FOUND);
    assert!(host.compartment_id("nobody").unwrap_err().is_not_exist());
    done(&other.terminate(""));
}
