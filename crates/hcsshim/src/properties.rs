//! What a container answers about itself.
//!
//! A container of schema 2 answers in the form of that schema. Its members have the names of schema 1, so one type
//! reads both; what only schema 2 has stands in the type's `unknown` map.

use std::collections::BTreeMap;

use hcs_contract::{Error, Result};
use hcs_schema::Document;
use hcs_schema::compute::PropertyType;
use hcs_schema::compute::v1::{
    ContainerProperties, MappedVirtualDiskController, ProcessListItem, PropertyQuery, Statistics,
};

use crate::Container;
use crate::call::Call;

impl Container {
    /// Its basic properties (id, state, name, owner, kind of guest, …) and those that are named.
    ///
    /// Service call: `HcsGetComputeSystemProperties`.
    ///
    /// # Errors
    /// Not supported, for a property that this host or schema does not have; the service's own.
    #[doc(alias = "Properties")]
    pub fn properties(&self, types: &[PropertyType]) -> Result<ContainerProperties> {
        self.asking_for(types).wait()
    }

    pub(crate) fn asking_for(
        &self,
        types: &[PropertyType],
    ) -> Call<String, impl FnOnce(Result<String>) -> Result<ContainerProperties> + use<'_>> {
        let query = PropertyQuery { property_types: types.to_vec(), ..PropertyQuery::default() };
        Call::new(self.inner().system.properties(&query.to_json()), &self.inner().host.deadlines, |text| {
            self.parse("properties", &text?)
        })
    }

    /// The same as text: the query as it is sent, the answer as it came.
    ///
    /// Service call: `HcsGetComputeSystemProperties`.
    ///
    /// # Errors
    /// As [`Container::properties`].
    pub fn properties_json(&self, query: &str) -> Result<String> {
        self.asking(query).wait()
    }

    pub(crate) fn asking(
        &self,
        query: &str,
    ) -> Call<String, impl FnOnce(Result<String>) -> Result<String> + use<>> {
        Call::new(self.inner().system.properties(query), &self.inner().host.deadlines, |text| text)
    }

    /// Its counters: times in 100 ns, amounts in bytes.
    ///
    /// Service call: `HcsGetComputeSystemProperties` (`Statistics`).
    ///
    /// # Errors
    /// Invalid state, when it does not run; unexpected value, when the answer lacks them.
    #[doc(alias = "Statistics")]
    pub fn statistics(&self) -> Result<Statistics> {
        self.only_statistics(self.properties(&[PropertyType::STATISTICS])?)
    }

    pub(crate) fn only_statistics(&self, properties: ContainerProperties) -> Result<Statistics> {
        properties.statistics.ok_or_else(|| {
            Error::unexpected_value("properties without Statistics, which were asked for")
                .with_object(self.object())
        })
    }

    /// Its processes.
    ///
    /// Service call: `HcsGetComputeSystemProperties` (`ProcessList`).
    ///
    /// # Errors
    /// Invalid state, when it does not run; the service's own.
    #[doc(alias = "ProcessList")]
    pub fn process_list(&self) -> Result<Vec<ProcessListItem>> {
        Ok(self.properties(&[PropertyType::PROCESS_LIST])?.process_list)
    }

    /// The virtual disks that are mapped into it, by the number of their controller. Schema 1 only.
    ///
    /// Service call: `HcsGetComputeSystemProperties` (`MappedVirtualDisk`).
    ///
    /// # Errors
    /// Not supported, where there are no virtual disks; the service's own.
    #[doc(alias = "MappedVirtualDisks")]
    pub fn mapped_virtual_disks(&self) -> Result<BTreeMap<u32, MappedVirtualDiskController>> {
        Ok(self.properties(&[PropertyType::MAPPED_VIRTUAL_DISK])?.mapped_virtual_disk_controllers)
    }

    /// Whether updates wait for its next start.
    ///
    /// Service call: `HcsGetComputeSystemProperties`. The original makes none and always answers no.
    ///
    /// # Errors
    /// Those of the call.
    #[doc(alias = "HasPendingUpdates")]
    pub fn has_pending_updates(&self) -> Result<bool> {
        Ok(self.properties(&[])?.are_updates_pending)
    }
}
