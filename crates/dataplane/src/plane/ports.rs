//! Published ports.

use super::Plane;
use crate::conntrack::forget_ports;
use crate::error::Error;
use crate::host::contents::Contents;
use crate::model::PortMap;

impl Plane {
    /// Publishes ports, all or none. One that is published so already is left alone.
    ///
    /// # Errors
    /// [`Error::Refused`] with `EEXIST` and the port's name if it leads elsewhere; [`Error::Invalid`] for two that
    /// contradict each other.
    pub fn add_ports(&mut self, ports: &[PortMap]) -> Result<(), Error> {
        let contents = contents(ports)?;
        if ports.is_empty() {
            return Ok(());
        }
        self.add(&contents)
    }

    /// Withdraws ports. One that is not there, or leads elsewhere, is left alone. Connections that came by them end.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Invalid`] as for [`Plane::add_ports`].
    pub fn remove_ports(&mut self, ports: &[PortMap]) -> Result<(), Error> {
        self.remove(&contents(ports)?)?;
        forget_ports(&mut self.nft.channel, ports)
    }
}

fn contents(ports: &[PortMap]) -> Result<Contents, Error> {
    let mut contents = Contents::empty();
    for port in ports {
        contents.add_port(port)?;
    }
    Ok(contents)
}
