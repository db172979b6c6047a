//! Programs that Wine 8.0 only pretends to have: each ends with 0 and does nothing.
//!
//! Both ends need the list: the base is made without them, and the agent refuses those that come with a foreign base.
//!
//! Source: the program's `main` in Wine 8.0 prints one FIXME and returns 0 (`programs/NAME` of Wine's source), and a
//! run of each with arguments gave exit code 0 and no output. `docs/windows-guests.md` tells users.

/// Every pretended program: file names, lower case, sorted.
pub const PRETENDED_PROGRAMS: &[&str] = &[
    "arp.exe",
    "aspnet_regiis.exe",
    "cacls.exe",
    "certutil.exe",
    "dism.exe",
    "dplaysvr.exe",
    "dpnsvr.exe",
    "dpvsetup.exe",
    "fc.exe",
    "findstr.exe",
    "icacls.exe",
    "lodctr.exe",
    "mofcomp.exe",
    "mshta.exe",
    "msinfo32.exe",
    "netsh.exe",
    "ngen.exe",
    "powershell.exe",
    "regasm.exe",
    "regini.exe",
    "regsvcs.exe",
    "robocopy.exe",
    "sdbinst.exe",
    "secedit.exe",
    "servicemodelreg.exe",
    "setx.exe",
    "shutdown.exe",
    "subst.exe",
    "systeminfo.exe",
    "tasklist.exe",
    "unlodctr.exe",
    "wevtutil.exe",
    "where.exe",
];

/// Whether `path` has the file name of a pretended program. The caller must still look whether the file is Wine's
/// own: an image may bring the real one.
pub fn is_pretended(path: &str) -> bool {
    let name = path.rsplit(['\\', '/']).next().unwrap_or(path).to_ascii_lowercase();
    PRETENDED_PROGRAMS.binary_search(&name.as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_told_of_each() {
        let page = include_str!("../../../docs/windows-guests.md");
        for name in PRETENDED_PROGRAMS {
            let name = name.trim_end_matches(".exe");
            assert!(page.contains(&format!("`{name}`")), "{name}");
        }
    }

    #[test]
    fn the_list_is_sorted_and_found_by_any_case() {
        assert!(PRETENDED_PROGRAMS.is_sorted());
        assert!(is_pretended(r"C:\windows\system32\TaskList.exe"));
        assert!(!is_pretended(r"C:\windows\system32\cmd.exe"));
        assert!(!is_pretended(r"C:\tasklist.exe\x"));
    }
}
