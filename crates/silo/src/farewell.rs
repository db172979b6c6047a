//! How the end of a system is told to those who had no time to connect to its supervisor.
//!
//! A system may come and go between the moment when a watcher hears of its folder and the moment when it connects. So
//! with each exit the supervisor makes an empty folder below one that watchers watch (inotify), and removes it again:
//! the kernel keeps its name for every watcher, and the name says all. Nothing is left on disk, nothing has to know
//! whether there are watchers, and of a watcher that does not read only that watcher's queue gets full.
//!
//! A name is the life, `~`, and in 55 characters the times (three of 14 hexadecimal digits), the kind of the exit (one
//! letter), the exit code (8 hexadecimal digits or hyphens) and the number of kills (4).

use std::path::Path;

use hcs_fault::Point;
use rustix::fs::{CWD, Mode};
use rustix::io::Errno;

use crate::protocol::ExitKind;

/// Largest time that has room in a name: in the year 2198.
const LAST: u64 = (1 << 56) - 1;
const FIGURES: usize = 55;

/// A system's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Farewell {
    /// The name of its cgroup, which no other system has or had.
    pub life: String,
    /// When it was created, 100 ns since the Unix epoch.
    pub created_100ns: u64,
    /// When it was started, 100 ns since the Unix epoch; 0: never.
    pub started_100ns: u64,
    /// When it ended, 100 ns since the Unix epoch.
    pub exited_100ns: u64,
    /// Why.
    pub kind: ExitKind,
    /// The exit code of the first process that was started in it; `None`: there was none.
    pub code: Option<u32>,
    /// Processes that the memory limit ended in its life; 65,535 also stands for more.
    pub oom_kills: u64,
}

impl Farewell {
    /// Tells it to those who watch `folder`.
    pub(crate) fn say(&self, folder: &Path) -> Result<(), Errno> {
        let path = folder.join(self.name());
        hcs_fault::call(Point::MakeFarewell)?;
        rustix::fs::mkdirat(CWD, &path, Mode::RWXU)?;
        hcs_fault::step(Point::FarewellMade);
        rustix::fs::rmdir(&path)
    }

    fn name(&self) -> String {
        let Self { life, created_100ns, started_100ns, exited_100ns, kind, code, oom_kills } = self;
        let [created, started, exited] = [created_100ns, started_100ns, exited_100ns].map(|at| at.min(&LAST));
        let kind = match kind {
            ExitKind::Graceful => 'g',
            ExitKind::Forced => 'f',
            ExitKind::Unexpected => 'u',
        };
        let code = code.map_or_else(|| "--------".into(), |code| format!("{code:08x}"));
        let kills = oom_kills.min(&0xFFFF);
        format!("{life}~{created:014x}{started:014x}{exited:014x}{kind}{code}{kills:04x}")
    }

    /// What a name in the folder says; `None`: it is not of this version.
    pub fn parse(name: &str) -> Option<Self> {
        let (life, figures) = name.rsplit_once('~')?;
        if figures.len() != FIGURES || !figures.is_ascii() {
            return None;
        }
        let number = |from: usize, length: usize| {
            let digits = &figures[from..from + length];
            // The standard parser would take a sign.
            let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            hexadecimal.then(|| u64::from_str_radix(digits, 16).ok()).flatten()
        };
        Some(Self {
            life: life.into(),
            created_100ns: number(0, 14)?,
            started_100ns: number(14, 14)?,
            exited_100ns: number(28, 14)?,
            kind: match figures.as_bytes()[42] {
                b'g' => ExitKind::Graceful,
                b'f' => ExitKind::Forced,
                b'u' => ExitKind::Unexpected,
                _ => return None,
            },
            code: match &figures[43..51] {
                "--------" => None,
                _ => Some(u32::try_from(number(43, 8)?).ok()?),
            },
            oom_kills: number(51, 4)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn farewell() -> Farewell {
        Farewell {
            life: "a~b.0123456789abcdef".into(),
            created_100ns: 17_955_000_000_000_001,
            started_100ns: 0,
            exited_100ns: LAST,
            kind: ExitKind::Unexpected,
            code: Some(0xC000_0017),
            oom_kills: 3,
        }
    }

    #[test]
    fn a_name_says_all_and_the_longest_life_has_room() {
        for kind in [ExitKind::Graceful, ExitKind::Forced, ExitKind::Unexpected] {
            for code in [None, Some(0), Some(u32::MAX)] {
                let one = Farewell { kind, code, ..farewell() };
                assert_eq!(Farewell::parse(&one.name()), Some(one));
            }
        }
        let most = Farewell { exited_100ns: u64::MAX, oom_kills: u64::MAX, ..farewell() };
        let most = Farewell::parse(&most.name()).unwrap();
        assert_eq!((most.exited_100ns, most.oom_kills), (LAST, 0xFFFF));
        // 180 bytes of an id's name and 17 that make it a life.
        assert!(Farewell { life: "x".repeat(197), ..farewell() }.name().len() <= 255);
    }

    #[test]
    fn other_names_are_none() {
        let name = farewell().name();
        for bad in [
            String::new(),
            "~".into(),
            name.replace('~', "-"),
            format!("{name}0"),
            name.replace('u', "x"),
            name.replace("c0000017", "+0000017"),
            name.replace("c0000017", "-------7"),
            name.replace("c0000017", "c00000é"),
        ] {
            assert_eq!(Farewell::parse(&bad), None, "{bad:?}");
        }
    }

    #[test]
    fn it_is_said_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        farewell().say(folder.path()).unwrap();
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 0);
    }

    proptest! {
        #[test]
        fn no_name_breaks_the_reader(name in "\\PC{0,80}") {
            let _ = Farewell::parse(&name);
        }

        #[test]
        fn what_is_read_says_the_same_again(figures in "[0-9a-f]{42}[gfu][0-9a-f]{12}") {
            let read = Farewell::parse(&format!("life.1~{figures}")).unwrap();
            prop_assert_eq!(read.name(), format!("life.1~{figures}"));
        }
    }
}
