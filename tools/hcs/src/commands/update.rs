//! `hcs update`: changes what running containers may use.

use hcsshim::schema::Document as _;
use hcsshim::schema::compute::RequestType;
use hcsshim::schema::compute::v2::{ModifySettingRequest, Processor, resource_path};
use serde_json::{Value, json};

use super::each;
use crate::args::change::Update;
use crate::document::{Processors, processors};
use crate::failure::Failure;
use crate::host;
use crate::printer::Printer;

pub(crate) fn update(update: &Update, printer: Printer) -> Result<(), Failure> {
    let requests = requests(update, processors())?;
    let host = host::open()?;
    each(&update.ids, printer, |id| {
        let container = host.open_container(id)?;
        for request in &requests {
            container.modify(request)?;
        }
        Ok(())
    })
}

/// One request for each thing that is changed, as the service takes them.
fn requests(update: &Update, host_has: u64) -> Result<Vec<ModifySettingRequest>, Failure> {
    let request = |path: &str, settings: Value| ModifySettingRequest {
        resource_path: path.into(),
        request_type: RequestType::UPDATE,
        settings,
        ..ModifySettingRequest::default()
    };
    let mut requests = Vec::new();
    requests.extend(update.memory.map(|size| request(resource_path::MEMORY_SIZE_IN_MB, json!(size.get()))));
    let mut processor = Processor {
        weight: update.cpu_weight.unwrap_or_default(),
        maximum: update.cpu_maximum.unwrap_or_default(),
        ..Processor::default()
    };
    if let Some(millicpus) = update.cpus {
        match Processors::new(millicpus.get(), host_has)? {
            Processors::Count(count) => processor.count = count,
            Processors::Parts(parts) => processor.maximum = parts,
        }
    }
    if processor != Processor::default() {
        let settings = serde_json::from_str(&processor.to_json()).map_err(Failure::Json)?;
        requests.push(request(resource_path::PROCESSOR, settings));
    }
    Ok(requests)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Cli, Command};

    fn sent(arguments: &[&str]) -> Vec<String> {
        let all = ["hcs", "update"].iter().chain(arguments).chain(&["x"]);
        let Command::Update(update) = Cli::try_parse_from(all).unwrap().command else { panic!() };
        requests(&update, 4).unwrap().iter().map(hcsshim::schema::Document::to_json).collect()
    }

    #[test]
    fn each_change_is_a_request_of_the_service() {
        let processor = |settings: &str| {
            format!(
                r#"{{"ResourcePath":"Container/Processor","RequestType":"Update","Settings":{{{settings}}}}}"#
            )
        };
        let memory = r#"{"ResourcePath":"Container/Memory/SizeInMB","RequestType":"Update","Settings":1024}"#;
        assert_eq!(sent(&["--memory", "1g"]), [memory]);
        assert_eq!(sent(&["--cpus", "2"]), [processor(r#""Count":2"#)]);
        assert_eq!(sent(&["--cpus", "0.5"]), [processor(r#""Maximum":1250"#)]);
        assert_eq!(sent(&["--cpu-maximum", "10000"]), [processor(r#""Maximum":10000"#)]);
        let both = sent(&["--cpu-weight", "1", "--memory", "1g"]);
        assert_eq!(both, [memory.to_owned(), processor(r#""Weight":1"#)]);
    }
}
