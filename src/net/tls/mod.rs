//! The TLS settings of a client: whom it trusts, who it says it is. Owns what the options `tls.*` mean; one
//! connection's handshake is `socket`'s and `connect`'s.

mod certificate;
mod chain;
mod error;
mod identity;
mod names;
mod trust;
mod verify;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rustls::ClientConfig;
use rustls::client::WantsClientCert;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ConfigBuilder, WantsVerifier};
use tokio_rustls::TlsConnector;

use self::identity::Identities;
use self::trust::Trust;
use self::verify::{TrustPolicy, Verifier};
use super::option_error::OptionError;
use super::stream::{Stream, StreamError};

pub(super) use self::error::{code, message};
pub use self::trust::{has_default_roots, set_default_roots};

/// The options `tls.*`.
#[derive(Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// `ca`: PEM files, each with any number of certificates, that replace the default roots.
    pub ca: Option<Vec<Vec<u8>>>,
    /// `cert`: PEM files, each with a certificate of the client's and the chain behind it.
    pub certs: Vec<Vec<u8>>,
    /// `key`: the certificates' private keys, in any order, as PKCS#8 in DER, not encrypted.
    pub keys: Vec<Vec<u8>>,
    /// `pfx`: certificates and keys in one.
    pub pfx: Vec<Pfx>,
    /// `rejectUnauthorized`: whether the server's certificate is judged at all.
    pub verify: bool,
}

/// A PKCS#12 file.
#[derive(Clone, PartialEq, Eq)]
pub struct Pfx {
    /// The file.
    pub data: Vec<u8>,
    /// What it is encrypted with; none is the same as an empty one.
    pub passphrase: Option<String>,
}

impl TlsConfig {
    fn has_no_identity(&self) -> bool {
        self.certs.is_empty() && self.keys.is_empty() && self.pfx.is_empty()
    }
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self { ca: None, certs: Vec::new(), keys: Vec::new(), pfx: Vec::new(), verify: true }
    }
}

impl fmt::Debug for TlsConfig {
    /// Counts what may be secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TlsConfig")
            .field("ca", &self.ca.as_ref().map(Vec::len))
            .field("certs", &self.certs.len())
            .field("keys", &self.keys.len())
            .field("pfx", &self.pfx.len())
            .field("verify", &self.verify)
            .finish()
    }
}

impl fmt::Debug for Pfx {
    /// Leaves out the file and its passphrase.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pfx").finish_non_exhaustive()
    }
}

/// Does a TLS handshake over a stream. `host` is checked against the server's certificate.
pub(crate) async fn connect(
    stream: Stream,
    host: &str,
    config: &Arc<ClientConfig>,
) -> Result<Stream, StreamError> {
    let name = ServerName::try_from(host)?.to_owned();
    let received = stream.received();
    let stream = TlsConnector::from(Arc::clone(config)).connect(name, stream).await?;
    Ok(Stream::over(received, stream))
}

/// What rustls needs to know for a client's connections: TLS 1.2 at least. Clients that set the same share one, for as long as
/// one of them lives.
///
/// # Errors
/// An option cannot be used; the error names it.
pub(crate) fn client_config(config: &TlsConfig) -> Result<Arc<ClientConfig>, OptionError> {
    static SHARED: Mutex<Vec<(TlsConfig, Weak<ClientConfig>)>> = Mutex::new(Vec::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.retain(|(_, made)| made.strong_count() > 0);
    if let Some(made) = shared.iter().find(|(known, _)| known == config).and_then(|(_, made)| made.upgrade())
    {
        return Ok(made);
    }
    let made = Arc::new(made_from(config)?);
    shared.push((config.clone(), Arc::downgrade(&made)));
    Ok(made)
}

fn made_from(config: &TlsConfig) -> Result<ClientConfig, OptionError> {
    let mut trust = match &config.ca {
        // Read on the network's threads, at the first connection.
        None if config.has_no_identity() => None,
        None => Some(Trust::default_roots().clone()),
        Some(pems) => Some(Trust::in_pems(pems)?),
    };
    let identities = trust.as_mut().map(|trust| Identities::new(config, trust)).transpose()?;
    let policy = match trust {
        _ if !config.verify => TrustPolicy::AcceptAll,
        Some(trust) => TrustPolicy::Custom(trust),
        None => TrustPolicy::Default,
    };
    let verifier = Arc::new(Verifier::new(policy));
    let builder = builder().dangerous().with_custom_certificate_verifier(verifier);
    Ok(with_identities(builder, identities.unwrap_or_default()))
}

fn builder() -> ConfigBuilder<ClientConfig, WantsVerifier> {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
}

fn with_identities(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    identities: Identities,
) -> ClientConfig {
    if identities.is_empty() {
        builder.with_no_client_auth()
    } else {
        builder.with_client_cert_resolver(Arc::new(identities))
    }
}

#[cfg(test)]
mod tests;
