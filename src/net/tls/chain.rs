//! Verifies a certificate chain by OpenSSL's rules, which Node's users know.
//!
//! Used for certificates that webpki rejects: either OpenSSL accepts them, or the error gets OpenSSL's code. Where a
//! simpler rule is stricter than OpenSSL's, the simpler one is used. No rule is laxer.

use rustls::pki_types::{CertificateDer, UnixTime};

use super::certificate::{Signature, X509Certificate};
use super::error::{CertificateProblem, TlsError};
use super::trust::TrustStore;

/// The longest chain that is built.
const MAX_LENGTH: usize = 10;

/// The circumstances in which a server's certificate is verified.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    /// The other certificates that the server sent.
    pub(super) sent: &'a [CertificateDer<'a>],
    pub(super) trust: &'a TrustStore,
    pub(super) now: UnixTime,
    /// For error messages.
    pub(super) host: &'a str,
}

/// The end of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChainEnd {
    /// A trusted root.
    TrustedRoot,
    /// A certificate that is issued by a trusted root of which only the name and key are known.
    TrustedIssuer,
    /// A root that is not trusted.
    UntrustedRoot,
    /// A certificate whose issuer is unknown.
    UnknownIssuer,
}

/// A chain from the server's certificate up to the last issuer that could be found.
struct Chain {
    /// The server's certificate, its issuer, that one's issuer, and so on. Never empty.
    certificates: Vec<X509Certificate>,
    end: ChainEnd,
    /// Whether one of the certificates is trusted.
    has_trusted: bool,
}

/// Verifies the chain of the server's certificate, without regard to the host name.
///
/// # Errors
/// OpenSSL finds all errors of a chain, and Node reports the last one. So does this function.
pub(super) fn verify(leaf: &X509Certificate, context: &Context<'_>) -> Result<(), TlsError> {
    let chain = Chain::build(leaf, context);
    let checks = Checks { chain: &chain, context };
    let mut last_error = checks.check_end();
    last_error = checks.check_purposes().or(last_error);
    if chain.end == ChainEnd::UnknownIssuer && chain.certificates.len() == 1 {
        last_error = Some(checks.unknown_issuer(CertificateProblem::UnknownIssuerOfLeaf));
    }
    last_error = checks.check_signatures_and_dates().or(last_error);
    match last_error.or_else(|| checks.check_supported()) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

impl Chain {
    fn build(leaf: &X509Certificate, context: &Context<'_>) -> Self {
        let Context { sent, trust, now, .. } = *context;
        let sent: Vec<X509Certificate> = sent.iter().filter_map(X509Certificate::parse).collect();
        let mut certificates = vec![leaf.clone()];
        let mut has_trusted = trust.contains(leaf);
        loop {
            let last = certificates.last().expect("a chain begins with the server's certificate");
            if last.is_self_issued() {
                let end = if trust.contains(last) { ChainEnd::TrustedRoot } else { ChainEnd::UntrustedRoot };
                return Self { certificates, end, has_trusted };
            }
            let find_issuer = |candidates: &[X509Certificate]| {
                let is_in_chain =
                    |it: &X509Certificate| certificates.iter().any(|link| link.der() == it.der());
                let mut issuers: Vec<&X509Certificate> =
                    candidates.iter().filter(|it| last.names_as_issuer(it) && !is_in_chain(it)).collect();
                issuers.sort_by_key(|it| !it.is_in_date(now));
                issuers.first().map(|it| (*it).clone())
            };
            let trusted = find_issuer(trust.certificates()).map(|it| (it, true));
            let issuer = trusted.or_else(|| find_issuer(&sent).map(|it| (it, false)));
            match issuer {
                Some((issuer, is_trusted)) if certificates.len() < MAX_LENGTH => {
                    has_trusted |= is_trusted;
                    certificates.push(issuer);
                }
                _ => {
                    let has_anchor = trust.has_anchor_for(last);
                    let end = if has_anchor { ChainEnd::TrustedIssuer } else { ChainEnd::UnknownIssuer };
                    return Self { certificates, end, has_trusted };
                }
            }
        }
    }

    fn last(&self) -> &X509Certificate {
        &self.certificates[self.last_index()]
    }

    fn last_index(&self) -> usize {
        self.certificates.len() - 1
    }
}

/// The checks of a chain. Each returns the error that OpenSSL reports last.
struct Checks<'a> {
    chain: &'a Chain,
    context: &'a Context<'a>,
}

impl Checks<'_> {
    /// A certificate of the chain as error messages call it.
    fn name(&self, index: usize) -> String {
        let host = self.context.host;
        if index == 0 {
            return format!("the certificate of {host}");
        }
        let subject = self.chain.certificates[index].subject();
        format!("the authority {subject} in the certificate chain of {host}")
    }

    /// Checks that the chain ends with a trusted certificate.
    fn check_end(&self) -> Option<TlsError> {
        let last = self.chain.last_index();
        let name = self.name(last);
        match self.chain.end {
            ChainEnd::TrustedRoot | ChainEnd::TrustedIssuer => None,
            ChainEnd::UntrustedRoot if last == 0 => Some(TlsError::new(
                CertificateProblem::SelfSigned,
                format!(
                    "{name} is self-signed and not trusted; to trust it, pass it as `tls.ca` or in NODE_EXTRA_CA_CERTS"
                ),
            )),
            ChainEnd::UntrustedRoot => Some(TlsError::new(
                CertificateProblem::UnknownRoot,
                format!("{name} is not trusted; to trust it, pass it as `tls.ca` or in NODE_EXTRA_CA_CERTS"),
            )),
            ChainEnd::UnknownIssuer if self.chain.has_trusted && last > 0 => Some(TlsError::new(
                CertificateProblem::NoRoot,
                format!(
                    "{name} is trusted, but it is not a root, and its issuer {} is not trusted; add the issuer's \
                     certificate to `tls.ca`",
                    self.chain.last().issuer()
                ),
            )),
            ChainEnd::UnknownIssuer => Some(self.unknown_issuer(CertificateProblem::UnknownIssuer)),
        }
    }

    fn unknown_issuer(&self, problem: CertificateProblem) -> TlsError {
        TlsError::new(
            problem,
            format!(
                "{} is not trusted, because its issuer {} is unknown; to trust that authority, pass its certificate as \
                 `tls.ca` or in NODE_EXTRA_CA_CERTS (or the server does not send its whole chain)",
                self.name(self.chain.last_index()),
                self.chain.last().issuer()
            ),
        )
    }

    /// Checks that each certificate may be used for its part in the chain.
    fn check_purposes(&self) -> Option<TlsError> {
        let mut last_error = None;
        for (index, certificate) in self.chain.certificates.iter().enumerate() {
            let name = self.name(index);
            let authorities_below = index.saturating_sub(1);
            if certificate.has_unknown_critical_extension() {
                let message = format!("{name} has a critical extension that is not supported");
                last_error = Some(TlsError::new(CertificateProblem::Other, message));
            }
            let is_usable =
                if index == 0 { certificate.allows_handshake() } else { certificate.is_authority() };
            if !is_usable || !certificate.is_for_servers() {
                let users = if index == 0 { "servers" } else { "authorities" };
                let message = format!("{name} is not meant for {users} (see its key usage)");
                last_error = Some(TlsError::new(CertificateProblem::WrongPurpose, message));
            }
            if certificate.path_length().is_some_and(|length| authorities_below > length) {
                let message = format!("{name} does not allow {authorities_below} authorities below it");
                last_error = Some(TlsError::new(CertificateProblem::ChainTooLong, message));
            }
        }
        last_error
    }

    /// Checks signatures and dates from the root down, so that an error of the server's certificate comes last.
    fn check_signatures_and_dates(&self) -> Option<TlsError> {
        let certificates = &self.chain.certificates;
        let mut last_error = None;
        // OpenSSL skips the last one of several certificates if its issuer is unknown.
        let checked = match self.chain.end {
            ChainEnd::UnknownIssuer if certificates.len() > 1 => certificates.len() - 1,
            _ => certificates.len(),
        };
        for (index, certificate) in certificates.iter().enumerate().take(checked).rev() {
            if let Some(issuer) = certificates.get(index + 1) {
                last_error = self.signature_error(index, certificate.signature_by(issuer)).or(last_error);
            }
            last_error = self.date_error(index, certificate).or(last_error);
        }
        last_error
    }

    fn signature_error(&self, index: usize, signature: Signature) -> Option<TlsError> {
        let name = self.name(index);
        match signature {
            Signature::Valid => None,
            Signature::Invalid => Some(TlsError::new(
                CertificateProblem::BadSignature,
                format!(
                    "{name} has an invalid signature: its issuer {} did not sign it, or its key is too short",
                    self.chain.certificates[index].issuer()
                ),
            )),
            Signature::Unsupported => Some(TlsError::new(
                CertificateProblem::UnsupportedAlgorithm,
                format!(
                    "{name} is signed with an algorithm that is too weak or not supported (SHA-1 is too weak)"
                ),
            )),
        }
    }

    fn date_error(&self, index: usize, certificate: &X509Certificate) -> Option<TlsError> {
        let now = self.context.now;
        if certificate.is_in_date(now) {
            return None;
        }
        let name = self.name(index);
        let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
        let (problem, message) = if now.as_secs() < not_before.to_unix_duration().as_secs() {
            (CertificateProblem::NotYetValid, format!("{name} is not valid before {not_before}"))
        } else {
            (CertificateProblem::Expired, format!("{name} expired at {not_after}"))
        };
        Some(TlsError::new(problem, format!("{message}; check that this computer's clock is right")))
    }

    /// The error of a chain whose rules this module does not know: webpki rejected it for one of those.
    fn check_supported(&self) -> Option<TlsError> {
        let has_constraints = self.chain.certificates.iter().any(X509Certificate::constrains_names);
        (has_constraints || self.chain.end != ChainEnd::TrustedRoot).then(|| {
            TlsError::new(
                CertificateProblem::Other,
                format!(
                    "{} is not accepted; an authority in its chain may be limited to certain host names",
                    self.name(0)
                ),
            )
        })
    }
}
