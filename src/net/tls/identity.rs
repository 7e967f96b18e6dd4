//! The client's certificates with their keys, for servers that require one.

use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::{CertifiedKey, SigningKey};

use super::certificate::X509Certificate;
use super::keys::{is_key_of, signing_key, unsupported_key};
use super::trust::TrustStore;
use super::{TlsConfig, pfx};
use crate::net::option_error::OptionError;

/// The client's certificates with their keys.
#[derive(Debug, Default)]
pub(super) struct Identities(Vec<Arc<CertifiedKey>>);

impl ResolvesClientCert for Identities {
    /// The certificate whose key supports the signature scheme that the server prefers most.
    fn resolve(&self, _root_hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let fits = |scheme| self.0.iter().find(|identity| identity.key.choose_scheme(&[scheme]).is_some());
        schemes.iter().copied().find_map(fits).cloned()
    }

    fn has_certs(&self) -> bool {
        !self.is_empty()
    }
}

impl Identities {
    /// Whether the client has no certificate.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the certificates and keys in a client's options. As in Node, the other certificates in a PKCS#12 file
    /// become trusted.
    ///
    /// # Errors
    /// An option has an invalid value, a certificate has no key, or a key has no certificate.
    pub(super) fn new(config: &TlsConfig, trust: &mut TrustStore) -> Result<Self, OptionError> {
        let mut chains = Vec::new();
        for pem in &config.certs {
            let mut chain = read_chain(pem)?;
            if chain.len() == 1 {
                trust.complete_chain(&mut chain);
            }
            chains.push(chain);
        }
        let keys: Vec<_> = config
            .keys
            .iter()
            .map(|der| signing_key(der).ok_or_else(|| OptionError::new("tls.key", unsupported_key("it"))))
            .collect::<Result<_, _>>()?;
        let mut identities = pair_with_keys(chains, &keys)?;
        for file in &config.pfx {
            identities.extend(pfx::read(file, trust)?);
        }
        Ok(Self(identities))
    }
}

fn read_chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, OptionError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|reason| OptionError::new("tls.cert", format!("invalid PEM file: {reason}")))?;
    if chain.is_empty() {
        return Err(OptionError::new(
            "tls.cert",
            "no certificate found (-----BEGIN CERTIFICATE-----)".to_owned(),
        ));
    }
    Ok(chain)
}

/// Finds the key of each certificate.
fn pair_with_keys(
    chains: Vec<Vec<CertificateDer<'static>>>,
    keys: &[Arc<dyn SigningKey>],
) -> Result<Vec<Arc<CertifiedKey>>, OptionError> {
    let mut used = vec![false; keys.len()];
    let mut identities = Vec::new();
    for (index, chain) in chains.into_iter().enumerate() {
        let leaf = X509Certificate::parse(&chain[0])
            .ok_or_else(|| OptionError::new("tls.cert", "the first certificate is invalid".to_owned()))?;
        let Some(position) = keys.iter().position(|key| is_key_of(&**key, &leaf)) else {
            let hint = if keys.is_empty() {
                "pass its key as `tls.key`"
            } else {
                "no key in `tls.key` belongs to it"
            };
            let subject = leaf.subject();
            return Err(OptionError::new(
                "tls.cert",
                format!("certificate {} ({subject}) has no key: {hint}", index + 1),
            ));
        };
        used[position] = true;
        identities.push(Arc::new(CertifiedKey::new(chain, Arc::clone(&keys[position]))));
    }
    match used.iter().position(|used| !used) {
        None => Ok(identities),
        Some(unused) if identities.is_empty() => Err(OptionError::new(
            "tls.key",
            format!("key {} has no certificate: pass the certificate as `tls.cert`", unused + 1),
        )),
        Some(unused) => Err(OptionError::new(
            "tls.key",
            format!("key {} has no certificate: no certificate in `tls.cert` belongs to it", unused + 1),
        )),
    }
}
