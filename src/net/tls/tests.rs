//! TLS handshakes in memory with a rustls server, in TLS 1.2 and 1.3. The expected codes are those of Node 20.

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

use super::trust::TrustStore;
use super::{Pfx, TlsConfig, client_config};
use crate::net::error_code;
use crate::net::error_code::ErrorCode;

const HOST: &str = "bot.example";

/// A certificate with its key, which can issue others.
struct TestCertificate {
    pem: String,
    der: CertificateDer<'static>,
    key: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

impl TestCertificate {
    fn server(&self, chain: &[&TestCertificate], version: &'static SupportedProtocolVersion) -> ServerConfig {
        let chain = [self].iter().chain(chain).map(|it| it.der.clone()).collect();
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

fn issue(params: CertificateParams, by: Option<&TestCertificate>) -> TestCertificate {
    issue_with_key(params, by, KeyPair::generate().unwrap())
}

fn issue_with_key(params: CertificateParams, by: Option<&TestCertificate>, key: KeyPair) -> TestCertificate {
    let certificate = match by {
        Some(by) => params.signed_by(&key, &by.issuer).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    let (pem, der, bytes) = (certificate.pem(), certificate.der().clone(), key.serialize_der());
    TestCertificate { pem, der, key: bytes, issuer: Issuer::new(params, key) }
}

fn trusting(authorities: &[&TestCertificate]) -> TlsConfig {
    let ca = authorities.iter().map(|it| it.pem.clone().into_bytes()).collect();
    TlsConfig { ca: Some(ca), ..TlsConfig::default() }
}

/// The result of a connection. An error has Node's code and the message.
async fn handshake(config: &TlsConfig, server: ServerConfig, host: &str) -> Result<(), (ErrorCode, String)> {
    let client = client_config(config).unwrap();
    let (client_end, server_end) = duplex(64 * 1024);
    let server_side = async {
        if let Ok(mut stream) = TlsAcceptor::from(Arc::new(server)).accept(server_end).await {
            let _ = stream.write_all(b"x").await;
            let _ = stream.shutdown().await;
        }
    };
    let client_side = async {
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let mut stream = TlsConnector::from(client).connect(name, client_end).await?;
        stream.read_u8().await
    };
    let ((), result) = tokio::join!(server_side, client_side);
    result.map(drop).map_err(|error| (error_code::node_code(&error).unwrap(), error_code::message(&error)))
}

/// Checks the result in both versions of TLS. An empty code means success.
async fn check(
    case: &str,
    config: &TlsConfig,
    leaf: &TestCertificate,
    sent: &[&TestCertificate],
    host: &str,
    code: &str,
) {
    for version in [&TLS12, &TLS13] {
        let outcome = handshake(config, leaf.server(sent, version), host).await;
        let found = outcome.as_ref().err().map_or("", |(code, _)| code);
        assert_eq!(found, code, "{case}: {outcome:?}");
    }
    let lax = TlsConfig { verify: false, ..config.clone() };
    assert_eq!(
        handshake(&lax, leaf.server(sent, &TLS13), host).await,
        Ok(()),
        "{case}, without verification"
    );
}

#[tokio::test]
async fn dates_names_and_issuers_of_a_servers_certificate_have_nodes_results() {
    let (good, stranger) = (issue(authority("Good"), None), issue(authority("Stranger"), None));
    let ours = trusting(&[&stranger, &good]);
    let theirs = trusting(&[&good]);
    let by = |params| issue(params, Some(&good));
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
    let unknown = issue(fit(), Some(&stranger));
    check("unknown", &theirs, &unknown, &[], HOST, "UNABLE_TO_VERIFY_LEAF_SIGNATURE").await;
    check("unknown root", &theirs, &unknown, &[&stranger], HOST, "SELF_SIGNED_CERT_IN_CHAIN").await;
    let both = issue(expired(fit()), Some(&stranger));
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
    let old = issue(expired(authority("Old")), None);
    check("an old root", &trusting(&[&old]), &issue(fit(), Some(&old)), &[], HOST, "CERT_HAS_EXPIRED").await;
    let twin = issue(authority("Good"), None);
    let mut nameless = fit();
    nameless.use_authority_key_identifier_extension = false;
    let forged = issue(nameless, Some(&twin));
    check("a root's namesake", &theirs, &forged, &[], HOST, "CERT_SIGNATURE_FAILURE").await;
}

/// As in Node, a chain must end with a root.
#[tokio::test]
async fn intermediate_authorities_are_found_among_those_sent_and_those_trusted() {
    let root = issue(authority("Root"), None);
    let between = issue(authority("Between"), Some(&root));
    let leaf = issue(named("x", &[HOST]), Some(&between));
    let ours = trusting(&[&root]);
    check("sent", &ours, &leaf, &[&between], HOST, "").await;
    check("not sent", &ours, &leaf, &[], HOST, "UNABLE_TO_VERIFY_LEAF_SIGNATURE").await;
    check("trusted", &trusting(&[&between, &root]), &leaf, &[], HOST, "").await;
    check("no root", &trusting(&[&between]), &leaf, &[], HOST, "UNABLE_TO_GET_ISSUER_CERT").await;
    let other = issue(authority("Other"), None);
    let missing = "UNABLE_TO_GET_ISSUER_CERT_LOCALLY";
    check("another root", &trusting(&[&other]), &leaf, &[&between], HOST, missing).await;
    let no_authority = issue(named("y", &[HOST]), Some(&root));
    let below = issue(named("x", &[HOST]), Some(&no_authority));
    check("below a server", &ours, &below, &[&no_authority], HOST, "INVALID_PURPOSE").await;
    let mut short = authority("Short");
    short.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let short = issue(short, None);
    let between = issue(authority("Between"), Some(&short));
    let mut low = named("x", &[HOST]);
    low.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let low = issue(low, Some(&between));
    check("too long", &trusting(&[&short]), &low, &[&between], HOST, "PATH_LENGTH_EXCEEDED").await;
}

#[tokio::test]
async fn a_self_signed_certificate_is_trusted_only_if_exactly_this_one_is_in_ca() {
    for is_ca in [IsCa::NoCa, IsCa::ExplicitNoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let mut params = named("x", &[HOST]);
        params.is_ca = is_ca;
        let itself = issue(params.clone(), None);
        let (twin, old) = (issue(params.clone(), None), issue(expired(params), None));
        check("trusted", &trusting(&[&itself]), &itself, &[], HOST, "").await;
        check("misnamed", &trusting(&[&itself]), &itself, &[], "c", "ERR_TLS_CERT_ALTNAME_INVALID").await;
        check("unknown", &trusting(&[&twin]), &itself, &[], HOST, "DEPTH_ZERO_SELF_SIGNED_CERT").await;
        check("old", &trusting(&[&old]), &old, &[], HOST, "CERT_HAS_EXPIRED").await;
        let defaults = TlsConfig::default();
        check("unknown to all", &defaults, &itself, &[], HOST, "DEPTH_ZERO_SELF_SIGNED_CERT").await;
    }
    // Without the `cA` flag, it cannot issue others.
    let itself = issue(named("x", &[HOST]), None);
    let other = issue(named("y", &[HOST]), Some(&itself));
    check("its child", &trusting(&[&itself]), &other, &[], HOST, "INVALID_PURPOSE").await;
}

#[tokio::test]
async fn messages_name_the_hosts_and_say_what_to_do() {
    let (good, stranger) = (issue(authority("Good"), None), issue(authority("Stranger"), None));
    let leaf = issue(named("x", &["one.example", "127.0.0.1"]), Some(&good));
    let (_, message) = handshake(&trusting(&[&good]), leaf.server(&[], &TLS13), HOST).await.unwrap_err();
    assert!(message.contains("one.example, 127.0.0.1") && message.contains(HOST), "{message}");
    let (_, message) = handshake(&trusting(&[&stranger]), leaf.server(&[], &TLS13), HOST).await.unwrap_err();
    assert!(message.contains("CN=Good") && message.contains("`tls.ca`"), "{message}");
}

/// A server that requires a client certificate of this authority, and accepts these signature schemes.
fn requiring_client_certificate(
    leaf: &TestCertificate,
    authority: &TestCertificate,
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
    roots.add(authority.der.clone()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[tls])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![leaf.der.clone()], leaf.key_der())
        .unwrap()
}

#[tokio::test]
async fn the_client_presents_a_certificate_whose_key_supports_the_servers_signature_scheme() {
    let root = issue(authority("Root"), None);
    let between = issue(authority("Between"), Some(&root));
    let leaf = issue(named("x", &[HOST]), Some(&root));
    let kinds = [
        (&PKCS_ECDSA_P256_SHA256, SignatureScheme::ECDSA_NISTP256_SHA256),
        (&PKCS_ECDSA_P384_SHA384, SignatureScheme::ECDSA_NISTP384_SHA384),
        (&PKCS_ED25519, SignatureScheme::ED25519),
    ];
    let own = kinds.map(|(algorithm, _)| {
        issue_with_key(named("bot", &[]), Some(&between), KeyPair::generate_for(algorithm).unwrap())
    });
    let mut config = trusting(&[&root]);
    config.certs = own.iter().map(|it| format!("{}{}", it.pem, between.pem).into_bytes()).collect();
    config.keys = own.iter().rev().map(|it| it.key.clone()).collect();
    for tls in [&TLS12, &TLS13] {
        for (_, scheme) in kinds {
            assert_eq!(
                handshake(&config, requiring_client_certificate(&leaf, &root, &[scheme], tls), HOST).await,
                Ok(())
            );
        }
        // The chain is completed with trusted certificates.
        let mut short = trusting(&[&root, &between]);
        short.certs = vec![own[0].pem.clone().into_bytes()];
        short.keys = vec![own[0].key.clone()];
        let scheme = [SignatureScheme::ECDSA_NISTP256_SHA256];
        assert_eq!(
            handshake(&short, requiring_client_certificate(&leaf, &root, &scheme, tls), HOST).await,
            Ok(())
        );
        let nothing =
            handshake(&trusting(&[&root]), requiring_client_certificate(&leaf, &root, &scheme, tls), HOST)
                .await;
        let (_, message) = nothing.unwrap_err();
        assert!(message.contains("`tls.cert`"), "{message}");
    }
}

#[test]
fn an_invalid_option_is_named_with_what_to_do() {
    let (one, two) = (issue(named("one", &[]), None), issue(named("two", &[]), None));
    let (pem, other) = (one.pem.clone().into_bytes(), two.key.clone());
    let default = TlsConfig::default;
    let pfx_problem = if cfg!(feature = "pfx") { "not a PKCS#12" } else { "without the feature `pfx`" };
    let file = |data: &[u8]| Pfx { data: data.to_vec(), passphrase: None };
    for (config, option, expected) in [
        (TlsConfig { ca: Some(vec![]), ..default() }, "tls.ca", "no certificate"),
        (TlsConfig { ca: Some(vec![b"junk".to_vec()]), ..default() }, "tls.ca", "no certificate"),
        (TlsConfig { certs: vec![b"junk".to_vec()], ..default() }, "tls.cert", "no certificate"),
        (TlsConfig { certs: vec![pem.clone()], ..default() }, "tls.cert", "pass its key as `tls.key`"),
        (TlsConfig { certs: vec![pem], keys: vec![other.clone()], ..default() }, "tls.cert", "CN=one"),
        (TlsConfig { keys: vec![other], ..default() }, "tls.key", "pass the certificate as `tls.cert`"),
        (TlsConfig { keys: vec![b"junk".to_vec()], ..default() }, "tls.key", "P-256"),
        (TlsConfig { pfx: vec![file(b"junk")], ..default() }, "tls.pfx", pfx_problem),
    ] {
        let error = client_config(&config).unwrap_err();
        assert_eq!(error.option, option, "{error}");
        assert!(error.problem.contains(expected), "{error}");
    }
}

#[test]
fn invalid_default_roots_are_skipped() {
    let root = issue(authority("Root"), None);
    let junk = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
    let trust = TrustStore::from_default_pems(&[b"junk".to_vec(), junk, root.pem.into_bytes()]);
    assert_eq!(trust.certificates().len(), 1);
    assert!(!TrustStore::default_roots().anchors(rustls::pki_types::UnixTime::now()).is_empty());
}

#[test]
fn debug_output_holds_no_secrets() {
    let pfx = Pfx { data: b"hidden".to_vec(), passphrase: Some("s3cret".to_owned()) };
    let config = TlsConfig { keys: vec![b"key".to_vec()], pfx: vec![pfx.clone()], ..TlsConfig::default() };
    let printed = format!("{config:?} {pfx:?}");
    assert!(!printed.contains("s3cret") && !printed.contains("104, 105"), "{printed}");
}

#[test]
fn clients_without_options_share_their_settings() {
    let one = client_config(&TlsConfig::default()).unwrap();
    assert!(Arc::ptr_eq(&one, &client_config(&TlsConfig::default()).unwrap()));
}

#[test]
fn clients_with_equal_options_share_their_settings() {
    let config = |verify| client_config(&TlsConfig { verify, ..TlsConfig::default() }).unwrap();
    let one = config(true);
    assert!(Arc::ptr_eq(&one, &config(true)) && !Arc::ptr_eq(&one, &config(false)));
}
