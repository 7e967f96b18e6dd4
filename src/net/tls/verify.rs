//! Judging a server's certificate. webpki's word counts first; what it refuses is accepted where Node accepts it, and
//! named as Node names it otherwise. The handshake's signature is always checked.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::certificate::Parsed;
use super::error::{TlsError, Verdict};
use super::trust::Trust;
use super::{chain, names};

/// Judges the certificates of one client's servers.
#[derive(Debug)]
pub(super) struct Verifier {
    policy: TrustPolicy,
    algorithms: WebPkiSupportedAlgorithms,
}

/// Whose word counts.
#[derive(Debug)]
pub(super) enum TrustPolicy {
    /// That of the default roots.
    Default,
    /// That of the user's own authorities.
    Custom(Trust),
    /// Nobody's is asked for: `rejectUnauthorized: false`.
    AcceptAll,
}

impl Verifier {
    pub(super) fn new(policy: TrustPolicy) -> Self {
        Self { policy, algorithms: ring::default_provider().signature_verification_algorithms }
    }

    /// Whether somebody trusted vouches for the certificate.
    fn check_chain(
        &self,
        leaf: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        trust: &Trust,
        now: UnixTime,
        host: &str,
    ) -> Result<(), TlsError> {
        let parsed = Parsed::read(leaf);
        let is_accepted = self.webpki_accepts(leaf, sent, trust, now);
        // What the user's own authorities are made for counts, as with OpenSSL. webpki looks at their keys only.
        if is_accepted
            && matches!(self.policy, TrustPolicy::Custom(_))
            && let Some(parsed) = &parsed
            && let Err(trouble) = chain::judge(parsed, sent, trust, now, host)
            && trouble.is_about_purpose()
        {
            return Err(trouble);
        }
        if is_accepted {
            // webpki does not look at the key usage.
            return match parsed {
                Some(parsed) if !parsed.allows_handshake() => Err(TlsError::new(
                    Verdict::WrongPurpose,
                    format!("the certificate of {host} is not made for a server's use (see its key usage)"),
                )),
                _ => Ok(()),
            };
        }
        let refused = |why: &str| {
            TlsError::new(Verdict::Refused, format!("the certificate of {host} was refused: {why}"))
        };
        let parsed = parsed.ok_or_else(|| refused("it cannot be read"))?;
        chain::judge(&parsed, sent, trust, now, host)?;
        // The kinds of certificates that webpki has no rules for.
        if parsed.is_v1() || parsed.has_ca_flag() || parsed.is_self_issued() {
            Ok(())
        } else {
            Err(refused("its form, or that of an authority behind it, is not supported"))
        }
    }

    fn webpki_accepts(
        &self,
        leaf: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        trust: &Trust,
        now: UnixTime,
    ) -> bool {
        let helpers = trust.certificates().iter().filter(|it| !it.is_self_issued());
        let between: Vec<_> = sent.iter().cloned().chain(helpers.map(|it| it.der().clone())).collect();
        let (anchors, algorithms) = (trust.anchors(now), self.algorithms.all);
        ParsedCertificate::try_from(leaf).is_ok_and(|leaf| {
            verify_server_cert_signed_by_trust_anchor(&leaf, &anchors, &between, now, algorithms).is_ok()
        })
    }

    fn check_name(leaf: &CertificateDer<'_>, name: &ServerName<'_>, host: &str) -> Result<(), TlsError> {
        if ParsedCertificate::try_from(leaf).is_ok_and(|leaf| verify_server_name(&leaf, name).is_ok()) {
            return Ok(());
        }
        let parsed = Parsed::read(leaf);
        if parsed.as_ref().is_some_and(|parsed| names::fits(parsed, name)) {
            return Ok(());
        }
        let for_whom = parsed.map_or_else(|| "no name".to_owned(), |parsed| names::listed(&parsed));
        Err(TlsError::new(
            Verdict::WrongName,
            format!(
                "the server's certificate is for {for_whom}, not for {host}: check the host name in the URL"
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
            TrustPolicy::Default => Some(Trust::default_roots()),
            TrustPolicy::Custom(trust) => Some(trust),
            TrustPolicy::AcceptAll => None,
        };
        if let Some(trust) = trust {
            let host = server_name.to_str();
            self.check_chain(end_entity, intermediates, trust, now, &host).map_err(TlsError::into_rustls)?;
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

/// A certificate that webpki does not read: of X.509's first version, or with an extension that it does not know.
fn unknown_to_webpki(certificate: &CertificateDer<'_>) -> Option<Parsed> {
    let is_known = ParsedCertificate::try_from(certificate).is_ok();
    if is_known { None } else { Parsed::read(certificate) }
}

/// Does what rustls does, which needs webpki to read the certificate.
fn verify_tls12_signature_by_key(
    message: &[u8],
    certificate: &Parsed,
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
