//! Addresses and hardware addresses of a network, handed out lowest first.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hcs_contract::{Error, Hresult, Result};
use hcs_dataplane::Mac;
use hcs_dataplane::ipnet::IpNet;

use super::errors;
use super::network_plan::{NetworkPlan, SubnetPlan};
use super::store::{Runs, Tables};

/// What a hardware address may be at most.
const LAST_MAC: u128 = (1 << 48) - 1;

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn address(number: u128, v4: bool) -> IpAddr {
    match u32::try_from(number) {
        Ok(bits) if v4 => IpAddr::V4(Ipv4Addr::from_bits(bits)),
        _ => IpAddr::V6(Ipv6Addr::from_bits(number)),
    }
}

/// The first and last address of a prefix, in the form of [`Runs`]; of IPv6 as they are, of IPv4 where IPv6 has them
/// mapped, so that both are in one order.
pub(super) fn whole(net: IpNet) -> (u128, u128) {
    let mapped = |ip: IpAddr| match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    };
    (mapped(net.network()), mapped(net.broadcast()))
}

fn number_of_mac(mac: Mac) -> u128 {
    mac.0.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

fn mac_of_number(number: u128) -> Mac {
    let mut mac = [0; 6];
    mac.copy_from_slice(&number.to_be_bytes()[10..]);
    Mac(mac)
}

/// The pools of one network.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pools<'a> {
    tables: &'a Tables<'a>,
    network: i64,
}

impl<'a> Pools<'a> {
    pub(super) fn new(tables: &'a Tables<'a>, network: i64) -> Self {
        Self { tables, network }
    }

    fn of_addresses(&self, v4: bool, bounds: (u128, u128)) -> Runs<'a> {
        let name = format!("ip/{}/{}", self.network, if v4 { 4 } else { 6 });
        Runs::new(self.tables, name, bounds.0, bounds.1)
    }

    fn of_macs(&self, bounds: (u128, u128)) -> Runs<'a> {
        Runs::new(self.tables, format!("mac/{}/0", self.network), bounds.0, bounds.1)
    }

    /// Keeps back what no endpoint may have: the gateways, and the bridge's hardware address.
    pub(super) fn keep_back(&self, plan: &NetworkPlan) -> Result<()> {
        for subnet in &plan.subnets {
            if let Some(gateway) = subnet.gateway.filter(|_| subnet.keeps_gateway) {
                self.take_address(subnet, gateway)?;
            }
        }
        self.take_mac(plan.network.mac).map(drop)
    }

    /// The addresses of a prefix that a link may have: without the first, which stands for the network, and without the
    /// last of an IPv4 prefix, which is for all.
    fn bounds(subnet: &SubnetPlan) -> (u128, u128) {
        let (first, last) = (number(subnet.net.network()), number(subnet.net.broadcast()));
        (first + 1, if subnet.net.addr().is_ipv4() { last - 1 } else { last })
    }

    /// The lowest address that is free; `None`: all of the prefix are taken.
    pub(super) fn take_lowest_address(&self, subnet: &SubnetPlan) -> Result<Option<IpAddr>> {
        let v4 = subnet.net.addr().is_ipv4();
        let lowest = self.of_addresses(v4, Self::bounds(subnet)).take_lowest()?;
        Ok(lowest.map(|lowest| address(lowest, v4)))
    }

    /// This address of a prefix; `false`: it is taken or stands for something.
    pub(super) fn take_address(&self, subnet: &SubnetPlan, address: IpAddr) -> Result<bool> {
        self.of_addresses(address.is_ipv4(), Self::bounds(subnet)).take(number(address))
    }

    pub(super) fn release_address(&self, address: IpAddr) -> Result<()> {
        self.of_addresses(address.is_ipv4(), (0, u128::MAX)).release(number(address)).map(drop)
    }

    /// The lowest hardware address that is free, of the first range that has one.
    pub(super) fn take_lowest_mac(&self, ranges: &[(Mac, Mac)]) -> Result<Mac> {
        for (first, last) in ranges {
            let bounds = (number_of_mac(*first), number_of_mac(*last));
            if let Some(number) = self.of_macs(bounds).take_lowest()? {
                return Ok(mac_of_number(number));
            }
        }
        Err(Error::from_hresult(Hresult::HCN_E_ADDR_INVALID_OR_RESERVED)
            .with_events([errors::because("all hardware addresses of the network are taken")])
            .with_hint("make the network with more of them (MacPool), or delete endpoints"))
    }

    /// This hardware address, which need not be of the network's ranges; `false`: it is taken.
    pub(super) fn take_mac(&self, mac: Mac) -> Result<bool> {
        self.of_macs((0, LAST_MAC)).take(number_of_mac(mac))
    }

    pub(super) fn release_mac(&self, mac: Mac) -> Result<()> {
        self.of_macs((0, LAST_MAC)).release(number_of_mac(mac)).map(drop)
    }
}

/// A range of 4096 hardware addresses, `00-15-5D-XX-X0-00` to `00-15-5D-XX-XF-FF`, for a network whose document has none.
/// Each 4096th network gets the same: networks do not hear each other.
pub(super) fn own_macs(network: i64) -> (Mac, Mac) {
    const FIRST: u128 = 0x00_15_5d_00_00_00;
    let first = FIRST + ((u128::from(network.unsigned_abs()) & 0xfff) << 12);
    (mac_of_number(first), mac_of_number(first + 0xfff))
}
