//! TLS errors with Node's codes, and messages that say what to do.

use std::borrow::Cow;
use std::error::Error;

use rustls::{AlertDescription, CertificateError, InvalidMessage, OtherError, PeerIncompatible};

/// A TLS error with Node's code and a message of its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(super) struct TlsError {
    /// Node's code for the error.
    pub(super) code: &'static str,
    /// What failed, and what to do about it.
    message: Cow<'static, str>,
}

/// Node's code for an error of the TLS handshake.
const EPROTO: &str = "EPROTO";

/// The problems that OpenSSL finds in a certificate chain. OpenSSL has more; they count as [`Self::Other`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CertificateProblem {
    /// A certificate is no longer valid.
    Expired,
    /// A certificate is not valid yet.
    NotYetValid,
    /// The server's certificate is self-signed and not trusted.
    SelfSigned,
    /// The chain ends with a root that is not trusted.
    UnknownRoot,
    /// The issuer of the server's certificate is unknown, and the server sent no other certificate.
    UnknownIssuerOfLeaf,
    /// The chain that the server sent does not reach a trusted root.
    UnknownIssuer,
    /// The chain reaches a trusted certificate that is not a root and whose issuer is not trusted.
    NoRoot,
    /// A signature is invalid.
    BadSignature,
    /// A certificate may not be used for its part in the chain.
    WrongPurpose,
    /// The chain has more authorities than one of them allows.
    ChainTooLong,
    /// The server's certificate is for another host.
    WrongName,
    /// The algorithm or the key of a signature is too weak, or not supported.
    UnsupportedAlgorithm,
    /// Any other problem.
    Other,
}

impl CertificateProblem {
    /// Node's code for the problem.
    fn code(self) -> &'static str {
        match self {
            Self::Expired => "CERT_HAS_EXPIRED",
            Self::NotYetValid => "CERT_NOT_YET_VALID",
            Self::SelfSigned => "DEPTH_ZERO_SELF_SIGNED_CERT",
            Self::UnknownRoot => "SELF_SIGNED_CERT_IN_CHAIN",
            Self::UnknownIssuerOfLeaf => "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
            Self::UnknownIssuer => "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
            Self::NoRoot => "UNABLE_TO_GET_ISSUER_CERT",
            Self::BadSignature => "CERT_SIGNATURE_FAILURE",
            Self::WrongPurpose => "INVALID_PURPOSE",
            Self::ChainTooLong => "PATH_LENGTH_EXCEEDED",
            Self::WrongName => "ERR_TLS_CERT_ALTNAME_INVALID",
            Self::UnsupportedAlgorithm | Self::Other => "UNSPECIFIED",
        }
    }
}

impl TlsError {
    pub(super) fn new(problem: CertificateProblem, message: String) -> Self {
        Self { code: problem.code(), message: Cow::Owned(message) }
    }

    /// Whether an authority may not be used for its part in the chain. webpki does not check that of a root.
    pub(super) fn is_about_purpose(&self) -> bool {
        [CertificateProblem::WrongPurpose, CertificateProblem::ChainTooLong]
            .map(CertificateProblem::code)
            .contains(&self.code)
    }

    const fn handshake(message: &'static str) -> Self {
        Self { code: EPROTO, message: Cow::Borrowed(message) }
    }

    /// Wraps the error, so that a certificate verifier can return it.
    pub(super) fn into_rustls(self) -> rustls::Error {
        CertificateError::Other(OtherError(std::sync::Arc::new(self))).into()
    }
}

/// Node's code for a TLS error. After the client's part of the handshake, Node no longer uses `EPROTO`. In TLS 1.3 a
/// server checks the client's certificate only then.
pub(crate) fn node_code(error: &rustls::Error, is_handshake_done: bool) -> &'static str {
    match error {
        rustls::Error::AlertReceived(alert) if is_handshake_done => alert_code(*alert),
        _ => tls_error(error).map_or(EPROTO, |error| error.code),
    }
}

/// A message that says what to do about a TLS error. `None` if rustls' own message is clear enough.
pub(crate) fn advice(error: &rustls::Error) -> Option<&(dyn Error + 'static)> {
    tls_error(error).map(|error| error as &(dyn Error + 'static))
}

fn tls_error(error: &rustls::Error) -> Option<&TlsError> {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) => {
            inner.downcast_ref::<TlsError>()
        }
        rustls::Error::InvalidCertificate(_) => Some(&BAD_HANDSHAKE_SIGNATURE),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => Some(&NOT_TLS),
        rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        )
        | rustls::Error::AlertReceived(AlertDescription::ProtocolVersion) => Some(&OLD_TLS),
        rustls::Error::AlertReceived(alert) => alert_error(*alert),
        _ => None,
    }
}

static NOT_TLS: TlsError = TlsError::handshake(
    "the server does not speak TLS on this port: check the port, or whether the URL should begin with http: or ws:",
);

static OLD_TLS: TlsError =
    TlsError::handshake("the server speaks neither TLS 1.2 nor TLS 1.3; older versions are not supported");

static BAD_HANDSHAKE_SIGNATURE: TlsError = TlsError::handshake(
    "the server did not prove that it owns its certificate: the signature of the handshake is invalid, or the key is not \
     supported (supported are RSA with at least 2048 bits, ECDSA P-256 and P-384, and Ed25519)",
);

static HANDSHAKE_FAILURE: TlsError = TlsError::handshake(
    "the server refused the handshake (alert handshake_failure): it may require a client certificate (`tls.cert` and \
     `tls.key`, or `tls.pfx`), or share no cipher, curve or key type with this client",
);

static CERTIFICATE_REQUIRED: TlsError = TlsError::handshake(
    "the server requires a client certificate (alert certificate_required): pass `tls.cert` and `tls.key`, or `tls.pfx`",
);

static UNKNOWN_CA: TlsError = TlsError::handshake(
    "the server does not know the authority that issued the client certificate (alert unknown_ca): check that `tls.cert` \
     is the right certificate with its whole chain",
);

static CERTIFICATE_EXPIRED: TlsError = TlsError::handshake(
    "the server says that the client certificate has expired (alert certificate_expired): check `tls.cert`",
);

static CERTIFICATE_REFUSED: TlsError = TlsError::handshake(
    "the server refused the client certificate: check that `tls.cert` (or `tls.pfx`) is the one it expects, with its \
     whole chain",
);

static ACCESS_DENIED: TlsError = TlsError::handshake(
    "the server refused access (alert access_denied): check that `tls.cert` is the certificate it expects",
);

static UNRECOGNIZED_NAME: TlsError = TlsError::handshake(
    "the server does not know the requested host name (alert unrecognized_name): check the URL",
);

fn alert_error(alert: AlertDescription) -> Option<&'static TlsError> {
    match alert {
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            Some(&HANDSHAKE_FAILURE)
        }
        AlertDescription::CertificateRequired => Some(&CERTIFICATE_REQUIRED),
        AlertDescription::UnknownCA => Some(&UNKNOWN_CA),
        AlertDescription::CertificateExpired => Some(&CERTIFICATE_EXPIRED),
        AlertDescription::NoCertificate
        | AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateUnknown => Some(&CERTIFICATE_REFUSED),
        AlertDescription::AccessDenied => Some(&ACCESS_DENIED),
        AlertDescription::UnrecognisedName => Some(&UNRECOGNIZED_NAME),
        _ => None,
    }
}

fn alert_code(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::UnexpectedMessage => "ERR_SSL_SSLV3_ALERT_UNEXPECTED_MESSAGE",
        AlertDescription::BadRecordMac => "ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC",
        AlertDescription::RecordOverflow => "ERR_SSL_TLSV1_ALERT_RECORD_OVERFLOW",
        AlertDescription::HandshakeFailure => "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
        AlertDescription::NoCertificate => "ERR_SSL_SSLV3_ALERT_NO_CERTIFICATE",
        AlertDescription::BadCertificate => "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE",
        AlertDescription::UnsupportedCertificate => "ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        AlertDescription::CertificateRevoked => "ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED",
        AlertDescription::CertificateExpired => "ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED",
        AlertDescription::CertificateUnknown => "ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        AlertDescription::IllegalParameter => "ERR_SSL_SSLV3_ALERT_ILLEGAL_PARAMETER",
        AlertDescription::UnknownCA => "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA",
        AlertDescription::AccessDenied => "ERR_SSL_TLSV1_ALERT_ACCESS_DENIED",
        AlertDescription::DecodeError => "ERR_SSL_TLSV1_ALERT_DECODE_ERROR",
        AlertDescription::DecryptError => "ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR",
        AlertDescription::ProtocolVersion => "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
        AlertDescription::InsufficientSecurity => "ERR_SSL_TLSV1_ALERT_INSUFFICIENT_SECURITY",
        AlertDescription::InternalError => "ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR",
        AlertDescription::MissingExtension => "ERR_SSL_TLSV13_ALERT_MISSING_EXTENSION",
        AlertDescription::CertificateRequired => "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
        _ => EPROTO,
    }
}
