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
        // It may have ended since it was listed.
        let processes = match host.open_container(&found.id).and_then(|container| container.process_list()) {
            Err(error) if error.is_not_exist() || error.is_already_stopped() => continue,
            processes => processes?,
        };
        for process in processes {
            println!("  {} {}", process.process_id, process.image_name);
        }
    }
    Ok(())
}
