//! The certificates that a client trusts: the process' default roots, or the user's.

use std::sync::OnceLock;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};

use super::certificate::X509Certificate;
use crate::net::option_error::OptionError;

/// The PEM files of [`set_default_roots`].
static DEFAULT_ROOTS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();

/// A set of trusted certificates. As with OpenSSL, a chain must end with a root; the other certificates only help to
/// complete a chain.
#[derive(Debug, Clone)]
pub(super) struct TrustStore {
    roots: Vec<Root>,
    certificates: Vec<X509Certificate>,
}

/// A self-issued certificate of an authority.
#[derive(Debug, Clone)]
struct Root {
    anchor: TrustAnchor<'static>,
    /// The whole certificate. Mozilla's roots consist of a name and a key only.
    certificate: Option<X509Certificate>,
}

/// Sets the default roots of all clients in the process to the certificates in these PEM files. Call it before the
/// first connection. Later calls have no effect. Invalid certificates are skipped, as in Node.
pub fn set_default_roots(pems: Vec<Vec<u8>>) {
    let _ = DEFAULT_ROOTS.set(pems);
}

/// Whether [`set_default_roots`] was called.
pub fn has_default_roots() -> bool {
    DEFAULT_ROOTS.get().is_some()
}

impl TrustStore {
    /// The default roots: those of [`set_default_roots`], else Mozilla's if the feature `mozilla-roots` is on. The
    /// first call parses them, which takes milliseconds.
    pub(super) fn default_roots() -> &'static Self {
        static ROOTS: OnceLock<TrustStore> = OnceLock::new();
        ROOTS.get_or_init(|| match DEFAULT_ROOTS.get() {
            Some(pems) => Self::from_default_pems(pems),
            None => Self { roots: mozilla_roots(), certificates: Vec::new() },
        })
    }

    /// Reads PEM files, and skips invalid certificates.
    pub(super) fn from_default_pems(pems: &[Vec<u8>]) -> Self {
        let mut trust = Self { roots: Vec::new(), certificates: Vec::new() };
        for der in pems.iter().flat_map(|pem| CertificateDer::pem_slice_iter(pem)).flatten() {
            let _ = trust.add(&der);
        }
        trust
    }

    /// Reads the PEM files of the option `tls.ca`.
    ///
    /// # Errors
    /// There is no certificate, or an invalid one.
    pub(super) fn from_user_pems(pems: &[Vec<u8>]) -> Result<Self, OptionError> {
        let invalid = |problem: String| OptionError::new("tls.ca", problem);
        let mut trust = Self { roots: Vec::new(), certificates: Vec::new() };
        for pem in pems {
            for (index, der) in CertificateDer::pem_slice_iter(pem).enumerate() {
                let der = der.map_err(|error| invalid(format!("invalid PEM file: {error}")))?;
                trust.add(&der).ok_or_else(|| {
                    invalid(format!("certificate {} is not a valid X.509 certificate", index + 1))
                })?;
            }
        }
        if trust.certificates.is_empty() && trust.roots.is_empty() {
            return Err(invalid("no certificate found (-----BEGIN CERTIFICATE-----)".to_owned()));
        }
        Ok(trust)
    }

    /// Adds a certificate. Returns `None` if it is invalid.
    pub(super) fn add(&mut self, der: &CertificateDer<'_>) -> Option<()> {
        let certificate = X509Certificate::parse(der);
        // A certificate that only webpki can parse counts as a root.
        if certificate.as_ref().is_none_or(|it| it.is_self_issued() && it.is_authority()) {
            let mut store = RootCertStore::empty();
            store.add(der.clone()).ok()?;
            let anchors = store.roots.into_iter();
            self.roots.extend(anchors.map(|anchor| Root { anchor, certificate: certificate.clone() }));
        }
        self.certificates.extend(certificate);
        Some(())
    }

    /// The roots whose validity period includes this time, for webpki.
    pub(super) fn anchors(&self, now: UnixTime) -> RootCertStore {
        let in_date = |root: &&Root| root.certificate.as_ref().is_none_or(|it| it.is_in_date(now));
        self.roots.iter().filter(in_date).map(|root| root.anchor.clone()).collect()
    }

    /// The trusted certificates of which the whole certificate is known.
    pub(super) fn certificates(&self) -> &[X509Certificate] {
        &self.certificates
    }

    /// Whether exactly this certificate is among [`Self::certificates`].
    pub(super) fn contains(&self, certificate: &X509Certificate) -> bool {
        self.certificates.iter().any(|it| it.der() == certificate.der())
    }

    /// Whether the certificate's issuer is a root of which only the name and key are known.
    pub(super) fn has_anchor_for(&self, certificate: &X509Certificate) -> bool {
        let issuer = certificate.issuer_content();
        self.roots.iter().any(|root| root.certificate.is_none() && root.anchor.subject.as_ref() == issuer)
    }

    /// Appends the issuers of a chain that are among [`Self::certificates`], without the root.
    pub(super) fn complete_chain(&self, chain: &mut Vec<CertificateDer<'static>>) {
        let mut last = chain.last().and_then(|der| X509Certificate::parse(der));
        while let Some(certificate) = last.take().filter(|it| !it.is_self_issued()) {
            let issuer = self.certificates.iter().find(|it| {
                certificate.names_as_issuer(it) && !it.is_self_issued() && !chain.contains(it.der())
            });
            if let Some(issuer) = issuer {
                chain.push(issuer.der().clone());
                last = Some(issuer.clone());
            }
        }
    }
}

#[cfg(feature = "mozilla-roots")]
fn mozilla_roots() -> Vec<Root> {
    let root = |anchor: &TrustAnchor<'static>| Root { anchor: anchor.clone(), certificate: None };
    webpki_roots::TLS_SERVER_ROOTS.iter().map(root).collect()
}

#[cfg(not(feature = "mozilla-roots"))]
const fn mozilla_roots() -> Vec<Root> {
    Vec::new()
}
