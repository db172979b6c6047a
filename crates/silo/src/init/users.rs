//! `user[:group]` by the container's own `/etc/passwd` and `/etc/group`, whose content is hostile.
//!
//! Formats: passwd(5), group(5). Numbers need no entry, as with every OCI engine.

use std::io::Read;

use rustix::fs::{FileType, Mode, OFlags};

/// A user as the kernel knows it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) groups: Vec<u32>,
}

/// More would be no user database.
const LARGEST: u64 = 1 << 20;

/// Looks a user up in the running container.
pub(super) fn look_up(text: &str) -> Option<Identity> {
    find(text, &read("/etc/passwd"), &read("/etc/group"))
}

/// A file that can't be read holds no users for us.
fn read(path: &str) -> String {
    let mut text = Vec::new();
    // Process 1 reads this, and must not wait: not for the writer of a FIFO, nor for what a device may want.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    if let Ok(file) = rustix::fs::open(path, flags, Mode::empty())
        && rustix::fs::fstat(&file).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_file())
    {
        let _ = std::fs::File::from(file).take(LARGEST).read_to_end(&mut text);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// The same in files with this content.
pub(crate) fn find(text: &str, passwd: &str, group: &str) -> Option<Identity> {
    let (user, wanted_group) = match text.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (text, None),
    };
    let entries = || passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let by_name = |name: &str| entries().find(|fields| fields.len() >= 4 && fields[0] == name);
    let by_number = |uid: u32| entries().find(|fields| fields.len() >= 4 && fields[2].parse() == Ok(uid));

    let (entry, uid) = match (user, user.parse()) {
        ("", _) => (by_number(0), 0),
        // A number means that number, also where the container has a user of that name (CVE-2016-3697).
        (_, Ok(uid)) => (by_number(uid), uid),
        (_, Err(_)) => {
            let entry = by_name(user)?;
            let uid = entry[2].parse().ok()?;
            (Some(entry), uid)
        }
    };
    let name = entry.as_ref().map(|fields| fields[0]);
    let own_gid = entry.as_ref().and_then(|fields| fields[3].parse().ok()).unwrap_or(0);
    let groups = || group.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let Some(wanted) = wanted_group else {
        let member = |fields: &Vec<&str>| {
            fields.len() >= 4 && name.is_some_and(|name| fields[3].split(',').any(|m| m == name))
        };
        let groups = groups().filter(member).filter_map(|fields| fields[2].parse().ok()).collect();
        return Some(Identity { uid, gid: own_gid, groups });
    };
    let gid = match wanted.parse() {
        Ok(gid) => gid,
        Err(_) => groups()
            .find(|fields| fields.len() >= 3 && fields[0] == wanted)
            .and_then(|f| f[2].parse().ok())?,
    };
    Some(Identity { uid, gid, groups: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34::/:/bin/false\nbroken\n:::\n";
    const GROUP: &str = "root:x:0:\nwww:x:34:\nlogs:x:4:web,root\nbad\n";

    fn check(text: &str, expected: Option<(u32, u32, &[u32])>) {
        let found = find(text, PASSWD, GROUP);
        let expected = expected.map(|(uid, gid, groups)| Identity { uid, gid, groups: groups.to_vec() });
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn names_and_numbers() {
        check("web", Some((33, 34, &[4])));
        check("33", Some((33, 34, &[4])));
        check("web:logs", Some((33, 4, &[])));
        check("web:77", Some((33, 77, &[])));
        check("1234", Some((1234, 0, &[])));
        check("1234:5", Some((1234, 5, &[])));
        check("", Some((0, 0, &[4])));
        check("nobody", None);
        check("web:nogroup", None);
        check("-1", None);
        check("4294967296", None);
    }

    /// CVE-2016-3697.
    #[test]
    fn a_number_is_no_name() {
        let passwd = "33:x:0:0:::\nweb:x:33:34:::\n";
        let found = find("33:34", passwd, "34:x:0:\n").map(|found| (found.uid, found.gid));
        assert_eq!(found, Some((33, 34)));
    }
}
