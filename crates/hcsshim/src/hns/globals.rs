//! What is of the service as a whole.

use hcs_contract::{Error, Result};
use hcs_schema::Document as _;
use hcs_schema::network::hns::{MacAddress, MacList};

use super::Hns;

const PATH: &str = "/accelnet/";

impl Hns {
    /// Says which MAC addresses accelerated networking uses for the host itself. Service call: `HNSCall` (`POST /accelnet/`).
    ///
    /// # Errors
    /// Invalid argument, for none; not supported, by hosts without it; the service's own.
    #[doc(alias = "SetNnvManagementMacAddresses")]
    pub fn set_management_mac_addresses(&self, addresses: &[String]) -> Result<MacList> {
        if addresses.is_empty() {
            return Err(Error::invalid_argument("addresses", "there is none")
                .with_hint("delete_management_mac_addresses takes all away"));
        }
        let address = |text: &String| MacAddress { mac_address: text.clone(), ..MacAddress::default() };
        let list =
            MacList { mac_address_list: addresses.iter().map(address).collect(), ..MacList::default() };
        self.request("POST", PATH, &list.to_json())
    }

    /// Those addresses. Service call: `HNSCall` (`GET /accelnet/`).
    ///
    /// # Errors
    /// Not supported, by hosts without it; the service's own.
    #[doc(alias = "GetNnvManagementMacAddresses")]
    pub fn management_mac_addresses(&self) -> Result<MacList> {
        self.request("GET", PATH, "")
    }

    /// Takes them away. Service call: `HNSCall` (`DELETE /accelnet/`).
    ///
    /// # Errors
    /// As [`Hns::management_mac_addresses`].
    #[doc(alias = "DeleteNnvManagementMacAddresses")]
    pub fn delete_management_mac_addresses(&self) -> Result<MacList> {
        self.request("DELETE", PATH, "")
    }
}
