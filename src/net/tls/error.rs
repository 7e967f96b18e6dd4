//! What is wrong with a TLS connection, in Node's codes and in plain words. Owns the one table of both; finds nothing
//! out by itself.

use std::borrow::Cow;
use std::error::Error;

use rustls::{AlertDescription, CertificateError, InvalidMessage, OtherError, PeerIncompatible};

/// A certificate that is not believed, or another trouble that has words of its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub(super) struct TlsError {
    /// Node's code for it.
    pub(super) code: &'static str,
    /// What is wrong, and what to do about it.
    words: Cow<'static, str>,
}

/// Node's code for what went wrong while shaking hands.
const EPROTO: &str = "EPROTO";

/// OpenSSL's verdicts on a certificate chain, by the names that Node gives them. Those that Node has no name for are
/// `UNSPECIFIED` there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Not valid any more.
    Expired,
    /// Not valid yet.
    NotYetValid,
    /// The server's certificate vouches for itself, and is not trusted.
    SelfSigned,
    /// The chain ends with a root that is not trusted.
    UnknownRoot,
    /// The server sent its certificate only, and the issuer is not at hand.
    UnknownIssuerOfLeaf,
    /// The chain that the server sent does not reach a trusted root.
    UnknownIssuer,
    /// A trusted certificate is in the chain, but it is no root, and its issuer is not trusted.
    NoRoot,
    /// A signature is wrong.
    BadSignature,
    /// A certificate is used for what it is not made for.
    WrongPurpose,
    /// More authorities than one of them allows.
    ChainTooLong,
    /// For another host.
    WrongName,
    /// A signature with an algorithm or a key that is too weak.
    Unsupported,
    /// Not among the above.
    Refused,
}

impl Verdict {
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
            Self::Unsupported | Self::Refused => "UNSPECIFIED",
        }
    }
}

impl TlsError {
    /// A verdict, with words.
    pub(super) fn new(verdict: Verdict, words: String) -> Self {
        Self { code: verdict.code(), words: Cow::Owned(words) }
    }

    /// Whether an authority is used for what it is not made for: what webpki does not look at in a root.
    pub(super) fn is_about_purpose(&self) -> bool {
        [Verdict::WrongPurpose, Verdict::ChainTooLong].map(Verdict::code).contains(&self.code)
    }

    const fn handshake(words: &'static str) -> Self {
        Self { code: EPROTO, words: Cow::Borrowed(words) }
    }

    /// For the verifier to return.
    pub(super) fn into_rustls(self) -> rustls::Error {
        CertificateError::Other(OtherError(std::sync::Arc::new(self))).into()
    }
}

/// Node's code for a TLS error. `established`: the client's side of the handshake was over, where Node no longer says
/// `EPROTO` (in TLS 1.3 a server judges the client's certificate only then).
pub(crate) fn code(error: &rustls::Error, established: bool) -> &'static str {
    match error {
        rustls::Error::AlertReceived(alert) if established => alert_code(*alert),
        _ => tls_error(error).map_or(EPROTO, |error| error.code),
    }
}

/// A TLS error that says what to do; none where rustls has said it well enough.
pub(crate) fn message(error: &rustls::Error) -> Option<&(dyn Error + 'static)> {
    tls_error(error).map(|error| error as &(dyn Error + 'static))
}

fn tls_error(error: &rustls::Error) -> Option<&TlsError> {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) => {
            inner.downcast_ref::<TlsError>()
        }
        rustls::Error::InvalidCertificate(_) => Some(&BAD_HANDSHAKE_SIGNATURE),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => Some(&NO_TLS),
        rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        )
        | rustls::Error::AlertReceived(AlertDescription::ProtocolVersion) => Some(&TOO_OLD),
        rustls::Error::AlertReceived(alert) => alert_error(*alert),
        _ => None,
    }
}

static NO_TLS: TlsError = TlsError::handshake(
    "the server does not speak TLS at this port: is it the right port, or should the URL begin with http: or ws:?",
);

static TOO_OLD: TlsError =
    TlsError::handshake("the server speaks neither TLS 1.2 nor TLS 1.3; older versions are not supported");

static BAD_HANDSHAKE_SIGNATURE: TlsError = TlsError::handshake(
    "the server did not prove that the certificate is its own: the signature is wrong, or its key is of a kind that is \
     not supported (only RSA from 2048 bits, ECDSA P-256 and P-384, and Ed25519 are)",
);

static HANDSHAKE_FAILURE: TlsError = TlsError::handshake(
    "the server refused the handshake (alert handshake_failure): it may demand a client certificate (`tls.cert` and \
     `tls.key`, or `tls.pfx`), or have no cipher, curve or kind of key in common with this client",
);

static CERTIFICATE_REQUIRED: TlsError = TlsError::handshake(
    "the server demands a client certificate (alert certificate_required): pass `tls.cert` and `tls.key`, or `tls.pfx`",
);

static UNKNOWN_CA: TlsError = TlsError::handshake(
    "the server does not know the authority behind the client certificate (alert unknown_ca): check `tls.cert`, and \
     that it holds the whole chain",
);

static CERTIFICATE_EXPIRED: TlsError = TlsError::handshake(
    "the server says that the client certificate is not valid now (alert certificate_expired): check `tls.cert`",
);

static CERTIFICATE_REFUSED: TlsError = TlsError::handshake(
    "the server refused the client certificate: check that `tls.cert` (or `tls.pfx`) is the one it expects, with its \
     whole chain",
);

static ACCESS_DENIED: TlsError = TlsError::handshake(
    "the server refused access (alert access_denied): check that `tls.cert` is the certificate it expects",
);

static UNRECOGNIZED_NAME: TlsError = TlsError::handshake(
    "the server does not know the host name it was asked for (alert unrecognized_name): check the URL",
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
