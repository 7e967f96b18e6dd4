//! The certificates a client trusts: the default ones, or the user's. Owns the process' default roots.

use std::sync::OnceLock;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};

use super::certificate::Parsed;
use crate::net::option_error::OptionError;

/// What [`set_default_roots`] was given.
static DEFAULT_ROOTS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();

/// Whom a client trusts. As with OpenSSL, a chain must end with a root; the other certificates only help to find one.
#[derive(Debug, Clone)]
pub(super) struct Trust {
    roots: Vec<Root>,
    certificates: Vec<Parsed>,
}

/// An authority that is believed without another's word.
#[derive(Debug, Clone)]
struct Root {
    anchor: TrustAnchor<'static>,
    /// Its certificate, where there is one.
    certificate: Option<Parsed>,
}

/// Sets the default roots of all clients in the process: PEM files, as Node trusts them. Must come before the first
/// connection; the first call wins. What cannot be used is skipped.
pub fn set_default_roots(pems: Vec<Vec<u8>>) {
    // A second call changes nothing.
    let _ = DEFAULT_ROOTS.set(pems);
}

/// Whether [`set_default_roots`] was called.
pub fn has_default_roots() -> bool {
    DEFAULT_ROOTS.get().is_some()
}

impl Trust {
    /// The default roots: those that were set, else Mozilla's as they were when the package was built, if it has them.
    /// Read at the first use, which takes a while.
    pub(super) fn default_roots() -> &'static Self {
        static READ: OnceLock<Trust> = OnceLock::new();
        READ.get_or_init(|| match DEFAULT_ROOTS.get() {
            Some(pems) => Self::usable_in(pems),
            None => Self { roots: mozillas(), certificates: Vec::new() },
        })
    }

    /// What can be used of these PEM files.
    pub(super) fn usable_in(pems: &[Vec<u8>]) -> Self {
        let mut trust = Self { roots: Vec::new(), certificates: Vec::new() };
        for der in pems.iter().flat_map(|pem| CertificateDer::pem_slice_iter(pem)).flatten() {
            let _ = trust.add(&der);
        }
        trust
    }

    /// The user's own authorities.
    ///
    /// # Errors
    /// There is no certificate in it, or one that cannot be read.
    pub(super) fn in_pems(pems: &[Vec<u8>]) -> Result<Self, OptionError> {
        let problem = |problem: String| OptionError::new("tls.ca", problem);
        let mut trust = Self { roots: Vec::new(), certificates: Vec::new() };
        for pem in pems {
            for (index, der) in CertificateDer::pem_slice_iter(pem).enumerate() {
                let der = der.map_err(|error| problem(format!("it is no PEM file: {error}")))?;
                trust.add(&der).ok_or_else(|| {
                    problem(format!("certificate {} in it is no X.509 certificate", index + 1))
                })?;
            }
        }
        if trust.certificates.is_empty() && trust.roots.is_empty() {
            return Err(problem("no certificate in it (-----BEGIN CERTIFICATE-----)".to_owned()));
        }
        Ok(trust)
    }

    /// Trusts one more; none where it cannot be read.
    pub(super) fn add(&mut self, der: &CertificateDer<'_>) -> Option<()> {
        let certificate = Parsed::read(der);
        // One of an odd form that webpki alone can read is taken for a root.
        if certificate.as_ref().is_none_or(|it| it.is_self_issued() && it.is_authority()) {
            let mut store = RootCertStore::empty();
            store.add(der.clone()).ok()?;
            let anchors = store.roots.into_iter();
            self.roots.extend(anchors.map(|anchor| Root { anchor, certificate: certificate.clone() }));
        }
        self.certificates.extend(certificate);
        Some(())
    }

    /// The roots that are valid now, for webpki.
    pub(super) fn anchors(&self, now: UnixTime) -> RootCertStore {
        let in_date = |root: &&Root| root.certificate.as_ref().is_none_or(|it| it.is_in_date(now));
        self.roots.iter().filter(in_date).map(|root| root.anchor.clone()).collect()
    }

    /// All certificates that are trusted and at hand.
    pub(super) fn certificates(&self) -> &[Parsed] {
        &self.certificates
    }

    /// Whether this very certificate is among them.
    pub(super) fn contains(&self, certificate: &Parsed) -> bool {
        self.certificates.iter().any(|it| it.der() == certificate.der())
    }

    /// Whether it is issued by a root of which only name and key are known.
    pub(super) fn knows_issuer_of(&self, certificate: &Parsed) -> bool {
        let issuer = certificate.issuer_content();
        self.roots.iter().any(|root| root.certificate.is_none() && root.anchor.subject.as_ref() == issuer)
    }

    /// A certificate's chain, as far as the certificates at hand complete it, without the root.
    pub(super) fn complete(&self, chain: &mut Vec<CertificateDer<'static>>) {
        let mut last = chain.last().and_then(|der| Parsed::read(der));
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
fn mozillas() -> Vec<Root> {
    let root = |anchor: &TrustAnchor<'static>| Root { anchor: anchor.clone(), certificate: None };
    webpki_roots::TLS_SERVER_ROOTS.iter().map(root).collect()
}

#[cfg(not(feature = "mozilla-roots"))]
const fn mozillas() -> Vec<Root> {
    Vec::new()
}
