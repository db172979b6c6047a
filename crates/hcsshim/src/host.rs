//! A host: where containers are made, found and listed.

use std::borrow::Cow;
use std::sync::Arc;

use hcs_contract::{
    ComputeService, Deadlines, Error, NetworkService, Object, Operation, OperationKind, Result,
    StorageService,
};
use hcs_schema::compute::{ComputeSystemQuery, v1, v2};
use hcs_schema::{Document, from_json};

use crate::call::Call;
use crate::documents::{ContainerDocument, with_additional};
use crate::hcn::Hcn;
use crate::hns::Hns;
use crate::limit::StartLimit;
use crate::{Container, Guest, Options};

/// A host of containers: the engine on Linux, the service of Windows, or what else [`Host::from_service`] is given.
///
/// Clones are the same host. May be used from any number of threads at once.
///
/// ```no_run
/// let host = hcsshim::Host::open(hcsshim::Options::from_env()?)?;
/// for container in host.containers(&Default::default())? {
///     println!("{} is {}", container.id, container.state);
/// }
/// # Ok::<(), hcsshim::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Host {
    service: Arc<dyn ComputeService>,
    networks: Option<Arc<dyn NetworkService>>,
    storage: Option<Arc<dyn StorageService>>,
    shared: Arc<Shared>,
    #[cfg(target_os = "linux")]
    linux: Option<Arc<crate::linux::LinuxHost>>,
}

/// What the handles of one host share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) deadlines: Arc<Deadlines>,
    pub(crate) starts: StartLimit,
    /// Whether processes run elsewhere, where no descriptor of this program's leads.
    pub(crate) elsewhere: bool,
    additional_json: String,
}

impl Host {
    /// Opens this platform's host. On Linux that is an engine inside this program, with the folders that the options
    /// name; there is no daemon. On Windows it is the compute service, by the interface that the options name. When they
    /// name a server (`Options::remote`) it is that one's host.
    ///
    /// Other platforms have no host of their own: there `Host::remote` and [`Host::from_service`] are left.
    ///
    /// # Errors
    /// The engine's folders can't be made or are not ours: the error names them and what to do. Service unavailable, where
    /// Windows has no DLL of the service's.
    #[cfg(any(target_os = "linux", windows))]
    pub fn open(options: Options) -> Result<Self> {
        #[cfg(feature = "remote")]
        if let Some(remote) = options.remote.clone() {
            return Self::remote(remote, options);
        }
        Self::local(options)
    }

    #[cfg(target_os = "linux")]
    fn local(options: Options) -> Result<Self> {
        let mut engine = options.linux.clone();
        engine.deadlines = options.deadlines.clone();
        let linux = Arc::new(crate::linux::LinuxHost::open(engine)?);
        let service = Arc::clone(&linux) as Arc<dyn ComputeService>;
        let mut this = Self::from_service(service, options)
            .with_networks(Arc::clone(&linux) as _)
            .with_storage(Arc::clone(&linux) as _);
        this.linux = Some(linux);
        Ok(this)
    }

    #[cfg(windows)]
    fn local(options: Options) -> Result<Self> {
        let mut windows = options.windows.clone();
        windows.deadlines = options.deadlines.clone();
        let service = Arc::new(crate::windows::WindowsHost::open(windows)?);
        // The service starts programs with pipes of its own.
        Ok(Self::with_service(service, options, true))
    }

    /// A host in memory, for tests: no container, no rights, no waiting, and faults on demand. Keep the
    /// [`FakeHost`](crate::fake::FakeHost) to change its faults; how this host's calls wait is [`Options::default`],
    /// or what [`Host::from_service`] is told.
    ///
    /// ```
    /// use hcsshim::fake::FakeHost;
    /// let host = hcsshim::Host::fake(&FakeHost::new());
    /// let container = host.create_container("web", r#"{"SystemType":"Container"}"#)?;
    /// container.start()?;
    /// let output = container.command("echo").arg("hello").output()?;
    /// assert_eq!(output.stdout, b"hello\r\n");
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    #[cfg(feature = "fake")]
    pub fn fake(fake: &crate::fake::FakeHost) -> Self {
        Self::from_service(Arc::new(fake.clone()), Options::default()).with_networks(Arc::new(fake.clone()))
    }

    /// The host behind a server. It is connected to with the first call. Of `options` only what says how calls wait is
    /// used.
    ///
    /// # Errors
    /// A token or certificates that can't be used.
    #[cfg(feature = "remote")]
    pub fn remote(server: crate::remote::Options, options: Options) -> Result<Self> {
        let mut server = server;
        server.deadlines = options.deadlines.clone();
        let service = Arc::new(crate::remote::RemoteHost::open(server)?);
        Ok(Self::with_service(Arc::clone(&service) as _, options, true)
            .with_networks(Arc::clone(&service) as _)
            .with_storage(service))
    }

    /// A host of any kind: one of the crates of this project, or your own.
    pub fn from_service(service: Arc<dyn ComputeService>, options: Options) -> Self {
        Self::with_service(service, options, false)
    }

    fn with_service(service: Arc<dyn ComputeService>, options: Options, elsewhere: bool) -> Self {
        let shared = Shared {
            elsewhere,
            deadlines: Arc::new(options.deadlines),
            starts: StartLimit::new(options.max_parallel_start),
            additional_json: options.additional_json,
        };
        Self {
            service,
            networks: None,
            storage: None,
            shared: Arc::new(shared),
            #[cfg(target_os = "linux")]
            linux: None,
        }
    }

    /// The same host, with this service for its networks.
    #[must_use]
    pub fn with_networks(mut self, networks: Arc<dyn NetworkService>) -> Self {
        self.networks = Some(networks);
        self
    }

    /// Its networks, by HCN v2.
    ///
    /// # Errors
    /// Not supported, by a host without networks.
    pub fn hcn(&self) -> Result<Hcn> {
        self.networks().map(|service| Hcn::from_service(Arc::clone(service)))
    }

    /// Its networks, by HNS v1.
    ///
    /// # Errors
    /// As [`Host::hcn`].
    pub fn hns(&self) -> Result<Hns> {
        self.networks().map(|service| Hns::from_service(Arc::clone(service)))
    }

    /// The contract of its networks.
    ///
    /// # Errors
    /// As [`Host::hcn`].
    pub fn networks(&self) -> Result<&Arc<dyn NetworkService>> {
        let none = || Error::not_supported("networks", "this host has no network service");
        self.networks.as_ref().ok_or_else(none)
    }

    /// The same host with layers: a storage service of its own kind, for [`Host::layers`].
    #[must_use]
    pub fn with_storage(mut self, storage: Arc<dyn StorageService>) -> Self {
        self.storage = Some(storage);
        self
    }

    pub(crate) fn storage(&self) -> Option<&Arc<dyn StorageService>> {
        self.storage.as_ref()
    }

    /// The contract below this API, for what has no word here yet.
    pub fn service(&self) -> &Arc<dyn ComputeService> {
        &self.service
    }

    /// What the host keeps of its containers beyond the service's own knowledge: labels, times, records and logs of
    /// those that have ended; what it can do; and clearing away. The engine on Linux has it, also behind a server.
    ///
    /// # Errors
    /// Not supported, for a host that keeps nothing.
    pub fn records(&self) -> Result<&dyn hcs_contract::Records> {
        self.service.records().ok_or_else(|| {
            Error::not_supported("records", "this host keeps none of its containers")
                .with_hint("the engine on Linux does, here or behind HCS_HOST")
        })
    }

    /// The engine on Linux, for what only it can do: bases, and logs as they grow. `None` when this host is of another
    /// kind.
    #[cfg(target_os = "linux")]
    pub fn linux(&self) -> Option<&Arc<crate::linux::LinuxHost>> {
        self.linux.as_ref()
    }

    /// Whether its containers run where no descriptor of this program's leads, so that streams must be carried.
    pub fn is_elsewhere(&self) -> bool {
        self.shared.elsewhere
    }

    /// How long calls may take.
    pub fn deadlines(&self) -> &Deadlines {
        &self.shared.deadlines
    }

    /// Creates a container from its document, and does not start it.
    ///
    /// The document is of schema 1 ([`v1::ContainerConfig`]) or 2 ([`v2::ComputeSystem`]), or JSON text of either.
    /// Service call: `HcsCreateComputeSystem`, with a wait for its completion. When that does not come in time the
    /// system is terminated.
    ///
    /// # Errors
    /// Already exists; invalid document, with the place; not supported, with the member by name; a timeout; the
    /// service's own. The error keeps the document, secrets masked.
    #[doc(alias = "CreateContainer")]
    pub fn create_container(
        &self,
        id: &str,
        document: &(impl ContainerDocument + ?Sized),
    ) -> Result<Container> {
        self.create_container_from(id, document.json(), document.guest())
    }

    pub(crate) fn create_container_from(
        &self,
        id: &str,
        json: Cow<'_, str>,
        guest: Option<Guest>,
    ) -> Result<Container> {
        let json = with_additional(json, &self.shared.additional_json)
            .map_err(|error| error.with_operation(OperationKind::Create).with_object(Object::system(id)))?;
        let failed = |error: Error| {
            let error = error.with_operation(OperationKind::Create).with_object(Object::system(id));
            if error.document().is_some() { error } else { error.with_document(&json) }
        };
        let (system, operation) = self.service.create_system(id, &json).map_err(failed)?;
        if let Err(error) = Call::plain(operation, &self.shared.deadlines).wait() {
            if error.is_timeout() {
                // As the original does; whether it worked changes nothing about the failure.
                let _ = Call::plain(system.terminate(""), &self.shared.deadlines).wait();
            }
            system.close();
            return Err(failed(error));
        }
        // What the additional JSON changed only the service knows.
        let guest = guest.filter(|_| self.shared.additional_json.is_empty());
        Ok(Container::new(system, Arc::clone(&self.shared), guest))
    }

    /// Opens another handle of a container that exists. Service call: `HcsOpenComputeSystem`.
    ///
    /// # Errors
    /// Not found ([`Error::is_not_exist`]); the service's own.
    #[doc(alias = "OpenContainer")]
    pub fn open_container(&self, id: &str) -> Result<Container> {
        let system = self.service.open_system(id).map_err(|error| {
            error.with_operation(OperationKind::OpenSystem).with_object(Object::system(id))
        })?;
        Ok(Container::new(system, Arc::clone(&self.shared), None))
    }

    /// The containers that match the query; the default query matches all. Service call:
    /// `HcsEnumerateComputeSystems`.
    ///
    /// # Errors
    /// The service's own; unexpected value, when its answer can't be read.
    #[doc(alias = "GetContainers")]
    pub fn containers(&self, query: &ComputeSystemQuery) -> Result<Vec<v1::ContainerProperties>> {
        let text = self.answer(self.service.enumerate_systems(&query.to_json()))?;
        let parsed: Option<Vec<v1::ContainerProperties>> = from_json(&text).map_err(|error| {
            Error::unexpected_value(format!("list of compute systems: {error}"))
                .with_operation(OperationKind::Enumerate)
                .with_object(Object::service())
        })?;
        Ok(parsed.unwrap_or_default())
    }

    /// Properties of the service itself. Service call: `HcsGetServiceProperties`.
    ///
    /// # Errors
    /// Not supported, for a property that this host does not have; the service's own.
    pub fn service_properties(&self, query: &v2::PropertyQuery) -> Result<v2::ServiceProperties> {
        let text = self.answer(self.service.service_properties(&query.to_json()))?;
        v2::ServiceProperties::from_json(&text).map_err(|error| {
            Error::unexpected_value(format!("service properties: {error}"))
                .with_operation(OperationKind::GetServiceProperties)
                .with_object(Object::service())
        })
    }

    fn answer(&self, operation: Operation) -> Result<String> {
        Call::new(operation, &self.shared.deadlines, |text| text).wait()
    }
}
