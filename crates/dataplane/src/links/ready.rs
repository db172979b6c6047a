//! Waiting for what the kernel does by itself: until packets pass by a link, until links have gone.
//!
//! A veth's end that is switched on is not at once ready: the kernel works off the change later, by itself, and until
//! then a bridge drops what comes by it, and the end itself what is to leave. A first datagram would be lost.

use std::time::{Duration, Instant};

use super::{Link, Links, link};
use crate::error::Error;
use crate::names::LinkName;
use crate::netlink::{Channel, NETLINK_ROUTE};

/// `RTNLGRP_LINK`: what happens to links.
const GROUP: u32 = 1;

impl Links {
    /// The link of this name as soon as packets pass by it, within `patience`.
    ///
    /// # Errors
    /// [`Error::NoLink`] if it is not there or goes; [`Error::Late`] if its other end, for one, is not switched on.
    pub fn ready(&mut self, name: &LinkName, patience: Duration) -> Result<Link, Error> {
        // From Linux 6.8 on, to ask for the link is enough: the kernel then works off the change first.
        let found = self.need(name)?;
        if found.ready {
            return Ok(found);
        }
        let end = Instant::now() + patience;
        let mut events = Channel::open(NETLINK_ROUTE, &self.netns)?;
        events.join(GROUP)?;
        loop {
            // Asked again after the group was joined, and after each event: events may be lost, and this cannot.
            let found = self.need(name)?;
            if found.ready {
                return Ok(found);
            }
            loop {
                let left = end.saturating_duration_since(Instant::now());
                let mut ours = false;
                if !events
                    .event(left, |message| ours |= link(&message).is_some_and(|l| l.index == found.index))?
                {
                    return Err(Error::Late { name: name.to_string(), patience });
                }
                if ours {
                    break;
                }
            }
        }
    }

    /// Waits until none of these links is there, within `patience`: the kernel deletes the links of a namespace that
    /// nobody holds any more, and with each the end in another namespace, some time later. It does so for all of them at
    /// once, and so much sooner than they could be deleted one by one.
    ///
    /// # Errors
    /// [`Error::Late`] with one that stayed: its namespace is still held, by a process or a descriptor.
    pub fn gone(&mut self, names: &[LinkName], patience: Duration) -> Result<(), Error> {
        let end = Instant::now() + patience;
        let mut events = Channel::open(NETLINK_ROUTE, &self.netns)?;
        // Before the first look, so that what goes in between is told.
        events.join(GROUP)?;
        for name in names {
            while self.find(name)?.is_some() {
                let left = end.saturating_duration_since(Instant::now());
                if !events.event(left, |_| ())? {
                    return Err(Error::Late { name: name.to_string(), patience });
                }
            }
        }
        Ok(())
    }
}
