//! Who the client says it is: its certificates and their keys. Owns how they are paired and which one a server is shown.

use std::sync::Arc;

use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error as Pkcs12Error;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SigningKey};

use super::certificate::Parsed;
use super::trust::Trust;
use super::{Pfx, TlsConfig};
use crate::net::option_error::OptionError;

/// The kinds of keys that can be used.
const USABLE_KEYS: &str =
    "RSA keys of 2048 to 4096 bits, ECDSA keys on P-256 or P-384, and Ed25519 keys can be used";

/// The client's certificates with their keys.
#[derive(Debug, Default)]
pub(super) struct Identities(Vec<Arc<CertifiedKey>>);

impl ResolvesClientCert for Identities {
    /// The one whose key can sign as the server likes it best.
    fn resolve(&self, _root_hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let fits = |scheme| self.0.iter().find(|identity| identity.key.choose_scheme(&[scheme]).is_some());
        schemes.iter().copied().find_map(fits).cloned()
    }

    fn has_certs(&self) -> bool {
        !self.is_empty()
    }
}

impl Identities {
    /// Whether the client has nothing to show.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The identities in a client's options. As in Node, the further certificates in a PKCS#12 file become trusted.
    ///
    /// # Errors
    /// An option cannot be used, or certificates and keys do not fit together.
    pub(super) fn new(config: &TlsConfig, trust: &mut Trust) -> Result<Self, OptionError> {
        let mut chains = Vec::new();
        for pem in &config.certs {
            let mut chain = chain_in(pem)?;
            if chain.len() == 1 {
                trust.complete(&mut chain);
            }
            chains.push(chain);
        }
        let keys: Vec<_> = config
            .keys
            .iter()
            .map(|der| signing_key(der).ok_or_else(|| problem("tls.key", unusable_key("it"))))
            .collect::<Result<_, _>>()?;
        let mut identities = paired(chains, &keys)?;
        for pfx in &config.pfx {
            identities.extend(in_pfx(pfx, trust)?);
        }
        Ok(Self(identities))
    }
}

fn problem(option: &'static str, problem: String) -> OptionError {
    OptionError::new(option, problem)
}

fn unusable_key(which: &str) -> String {
    format!("{which} is no private key that can be used here: {USABLE_KEYS}")
}

fn chain_in(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, OptionError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| problem("tls.cert", format!("it is no PEM file: {error}")))?;
    if chain.is_empty() {
        return Err(problem("tls.cert", "no certificate in it (-----BEGIN CERTIFICATE-----)".to_owned()));
    }
    Ok(chain)
}

fn signing_key(der: &[u8]) -> Option<Arc<dyn SigningKey>> {
    any_supported_type(&PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der.to_vec()))).ok()
}

fn is_key_of(key: &dyn SigningKey, certificate: &Parsed) -> bool {
    key.public_key().is_some_and(|public| public.as_ref() == certificate.public_key())
}

/// Gives each certificate its key.
fn paired(
    chains: Vec<Vec<CertificateDer<'static>>>,
    keys: &[Arc<dyn SigningKey>],
) -> Result<Vec<Arc<CertifiedKey>>, OptionError> {
    let mut used = vec![false; keys.len()];
    let mut identities = Vec::new();
    for (index, chain) in chains.into_iter().enumerate() {
        let leaf = Parsed::read(&chain[0])
            .ok_or_else(|| problem("tls.cert", "the first certificate in it cannot be read".to_owned()))?;
        let Some(position) = keys.iter().position(|key| is_key_of(&**key, &leaf)) else {
            let what =
                if keys.is_empty() { "pass its key as `tls.key`" } else { "no key in `tls.key` fits it" };
            let subject = leaf.subject();
            return Err(problem(
                "tls.cert",
                format!("certificate {} ({subject}) has no key: {what}", index + 1),
            ));
        };
        used[position] = true;
        identities.push(Arc::new(CertifiedKey::new(chain, Arc::clone(&keys[position]))));
    }
    match used.iter().position(|used| !used) {
        None => Ok(identities),
        Some(unused) if identities.is_empty() => Err(problem(
            "tls.key",
            format!("key {} has no certificate: pass the certificate as `tls.cert`", unused + 1),
        )),
        Some(unused) => Err(problem(
            "tls.key",
            format!("key {} has no certificate: no certificate in `tls.cert` fits it", unused + 1),
        )),
    }
}

/// The identities in a PKCS#12 file; its other certificates are trusted from now on.
fn in_pfx(pfx: &Pfx, trust: &mut Trust) -> Result<Vec<Arc<CertifiedKey>>, OptionError> {
    let problem = |text: String| problem("tls.pfx", text);
    let passphrase = pfx.passphrase.as_deref().unwrap_or_default();
    let archive = Pkcs12Archive::from_pkcs12(&pfx.data, passphrase)
        .map_err(|error| problem(pkcs12_problem(&error, pfx.passphrase.as_deref())))?;
    let ders = archive.certs.iter().map(|bag| CertificateDer::from(bag.cert.as_der().to_vec()));
    let certificates: Vec<Parsed> = ders.filter_map(|der| Parsed::read(&der)).collect();
    if archive.keys.is_empty() {
        return Err(problem("no private key in it".to_owned()));
    }
    let mut identities = Vec::new();
    let mut own = Vec::new();
    for bag in &archive.keys {
        let key = signing_key(bag.key.as_der()).ok_or_else(|| problem(unusable_key("the key in it")))?;
        let leaf = certificates
            .iter()
            .find(|certificate| is_key_of(&*key, certificate))
            .ok_or_else(|| problem("the certificate of the key in it is missing".to_owned()))?;
        own.push(leaf.der().clone());
        identities.push(Arc::new(CertifiedKey::new(chain_from(leaf, &certificates), key)));
    }
    for certificate in certificates.iter().filter(|it| !own.contains(it.der())) {
        // One that cannot be used as a root is of no use, and does no harm.
        let _ = trust.add(certificate.der());
    }
    Ok(identities)
}

/// A certificate and those behind it, in order.
fn chain_from(leaf: &Parsed, others: &[Parsed]) -> Vec<CertificateDer<'static>> {
    let mut chain = vec![leaf.der().clone()];
    let mut last = leaf;
    while let Some(issuer) = others.iter().find(|it| last.names_as_issuer(it) && !chain.contains(it.der())) {
        chain.push(issuer.der().clone());
        last = issuer;
    }
    chain
}

fn pkcs12_problem(error: &Pkcs12Error, passphrase: Option<&str>) -> String {
    // The older algorithms spell passphrases in UCS-2, and the library stops there.
    if passphrase.is_some_and(|passphrase| passphrase.chars().any(|char| char > '\u{ffff}')) {
        return "its passphrase has characters beyond U+FFFF (such as emoji), which are not supported"
            .to_owned();
    }
    let passphrase = match passphrase {
        Some(_) => "the passphrase is wrong",
        None => "it needs a passphrase: pass it as `tls.passphrase`",
    };
    match error {
        Pkcs12Error::MacError(_) => passphrase.to_owned(),
        // Without a checksum in the file, a wrong passphrase shows only in what it makes of the rest.
        Pkcs12Error::Pkcs5Error(_) | Pkcs12Error::UnpadError => {
            format!("it cannot be decrypted: {passphrase}, or the file is damaged")
        }
        Pkcs12Error::UnsupportedEncryptionScheme | Pkcs12Error::UnsupportedMacAlgorithm => {
            "it is encrypted or authenticated in a way that is not supported; AES with PBKDF2, and 3DES and RC2-40 as in \
             older files, are (`openssl pkcs12 -export` makes such files)"
                .to_owned()
        }
        _ => "it is no PKCS#12 file in DER, or the passphrase is wrong".to_owned(),
    }
}
