//! TLS with certificates on both sides.

use std::path::Path;
use std::sync::Arc;

use hcs_contract::{Error, Result};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::options::Options;

/// What the files named by the options give. The server's certificate must be signed by the named authority: those of
/// the system say nothing about who may run containers.
pub(crate) fn config(options: &Options) -> Result<Arc<ClientConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    let ca = named(options.ca.as_deref(), "HCS_TLS_CA")?;
    for root in certificates(ca)? {
        roots.add(root).map_err(|error| unusable(ca, error))?;
    }
    let path = named(options.certificate.as_deref(), "HCS_TLS_CERT")?;
    let certificate = certificates(path)?;
    let path = named(options.key.as_deref(), "HCS_TLS_KEY")?;
    let key = PrivateKeyDer::from_pem_file(path).map_err(|error| unusable(path, error))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .and_then(|builder| builder.with_root_certificates(roots).with_client_auth_cert(certificate, key))
        .map_err(|error| unusable(path, error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn named<'a>(path: Option<&'a Path>, variable: &'static str) -> Result<&'a Path> {
    path.ok_or_else(|| Error::invalid_argument(variable, "over https both sides need certificates"))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    found.map_err(|error| unusable(path, error))
}

fn unusable(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::os("use", format!("the certificates or key in {}", path.display()), std::io::Error::other(error))
}
