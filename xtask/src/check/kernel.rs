//! Version, user, namespaces, limits and seccomp.

use super::Finding;

/// What every feature in use is in: id-mapped overlay layers, cgroup.kill, user namespaces as they are now.
const OLDEST: (u32, u32) = (6, 1);

/// A limit below this stops a host with some hundred containers.
const COMFORTABLE: u64 = 1000;

pub(super) fn root() -> Finding {
    if rustix::process::geteuid().is_root() {
        Finding::good("root", "user id 0")
    } else {
        Finding::missing(
            "root",
            "an ordinary user",
            "mounts and cgroups need root; run the command with sudo",
        )
    }
}

pub(super) fn version() -> Finding {
    let uname = rustix::system::uname();
    let release = uname.release().to_string_lossy().into_owned();
    match parse_release(&release) {
        Some(version) if version >= OLDEST => Finding::good("kernel", release),
        _ => Finding::missing("kernel", release, "6.1 or newer is needed (Debian 12 has it)"),
    }
}

fn parse_release(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map_while(|word| word.parse().ok());
    Some((numbers.next()?, numbers.next()?))
}

pub(super) fn namespaces() -> Finding {
    let name = "namespaces";
    let absent: Vec<_> = ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"]
        .into_iter()
        .filter(|kind| fs_err::symlink_metadata(format!("/proc/self/ns/{kind}")).is_err())
        .collect();
    if absent.is_empty() {
        Finding::good(name, "user mnt pid net ipc uts cgroup")
    } else {
        let todo = "use a kernel with CONFIG_NAMESPACES and all CONFIG_*_NS, as Debian's are";
        Finding::missing(name, format!("no {}", absent.join(", ")), todo)
    }
}

pub(super) fn limits() -> Finding {
    let mut low = Vec::new();
    for kind in ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"] {
        let key = format!("user.max_{kind}_namespaces");
        let path = format!("/proc/sys/{}", key.replace('.', "/"));
        let Ok(text) = fs_err::read_to_string(path) else { continue };
        match text.trim().parse::<u64>() {
            Ok(0) => {
                let todo = format!("sysctl {key}=10000");
                return Finding::missing("limits", format!("{key} is 0"), todo);
            }
            Ok(number) if number < COMFORTABLE => low.push(format!("{key} is {number}")),
            _ => {}
        }
    }
    if low.is_empty() {
        Finding::good("limits", "namespaces are not scarce")
    } else {
        Finding::limited("limits", low.join(", "), "that many containers at once, and no more")
    }
}

pub(super) fn seccomp() -> Finding {
    let name = "seccomp";
    let todo = "use a kernel with CONFIG_SECCOMP_FILTER, as Debian's are";
    let Ok(actions) = fs_err::read_to_string("/proc/sys/kernel/seccomp/actions_avail") else {
        return Finding::missing(name, "no filters", todo);
    };
    let absent: Vec<_> = ["kill_process", "errno", "allow"]
        .into_iter()
        .filter(|wanted| !actions.split_whitespace().any(|action| action == *wanted))
        .collect();
    if absent.is_empty() {
        Finding::good(name, actions.trim())
    } else {
        Finding::missing(name, format!("no action {}", absent.join(", ")), todo)
    }
}

#[cfg(test)]
mod tests {
    use super::{OLDEST, parse_release};

    #[test]
    fn releases_are_compared_by_number() {
        assert_eq!(parse_release("6.1.0-56-cloud-amd64"), Some((6, 1)));
        assert_eq!(parse_release("6.18.44"), Some((6, 18)));
        assert!(parse_release("5.10.0-30-amd64").unwrap() < OLDEST);
        assert!(parse_release("10.0").unwrap() > OLDEST);
        assert_eq!(parse_release("unknown"), None);
    }
}
