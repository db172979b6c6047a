//! Linux images as file systems: one layer, or all of them as one root.

use std::fs::File;
use std::path::Path;

use hcs_ext4::tar::{Opened, open};
use hcs_ext4::{Convert, Options, Summary, Whiteouts, Writer};

use crate::error::{ImageError, Result, at, invalid};
use crate::io::Room;
use crate::store::{Documents, Store};
use crate::unpack::summed;

/// Room for an image's files; more is refused.
const MOST: u64 = 16 << 40;

impl Store {
    /// Writes an image of ext4: the layer of this number, from 1 and with whiteouts as overlays know them; or the root
    /// that all layers make.
    ///
    /// # Errors
    /// An image of Windows; a layer that is not there or is not what its digest says; what the system says.
    pub fn export_ext4(
        &self,
        documents: &Documents,
        layer: Option<usize>,
        out: File,
        verity: bool,
    ) -> Result<(Summary, Vec<String>)> {
        let _lock = self.adding()?;
        if documents.image.is_windows() {
            return Err(invalid("the image", "is one of Windows, whose files are no root of ext4"));
        }
        let count = documents.manifest.layers.len();
        let chosen = match layer {
            None => 0..count,
            Some(number) if (1..=count).contains(&number) => number - 1..number,
            Some(number) => {
                return Err(invalid("the image", format!("has {count} layers, and no layer {number}")));
            }
        };
        let options = Options::new().maximum_size(MOST).read_only(true).verity(verity);
        let failed = |what: &str, source| ImageError::Ext4 { layer: what.to_owned(), source };
        let of_image = |error: hcs_ext4::Error| failed("as ext4", error.into());
        let disk = out.try_clone().map_err(at("open", Path::new("the image")))?;
        let mut writer = Writer::new(out, options).map_err(of_image)?;
        let whiteouts = if layer.is_some() { Whiteouts::Overlay } else { Whiteouts::Apply };
        let convert = Convert::new().whiteouts(whiteouts).end_is_optional(true);
        let mut warnings = Vec::new();
        for at_layer in chosen.clone() {
            if at_layer > chosen.start {
                writer.next_layer().map_err(of_image)?;
            }
            let blob = &documents.manifest.layers[at_layer];
            self.open_blob(blob)?;
            let path = self.blob(blob.digest);
            let Opened { source, .. } = open(&path).map_err(at("open", &path))?;
            let room = disk.try_clone().map(Room::new).map_err(at("open", Path::new("the image")))?;
            let (source, sum) = summed(source, room);
            let report = convert.run(source, &mut writer, |_| {});
            let report = report.map_err(|source| failed(&blob.digest.to_string(), source))?;
            sum.check(blob, documents.image.rootfs.diff_ids[at_layer])?;
            warnings.extend(report.warnings);
        }
        Ok((writer.finish().map_err(of_image)?, warnings))
    }
}
