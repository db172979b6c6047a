//! `bench`: ours beside its peers, as ratios. Each group registers here; its rows are measured by [`alternate`].

mod alternate;
mod archives;
mod compiled;
mod compute;
mod density;
mod ext4;
mod floor;
mod images;
mod layers;
mod remote;
mod row;
mod timer;

use crate::error::Error;
use crate::layout::Layout;
use crate::print;
use row::Row;

/// How results are printed.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people: medians, ratios, goals.
    Table,
    /// An array of {group, name, ours, peer, peer_name, ratio, goal, holds}.
    Json,
}

/// What a group gets to work with.
pub(crate) struct Bench<'a> {
    /// Sources and built files.
    pub(crate) layout: &'a Layout,
    /// A folder that is removed afterwards, on a disk.
    pub(crate) dir: &'a std::path::Path,
    /// How many containers the group `density` makes.
    pub(crate) scale: Scale,
}

/// Numbers of idle containers.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Scale {
    /// Idle Linux containers of the group density
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(2..))]
    pub(crate) linux: u32,
    /// Idle Windows containers of the group density; 0 leaves them out
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) windows: u32,
}

/// Measured together, in one process, one after the other.
struct Group {
    name: &'static str,
    rows: fn(&Bench<'_>) -> Result<Vec<Row>, Error>,
}

const GROUPS: [Group; 6] = [
    Group { name: "floor", rows: floor::rows },
    Group { name: "compute", rows: compute::rows },
    Group { name: "density", rows: density::rows },
    Group { name: "ext4", rows: ext4::rows },
    Group { name: "layers", rows: layers::rows },
    Group { name: "remote", rows: remote::rows },
];

/// Measures one group or all, and prints the rows. A goal that is missed is a result, not an error.
pub(crate) fn run(layout: &Layout, only: Option<&str>, scale: Scale, format: Format) -> Result<(), Error> {
    if !rustix::process::geteuid().is_root() {
        return Err(Error::NotRoot { action: "./x bench" });
    }
    let chosen: Vec<_> = GROUPS.iter().filter(|group| only.is_none_or(|name| name == group.name)).collect();
    if chosen.is_empty() {
        let known = GROUPS.map(|group| group.name).join(", ");
        return Err(Error::NoGroup { name: only.unwrap_or_default().to_owned(), known });
    }
    // A disk as containers' files have it; /tmp may be memory.
    let dir = tempfile::Builder::new().prefix("hcs-bench-").tempdir_in("/var/tmp")?;
    let mut rows = Vec::new();
    for group in chosen {
        print::note(format_args!("== {} ({})", group.name, load()));
        let begun = rows.len();
        rows.extend((group.rows)(&Bench { layout, dir: dir.path(), scale })?);
        for row in &mut rows[begun..] {
            row.group = group.name;
        }
    }
    match format {
        Format::Table => row::table(&rows).lines().for_each(print::line),
        Format::Json => print::line(row::json(&rows)?),
    }
    Ok(())
}

/// What else the machine did: beside every figure, because it moves them.
fn load() -> String {
    let text = fs_err::read_to_string("/proc/loadavg").unwrap_or_default();
    format!("load {}", text.split(' ').next().unwrap_or("unknown"))
}
