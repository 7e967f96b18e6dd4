//! TLS: the options `tls.*`, and the handshake of one connection.
//!
//! A server's certificate gets the same result as in Node: [`verify`]. A client may have certificates too:
//! [`identity`].

mod certificate;
mod chain;
mod error;
mod identity;
mod keys;
mod names;
#[cfg_attr(not(feature = "pfx"), path = "pfx_off.rs")]
mod pfx;
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
use self::trust::TrustStore;
use self::verify::{TrustPolicy, Verifier};
use super::option_error::OptionError;
use super::stream::{Stream, StreamError};

pub(super) use self::error::{advice, node_code};
pub use self::trust::{has_default_roots, set_default_roots};

/// The options `tls.*`.
#[derive(Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// `ca`: PEM files with any number of certificates each. They replace the default roots.
    pub ca: Option<Vec<Vec<u8>>>,
    /// `cert`: PEM files, each with one of the client's certificates and its chain.
    pub certs: Vec<Vec<u8>>,
    /// `key`: the private keys of the certificates in any order, as unencrypted PKCS#8 in DER.
    pub keys: Vec<Vec<u8>>,
    /// `pfx`: PKCS#12 files, which contain certificates and keys. Without the feature `pfx`, they are an error.
    pub pfx: Vec<Pfx>,
    /// `rejectUnauthorized`: whether the server's certificate is verified.
    pub verify: bool,
}

/// A PKCS#12 file.
#[derive(Clone, PartialEq, Eq)]
pub struct Pfx {
    /// The file.
    pub data: Vec<u8>,
    /// The passphrase that it is encrypted with. `None` means the same as an empty one.
    pub passphrase: Option<String>,
}

impl TlsConfig {
    fn has_no_certificate(&self) -> bool {
        self.certs.is_empty() && self.keys.is_empty() && self.pfx.is_empty()
    }
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self { ca: None, certs: Vec::new(), keys: Vec::new(), pfx: Vec::new(), verify: true }
    }
}

impl fmt::Debug for TlsConfig {
    /// Shows counts instead of the files, which may be secret.
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

/// Performs the TLS handshake. The server's certificate must be for `host`.
pub(crate) async fn connect(
    stream: Stream,
    host: &str,
    config: &Arc<ClientConfig>,
) -> Result<Stream, StreamError> {
    let name = ServerName::try_from(host)
        .map_err(|source| StreamError::HostName { host: host.to_owned(), source })?
        .to_owned();
    let received = stream.received();
    let stream = TlsConnector::from(Arc::clone(config)).connect(name, stream).await?;
    Ok(Stream::layered(received, stream))
}

/// The TLS settings of a client for rustls, with TLS 1.2 and 1.3. Clients with equal options share them.
///
/// # Errors
/// The option that cannot be used.
pub(crate) fn client_config(config: &TlsConfig) -> Result<Arc<ClientConfig>, OptionError> {
    static SHARED: Mutex<Vec<(TlsConfig, Weak<ClientConfig>)>> = Mutex::new(Vec::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.retain(|(_, settings)| settings.strong_count() > 0);
    if let Some(settings) =
        shared.iter().find(|(known, _)| known == config).and_then(|(_, settings)| settings.upgrade())
    {
        return Ok(settings);
    }
    let settings = Arc::new(new_client_config(config)?);
    shared.push((config.clone(), Arc::downgrade(&settings)));
    Ok(settings)
}

fn new_client_config(config: &TlsConfig) -> Result<ClientConfig, OptionError> {
    let mut trust = match &config.ca {
        // The default roots are parsed at the first connection, on a thread of the runtime.
        None if config.has_no_certificate() => None,
        None => Some(TrustStore::default_roots().clone()),
        Some(pems) => Some(TrustStore::from_user_pems(pems)?),
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
