//! From the store into a registry: blobs that it lacks, then the manifest under its name.

use ureq::SendBody;
use ureq::http::StatusCode;

use super::client::{Ask, Client, MOST_ANSWER};
use super::{Event, Options};
use crate::error::{ImageError, Result, at};
use crate::reference::Reference;
use crate::spec::{Descriptor, MOST_MANIFEST};
use crate::store::{Entry, Store};

impl Store {
    /// Sends an image to a registry under this name. Layers that must not be handed on stay here.
    ///
    /// # Errors
    /// The registry's refusals; a blob that is not here; silence beyond the options'.
    pub fn push(
        &self,
        image: &Entry,
        name: &Reference,
        options: &Options,
        mut progress: impl FnMut(Event),
    ) -> Result<()> {
        let _lock = self.adding()?;
        let client = Client::new(name, "pull,push", options)?;
        let documents = self.documents(&image.manifest)?;
        let parts = documents.manifest.layers.iter().chain([&documents.manifest.config]);
        let mut missing: Vec<&Descriptor> = Vec::new();
        for blob in parts {
            let twice = missing.iter().any(|other| other.digest == blob.digest);
            if !blob.is_foreign() && !twice && !there(&client, blob)? {
                missing.push(blob);
            }
        }
        let bytes = missing.iter().fold(0_u64, |sum, blob| sum.saturating_add(blob.size));
        progress(Event::Total { blobs: missing.len(), bytes });
        for blob in missing {
            self.upload(&client, blob)?;
            progress(Event::Bytes(blob.size));
            progress(Event::Done { digest: blob.digest, size: blob.size });
        }
        let bytes = self.bytes(&image.manifest, MOST_MANIFEST)?;
        let mut body =
            || Ok((SendBody::from_owned_reader(std::io::Cursor::new(bytes.clone())), bytes.len() as u64));
        let url = client.url(&format!("manifests/{}", name.wanted()));
        let headers = vec![("content-type", image.manifest.media_type.clone())];
        let mut answer =
            client.ask(&mut Ask { method: "PUT", url, headers, most: MOST_ANSWER, body: Some(&mut body) })?;
        match answer.status() {
            StatusCode::CREATED | StatusCode::OK | StatusCode::ACCEPTED => Ok(()),
            status => Err(client.refused("the manifest", status, &mut answer)),
        }
    }

    fn upload(&self, client: &Client, blob: &Descriptor) -> Result<()> {
        let what = format!("blob {}", blob.digest);
        let mut nothing = || Ok((SendBody::from_owned_reader(std::io::empty()), 0));
        let url = client.url("blobs/uploads/");
        let mut answer = client.ask(&mut Ask {
            method: "POST",
            url,
            headers: Vec::new(),
            most: MOST_ANSWER,
            body: Some(&mut nothing),
        })?;
        if answer.status() != StatusCode::ACCEPTED {
            let status = answer.status();
            return Err(client.refused(&format!("an upload of {what}"), status, &mut answer));
        }
        let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
        let location =
            location.ok_or_else(|| client.protocol("took an upload and did not say where to".into()))?;
        let location = client.located(location)?;
        let separator = if location.contains('?') { '&' } else { '?' };
        let url = format!("{location}{separator}digest={}", blob.digest);
        let path = self.blob(blob.digest);
        if !self.has(blob)? {
            return Err(ImageError::NoBlob { digest: blob.digest });
        }
        let mut content = || {
            let file = fs_err::File::open(&path).map_err(at("open", &path))?;
            Ok((SendBody::from_owned_reader(file), blob.size))
        };
        let headers = vec![("content-type", "application/octet-stream".to_owned())];
        let mut answer = client.ask(&mut Ask {
            method: "PUT",
            url,
            headers,
            most: MOST_ANSWER,
            body: Some(&mut content),
        })?;
        match answer.status() {
            StatusCode::CREATED | StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
            status => Err(client.refused(&what, status, &mut answer)),
        }
    }
}

/// Whether the registry has a blob.
fn there(client: &Client, blob: &Descriptor) -> Result<bool> {
    let url = client.url(&format!("blobs/{}", blob.digest));
    let mut answer =
        client.ask(&mut Ask { method: "HEAD", url, headers: Vec::new(), most: MOST_ANSWER, body: None })?;
    match answer.status() {
        StatusCode::OK => Ok(true),
        StatusCode::NOT_FOUND => Ok(false),
        status => Err(client.refused("a question for a blob", status, &mut answer)),
    }
}
