//! A host with the plugin on it, and calls as a runtime makes them.

use std::io::Write as _;
use std::os::fd::{AsFd, AsRawFd};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use hcs_dataplane::{Links, Netns};
use hcsshim::contract::NetworkObjectKind;
use hcsshim::{Host, Options};
use serde_json::{Value, json};

use super::packets::outside_of;

/// A path that stands for a namespace as long as the test runs.
pub(crate) fn path_of(netns: &Netns) -> String {
    format!("/proc/{}/fd/{}", std::process::id(), netns.as_fd().as_raw_fd())
}

/// A host with an outside, as [`outside_of`] makes them, and an engine's folders.
pub(crate) struct World {
    folder: tempfile::TempDir,
    pub(crate) host: Netns,
    pub(crate) outside: Netns,
}

impl World {
    pub(crate) fn new() -> Self {
        assert!(rustix::process::geteuid().is_root(), "these tests make namespaces and need root");
        let host = super::packets::namespace("host");
        let outside = outside_of(&host);
        Self { folder: tempfile::tempdir_in("/var/tmp").unwrap(), host, outside }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The configuration of a network with 10.9.0.0/24 and fd00::/64, and more members.
    pub(crate) fn config(more: &Value) -> Value {
        let mut config = json!({ "cniVersion": "1.1.0", "name": "pods", "type": "hcs-cni",
            "subnets": [{ "subnet": "10.9.0.0/24" }, { "subnet": "fd00::/64" }] });
        let members = more.as_object().unwrap().clone();
        config.as_object_mut().unwrap().extend(members);
        config
    }

    /// Calls the plugin with these variables.
    #[expect(clippy::disallowed_methods, reason = "the one place of this test where the plugin is started")]
    pub(crate) fn call(&self, variables: &[(&str, &str)], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hcs-cni"))
            .env_clear()
            .env("HCS_ROOT", self.path("state"))
            .env("HCS_RUN", self.path("run"))
            .env("HCS_NETNS", path_of(&self.host))
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// The same for one link of a container.
    pub(crate) fn link(&self, command: &str, config: &Value, container: &Container, name: &str) -> Answer {
        let variables = [
            ("CNI_COMMAND", command),
            ("CNI_CONTAINERID", container.id),
            ("CNI_NETNS", &container.path),
            ("CNI_IFNAME", name),
            ("CNI_PATH", "/opt/cni/bin"),
            ("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAME=web"),
        ];
        Answer::of(&self.call(&variables, &config.to_string()))
    }

    /// The engine that the plugin is of.
    pub(crate) fn engine(&self) -> Host {
        let mut options = Options::default();
        options.linux.root = self.path("state");
        options.linux.run = self.path("run");
        options.linux.netns = Some(path_of(&self.host).into());
        Host::open(options).unwrap()
    }

    /// The ids of all objects of a kind.
    pub(crate) fn objects(&self, kind: NetworkObjectKind) -> Vec<String> {
        serde_json::from_str(&self.engine().networks().unwrap().enumerate(kind, "").unwrap()).unwrap()
    }

    pub(crate) fn endpoints(&self) -> usize {
        self.objects(NetworkObjectKind::Endpoint).len()
    }

    /// Names of network namespaces that the engine holds.
    pub(crate) fn held(&self) -> usize {
        fs_err::read_dir(self.path("run/netns")).unwrap().count()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // What the engine holds are mounts of the machine's: none may stay, also of a test that failed.
        for entry in fs_err::read_dir(self.path("run/netns")).into_iter().flatten().flatten() {
            let _ = rustix::mount::unmount(entry.path(), rustix::mount::UnmountFlags::DETACH);
        }
    }
}

/// What the plugin answered.
#[derive(Debug)]
pub(crate) enum Answer {
    Done(Value),
    Failed(Value),
}

impl Answer {
    pub(crate) fn of(output: &Output) -> Self {
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        let value = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        if output.status.success() { Self::Done(value) } else { Self::Failed(value) }
    }

    #[track_caller]
    pub(crate) fn done(self) -> Value {
        match self {
            Self::Done(value) => value,
            Self::Failed(value) => panic!("it failed: {value}"),
        }
    }

    /// Its code and its message.
    #[track_caller]
    pub(crate) fn failed(self) -> (u64, String) {
        match self {
            Self::Failed(value) => {
                assert!(value["cniVersion"].is_string(), "{value}");
                (value["code"].as_u64().unwrap(), value["msg"].as_str().unwrap().to_owned())
            }
            Self::Done(value) => panic!("it did not fail: {value}"),
        }
    }
}

/// A network namespace that a runtime has made for a container.
pub(crate) struct Container {
    pub(crate) id: &'static str,
    pub(crate) netns: Netns,
    pub(crate) path: String,
}

impl Container {
    pub(crate) fn new(id: &'static str) -> Self {
        // As a runtime makes it: with a loopback link that is off.
        let netns = Netns::create(id).unwrap();
        let path = path_of(&netns);
        Self { id, netns, path }
    }

    pub(crate) fn links(&self) -> Vec<String> {
        Links::open(&self.netns).unwrap().list().unwrap().into_iter().map(|link| link.name).collect()
    }
}
