//! Reads PKCS#12 files.

use std::sync::Arc;

use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error as Pkcs12Error;
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;

use super::Pfx;
use super::certificate::X509Certificate;
use super::keys::{is_key_of, signing_key, unsupported_key};
use super::trust::TrustStore;
use crate::net::option_error::OptionError;

/// Reads the keys and their certificates in a PKCS#12 file. Adds the other certificates to the trusted ones.
pub(super) fn read(pfx: &Pfx, trust: &mut TrustStore) -> Result<Vec<Arc<CertifiedKey>>, OptionError> {
    let invalid = |problem: String| OptionError::new("tls.pfx", problem);
    let passphrase = pfx.passphrase.as_deref().unwrap_or_default();
    let archive = Pkcs12Archive::from_pkcs12(&pfx.data, passphrase)
        .map_err(|error| invalid(pkcs12_problem(&error, pfx.passphrase.as_deref())))?;
    let ders = archive.certs.iter().map(|bag| CertificateDer::from(bag.cert.as_der().to_vec()));
    let certificates: Vec<X509Certificate> = ders.filter_map(|der| X509Certificate::parse(&der)).collect();
    if archive.keys.is_empty() {
        return Err(invalid("no private key found".to_owned()));
    }
    let mut identities = Vec::new();
    let mut own = Vec::new();
    for bag in &archive.keys {
        let key = signing_key(bag.key.as_der()).ok_or_else(|| invalid(unsupported_key("its key")))?;
        let leaf = certificates
            .iter()
            .find(|certificate| is_key_of(&*key, certificate))
            .ok_or_else(|| invalid("the certificate that belongs to its key is missing".to_owned()))?;
        own.push(leaf.der().clone());
        identities.push(Arc::new(CertifiedKey::new(build_chain(leaf, &certificates), key)));
    }
    for certificate in certificates.iter().filter(|it| !own.contains(it.der())) {
        // An invalid certificate has no effect.
        let _ = trust.add(certificate.der());
    }
    Ok(identities)
}

/// The chain of a certificate: itself, its issuer, that one's issuer, and so on.
fn build_chain(leaf: &X509Certificate, others: &[X509Certificate]) -> Vec<CertificateDer<'static>> {
    let mut chain = vec![leaf.der().clone()];
    let mut last = leaf;
    while let Some(issuer) = others.iter().find(|it| last.names_as_issuer(it) && !chain.contains(it.der())) {
        chain.push(issuer.der().clone());
        last = issuer;
    }
    chain
}

fn pkcs12_problem(error: &Pkcs12Error, passphrase: Option<&str>) -> String {
    // PKCS#12 encodes passphrases in UTF-16. The library supports UCS-2 only.
    if passphrase.is_some_and(|passphrase| passphrase.chars().any(|char| char > '\u{ffff}')) {
        return "characters above U+FFFF (such as emoji) in its passphrase are not supported".to_owned();
    }
    let passphrase = match passphrase {
        Some(_) => "the passphrase is wrong",
        None => "it needs a passphrase: pass it as `tls.passphrase`",
    };
    match error {
        Pkcs12Error::MacError(_) => passphrase.to_owned(),
        // A file without a checksum (MAC) does not show whether the passphrase or the data is wrong.
        Pkcs12Error::Pkcs5Error(_) | Pkcs12Error::UnpadError => {
            format!("it cannot be decrypted: {passphrase}, or the file is damaged")
        }
        Pkcs12Error::UnsupportedEncryptionScheme | Pkcs12Error::UnsupportedMacAlgorithm => {
            "its encryption or checksum algorithm is not supported; supported are AES with PBKDF2, and the older 3DES and \
             RC2-40 (`openssl pkcs12 -export` makes such files)"
                .to_owned()
        }
        _ => "it is not a PKCS#12 file in DER, or the passphrase is wrong".to_owned(),
    }
}
