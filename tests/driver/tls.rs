//! `https:` and `wss:`: the servers that a client trusts, and the errors of the others.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use slack_rtm_native::session::ApiError;
use tokio::io::AsyncReadExt;

use crate::client::{Setup, TOKEN};
use crate::clock::within;
use crate::server::{HELLO, Server, ok_response};

/// An authority that issues certificates.
pub(crate) struct Authority {
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::OrganizationName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("ring makes keys");
        let pem = params.self_signed(&key).expect("the parameters are good").pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A certificate for this name in PEM, with its key.
    fn issue(&self, name: &str) -> (String, Vec<u8>) {
        let key = KeyPair::generate().expect("ring makes keys");
        let params = CertificateParams::new([name.to_owned()]).expect("the name is good");
        let certificate = params.signed_by(&key, &self.issuer).expect("the parameters are good");
        (certificate.pem(), key.serialize_der())
    }

    /// A certificate for this name in a server's form.
    fn identity(&self, name: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let (pem, key) = self.issue(name);
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).expect("it is one");
        (vec![certificate], PrivatePkcs8KeyDer::from(key).into())
    }

    /// The settings of a server that requires a client certificate of this authority.
    fn server_requiring_certificate(
        &self,
        name: &str,
        version: &'static SupportedProtocolVersion,
    ) -> Arc<ServerConfig> {
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(self.pem.as_bytes()).expect("it is one");
        roots.add(root).expect("it is an authority's");
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .expect("there is a root");
        let (chain, key) = self.identity(name);
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .expect("ring supports TLS 1.2 and 1.3")
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .expect("the certificate is the key's");
        Arc::new(config)
    }

    /// The settings of a server with a certificate for this name.
    pub(crate) fn server(&self, name: &str) -> Arc<ServerConfig> {
        let (chain, key) = self.identity(name);
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring supports TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("the certificate is the key's");
        Arc::new(config)
    }
}

fn trusting(server: &Server, authorities: &[&Authority]) -> Setup {
    let mut setup = Setup::new(server);
    setup.config.secure_only = true;
    setup.transport.api_url = format!("https://{}/api/", server.address);
    setup.transport.tls.ca =
        Some(authorities.iter().map(|authority| authority.pem.clone().into_bytes()).collect());
    setup
}

fn code(error: &ApiError) -> Option<&str> {
    match error {
        ApiError::Request { code, .. } => code.as_deref(),
        _ => None,
    }
}

fn secure_socket_url(server: &Server) -> String {
    format!("wss://{}/t1cket", server.address)
}

/// Also with several authorities.
#[tokio::test]
async fn tls_ca_applies_to_the_connect_call_and_the_socket() {
    let (other, authority) = (Authority::new("other"), Authority::new("good"));
    let config = authority.server("127.0.0.1");
    let server = Server::bind().await;
    let mut client = trusting(&server, &[&other, &authority]).client();
    client.start("");
    let mut call =
        server.accept().await.tls(Arc::clone(&config)).await.expect("the client trusts the server");
    assert!(call.request().await.head.contains(TOKEN));
    call.send(ok_response(&secure_socket_url(&server))).await;
    let link = server.accept().await.tls(config).await.expect("the client trusts the server");
    let mut socket = link.upgrade().await;
    socket.text(HELLO).await;
    client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
    client.send(r#"{"type":"message"}"#);
    assert_eq!(socket.receive_text().await, r#"{"type":"message","id":1}"#);
}

#[tokio::test]
async fn a_server_that_is_not_trusted_gets_no_request() {
    let (authority, stranger) = (Authority::new("good"), Authority::new("stranger"));
    let server = Server::bind().await;
    for (config, name, what) in [
        (stranger.server("127.0.0.1"), "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "O=stranger"),
        (authority.server("other.example"), "ERR_TLS_CERT_ALTNAME_INVALID", "other.example"),
    ] {
        let mut client = trusting(&server, &[&authority]).client();
        client.start("");
        assert!(server.accept().await.tls(config).await.is_err());
        let error = client.connect_error().await;
        assert_eq!(code(&error), Some(name), "{error}");
        assert!(error.to_string().contains(what), "{error}");
        assert!(error.to_string().contains("127.0.0.1"), "{error}");
    }
}

#[tokio::test]
async fn without_ca_only_the_default_roots_are_trusted() {
    let server = Server::bind().await;
    let config = Authority::new("unknown").server("127.0.0.1");
    let mut setup = Setup::new(&server);
    setup.transport.api_url = format!("https://{}/api/", server.address);
    let mut client = setup.client();
    client.start("");
    assert!(server.accept().await.tls(config).await.is_err());
    assert!(matches!(client.connect_error().await, ApiError::Request { .. }));
}

#[tokio::test]
async fn a_socket_that_is_not_trusted_is_a_transport_error() {
    let authority = Authority::new("good");
    let (api, sockets) = (Server::bind().await, Server::bind().await);
    let mut client = trusting(&api, &[&authority]).client();
    client.start("");
    let mut call = api.accept().await.tls(authority.server("127.0.0.1")).await.expect("the client trusts it");
    call.request().await;
    call.send(ok_response(&secure_socket_url(&sockets))).await;
    assert!(sockets.accept().await.tls(Authority::new("stranger").server("127.0.0.1")).await.is_err());
    client.lifecycle(&["connecting", "authenticated"]).await;
    let error = client.transport_error().await;
    assert_eq!(error.code.as_deref(), Some("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "{error}");
    assert!(error.message.contains("stranger"), "{error}");
    assert!(!error.message.contains("t1cket"), "{error}");
}

#[tokio::test]
async fn a_tls_handshake_with_a_plain_text_server_fails_at_once() {
    let (api, sockets) = (Server::bind().await, Server::bind().await);
    let mut client = Setup::new(&api).client();
    client.start("");
    let mut call = api.accept().await;
    call.request().await;
    call.send(ok_response(&secure_socket_url(&sockets))).await;
    let mut link = sockets.accept().await;
    within("the client's first byte", link.stream.read_u8()).await.expect("the client begins");
    link.send("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n").await;
    client.lifecycle(&["connecting", "authenticated", "error", "disconnected"]).await;
}

/// As in Node.
#[tokio::test]
async fn a_server_without_a_usable_tls_version_is_eproto() {
    let server = Server::bind().await;
    let mut hello = b"\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02".to_vec();
    hello.extend([0; 32]);
    hello.extend(b"\x00\x00\x2f\x00");
    for (answer, what) in [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "does not speak TLS"),
        (hello, "neither TLS 1.2 nor TLS 1.3"),
        (b"\x15\x03\x01\x00\x02\x02\x46".to_vec(), "neither TLS 1.2 nor TLS 1.3"),
        (b"\x15\x03\x03\x00\x02\x02\x28".to_vec(), "client certificate"),
        (b"\x15\x03\x03\x00\x02\x02\x70".to_vec(), "host name"),
    ] {
        let mut setup = Setup::new(&server);
        setup.transport.api_url = format!("https://{}/api/", server.address);
        let mut client = setup.client();
        client.start("");
        let mut link = server.accept().await;
        within("the client's first byte", link.stream.read_u8()).await.expect("the client begins");
        link.send(answer).await;
        let error = client.connect_error().await;
        assert_eq!(code(&error), Some("EPROTO"), "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
}

/// To the API's server and the socket's. Without one, the code depends on the version of TLS, as in Node.
#[tokio::test]
async fn a_required_client_certificate_is_presented() {
    let authority = Authority::new("good");
    let server = Server::bind().await;
    for (version, refusal) in [(&TLS12, "EPROTO"), (&TLS13, "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED")] {
        let config = authority.server_requiring_certificate("127.0.0.1", version);
        let mut client = trusting(&server, &[&authority]).client();
        client.start("");
        assert!(server.accept().await.tls(Arc::clone(&config)).await.is_err());
        let error = client.connect_error().await;
        assert_eq!(code(&error), Some(refusal), "{error}");
        assert!(error.to_string().contains("`tls.cert`"), "{error}");

        let (pem, key) = authority.issue("bot");
        let mut setup = trusting(&server, &[&authority]);
        setup.transport.tls.certs = vec![pem.into_bytes()];
        setup.transport.tls.keys = vec![key];
        let mut client = setup.client();
        client.start("");
        let mut call = server.accept().await.tls(Arc::clone(&config)).await.expect("the client has one");
        call.request().await;
        call.send(ok_response(&secure_socket_url(&server))).await;
        let link = server.accept().await.tls(config).await.expect("the client has one");
        link.upgrade().await.text(HELLO).await;
        client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
    }
}

#[tokio::test]
async fn reject_unauthorized_false_accepts_every_certificate() {
    let server = Server::bind().await;
    let mut setup = Setup::new(&server);
    setup.transport.api_url = format!("https://{}/api/", server.address);
    setup.transport.tls.verify = false;
    let mut client = setup.client();
    client.start("");
    let config = Authority::new("unknown").server("other.example");
    let mut call = server.accept().await.tls(config).await.expect("the client takes all");
    assert!(call.request().await.head.contains(TOKEN));
}

/// As in Node.
#[tokio::test]
async fn an_end_during_the_handshake_is_econnreset() {
    let server = Server::bind().await;
    let mut setup = Setup::new(&server);
    setup.transport.api_url = format!("https://{}/api/", server.address);
    let mut client = setup.client();
    client.start("");
    let mut link = server.accept().await;
    within("the client's first byte", link.stream.read_u8()).await.expect("the client begins");
    drop(link);
    let error = client.connect_error().await;
    assert_eq!(code(&error), Some("ECONNRESET"), "{error}");
}
