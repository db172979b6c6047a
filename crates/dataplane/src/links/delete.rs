//! Deletion of many links at once.
//!
//! The kernel waits for a grace period with each link that is deleted alone (some 20 ms), and once for all links of a
//! group that are deleted together. So links that are to go are put into a group first.

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{LinkAttribute, LinkMessage};

use super::{Links, Request};
use crate::error::{Error, Label};

impl Links {
    /// Deletes links by their numbers, several of them by way of group `by`: with them goes whatever else is in that
    /// group, such as what a caller left there who was killed. One that is gone already, as with the namespace of its
    /// other end, is no error.
    ///
    /// # Errors
    /// [`Error::Refused`] for the first link that the kernel kept, after the others are deleted.
    pub fn delete(&mut self, indices: &[u32], by: u32) -> Result<(), Error> {
        let label = |index: u32| Label::new("delete", format_args!("link number {index}"));
        if let [index] = *indices {
            let mut message = LinkMessage::default();
            message.header.index = index;
            let request = Request::new(label(index), 0, RouteNetlinkMessage::DelLink(message));
            return gone_is_fine(self.perform(&[request]));
        }
        if indices.is_empty() {
            return Ok(());
        }
        let moves: Vec<Request> = indices
            .iter()
            .map(|&index| {
                let mut message = LinkMessage::default();
                message.header.index = index;
                message.attributes = vec![LinkAttribute::Group(by)];
                Request::new(label(index), 0, RouteNetlinkMessage::SetLink(message))
            })
            .collect();
        let refused = self.perform_each(&moves)?;
        if refused.len() < indices.len() {
            let mut message = LinkMessage::default();
            message.attributes = vec![LinkAttribute::Group(by)];
            let label = Label::new("delete", format_args!("{} links together", indices.len()));
            let request = Request::new(label, 0, RouteNetlinkMessage::DelLink(message));
            // Between the two calls all of them may have gone with their namespaces.
            gone_is_fine(self.perform(&[request]))?;
        }
        match refused.into_iter().find(|(_, refusal)| refusal.errno != libc::ENODEV) {
            None => Ok(()),
            Some((index, refusal)) => Err(moves[index].label.refused(refusal)),
        }
    }
}

fn gone_is_fine(result: Result<(), Error>) -> Result<(), Error> {
    match result {
        Err(error) if error.errno() == Some(libc::ENODEV) => Ok(()),
        other => other,
    }
}
