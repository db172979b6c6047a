//! The conversion: inputs to an image.

use std::io;

use hcs_ext4::tar::{self, Opened, Source};
use hcs_ext4::verity::hex;
use hcs_ext4::vhd::{self, Footer};
use hcs_ext4::{Convert, Options, Report, Storage as _, Summary, Uuid, Whiteouts, Writer};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Display;
use crate::{args, printer};

pub(crate) fn run(options: &args::Convert, json: bool) -> Result<(), Failure> {
    // Before the output is made: a missing input shall leave nothing.
    let inputs = options.inputs.iter().map(|path| tar::open(path)).collect::<Result<Vec<_>, _>>();
    let inputs = inputs.map_err(|source| Failure::Open { source })?;
    let output = Output::create(&options.output)?;
    // Results beside an image on standard output would be part of it.
    let quiet = options.output.as_os_str() == "-";
    if options.only_vhd {
        return only_footer(inputs, output, json && !quiet);
    }
    let image = |source| Failure::Image { output: output.name.clone(), source };
    let mut writer = Writer::new(output.file()?, image_options(options)).map_err(image)?;
    let whiteouts = match (options.overlay, options.merge) {
        (true, _) => Whiteouts::Overlay,
        (_, true) => Whiteouts::Apply,
        _ => Whiteouts::Keep,
    };
    let convert = Convert::new()
        .whiteouts(whiteouts)
        .backslashes(options.backslashes)
        .end_is_optional(options.end_is_optional);
    let mut display = Display::new(options.progress);
    let mut report = Report::default();
    for (n, input) in inputs.into_iter().enumerate() {
        if n > 0 {
            writer.next_layer().map_err(image)?;
        }
        display.input(input.total);
        let name = input.name;
        let one = convert.run(input.source, &mut writer, |progress| display.show(progress));
        let one = one.map_err(|source| Failure::Convert { input: name, source })?;
        report.entries += one.entries;
        report.read += one.read;
        report.warning_count += one.warning_count;
        report.warnings.extend(one.warnings);
    }
    let summary = writer.finish().map_err(image)?;
    drop(display);
    if options.vhd {
        append_footer(&output, &summary.uuid)?;
    }
    for warning in &report.warnings {
        printer::note(&format!("tar2ext4: warning: {warning}"));
    }
    if report.warning_count > report.warnings.len() as u64 {
        printer::note(&format!("tar2ext4: {} warnings in all", report.warning_count));
    }
    output.finish()?;
    if quiet {
        if let Some(verity) = &summary.verity {
            printer::note(&format!("root hash: {}", verity.root_hash_hex()));
        }
        return Ok(());
    }
    if json {
        return printer::json(&result(&summary, &report, options.vhd));
    }
    match &summary.verity {
        Some(verity) => printer::line(&format!("root hash: {}", verity.root_hash_hex())),
        None => Ok(()),
    }
}

fn image_options(options: &args::Convert) -> Options {
    let image = Options::new()
        .inline_data(options.inline)
        .verity(options.verity)
        .label(&options.label)
        .time(options.time)
        .read_only(!options.writable)
        .uuid(options.uuid.map_or(Uuid::Derived, Uuid::Fixed));
    match options.limit {
        Some(limit) => image.maximum_size(limit),
        None => image,
    }
}

/// Copies the input and adds a footer.
fn only_footer(inputs: Vec<Opened>, output: Output, json: bool) -> Result<(), Failure> {
    let mut file = output.file()?;
    for input in inputs {
        let copy = |source| Failure::Copy { input: input.name.clone(), source };
        match input.source {
            Source::File(mut source) => io::copy(&mut source, &mut file).map_err(copy)?,
            Source::Stream(mut source) => io::copy(&mut source, &mut file).map_err(copy)?,
        };
    }
    let size = append_footer(&output, b"")?;
    output.finish()?;
    if json { printer::json(&json!({ "Size": size, "Vhd": true })) } else { Ok(()) }
}

/// Adds a footer behind all that is there; the result is how much that is.
fn append_footer(output: &Output, seed: &[u8]) -> Result<u64, Failure> {
    let footer = |source| Failure::Footer { output: output.name.clone(), source };
    let file = output.file()?;
    let size = file.length().map_err(footer)?;
    vhd::append(&file, Footer::derived(size, seed)).map_err(footer)?;
    Ok(size)
}

fn result(summary: &Summary, report: &Report, vhd: bool) -> Value {
    let verity = summary.verity.as_ref().map(|verity| {
        json!({
            "RootHash": verity.root_hash_hex(),
            "Algorithm": verity.algorithm,
            "Salt": hex(&verity.salt),
            "HashOffset": verity.hash_offset(),
            "DataBlocks": verity.data_blocks,
            "DataBlockSize": verity.data_block_size,
            "HashBlockSize": verity.hash_block_size,
            "Uuid": uuid(&verity.uuid),
        })
    });
    json!({
        "Size": summary.size,
        "Inodes": summary.inodes,
        "Uuid": uuid(&summary.uuid),
        "Entries": report.entries,
        "Read": report.read,
        "Verity": verity,
        "Vhd": vhd,
        "Warnings": report.warnings,
    })
}

/// As UUIDs are written.
pub(crate) fn uuid(bytes: &[u8; 16]) -> String {
    let text = hex(bytes);
    [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
}
