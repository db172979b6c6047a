//! `hcs image`: images in, out and listed.

mod build;
mod commit;
mod files;
mod launch;
mod mount;
mod progress;

pub(crate) use commit::commit;
pub(crate) use launch::stand;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use hcs_images::registry::{Credentials, Event, Options};
use hcs_images::{Entry, InUse, Reference, Store, Wanted, runs_here};
use serde::Serialize;
use serde_json::{Value, json};

use self::progress::Bar;
use super::{each, results};
use crate::args::image::{Image, Inspect, Ls, Pull, Push, Registry, Tag};
use crate::failure::Failure;
use crate::host;
use crate::printer::{self, Named, Printer};
use crate::size::human_bytes;

/// Label of containers by which it is known of which image they are.
pub(crate) const LABEL: &str = "hcs.image";

/// Digits of a digest that people are shown.
const SHORT: usize = 12;

pub(crate) fn image(image: &Image, printer: Printer) -> Result<(), Failure> {
    match image {
        Image::Ls(arguments) => list(arguments, printer),
        Image::Inspect(arguments) => inspect(arguments),
        Image::Pull(arguments) => pull(arguments, printer),
        Image::Push(arguments) => push(arguments, printer),
        Image::Load(arguments) => files::load(arguments, printer),
        Image::Save(arguments) => files::save(arguments),
        Image::Tag(arguments) => tag(arguments, printer),
        Image::Rm(arguments) => {
            let store = store()?;
            each(&arguments.images, printer, |name| store.remove(name, in_use).map(drop))
        }
        Image::Commit(arguments) => commit(arguments, printer),
        Image::Build(arguments) => build::build(arguments, printer),
        Image::Export(arguments) => files::export(arguments, printer),
        Image::Mount(arguments) => mount::mount(arguments, printer),
        Image::Fsck(arguments) => fsck(arguments.repair, printer),
    }
}

/// The store of this machine's images. They are no host's: what stands in HCS_HOST has its own, which is out of reach.
pub(super) fn store() -> Result<Store, Failure> {
    let options = hcsshim::Options::from_env()?;
    if options.remote.is_some() {
        return Err(host::elsewhere("image"));
    }
    Ok(Store::open(&options.linux.root.join("images"))?)
}

/// Folders that containers stand on, and their names.
fn in_use() -> Result<InUse, Failure> {
    let host = host::open()?;
    let mut used = InUse::new();
    let engine = host::engine(&host, "image")?;
    for info in engine.systems()? {
        let document: Value = match engine.document(&info.id) {
            // What nobody can read may stand on anything.
            Ok(text) => serde_json::from_str(&text).map_err(|source| Failure::Config {
                path: format!("of container {}", info.id).into(),
                source: source.into(),
            })?,
            // Removed since it was listed.
            Err(error) if error.is_not_exist() => continue,
            Err(error) => return Err(error.into()),
        };
        let layers = document["Layers"].as_array().into_iter().flatten();
        let layers =
            layers.chain(document["Container"]["Storage"]["Layers"].as_array().into_iter().flatten());
        let paths = layers.filter_map(|layer| layer["Path"].as_str());
        used.extend(paths.map(|path| (PathBuf::from(path), format!("container {}", info.id))));
    }
    Ok(used)
}

pub(super) fn reference(text: &str) -> Result<Reference, Failure> {
    Ok(text.parse().map_err(hcs_images::ImageError::from)?)
}

pub(super) fn wanted(text: Option<&str>) -> Result<Option<Wanted>, Failure> {
    let parse = |text: &str| {
        text.parse().map_err(|problem| Failure::Usage {
            problem: format!("--platform {text}: {problem}"),
            hint: "`hcs image pull --help` has an example".into(),
        })
    };
    text.map(parse).transpose()
}

/// An image that came or was made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Came {
    name: String,
    digest: String,
}

impl Came {
    pub(super) fn new(entry: &Entry) -> Self {
        Self { name: entry.name.to_string(), digest: entry.manifest.digest.to_string() }
    }
}

impl fmt::Display for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.digest)
    }
}

fn options(registry: &Registry, platform: Option<&str>) -> Result<Options, Failure> {
    Ok(Options {
        platform: wanted(platform)?,
        plain_http: registry.plain_http,
        silence: Duration::from_secs(registry.silence),
        credentials: Credentials::from_env(),
        authorities: registry.ca.clone(),
        ..Options::default()
    })
}

fn pull(pull: &Pull, printer: Printer) -> Result<(), Failure> {
    let (store, name) = (store()?, reference(&pull.image)?);
    let options = options(&pull.registry, pull.platform.as_deref())?;
    let entry = {
        let mut bar = Bar::new(format!("pulling {}", name.short()));
        store.pull(&name, &options, |event| moved(&mut bar, &event))?
    };
    if !pull.no_unpack {
        unpack(&store, &entry)?;
    }
    printer.result(&Came::new(&entry))
}

fn push(push: &Push, printer: Printer) -> Result<(), Failure> {
    let store = store()?;
    let entry = store.find(&push.image)?;
    let name = push.name.as_deref().map_or_else(|| Ok(entry.name.clone()), reference)?;
    let options = options(&push.registry, None)?;
    {
        let mut bar = Bar::new(format!("pushing {}", name.short()));
        store.push(&entry, &name, &options, |event| moved(&mut bar, &event))?;
    }
    printer.result(&Came { name: name.to_string(), digest: entry.manifest.digest.to_string() })
}

fn moved(bar: &mut Bar, event: &Event) {
    match event {
        Event::Total { bytes, .. } => bar.total(*bytes),
        Event::Bytes(bytes) => bar.more(*bytes),
        Event::Done { digest, size } => {
            bar.line(&format!("layer {} ({})", short(&digest.hex()), human_bytes(*size)));
        }
        _ => {}
    }
}

fn short(hex: &str) -> &str {
    hex.get(..SHORT).unwrap_or(hex)
}

/// Unpacks an image that programs of can run here; another one has no use for it.
pub(super) fn unpack(store: &Store, entry: &Entry) -> Result<(), Failure> {
    let documents = store.documents(&entry.manifest)?;
    if runs_here(&documents.image.platform) {
        let mut bar = Bar::new(format!("unpacking {}", entry.name.short()));
        store.prepare(&documents, |progress| {
            bar.part(progress.layer, progress.layers);
        })?;
    }
    Ok(())
}

fn tag(tag: &Tag, printer: Printer) -> Result<(), Failure> {
    let entry = store()?.tag(&tag.image, &reference(&tag.name)?)?;
    printer.result(&Came::new(&entry))
}

/// An image in a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    name: String,
    digest: String,
    platform: String,
    created: String,
    size: u64,
}

fn list(ls: &Ls, printer: Printer) -> Result<(), Failure> {
    let store = store()?;
    let mut rows = Vec::new();
    for entry in store.list()? {
        let digest = entry.manifest.digest.to_string();
        let name = entry.name.short();
        // One that is damaged is there all the same; fsck says what is wrong.
        rows.push(match store.documents(&entry.manifest) {
            Ok(documents) => Row {
                name,
                digest,
                platform: documents.image.platform.to_string(),
                created: documents.image.created.clone().unwrap_or_default(),
                size: documents.manifest.layers.iter().fold(0, |sum, layer| sum.saturating_add(layer.size)),
            },
            Err(_) => Row { name, digest, platform: "damaged".into(), created: String::new(), size: 0 },
        });
    }
    if ls.quiet {
        let names: Vec<_> = rows.into_iter().map(|row| Named { id: row.name }).collect();
        if printer.is_json() {
            return printer::json(&names);
        }
        return names.iter().try_for_each(|name| printer.result(name));
    }
    printer.list(&rows, ["IMAGE", "DIGEST", "PLATFORM", "SIZE", "CREATED"], |row| {
        [
            row.name.clone(),
            short(row.digest.trim_start_matches("sha256:")).to_owned(),
            row.platform.clone(),
            human_bytes(row.size),
            printer::seconds(&row.created),
        ]
    })
}

fn inspect(inspect: &Inspect) -> Result<(), Failure> {
    let store = store()?;
    let mut all = Vec::new();
    for name in &inspect.images {
        let entry = store.find(name)?;
        let documents = store.documents(&entry.manifest)?;
        all.push(json!({
            "Name": entry.name.to_string(),
            "Digest": entry.manifest.digest,
            "MediaType": entry.manifest.media_type,
            "Index": entry.index,
            "Layers": documents.manifest.layers,
            "Config": documents.manifest.config.digest,
            "Image": documents.image,
        }));
    }
    printer::json(&all)
}

fn fsck(repair: bool, printer: Printer) -> Result<(), Failure> {
    let found = store()?.fsck(repair, in_use)?;
    if printer.is_json() {
        let problems = &found.problems;
        printer::json(&json!({ "Images": found.images, "Blobs": found.blobs, "Problems": problems }))?;
    } else {
        printer::line(&format!("{} images and {} blobs are whole", found.images, found.blobs))?;
        for problem in &found.problems {
            printer::note(&format!("hcs: {problem}"));
        }
    }
    if found.problems.is_empty() { Ok(()) } else { Err(Failure::Reported) }
}

/// Prints all that came.
pub(super) fn came(entries: &[Entry], printer: Printer) -> Result<(), Failure> {
    let names: Vec<String> = entries.iter().map(|entry| entry.name.to_string()).collect();
    let mut left = entries.iter();
    results(&names, printer, |_| Ok(Came::new(left.next().expect("there is a name for each of them"))))
}
