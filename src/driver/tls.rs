//! Whom to trust. Owns the TLS settings of a client; one connection's handshake is `socket`'s and `reqwest`'s.

use std::sync::{Arc, OnceLock};

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Settings that trust the default roots, or `ca` (PEM, any number of certificates) in their place. TLS 1.2 at least.
///
/// # Errors
/// `ca` holds no certificate, or one that cannot be read.
pub(super) fn client_config(ca: Option<&[Vec<u8>]>) -> Result<Arc<ClientConfig>, String> {
    static DEFAULT: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    match ca {
        None => Ok(Arc::clone(DEFAULT.get_or_init(|| {
            Arc::new(trusting(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }))
        }))),
        Some(pems) => roots_of(pems).map(trusting).map(Arc::new),
    }
}

fn roots_of(pems: &[Vec<u8>]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for pem in pems {
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| error.to_string())?;
            roots.add(certificate).map_err(|error| error.to_string())?;
        }
    }
    if roots.is_empty() { Err("no certificate in it".to_owned()) } else { Ok(roots) }
}

fn trusting(roots: RootCertStore) -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
}
