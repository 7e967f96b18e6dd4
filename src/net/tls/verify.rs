//! Verifies a server's certificate with the results that Node's users know.
//!
//! webpki verifies first. If it rejects a certificate, [`chain`] verifies it by OpenSSL's rules: Node accepts some
//! certificates that webpki rejects, and the errors of the others have Node's codes. The signature of the handshake is
//! always verified.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::certificate::X509Certificate;
use super::chain::{self, Context};
use super::error::{CertificateProblem, TlsError};
use super::names;
use super::trust::TrustStore;

/// Verifies the certificates of one client's servers.
#[derive(Debug)]
pub(super) struct Verifier {
    policy: TrustPolicy,
    algorithms: WebPkiSupportedAlgorithms,
}

/// The certificates that a client trusts.
#[derive(Debug)]
pub(super) enum TrustPolicy {
    /// The default roots.
    Default,
    /// The certificates of the user's options.
    Custom(TrustStore),
    /// All certificates, because of `rejectUnauthorized: false`.
    AcceptAll,
}

impl Verifier {
    pub(super) fn new(policy: TrustPolicy) -> Self {
        Self { policy, algorithms: ring::default_provider().signature_verification_algorithms }
    }

    /// Checks the chain, without regard to the host name in the certificate.
    fn check_chain(&self, leaf: &CertificateDer<'_>, context: &Context<'_>) -> Result<(), TlsError> {
        let host = context.host;
        let parsed = X509Certificate::parse(leaf);
        let is_accepted = self.webpki_accepts(leaf, context);
        // As with OpenSSL, the purposes of the user's authorities count. webpki only looks at their names and keys.
        if is_accepted
            && matches!(self.policy, TrustPolicy::Custom(_))
            && let Some(parsed) = &parsed
            && let Err(error) = chain::verify(parsed, context)
            && error.is_about_purpose()
        {
            return Err(error);
        }
        if is_accepted {
            // webpki does not check the key usage.
            return match parsed {
                Some(parsed) if !parsed.allows_handshake() => Err(TlsError::new(
                    CertificateProblem::WrongPurpose,
                    format!("the certificate of {host} is not meant for servers (see its key usage)"),
                )),
                _ => Ok(()),
            };
        }
        let rejected = |why: &str| {
            TlsError::new(
                CertificateProblem::Other,
                format!("the certificate of {host} is not accepted: {why}"),
            )
        };
        let parsed = parsed.ok_or_else(|| rejected("it cannot be parsed"))?;
        chain::verify(&parsed, context)?;
        // The kinds of certificates that webpki does not support, but OpenSSL does.
        if parsed.is_v1() || parsed.has_ca_flag() || parsed.is_self_issued() {
            Ok(())
        } else {
            Err(rejected("its format, or that of an authority in its chain, is not supported"))
        }
    }

    fn webpki_accepts(&self, leaf: &CertificateDer<'_>, context: &Context<'_>) -> bool {
        let Context { sent, trust, now, .. } = *context;
        let trusted_intermediates = trust.certificates().iter().filter(|it| !it.is_self_issued());
        let intermediates: Vec<_> =
            sent.iter().cloned().chain(trusted_intermediates.map(|it| it.der().clone())).collect();
        let (anchors, algorithms) = (trust.anchors(now), self.algorithms.all);
        ParsedCertificate::try_from(leaf).is_ok_and(|leaf| {
            verify_server_cert_signed_by_trust_anchor(&leaf, &anchors, &intermediates, now, algorithms)
                .is_ok()
        })
    }

    fn check_name(leaf: &CertificateDer<'_>, name: &ServerName<'_>, host: &str) -> Result<(), TlsError> {
        if ParsedCertificate::try_from(leaf).is_ok_and(|leaf| verify_server_name(&leaf, name).is_ok()) {
            return Ok(());
        }
        let parsed = X509Certificate::parse(leaf);
        if parsed.as_ref().is_some_and(|parsed| names::is_for_host(parsed, name)) {
            return Ok(());
        }
        let names = parsed.map_or_else(|| "no name".to_owned(), |parsed| names::describe(&parsed));
        Err(TlsError::new(
            CertificateProblem::WrongName,
            format!(
                "the server's certificate is for {names}, not for {host}: check the host name in the URL"
            ),
        ))
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let trust = match &self.policy {
            TrustPolicy::Default => Some(TrustStore::default_roots()),
            TrustPolicy::Custom(trust) => Some(trust),
            TrustPolicy::AcceptAll => None,
        };
        if let Some(trust) = trust {
            let host = server_name.to_str();
            let context = Context { sent: intermediates, trust, now, host: &host };
            self.check_chain(end_entity, &context).map_err(TlsError::into_rustls)?;
            Self::check_name(end_entity, server_name, &host).map_err(TlsError::into_rustls)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match unknown_to_webpki(cert) {
            None => verify_tls12_signature(message, cert, dss, &self.algorithms),
            Some(parsed) => verify_tls12_signature_by_key(message, &parsed, dss, &self.algorithms),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match unknown_to_webpki(cert) {
            None => verify_tls13_signature(message, cert, dss, &self.algorithms),
            Some(parsed) => {
                let key = SubjectPublicKeyInfoDer::from(parsed.public_key());
                verify_tls13_signature_with_raw_key(message, &key, dss, &self.algorithms)
            }
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Parses a certificate that webpki cannot parse: X.509 version 1, or with an extension that webpki does not know.
fn unknown_to_webpki(certificate: &CertificateDer<'_>) -> Option<X509Certificate> {
    let is_known = ParsedCertificate::try_from(certificate).is_ok();
    if is_known { None } else { X509Certificate::parse(certificate) }
}

/// Does the same as rustls' `verify_tls12_signature`, for a certificate that webpki cannot parse.
fn verify_tls12_signature_by_key(
    message: &[u8],
    certificate: &X509Certificate,
    dss: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let bad = || Error::from(CertificateError::BadSignature);
    let (key, key_algorithm) = certificate.key_and_algorithm().ok_or_else(bad)?;
    let for_scheme = algorithms.mapping.iter().filter(|(scheme, _)| *scheme == dss.scheme);
    let mut candidates = for_scheme
        .flat_map(|(_, algorithms)| *algorithms)
        .filter(|algorithm| algorithm.public_key_alg_id().as_ref() == key_algorithm.as_slice());
    if candidates.any(|algorithm| algorithm.verify_signature(key, message, dss.signature()).is_ok()) {
        Ok(HandshakeSignatureValid::assertion())
    } else {
        Err(bad())
    }
}
