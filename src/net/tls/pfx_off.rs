//! Replaces `pfx.rs` if the feature `pfx` is off.

use std::sync::Arc;

use rustls::sign::CertifiedKey;

use super::Pfx;
use super::trust::TrustStore;
use crate::net::option_error::OptionError;

/// Reports that PKCS#12 files are not supported.
pub(super) fn read(_: &Pfx, _: &mut TrustStore) -> Result<Vec<Arc<CertifiedKey>>, OptionError> {
    Err(OptionError::new(
        "tls.pfx",
        "PKCS#12 files are not supported: the crate was built without the feature `pfx`".to_owned(),
    ))
}
