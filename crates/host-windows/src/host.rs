//! The host: which of the two DLLs serves which system.

use std::sync::Arc;

use hcs_contract::{
    ComputeService, ComputeSystem, Deadlines, Error, Object, Operation, OperationKind, Result, reading,
};
use serde_json::{Map, Value};

use crate::calls::Calls;
use crate::failure::no_thread;
use crate::options::Generation;
use crate::text::Wide;
use crate::v1::{self, V1};
use crate::v2::{self, V2};
use crate::workers;

/// The compute service of this Windows. Clones are the same host.
#[derive(Clone, Debug)]
pub struct WindowsHost {
    libraries: Libraries,
    deadlines: Arc<Deadlines>,
    service: Arc<Calls>,
}

/// The DLLs that are used.
#[derive(Clone, Debug)]
enum Libraries {
    VmCompute(Arc<V1>),
    ComputeCore(Arc<V2>),
    /// Each document by that of its schema.
    Both(Arc<V1>, Arc<V2>),
}

/// The one for a call.
enum Library<'a> {
    VmCompute(&'a Arc<V1>),
    ComputeCore(&'a Arc<V2>),
}

impl WindowsHost {
    /// Opens the host: loads the DLLs that the options allow.
    ///
    /// # Errors
    /// Service unavailable: the DLL that the options name is not there, or none of the two.
    #[cfg(windows)]
    pub fn open(options: crate::Options) -> Result<Self> {
        use crate::win;

        let load = |generation: Generation| match options.generation {
            Some(other) if other != generation => Ok(None),
            _ => win::load(generation).map(Some),
        };
        let v1 = load(Generation::VmCompute).map(|dll| dll.map(|dll| V1::new(dll, win::PLATFORM)));
        let v2 = load(Generation::ComputeCore).map(|dll| dll.map(|dll| V2::new(dll, win::PLATFORM)));
        let libraries = match (v1, v2) {
            (Ok(Some(v1)), Ok(Some(v2))) => Libraries::Both(v1, v2),
            (Ok(Some(v1)), _) => Libraries::VmCompute(v1),
            (_, Ok(Some(v2))) => Libraries::ComputeCore(v2),
            (Err(error), _) | (Ok(None), Err(error)) => return Err(error),
            (Ok(None), Ok(None)) => unreachable!("a generation excludes the other only"),
        };
        Ok(Self::with(libraries, options.deadlines))
    }

    fn with(libraries: Libraries, deadlines: Deadlines) -> Self {
        Self { libraries, deadlines: Arc::new(deadlines), service: Calls::new(Object::service()) }
    }

    /// Which interfaces of the service are used.
    pub fn generations(&self) -> &'static [Generation] {
        match &self.libraries {
            Libraries::VmCompute(_) => &[Generation::VmCompute],
            Libraries::ComputeCore(_) => &[Generation::ComputeCore],
            Libraries::Both(..) => &[Generation::VmCompute, Generation::ComputeCore],
        }
    }

    /// For everything but documents of schema 2.
    fn library(&self) -> Library<'_> {
        match &self.libraries {
            Libraries::VmCompute(v1) | Libraries::Both(v1, _) => Library::VmCompute(v1),
            Libraries::ComputeCore(v2) => Library::ComputeCore(v2),
        }
    }

    fn library_for(&self, document: &Map<String, Value>) -> Library<'_> {
        match &self.libraries {
            Libraries::Both(_, v2) if is_schema_2(document) => Library::ComputeCore(v2),
            _ => self.library(),
        }
    }

    /// A call of the service's that blocks and has no handle.
    fn blocking(
        &self,
        kind: OperationKind,
        query: &str,
        ask: impl FnOnce(&Wide) -> Result<String> + Send + 'static,
    ) -> Operation {
        let (operation, call) = self.service.begin(kind);
        let query = Wide::query(query);
        if let Some(call) = call {
            let submitted = workers::submit(move || call.complete(query.and_then(|query| ask(&query))));
            if let Err(error) = submitted {
                return Operation::done(kind, Object::service(), Err(no_thread(error)));
            }
        }
        operation
    }
}

/// Members that only schema 2 has.
const SCHEMA_2: [&str; 4] = ["Container", "HostedSystem", "VirtualMachine", "SchemaVersion"];

fn is_schema_2(document: &Map<String, Value>) -> bool {
    document.keys().any(|key| SCHEMA_2.iter().any(|name| key.eq_ignore_ascii_case(name)))
}

/// What the service need not be asked: text that is no document, and what is said to the engine on Linux only.
fn checked(document: &str) -> Result<Map<String, Value>> {
    let members: Map<String, Value> = hcs_schema::from_json(document)?;
    let linux = members.iter().find(|(name, _)| name.eq_ignore_ascii_case("LinuxHost"));
    match linux {
        Some((_, value)) if !reading::is_unset_json(value) => {
            Err(Error::not_supported("LinuxHost", "only the engine on Linux has what it says"))
        }
        _ => Ok(members),
    }
}

impl ComputeService for WindowsHost {
    fn create_system(&self, id: &str, document: &str) -> Result<(Arc<dyn ComputeSystem>, Operation)> {
        let create = || match self.library_for(&checked(document)?) {
            Library::VmCompute(v1) => v1::create(v1, id, document, &self.deadlines),
            Library::ComputeCore(v2) => v2::create(v2, id, document, &self.deadlines),
        };
        create().map_err(|error| {
            let error = error.with_operation(OperationKind::Create).with_object(Object::system(id));
            if error.document().is_some() { error } else { error.with_document(document) }
        })
    }

    fn open_system(&self, id: &str) -> Result<Arc<dyn ComputeSystem>> {
        let opened = match self.library() {
            Library::VmCompute(v1) => v1::open(v1, id, &self.deadlines),
            Library::ComputeCore(v2) => v2::open(v2, id, &self.deadlines),
        };
        opened
            .map_err(|error| error.with_operation(OperationKind::OpenSystem).with_object(Object::system(id)))
    }

    fn enumerate_systems(&self, query: &str) -> Operation {
        match self.library() {
            Library::ComputeCore(v2) => v2.enumerate(&self.service, query),
            Library::VmCompute(v1) => {
                let v1 = Arc::clone(v1);
                self.blocking(OperationKind::Enumerate, query, move |query| v1.enumerate(query))
            }
        }
    }

    fn service_properties(&self, query: &str) -> Operation {
        let kind = OperationKind::GetServiceProperties;
        match self.library() {
            Library::VmCompute(v1) => {
                let v1 = Arc::clone(v1);
                self.blocking(kind, query, move |query| v1.service_properties(query))
            }
            Library::ComputeCore(v2) => {
                let v2 = Arc::clone(v2);
                self.blocking(kind, query, move |query| v2.service_properties(query))
            }
        }
    }
}
