//! Lists the containers of this machine with their processes.
//!
//! ```text
//! cargo build && sudo target/debug/examples/list
//! ```

#![expect(clippy::print_stdout, reason = "an example prints")]

use hcsshim::schema::compute::{ComputeSystemQuery, State};
use hcsshim::{Host, Options, Result};

fn main() -> Result<()> {
    let host = Host::open(Options::from_env()?)?;
    for found in host.containers(&ComputeSystemQuery::default())? {
        println!("{} {} ({})", found.id, found.state, found.runtime_os_type);
        if found.state != State::RUNNING {
            continue;
        }
        let container = host.open_container(&found.id)?;
        for process in container.process_list()? {
            println!("  {} {}", process.process_id, process.image_name);
        }
    }
    Ok(())
}
