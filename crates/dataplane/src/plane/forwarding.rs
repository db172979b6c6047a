//! Has the host forward packets, for our networks alone.
//!
//! The kernel's switch is one for all links. Where it was off, links that are there at that time are put behind a fence
//! (two sets in our table): between two of them nothing is forwarded, as before. A link that comes later, such as
//! another program's bridge, is not behind it.

use super::{Change, Plane};
use crate::error::Error;
use crate::host::contents::Contents;
use crate::host::table::HostSet;
use crate::names::LinkName;
use crate::sysctl::Settings;

const V4: &str = "ipv4/ip_forward";
const V6: &str = "ipv6/conf/all/forwarding";

impl Plane {
    /// Switches forwarding on for the IP versions that are asked for, where it is off.
    pub(super) fn forward(&mut self, v4: bool, v6: bool) -> Result<(), Error> {
        for (key, set, wanted) in [(V4, HostSet::Fence4, v4), (V6, HostSet::Fence6, v6)] {
            let off = Settings::of(&self.netns).get(key)?.as_deref() == Some("0");
            if !wanted || !off || !self.change(Change::changed(key)) {
                continue;
            }
            if key == V6 {
                self.keep_listening_to_routers()?;
            }
            let mut contents = Contents::empty();
            contents.add_fence(set, self.other_links()?);
            // The fence first: killed in between, the host forwards nothing, and the next call comes here again.
            self.add(&contents)?;
            Settings::of(&self.netns).set(&[(key.to_owned(), "1")], false)?;
        }
        Ok(())
    }

    /// A host that forwards IPv6 stops listening to routers, and throws away the routes that it has from them, unless
    /// it is told that it shall listen all the same (`accept_ra` 2).
    fn keep_listening_to_routers(&mut self) -> Result<(), Error> {
        let mut names: Vec<String> = self.other_links()?.iter().map(LinkName::to_string).collect();
        names.push("default".to_owned());
        let settings = Settings::of(&self.netns);
        for name in names {
            let key = format!("ipv6/conf/{name}/accept_ra");
            if settings.get(&key)?.as_deref() == Some("1") {
                self.changes.extend(settings.set(&[(key, "2")], false)?.into_iter().map(Change::changed));
            }
        }
        Ok(())
    }

    /// Links that are neither ours nor the loopback link, as far as nftables can name them.
    fn other_links(&mut self) -> Result<Vec<LinkName>, Error> {
        let groups = [self.instance.group(), self.instance.doomed_group()];
        let all = self.links.list()?.into_iter();
        let all = all.filter(|link| !groups.contains(&link.group) && link.name != "lo");
        Ok(all.filter_map(|link| link.name.parse().ok()).collect())
    }

    /// Takes the fence down again, and switches forwarding off with it, where that harms nobody: no link has come
    /// since that another program may want packets forwarded for. To be called when no network is left.
    pub(super) fn stop_forwarding(&mut self) -> Result<bool, Error> {
        let mut gone = true;
        for (key, set) in [(V4, HostSet::Fence4), (V6, HostSet::Fence6)] {
            let fence = self.fenced(set)?;
            if fence.is_empty() {
                continue;
            }
            let behind = |link: &LinkName| fence.keys().any(|key| key.from == link.key());
            if self.other_links()?.iter().all(behind) {
                Settings::of(&self.netns).set(&[(key.to_owned(), "0")], false)?;
            } else {
                gone = false;
            }
        }
        Ok(gone)
    }
}
