//! A parsed X.509 certificate: its dates, names, purposes and signature.

use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, UnixTime};
use x509_cert::der::asn1::{ObjectIdentifier, OctetString};
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{Decode, Encode, EncodeValue, SliceWriter};
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, NameConstraints,
    SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::time::Time;
use x509_cert::{Certificate, TbsCertificate, Version};

/// The extended key usages of a server's certificate: `serverAuth`, and its two predecessors by Microsoft and Netscape.
const SERVER_PURPOSES: [ObjectIdentifier; 3] = [
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1"),
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.10.3.3"),
    ObjectIdentifier::new_unwrap("2.16.840.1.113730.4.1"),
];

/// The extensions that may be critical: OpenSSL knows them, and this module checks them.
const KNOWN_EXTENSIONS: [ObjectIdentifier; 5] =
    [KeyUsage::OID, ExtendedKeyUsage::OID, BasicConstraints::OID, NameConstraints::OID, SUBJECT_ALT_NAME];

const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// The result of looking for an extension in a certificate.
pub(super) enum Extension<T> {
    /// The certificate has no such extension.
    Absent,
    /// The certificate has one.
    Present(T),
    /// The extension cannot be parsed, or occurs several times.
    Unreadable,
}

/// The result of checking a certificate's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signature {
    /// The issuer's key made it.
    Valid,
    /// The issuer's key did not make it.
    Invalid,
    /// Unknown, because ring does not have the algorithm.
    Unsupported,
}

/// A parsed certificate.
#[derive(Debug, Clone)]
pub(super) struct X509Certificate {
    der: CertificateDer<'static>,
    parsed: Certificate,
}

impl X509Certificate {
    /// Parses a certificate. Returns `None` if it is invalid.
    pub(super) fn parse(der: &CertificateDer<'_>) -> Option<Self> {
        let parsed = Certificate::from_der(der).ok()?;
        Some(Self { der: der.clone().into_owned(), parsed })
    }

    /// The certificate's encoded form.
    pub(super) fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    fn tbs(&self) -> &TbsCertificate {
        self.parsed.tbs_certificate()
    }

    /// The subject's name.
    pub(super) fn subject(&self) -> &Name {
        self.tbs().subject()
    }

    /// The issuer's name.
    pub(super) fn issuer(&self) -> &Name {
        self.tbs().issuer()
    }

    /// The issuer's name in the encoding that a `TrustAnchor` has for its subject.
    pub(super) fn issuer_content(&self) -> Vec<u8> {
        content_of(self.issuer())
    }

    /// The public key with its algorithm (`SubjectPublicKeyInfo`).
    pub(super) fn public_key(&self) -> Vec<u8> {
        self.tbs().subject_public_key_info().to_der().expect("a decoded value can be encoded")
    }

    /// Whether this is an X.509 version 1 certificate. These have no extensions.
    pub(super) fn is_v1(&self) -> bool {
        self.tbs().version() == Version::V1 && self.tbs().extensions().is_none()
    }

    /// The start of the validity period.
    pub(super) fn not_before(&self) -> Time {
        self.tbs().validity().not_before
    }

    /// The end of the validity period.
    pub(super) fn not_after(&self) -> Time {
        self.tbs().validity().not_after
    }

    /// Whether the validity period includes this time.
    pub(super) fn is_in_date(&self, now: UnixTime) -> bool {
        let now = Duration::from_secs(now.as_secs());
        self.not_before().to_unix_duration() <= now && now <= self.not_after().to_unix_duration()
    }

    /// Decodes an extension.
    pub(super) fn extension<'a, T: Decode<'a> + AssociatedOid>(&'a self) -> Extension<T> {
        match self.tbs().get_extension::<T>() {
            Ok(None) => Extension::Absent,
            Ok(Some((_, extension))) => Extension::Present(extension),
            Err(_) => Extension::Unreadable,
        }
    }

    /// Whether the basic constraints have the `cA` flag.
    pub(super) fn has_ca_flag(&self) -> bool {
        matches!(self.extension::<BasicConstraints>(), Extension::Present(constraints) if constraints.ca)
    }

    /// Whether this certificate may sign others, by OpenSSL's rule: it has the `cA` flag, or it is a version 1 root
    /// (version 1 has no such flag).
    pub(super) fn is_authority(&self) -> bool {
        let may_sign = match self.extension::<KeyUsage>() {
            Extension::Absent => true,
            Extension::Present(usage) => usage.key_cert_sign(),
            Extension::Unreadable => false,
        };
        may_sign && (self.has_ca_flag() || (self.is_v1() && self.is_self_issued()))
    }

    /// How many authorities may be between this one and the server's certificate.
    pub(super) fn path_length(&self) -> Option<usize> {
        match self.extension::<BasicConstraints>() {
            Extension::Present(constraints) => constraints.path_len_constraint.map(usize::from),
            _ => None,
        }
    }

    /// Whether the extended key usage allows the chain of a server's certificate.
    pub(super) fn is_for_servers(&self) -> bool {
        match self.extension::<ExtendedKeyUsage>() {
            Extension::Absent => true,
            Extension::Present(usage) => usage.0.iter().any(|purpose| SERVER_PURPOSES.contains(purpose)),
            Extension::Unreadable => false,
        }
    }

    /// Whether the key usage allows a server's part of the TLS handshake.
    pub(super) fn allows_handshake(&self) -> bool {
        match self.extension::<KeyUsage>() {
            Extension::Absent => true,
            Extension::Present(usage) => {
                usage.digital_signature() || usage.key_encipherment() || usage.key_agreement()
            }
            Extension::Unreadable => false,
        }
    }

    /// Whether an extension is critical, but not among the [`KNOWN_EXTENSIONS`].
    pub(super) fn has_unknown_critical_extension(&self) -> bool {
        let extensions = self.tbs().extensions().map(Vec::as_slice).unwrap_or_default();
        extensions
            .iter()
            .any(|extension| extension.critical && !KNOWN_EXTENSIONS.contains(&extension.extn_id))
    }

    /// Whether this authority's certificate limits the names in the certificates below it.
    pub(super) fn constrains_names(&self) -> bool {
        !matches!(self.extension::<NameConstraints>(), Extension::Absent)
    }

    /// Whether subject and issuer are the same, and no key id contradicts that.
    pub(super) fn is_self_issued(&self) -> bool {
        self.names_as_issuer(self)
    }

    /// Whether the issuer's name and key id are those of `other`. Does not check the signature.
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

    /// Checks the signature with the key of `issuer`.
    pub(super) fn signature_by(&self, issuer: &Self) -> Signature {
        let algorithm = self.parsed.signature_algorithm();
        if algorithm != self.tbs().signature() {
            return Signature::Invalid;
        }
        let key = issuer.tbs().subject_public_key_info();
        let (Some(signature), Some(bits)) =
            (self.parsed.signature().as_bytes(), key.subject_public_key.as_bytes())
        else {
            return Signature::Invalid;
        };
        let (algorithm, key_algorithm) = (content_of(algorithm), content_of(&key.algorithm));
        let message = self.tbs().to_der().expect("a decoded value can be encoded");
        let mut result = Signature::Unsupported;
        for candidate in ring::default_provider().signature_verification_algorithms.all {
            if candidate.signature_alg_id().as_ref() == algorithm.as_slice()
                && candidate.public_key_alg_id().as_ref() == key_algorithm.as_slice()
            {
                match candidate.verify_signature(bits, &message, signature) {
                    Ok(()) => return Signature::Valid,
                    Err(_) => result = Signature::Invalid,
                }
            }
        }
        result
    }

    /// The bits of the public key, and its algorithm in ring's encoding.
    pub(super) fn key_and_algorithm(&self) -> Option<(&[u8], Vec<u8>)> {
        let key = self.tbs().subject_public_key_info();
        Some((key.subject_public_key.as_bytes()?, content_of(&key.algorithm)))
    }
}

/// The encoding of a value without its tag and length.
fn content_of(value: &impl EncodeValue) -> Vec<u8> {
    const INVARIANT: &str = "a decoded value can be encoded";
    let length = value.value_len().and_then(usize::try_from).expect(INVARIANT);
    let mut content = vec![0; length];
    value.encode_value(&mut SliceWriter::new(&mut content)).expect(INVARIANT);
    content
}
