//! TLS with certificates on both sides: for clients of other machines.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

/// Why TLS can't be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file holds no PEM of what is needed.
    #[error("cannot read {what} from {path}")]
    Pem {
        /// What was looked for.
        what: &'static str,
        /// The file.
        path: String,
        /// The reader's answer.
        source: pem::Error,
    },
    /// Certificate and key don't fit, or can't be used.
    #[error("cannot use the certificates")]
    Rustls(#[from] rustls::Error),
    /// The authority's certificates can't judge clients.
    #[error("cannot use the authority of clients")]
    Verifier(#[from] VerifierBuilderError),
}

/// An acceptor that takes clients whose certificate the authority in `ca` has signed, and no others. TLS 1.3 only:
/// both sides are ours.
///
/// # Errors
/// See [`TlsError`].
pub(crate) fn acceptor(certificate: &Path, key: &Path, ca: &Path) -> Result<TlsAcceptor, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    for root in certificates("the authority's certificates", ca)? {
        roots.add(root)?;
    }
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build()?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(failed("a private key", key))?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(certificates("a certificate", certificate)?, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let found = found.map_err(failed(what, path))?;
    if found.is_empty() { Err(failed(what, path)(pem::Error::NoItemsFound)) } else { Ok(found) }
}

fn failed(what: &'static str, path: &Path) -> impl Fn(pem::Error) -> TlsError {
    let path = path.display().to_string();
    move |source| TlsError::Pem { what, path: path.clone(), source }
}
