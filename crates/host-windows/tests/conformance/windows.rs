//! The suite as a Windows program.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the run")]

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use hcs_conformance::{Fixture, GuestOs, Program, Refusal, Schema};
use hcs_contract::ComputeService;
use hcs_host_windows::{Generation, Options, WindowsHost};
use serde_json::Value;

use crate::documents::{linux, windows};
use crate::{refusals, surroundings};

pub(crate) fn run() -> ExitCode {
    hcs_conformance::program(&[
        ("vmcompute_linux", || Host::fixture(Generation::VmCompute, GuestOs::Linux)),
        ("computecore_linux", || Host::fixture(Generation::ComputeCore, GuestOs::Linux)),
        ("vmcompute_windows", || Host::fixture(Generation::VmCompute, GuestOs::Windows)),
        ("computecore_windows", || Host::fixture(Generation::ComputeCore, GuestOs::Windows)),
    ])
}

/// The host by one of the DLLs, with one kind of guest.
#[derive(Debug)]
struct Host {
    name: String,
    generation: Generation,
    guest: GuestOs,
    opened: WindowsHost,
    refusals: Vec<Refusal>,
    surroundings: Value,
}

/// The one thing that is refused here and not by the engine.
const GIVEN: Refusal =
    Refusal { case: "streams::given_output", reason: "the service starts programs with pipes of its own" };

impl Host {
    fn fixture(generation: Generation, guest: GuestOs) -> Arc<dyn Fixture> {
        let (of_guest, containers) = match guest {
            GuestOs::Linux => (refusals::LINUX, "Linux containers"),
            GuestOs::Windows => (refusals::WINDOWS, "Windows containers"),
        };
        let mut refusals = of_guest.to_vec();
        refusals.retain(|refusal| refusal.case != GIVEN.case);
        refusals.push(GIVEN);
        let text = std::env::var(surroundings::VARIABLE).unwrap();
        Arc::new(Self {
            name: format!("Windows program by {}, {containers}", generation.library()),
            generation,
            guest,
            opened: open(generation),
            refusals,
            surroundings: serde_json::from_str(&text).unwrap(),
        })
    }

    fn said(&self, name: &str) -> &str {
        self.surroundings[name].as_str().unwrap()
    }
}

fn open(generation: Generation) -> WindowsHost {
    let mut options = Options::default();
    options.generation = Some(generation);
    WindowsHost::open(options).unwrap()
}

impl Fixture for Host {
    fn name(&self) -> &str {
        &self.name
    }

    fn service(&self) -> Arc<dyn ComputeService> {
        Arc::new(self.opened.clone())
    }

    fn other_client(&self) -> Arc<dyn ComputeService> {
        Arc::new(open(self.generation))
    }

    fn guest(&self) -> GuestOs {
        self.guest
    }

    fn container(&self, schema: Schema, id: &str) -> Value {
        match self.guest {
            GuestOs::Linux => linux::container(self.said(surroundings::ROOT), schema, id),
            GuestOs::Windows => {
                let (base, probe) = (self.said(surroundings::BASE), self.said(surroundings::PROBE));
                windows::container(base, probe, schema, id)
            }
        }
    }

    fn process(&self, _schema: Schema, program: &Program) -> Value {
        match self.guest {
            GuestOs::Linux => linux::process(program),
            GuestOs::Windows => windows::process(program),
        }
    }

    fn guest_folder(&self) -> String {
        match self.guest {
            GuestOs::Linux => linux::FOLDER,
            GuestOs::Windows => windows::FOLDER,
        }
        .into()
    }

    fn mapped_folder(&self) -> (String, String) {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(self.said(surroundings::FOLDER)).join(format!("mapped-{number}"));
        fs_err::create_dir(&path).unwrap();
        let inside = match self.guest {
            GuestOs::Linux => linux::MAPPED,
            GuestOs::Windows => windows::MAPPED,
        };
        (path.into_os_string().into_string().unwrap(), inside.into())
    }

    fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }
}
