//! One X.509 certificate, taken apart. Answers questions about it; whom to believe is `chain`'s and `verify`'s.

use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, UnixTime};
use x509_cert::der::asn1::{ObjectIdentifier, OctetString};
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{Decode, Encode, EncodeValue};
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, NameConstraints,
    SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::time::Time;
use x509_cert::{Certificate, TbsCertificate, Version};

/// What a server's certificate may be for: `serverAuth`, and the two it was called before.
const SERVER_PURPOSES: [ObjectIdentifier; 3] = [
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1"),
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.10.3.3"),
    ObjectIdentifier::new_unwrap("2.16.840.1.113730.4.1"),
];

/// The extensions that may be critical: the ones that OpenSSL knows and that are heeded here.
const KNOWN_EXTENSIONS: [ObjectIdentifier; 5] =
    [KeyUsage::OID, ExtendedKeyUsage::OID, BasicConstraints::OID, NameConstraints::OID, SUBJECT_ALT_NAME];

const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// An extension of a certificate.
pub(super) enum Extension<T> {
    /// It has none of the kind.
    Absent,
    /// It has one.
    Present(T),
    /// It has one that cannot be read, or several.
    Unreadable,
}

/// What checking a certificate's signature came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signature {
    /// The key made it.
    Good,
    /// The key did not make it.
    Bad,
    /// Nobody here can tell: an algorithm that ring does not have.
    Unsupported,
}

/// A certificate that could be read.
#[derive(Debug, Clone)]
pub(super) struct Parsed {
    der: CertificateDer<'static>,
    parsed: Certificate,
}

impl Parsed {
    /// Takes a certificate apart; none where it cannot be read.
    pub(super) fn read(der: &CertificateDer<'_>) -> Option<Self> {
        let parsed = Certificate::from_der(der).ok()?;
        Some(Self { der: der.clone().into_owned(), parsed })
    }

    /// The certificate as it came.
    pub(super) fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    fn tbs(&self) -> &TbsCertificate {
        self.parsed.tbs_certificate()
    }

    /// Whose it is.
    pub(super) fn subject(&self) -> &Name {
        self.tbs().subject()
    }

    /// Who signed it.
    pub(super) fn issuer(&self) -> &Name {
        self.tbs().issuer()
    }

    /// The issuer's name as trust anchors spell theirs.
    pub(super) fn issuer_content(&self) -> Vec<u8> {
        let mut content = Vec::new();
        self.issuer().encode_value(&mut content).expect("what was decoded can be encoded");
        content
    }

    /// Its public key, with the algorithm's name.
    pub(super) fn public_key(&self) -> Vec<u8> {
        self.tbs().subject_public_key_info().to_der().expect("what was decoded can be encoded")
    }

    /// Whether it is of X.509's first version, which has no extensions.
    pub(super) fn is_v1(&self) -> bool {
        self.tbs().version() == Version::V1 && self.tbs().extensions().is_none()
    }

    /// When it begins to be valid.
    pub(super) fn not_before(&self) -> Time {
        self.tbs().validity().not_before
    }

    /// When it ends to be valid.
    pub(super) fn not_after(&self) -> Time {
        self.tbs().validity().not_after
    }

    /// Whether it is valid at this time, by its dates.
    pub(super) fn is_in_date(&self, now: UnixTime) -> bool {
        let now = Duration::from_secs(now.as_secs());
        self.not_before().to_unix_duration() <= now && now <= self.not_after().to_unix_duration()
    }

    /// An extension, decoded.
    pub(super) fn extension<'a, T: Decode<'a> + AssociatedOid>(&'a self) -> Extension<T> {
        match self.tbs().get_extension::<T>() {
            Ok(None) => Extension::Absent,
            Ok(Some((_, extension))) => Extension::Present(extension),
            Err(_) => Extension::Unreadable,
        }
    }

    /// Whether it says that it is an authority's.
    pub(super) fn has_ca_flag(&self) -> bool {
        matches!(self.extension::<BasicConstraints>(), Extension::Present(constraints) if constraints.ca)
    }

    /// Whether it may sign others, by OpenSSL's rule: one that says so, or a root from before there was a way to.
    pub(super) fn is_authority(&self) -> bool {
        let may_sign = match self.extension::<KeyUsage>() {
            Extension::Absent => true,
            Extension::Present(usage) => usage.key_cert_sign(),
            Extension::Unreadable => false,
        };
        may_sign && (self.has_ca_flag() || (self.is_v1() && self.is_self_issued()))
    }

    /// How many authorities may stand between it and the server's certificate.
    pub(super) fn path_length(&self) -> Option<usize> {
        match self.extension::<BasicConstraints>() {
            Extension::Present(constraints) => constraints.path_len_constraint.map(usize::from),
            _ => None,
        }
    }

    /// Whether it may be in the chain of a server's certificate, by its extended key usage.
    pub(super) fn is_for_servers(&self) -> bool {
        match self.extension::<ExtendedKeyUsage>() {
            Extension::Absent => true,
            Extension::Present(usage) => usage.0.iter().any(|purpose| SERVER_PURPOSES.contains(purpose)),
            Extension::Unreadable => false,
        }
    }

    /// Whether its key may do a server's part in a handshake, by its key usage.
    pub(super) fn allows_handshake(&self) -> bool {
        match self.extension::<KeyUsage>() {
            Extension::Absent => true,
            Extension::Present(usage) => {
                usage.digital_signature() || usage.key_encipherment() || usage.key_agreement()
            }
            Extension::Unreadable => false,
        }
    }

    /// Whether something critical is in it that nobody here understands.
    pub(super) fn has_unknown_critical_extension(&self) -> bool {
        let extensions = self.tbs().extensions().map(Vec::as_slice).unwrap_or_default();
        extensions
            .iter()
            .any(|extension| extension.critical && !KNOWN_EXTENSIONS.contains(&extension.extn_id))
    }

    /// Whether it limits the names that the certificates below it may bear.
    pub(super) fn constrains_names(&self) -> bool {
        !matches!(self.extension::<NameConstraints>(), Extension::Absent)
    }

    /// Whether the issuer's name is its own, and nothing tells of another key.
    pub(super) fn is_self_issued(&self) -> bool {
        self.names_as_issuer(self)
    }

    /// Whether it names the other one as its issuer; the signature is not looked at.
    pub(super) fn names_as_issuer(&self, other: &Self) -> bool {
        if self.issuer() != other.subject() {
            return false;
        }
        match (self.extension::<AuthorityKeyIdentifier>(), other.key_id()) {
            (Extension::Present(AuthorityKeyIdentifier { key_identifier: Some(named), .. }), Some(id)) => {
                named == id
            }
            _ => true,
        }
    }

    fn key_id(&self) -> Option<OctetString> {
        match self.extension::<SubjectKeyIdentifier>() {
            Extension::Present(id) => Some(id.0),
            _ => None,
        }
    }

    /// Checks that the other one's key made its signature.
    pub(super) fn signature_by(&self, issuer: &Self) -> Signature {
        let algorithm = self.parsed.signature_algorithm();
        if algorithm != self.tbs().signature() {
            return Signature::Bad;
        }
        let key = issuer.tbs().subject_public_key_info();
        let (Some(signature), Some(bits)) =
            (self.parsed.signature().as_bytes(), key.subject_public_key.as_bytes())
        else {
            return Signature::Bad;
        };
        let (algorithm, key_algorithm) = (content_of(algorithm), content_of(&key.algorithm));
        let message = self.tbs().to_der().expect("what was decoded can be encoded");
        let mut answer = Signature::Unsupported;
        for candidate in ring::default_provider().signature_verification_algorithms.all {
            if candidate.signature_alg_id().as_ref() == algorithm.as_slice()
                && candidate.public_key_alg_id().as_ref() == key_algorithm.as_slice()
            {
                match candidate.verify_signature(bits, &message, signature) {
                    Ok(()) => return Signature::Good,
                    Err(_) => answer = Signature::Bad,
                }
            }
        }
        answer
    }

    /// The bare bits of its public key, and the algorithm's name as ring spells it.
    pub(super) fn key_and_algorithm(&self) -> Option<(&[u8], Vec<u8>)> {
        let key = self.tbs().subject_public_key_info();
        Some((key.subject_public_key.as_bytes()?, content_of(&key.algorithm)))
    }
}

fn content_of(value: &impl EncodeValue) -> Vec<u8> {
    let mut content = Vec::new();
    value.encode_value(&mut content).expect("what was decoded can be encoded");
    content
}
