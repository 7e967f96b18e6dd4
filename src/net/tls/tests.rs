//! Handshakes over a pipe: a rustls server against a client's settings, in TLS 1.2 and in TLS 1.3. What Node says in
//! the same situations was found out with Node 20.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, date_time_ymd,
};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SignatureScheme, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::trust::Trust;
use super::{Pfx, TlsConfig, client_config};
use crate::net::error_code;
use crate::net::error_code::ErrorCode;

const HOST: &str = "bot.example";

/// A certificate, its key, and what it takes to issue others.
struct Made {
    pem: String,
    der: CertificateDer<'static>,
    key: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

impl Made {
    fn config(self: &Made, chain: &[&Made], version: &'static SupportedProtocolVersion) -> ServerConfig {
        let chain = [self].iter().chain(chain).map(|made| made.der.clone()).collect();
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, self.key_der())
            .unwrap()
    }

    fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }
}

fn named(common_name: &str, alternatives: &[&str]) -> CertificateParams {
    let names: Vec<String> = alternatives.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.use_authority_key_identifier_extension = true;
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = named(name, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn expired(mut params: CertificateParams) -> CertificateParams {
    params.not_after = date_time_ymd(2021, 1, 1);
    params
}

fn made(params: CertificateParams, by: Option<&Made>) -> Made {
    made_with(params, by, KeyPair::generate().unwrap())
}

fn made_with(params: CertificateParams, by: Option<&Made>, key: KeyPair) -> Made {
    let certificate = match by {
        Some(by) => params.signed_by(&key, &by.issuer).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    let (pem, der, bytes) = (certificate.pem(), certificate.der().clone(), key.serialize_der());
    Made { pem, der, key: bytes, issuer: Issuer::new(params, key) }
}

fn trusting(authorities: &[&Made]) -> TlsConfig {
    let ca = authorities.iter().map(|made| made.pem.clone().into_bytes()).collect();
    TlsConfig { ca: Some(ca), ..TlsConfig::default() }
}

/// What comes of a connection: nothing wrong, or Node's code and the words.
async fn shake(config: &TlsConfig, server: ServerConfig, host: &str) -> Result<(), (ErrorCode, String)> {
    let client = client_config(config).unwrap();
    let (ours, theirs) = duplex(64 * 1024);
    let serve = async {
        if let Ok(mut stream) = TlsAcceptor::from(Arc::new(server)).accept(theirs).await {
            let _ = stream.write_all(b"x").await;
            let _ = stream.shutdown().await;
        }
    };
    let call = async {
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let mut stream = TlsConnector::from(client).connect(name, ours).await?;
        stream.read_u8().await
    };
    let ((), result) = tokio::join!(serve, call);
    result.map(drop).map_err(|error| (error_code::node_code(&error).unwrap(), error_code::message(&error)))
}

/// Checks the outcome in both versions of TLS; an empty code stands for a connection.
async fn check(what: &str, config: &TlsConfig, leaf: &Made, sent: &[&Made], host: &str, code: &str) {
    for version in [&TLS12, &TLS13] {
        let outcome = shake(config, leaf.config(sent, version), host).await;
        let found = outcome.as_ref().err().map_or("", |(code, _)| code);
        assert_eq!(found, code, "{what}: {outcome:?}");
    }
    let lax = TlsConfig { verify: false, ..config.clone() };
    assert_eq!(shake(&lax, leaf.config(sent, &TLS13), host).await, Ok(()), "{what}, without verification");
}

/// Promise: dates, names and issuers are judged as Node judges them, and told by Node's codes.
#[tokio::test]
async fn a_servers_certificate() {
    let (good, stranger) = (made(authority("Good"), None), made(authority("Stranger"), None));
    let ours = trusting(&[&stranger, &good]);
    let theirs = trusting(&[&good]);
    let by = |params| made(params, Some(&good));
    let fit = || named("x", &[HOST, "127.0.0.1"]);
    check("good", &ours, &by(fit()), &[], HOST, "").await;
    check("an address", &ours, &by(fit()), &[], "127.0.0.1", "").await;
    check("expired", &ours, &by(expired(fit())), &[], HOST, "CERT_HAS_EXPIRED").await;
    let mut early = fit();
    early.not_before = date_time_ymd(2999, 1, 1);
    check("early", &ours, &by(early), &[], HOST, "CERT_NOT_YET_VALID").await;
    let wrong_name = "ERR_TLS_CERT_ALTNAME_INVALID";
    check("another name", &ours, &by(fit()), &[], "other.example", wrong_name).await;
    check("another address", &ours, &by(fit()), &[], "127.0.0.2", wrong_name).await;
    check("the common name is not asked", &ours, &by(named(HOST, &["b"])), &[], HOST, wrong_name).await;
    check("the common name", &ours, &by(named(HOST, &[])), &[], HOST, "").await;
    check("a wildcard in it", &ours, &by(named("*.bot.example", &[])), &[], "a.bot.example", "").await;
    check("beside an address", &ours, &by(named(HOST, &["127.0.0.1"])), &[], HOST, "").await;
    check("another common name", &ours, &by(named("b", &[])), &[], HOST, wrong_name).await;
    check("never an address", &ours, &by(named("127.0.0.1", &[])), &[], "127.0.0.1", wrong_name).await;
    let unknown = made(fit(), Some(&stranger));
    check("unknown", &theirs, &unknown, &[], HOST, "UNABLE_TO_VERIFY_LEAF_SIGNATURE").await;
    check("unknown root", &theirs, &unknown, &[&stranger], HOST, "SELF_SIGNED_CERT_IN_CHAIN").await;
    let both = made(expired(fit()), Some(&stranger));
    check("unknown and expired", &theirs, &both, &[], HOST, "CERT_HAS_EXPIRED").await;
    check("unknown and misnamed", &theirs, &unknown, &[], "c", "UNABLE_TO_VERIFY_LEAF_SIGNATURE").await;
    let mut client_only = fit();
    client_only.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    check("purpose", &ours, &by(client_only), &[], HOST, "INVALID_PURPOSE").await;
    let mut signing_only = fit();
    signing_only.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    check("usage", &ours, &by(signing_only), &[], HOST, "INVALID_PURPOSE").await;
    let mut both_roles = fit();
    both_roles.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    check("an authority's own server", &ours, &by(both_roles), &[], HOST, "").await;
    let old = made(expired(authority("Old")), None);
    check("an old root", &trusting(&[&old]), &made(fit(), Some(&old)), &[], HOST, "CERT_HAS_EXPIRED").await;
    let twin = made(authority("Good"), None);
    let mut nameless = fit();
    nameless.use_authority_key_identifier_extension = false;
    let forged = made(nameless, Some(&twin));
    check("a root's namesake", &theirs, &forged, &[], HOST, "CERT_SIGNATURE_FAILURE").await;
}

/// Promise: authorities between the root and the server are found among the ones sent and the ones trusted; but a
/// chain must end with a root, as in Node.
#[tokio::test]
async fn authorities_between() {
    let root = made(authority("Root"), None);
    let between = made(authority("Between"), Some(&root));
    let leaf = made(named("x", &[HOST]), Some(&between));
    let ours = trusting(&[&root]);
    check("sent", &ours, &leaf, &[&between], HOST, "").await;
    check("not sent", &ours, &leaf, &[], HOST, "UNABLE_TO_VERIFY_LEAF_SIGNATURE").await;
    check("trusted", &trusting(&[&between, &root]), &leaf, &[], HOST, "").await;
    check("no root", &trusting(&[&between]), &leaf, &[], HOST, "UNABLE_TO_GET_ISSUER_CERT").await;
    let other = made(authority("Other"), None);
    let missing = "UNABLE_TO_GET_ISSUER_CERT_LOCALLY";
    check("another root", &trusting(&[&other]), &leaf, &[&between], HOST, missing).await;
    let no_authority = made(named("y", &[HOST]), Some(&root));
    let below = made(named("x", &[HOST]), Some(&no_authority));
    check("below a server", &ours, &below, &[&no_authority], HOST, "INVALID_PURPOSE").await;
    let mut short = authority("Short");
    short.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let short = made(short, None);
    let between = made(authority("Between"), Some(&short));
    let mut low = named("x", &[HOST]);
    low.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let low = made(low, Some(&between));
    check("too long", &trusting(&[&short]), &low, &[&between], HOST, "PATH_LENGTH_EXCEEDED").await;
}

/// Promise: a self-signed certificate is trusted where it is among the trusted ones, byte for byte, and only then.
#[tokio::test]
async fn self_signed() {
    for is_ca in [IsCa::NoCa, IsCa::ExplicitNoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let mut params = named("x", &[HOST]);
        params.is_ca = is_ca;
        let itself = made(params.clone(), None);
        let (twin, old) = (made(params.clone(), None), made(expired(params), None));
        check("trusted", &trusting(&[&itself]), &itself, &[], HOST, "").await;
        check("misnamed", &trusting(&[&itself]), &itself, &[], "c", "ERR_TLS_CERT_ALTNAME_INVALID").await;
        check("unknown", &trusting(&[&twin]), &itself, &[], HOST, "DEPTH_ZERO_SELF_SIGNED_CERT").await;
        check("old", &trusting(&[&old]), &old, &[], HOST, "CERT_HAS_EXPIRED").await;
        let defaults = TlsConfig::default();
        check("unknown to all", &defaults, &itself, &[], HOST, "DEPTH_ZERO_SELF_SIGNED_CERT").await;
    }
    // One that is no authority's vouches for nobody else.
    let itself = made(named("x", &[HOST]), None);
    let other = made(named("y", &[HOST]), Some(&itself));
    check("its child", &trusting(&[&itself]), &other, &[], HOST, "INVALID_PURPOSE").await;
}

/// Promise: the words name the hosts and say what to do.
#[tokio::test]
async fn words() {
    let (good, stranger) = (made(authority("Good"), None), made(authority("Stranger"), None));
    let leaf = made(named("x", &["one.example", "127.0.0.1"]), Some(&good));
    let (_, words) = shake(&trusting(&[&good]), leaf.config(&[], &TLS13), HOST).await.unwrap_err();
    assert!(words.contains("one.example, 127.0.0.1") && words.contains(HOST), "{words}");
    let (_, words) = shake(&trusting(&[&stranger]), leaf.config(&[], &TLS13), HOST).await.unwrap_err();
    assert!(words.contains("CN=Good") && words.contains("`tls.ca`"), "{words}");
}

/// A server that wants certificates of this authority's, signed as one of the schemes has it.
fn demanding(
    leaf: &Made,
    of: &Made,
    schemes: &[SignatureScheme],
    tls: &'static SupportedProtocolVersion,
) -> ServerConfig {
    let all = ring::default_provider();
    let algorithms = all.signature_verification_algorithms;
    let mapping: Vec<_> =
        algorithms.mapping.iter().filter(|(scheme, _)| schemes.contains(scheme)).copied().collect();
    let algorithms = WebPkiSupportedAlgorithms { all: algorithms.all, mapping: mapping.leak() };
    let provider = Arc::new(CryptoProvider {
        signature_verification_algorithms: algorithms,
        ..ring::default_provider()
    });
    let mut roots = RootCertStore::empty();
    roots.add(of.der.clone()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[tls])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![leaf.der.clone()], leaf.key_der())
        .unwrap()
}

/// Promise: certificates find their keys in any order, and a server is shown one whose key can sign as it wants.
#[tokio::test]
async fn client_certificates() {
    let root = made(authority("Root"), None);
    let between = made(authority("Between"), Some(&root));
    let leaf = made(named("x", &[HOST]), Some(&root));
    let kinds = [
        (&PKCS_ECDSA_P256_SHA256, SignatureScheme::ECDSA_NISTP256_SHA256),
        (&PKCS_ECDSA_P384_SHA384, SignatureScheme::ECDSA_NISTP384_SHA384),
        (&PKCS_ED25519, SignatureScheme::ED25519),
    ];
    let own = kinds.map(|(algorithm, _)| {
        made_with(named("bot", &[]), Some(&between), KeyPair::generate_for(algorithm).unwrap())
    });
    let mut config = trusting(&[&root]);
    config.certs = own.iter().map(|made| format!("{}{}", made.pem, between.pem).into_bytes()).collect();
    config.keys = own.iter().rev().map(|made| made.key.clone()).collect();
    for tls in [&TLS12, &TLS13] {
        for (_, scheme) in kinds {
            assert_eq!(shake(&config, demanding(&leaf, &root, &[scheme], tls), HOST).await, Ok(()));
        }
        // The chain is completed from the trusted ones.
        let mut short = trusting(&[&root, &between]);
        short.certs = vec![own[0].pem.clone().into_bytes()];
        short.keys = vec![own[0].key.clone()];
        let scheme = [SignatureScheme::ECDSA_NISTP256_SHA256];
        assert_eq!(shake(&short, demanding(&leaf, &root, &scheme, tls), HOST).await, Ok(()));
        let nothing = shake(&trusting(&[&root]), demanding(&leaf, &root, &scheme, tls), HOST).await;
        let (_, words) = nothing.unwrap_err();
        assert!(words.contains("`tls.cert`"), "{words}");
    }
}

/// Promise: options that cannot be used are named, with what to do.
#[test]
fn bad_options() {
    let (one, two) = (made(named("one", &[]), None), made(named("two", &[]), None));
    let (pem, other) = (one.pem.clone().into_bytes(), two.key.clone());
    let none = TlsConfig::default;
    let file = |data: &[u8]| Pfx { data: data.to_vec(), passphrase: None };
    for (config, option, words) in [
        (TlsConfig { ca: Some(vec![]), ..none() }, "tls.ca", "no certificate"),
        (TlsConfig { ca: Some(vec![b"junk".to_vec()]), ..none() }, "tls.ca", "no certificate"),
        (TlsConfig { certs: vec![b"junk".to_vec()], ..none() }, "tls.cert", "no certificate"),
        (TlsConfig { certs: vec![pem.clone()], ..none() }, "tls.cert", "pass its key as `tls.key`"),
        (TlsConfig { certs: vec![pem], keys: vec![other.clone()], ..none() }, "tls.cert", "CN=one"),
        (TlsConfig { keys: vec![other], ..none() }, "tls.key", "pass the certificate as `tls.cert`"),
        (TlsConfig { keys: vec![b"junk".to_vec()], ..none() }, "tls.key", "P-256"),
        (TlsConfig { pfx: vec![file(b"junk")], ..none() }, "tls.pfx", "no PKCS#12"),
    ] {
        let error = client_config(&config).unwrap_err();
        assert_eq!(error.option, option, "{error}");
        assert!(error.problem.contains(words), "{error}");
    }
}

/// Promise: of the default roots, what cannot be used is skipped.
#[test]
fn default_roots() {
    let root = made(authority("Root"), None);
    let junk = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
    let trust = Trust::usable_in(&[b"junk".to_vec(), junk, root.pem.into_bytes()]);
    assert_eq!(trust.certificates().len(), 1);
    assert!(!Trust::default_roots().anchors(rustls::pki_types::UnixTime::now()).is_empty());
}

/// Promise: settings can be printed.
#[test]
fn nothing_secret_is_printed() {
    let pfx = Pfx { data: b"hidden".to_vec(), passphrase: Some("s3cret".to_owned()) };
    let config = TlsConfig { keys: vec![b"key".to_vec()], pfx: vec![pfx.clone()], ..TlsConfig::default() };
    let printed = format!("{config:?} {pfx:?}");
    assert!(!printed.contains("s3cret") && !printed.contains("104, 105"), "{printed}");
}

/// Promise: clients that set nothing share their settings.
#[test]
fn shared_settings() {
    let one = client_config(&TlsConfig::default()).unwrap();
    assert!(Arc::ptr_eq(&one, &client_config(&TlsConfig::default()).unwrap()));
}

#[test]
fn clients_that_set_the_same_share_what_is_made_of_it() {
    let config = |verify| client_config(&TlsConfig { verify, ..TlsConfig::default() }).unwrap();
    let one = config(true);
    assert!(Arc::ptr_eq(&one, &config(true)) && !Arc::ptr_eq(&one, &config(false)));
}
