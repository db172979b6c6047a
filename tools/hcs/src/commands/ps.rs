//! `hcs ps`: the processes of a container.

use crate::args::manage::Ps;
use crate::failure::Failure;
use crate::host;
use crate::printer::{self, Printer};
use crate::size::{human_bytes, human_time};

pub(crate) fn ps(ps: &Ps, printer: Printer) -> Result<(), Failure> {
    let mut processes = host::open()?.open_container(&ps.id)?.process_list()?;
    processes.sort_by_key(|process| process.process_id);
    printer.list(&processes, ["PID", "PROGRAM", "STARTED", "CPU", "PRIVATE", "COMMIT"], |process| {
        [
            process.process_id.to_string(),
            process.image_name.clone(),
            printer::seconds(&process.create_timestamp.to_string()),
            human_time(process.user_time_100ns.saturating_add(process.kernel_time_100ns)),
            human_bytes(process.memory_working_set_private_bytes),
            human_bytes(process.memory_commit_bytes),
        ]
    })
}
