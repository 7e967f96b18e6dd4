//! Private keys: which are supported, and which certificate one belongs to.

use std::sync::Arc;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::SigningKey;

use super::certificate::X509Certificate;

/// The keys that ring supports.
const SUPPORTED_KEYS: &str =
    "supported are RSA keys of 2048 to 4096 bits, ECDSA keys on P-256 or P-384, and Ed25519 keys";

/// The problem with a key that is not supported, for an error message.
pub(super) fn unsupported_key(name: &str) -> String {
    format!("{name} is invalid or not supported: {SUPPORTED_KEYS}")
}

/// Reads a key in PKCS#8 (DER). Returns `None` if it is not supported.
pub(super) fn signing_key(der: &[u8]) -> Option<Arc<dyn SigningKey>> {
    any_supported_type(&PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der.to_vec()))).ok()
}

/// Whether a certificate contains the public key of this private key.
pub(super) fn is_key_of(key: &dyn SigningKey, certificate: &X509Certificate) -> bool {
    key.public_key().is_some_and(|public| public.as_ref() == certificate.public_key())
}
