//! Checks that a certificate is for the requested host, by the rules of Node's `tls.checkServerIdentity`.

use std::net::IpAddr;

use rustls::pki_types::ServerName;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Tag, Tagged};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::certificate::{Extension, X509Certificate};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// The host names and addresses that a certificate is for.
#[derive(Debug, Default)]
struct Names {
    hosts: Vec<String>,
    addresses: Vec<IpAddr>,
}

impl Names {
    /// Reads the subject alternative names. If they contain no host name, the common names are used.
    fn of(certificate: &X509Certificate) -> Self {
        let mut names = Self::default();
        match certificate.extension::<SubjectAltName>() {
            Extension::Absent => {}
            Extension::Present(alternatives) => {
                for name in &alternatives.0 {
                    match name {
                        GeneralName::DnsName(host) => names.hosts.push(host.as_str().to_owned()),
                        GeneralName::IpAddress(octets) => {
                            names.addresses.extend(address(octets.as_bytes()));
                        }
                        _ => {}
                    }
                }
            }
            // The alternative names are unknown, so that the common names must not be used instead.
            Extension::Unreadable => return names,
        }
        if names.hosts.is_empty() {
            names.hosts = common_names(certificate);
        }
        names
    }
}

/// Whether the certificate is for this host.
pub(super) fn is_for_host(certificate: &X509Certificate, host: &ServerName<'_>) -> bool {
    let names = Names::of(certificate);
    match host {
        ServerName::DnsName(host) => {
            names.hosts.iter().any(|pattern| matches_pattern(host.as_ref(), pattern))
        }
        ServerName::IpAddress(address) => names.addresses.contains(&IpAddr::from(*address)),
        _ => false,
    }
}

/// The names in a certificate for an error message.
pub(super) fn describe(certificate: &X509Certificate) -> String {
    let names = Names::of(certificate);
    let addresses = names.addresses.iter().map(IpAddr::to_string);
    let all: Vec<String> = names.hosts.into_iter().chain(addresses).collect();
    if all.is_empty() { "no name".to_owned() } else { all.join(", ") }
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    match octets.len() {
        4 => <[u8; 4]>::try_from(octets).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(octets).ok().map(IpAddr::from),
        _ => None,
    }
}

fn common_names(certificate: &X509Certificate) -> Vec<String> {
    let attributes = certificate.subject().iter().filter(|attribute| attribute.oid == COMMON_NAME);
    attributes
        .filter(|attribute| {
            matches!(
                attribute.value.tag(),
                Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::TeletexString
            )
        })
        .filter_map(|attribute| String::from_utf8(attribute.value.value().to_vec()).ok())
        .collect()
}

/// Node's `check` function: all labels must be equal. The leftmost may contain one asterisk if two labels follow it.
fn matches_pattern(host: &str, pattern: &str) -> bool {
    let (host, pattern) = (normalize(host), normalize(pattern));
    if !pattern.bytes().all(|byte| (0x21..=0x7f).contains(&byte)) {
        return false;
    }
    let (host, pattern): (Vec<&str>, Vec<&str>) = (host.split('.').collect(), pattern.split('.').collect());
    if host.len() != pattern.len() || pattern.contains(&"") || host[1..] != pattern[1..] {
        return false;
    }
    let (host_label, label) = (host[0], pattern[0]);
    match label.split_once('*') {
        Some((prefix, suffix)) if !label.contains("xn--") => {
            pattern.len() > 2
                && !suffix.contains('*')
                && host_label.len() >= prefix.len() + suffix.len()
                && host_label.starts_with(prefix)
                && host_label.ends_with(suffix)
        }
        _ => host_label == label,
    }
}

fn normalize(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::matches_pattern;

    /// The cases are from Node's `test/parallel/test-tls-check-server-identity.js`.
    #[test]
    fn patterns_match_as_in_node() {
        for (host, pattern, expected) in [
            ("a.com", "a.com", true),
            ("a.com", "A.COM", true),
            ("a.com", "b.com", false),
            ("a.com", "a.com.", true),
            ("a.com.", "a.com", true),
            ("a.com", ".a.com", false),
            ("a.com", "a..com", false),
            ("a.com", "*.com", false),
            ("b.a.com", "*.a.com", true),
            ("ba.com", "*.a.com", false),
            ("c.b.a.com", "*.a.com", false),
            ("xn--b.a.com", "*.a.com", true),
            ("xn--b.a.com", "xn--*.a.com", false),
            ("b.a.com", "b*.a.com", true),
            ("bcd.a.com", "b*d.a.com", true),
            ("bd.a.com", "b*d.a.com", true),
            ("b.a.com", "b*b.a.com", false),
            ("bcd.a.com", "b**d.a.com", false),
            ("b.a.com", "*.*.com", false),
            ("b.a.com", "*", false),
            ("a.com", "", false),
            ("a.com", "a\u{0}.com", false),
            ("a.com", "a.com ", false),
            ("a.com", "\u{e4}.com", false),
        ] {
            assert_eq!(matches_pattern(host, pattern), expected, "{host} {pattern}");
        }
    }
}
