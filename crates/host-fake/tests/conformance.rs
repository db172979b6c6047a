//! The contract's suite on the fake: it passes every case, and with each violation at least one case fails, which
//! shows that the suite would notice. `--nocapture` prints which.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hcs_conformance::{Case, Fixture, GuestOs, Outcome, Program, Refusal, Schema, cases, run, run_case};
use hcs_contract::ComputeService;
use hcs_host_fake::{FakeHost, Violation};
use serde_json::{Value, json};

/// A fake with containers of one kind.
#[derive(Debug)]
struct Fake {
    host: FakeHost,
    guest: GuestOs,
    patience: Duration,
}

/// What the fake refuses, as the engine on Linux does.
const REFUSALS: &[Refusal] = &[
    Refusal { case: "documents_v1::endpoints", reason: NO_NETWORKS },
    Refusal { case: "documents_v1::hyper_v_isolation", reason: NO_MACHINES },
    Refusal { case: "documents_v2::a_virtual_machine", reason: NO_MACHINES },
    Refusal {
        case: "lifecycle::save_without_a_place_to",
        reason: "a fake has no state that a file could hold",
    },
    Refusal { case: "modify::network_of_schema_1", reason: NO_NETWORKS },
];
const NO_NETWORKS: &str = "a fake has no networks";
const NO_MACHINES: &str = "a fake has no virtual machines";

/// How long a step of a case may take where nothing is broken. Only a failure takes it.
const PATIENT: Duration = Duration::from_secs(30);
/// The same where something is: a violation that hangs takes all of it.
const SHORT: Duration = Duration::from_millis(500);

impl Fake {
    fn fixture(host: FakeHost, guest: GuestOs, patience: Duration) -> Arc<dyn Fixture> {
        Arc::new(Self { host, guest, patience })
    }
}

impl Fixture for Fake {
    fn name(&self) -> &'static str {
        match self.guest {
            GuestOs::Linux => "fake, Linux containers",
            GuestOs::Windows => "fake, Windows containers",
        }
    }

    fn service(&self) -> Arc<dyn ComputeService> {
        Arc::new(self.host.clone())
    }

    fn guest(&self) -> GuestOs {
        self.guest
    }

    fn container(&self, schema: Schema, id: &str) -> Value {
        let linux = self.guest == GuestOs::Linux;
        match schema {
            Schema::One if linux => json!({
                "SystemType": "Container", "Name": id, "Owner": "conformance",
                "ContainerType": "Linux", "VolumePath": "/srv/root",
            }),
            Schema::One => json!({"SystemType": "Container", "Name": id, "Owner": "conformance"}),
            Schema::Two => json!({
                "Owner": "conformance", "SchemaVersion": {"Major": 2, "Minor": 1},
                "Container": {"Storage": {"Path": if linux { "/srv/root" } else { "" }}},
            }),
        }
    }

    fn process(&self, _schema: Schema, program: &Program) -> Value {
        let script = match program {
            Program::Exit(code) => format!("exit {code}"),
            Program::Print { out, err } => match (*out, *err) {
                ("", "") => "exit 0".into(),
                (out, "") => format!("echo {out}"),
                ("", err) => format!("error {err}"),
                (out, err) => format!("echo {out}& error {err}"),
            },
            Program::Copy => "cat".into(),
            Program::Hang => "hang".into(),
            Program::EndWhenAsked => "obey".into(),
            Program::PrintEnvironment(name) => format!("env {name}"),
            Program::PrintFolder => "cd".into(),
            Program::PrintHostName => "hostname".into(),
            Program::PrintConsoleSize => "sizes".into(),
            Program::PrintFile(path) => format!("type {path}"),
            Program::WriteFile { path, text } => format!("write {path} {text}"),
            Program::Missing => return self.missing(),
            other => panic!("what is {other:?} here?"),
        };
        match self.guest {
            GuestOs::Linux => json!({"CommandArgs": ["/bin/sh", "-c", script]}),
            GuestOs::Windows => json!({"CommandLine": format!("cmd /c \"{script}\"")}),
        }
    }

    fn guest_folder(&self) -> String {
        let folder = match self.guest {
            GuestOs::Linux => "/tmp",
            GuestOs::Windows => r"C:\windows",
        };
        // The suite asks for a folder below this one that is not there.
        self.host.remove_folder(&format!("{folder}/no"));
        folder.into()
    }

    fn mapped_folder(&self) -> (String, String) {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let (host, guest) = match self.guest {
            GuestOs::Linux => (format!("/srv/mapped-{number}"), "/mapped"),
            GuestOs::Windows => (format!(r"D:\mapped-{number}"), r"C:\mapped"),
        };
        // The suite asks for one that is not there by a name that is made from this one's.
        self.host.remove_folder(&format!("{host}-missing"));
        (host, guest.into())
    }

    fn patience(&self) -> Duration {
        self.patience
    }

    fn refusals(&self) -> &[Refusal] {
        REFUSALS
    }
}

impl Fake {
    fn missing(&self) -> Value {
        match self.guest {
            GuestOs::Linux => json!({"CommandArgs": ["/bin/nothing"]}),
            GuestOs::Windows => json!({"CommandLine": "nothing.exe"}),
        }
    }
}

const GUESTS: [GuestOs; 2] = [GuestOs::Linux, GuestOs::Windows];

#[test]
fn the_fake_passes_every_case() {
    for guest in GUESTS {
        let report = run(&Fake::fixture(FakeHost::new(), guest, PATIENT), "");
        println!("{report}\n");
        let [_, failed, refused] = report.counts();
        assert_eq!((failed, refused), (0, REFUSALS.len()), "{report}");
    }
}

/// The cases that a sound fake passes: only those say something about a violation.
fn sound(guest: GuestOs) -> Vec<&'static Case> {
    let fixture = Fake::fixture(FakeHost::new(), guest, PATIENT);
    cases().iter().filter(|case| !matches!(run_case(&fixture, case), Outcome::Failed(_))).collect()
}

/// The first case that fails with this violation, and what it says.
fn caught(violation: Violation, sound: &[(GuestOs, Vec<&'static Case>)]) -> Option<String> {
    for (guest, cases) in sound {
        let guest = *guest;
        let host = FakeHost::builder().violate(violation).build();
        let fixture = Fake::fixture(host, guest, SHORT);
        for case in cases {
            if let Outcome::Failed(why) = run_case(&fixture, case) {
                let why: String = why.lines().next().unwrap_or_default().chars().take(150).collect();
                return Some(format!("{} ({guest:?}): {why}", case.name));
            }
        }
    }
    None
}

#[test]
fn each_violation_fails_a_case() {
    let sound = GUESTS.map(|guest| (guest, sound(guest)));
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    // Those that hang do nothing but wait, so more of them at once than there are processors.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(&violation) = Violation::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = caught(violation, &sound);
                    results.lock().unwrap_or_else(PoisonError::into_inner).insert(violation, result);
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (violation, result) in &results {
        println!("{violation:30} {}", result.as_deref().unwrap_or("NOT CAUGHT"));
    }
    let missed: Vec<_> = results.iter().filter(|(_, result)| result.is_none()).collect();
    let caught = results.len() - missed.len();
    println!("{caught} of {} violations are caught by {} cases", results.len(), cases().len());
    assert!(missed.is_empty(), "no case fails with {missed:?}");
}
