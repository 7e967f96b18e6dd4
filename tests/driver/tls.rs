//! `https:` and `wss:`: whom the client trusts, and what it says where it does not.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use slack_rtm_native::session::ConnectError;
use tokio::io::AsyncReadExt;

use crate::client::{Setup, TOKEN};
use crate::clock::within;
use crate::server::{HELLO, Server, ok_answer};

/// Somebody who makes certificates.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::OrganizationName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("ring makes keys");
        let pem = params.self_signed(&key).expect("the parameters are good").pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// The settings of a server with a certificate for this name.
    fn server(&self, name: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate().expect("ring makes keys");
        let params = CertificateParams::new([name.to_owned()]).expect("the name is good");
        let certificate = params.signed_by(&key, &self.issuer).expect("the parameters are good");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring supports TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("the certificate is the key's");
        Arc::new(config)
    }
}

fn trusting(server: &Server, authorities: &[&Authority]) -> Setup {
    let mut setup = Setup::new(server);
    setup.config.secure_only = true;
    setup.transport.api_url = format!("https://{}/api/", server.address);
    setup.transport.ca =
        Some(authorities.iter().map(|authority| authority.pem.clone().into_bytes()).collect());
    setup
}

fn secure_socket_url(server: &Server) -> String {
    format!("wss://{}/t1cket", server.address)
}

/// Promise: `tls.ca` holds for the connect call and for the socket, also where it is not the first of several.
#[tokio::test]
async fn an_authority_of_the_users() {
    let (other, authority) = (Authority::new("other"), Authority::new("good"));
    let config = authority.server("127.0.0.1");
    let server = Server::bind().await;
    let mut client = trusting(&server, &[&other, &authority]).client();
    client.start("");
    let mut call =
        server.accept().await.tls(Arc::clone(&config)).await.expect("the client trusts the server");
    assert!(call.request().await.head.contains(TOKEN));
    call.send(ok_answer(&secure_socket_url(&server))).await;
    let link = server.accept().await.tls(config).await.expect("the client trusts the server");
    let mut peer = link.upgrade().await;
    peer.text(HELLO).await;
    client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
    client.send(r#"{"type":"message"}"#);
    assert_eq!(peer.receive_text().await, r#"{"type":"message","id":1}"#);
}

/// Promise: a server whose certificate nobody vouches for gets neither the token nor anything else.
#[tokio::test]
async fn certificates_that_are_not_trusted() {
    let (authority, stranger) = (Authority::new("good"), Authority::new("stranger"));
    let server = Server::bind().await;
    for (config, what) in [
        (stranger.server("127.0.0.1"), "UnknownIssuer"),
        (authority.server("other.example"), "not valid for"),
    ] {
        let mut client = trusting(&server, &[&authority]).client();
        client.start("");
        assert!(server.accept().await.tls(config).await.is_err());
        let error = client.connect_error().await;
        assert!(matches!(*error, ConnectError::Request { .. }), "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
}

/// Promise: `ca` replaces the default roots, and without it they alone count.
#[tokio::test]
async fn the_default_roots() {
    let server = Server::bind().await;
    let config = Authority::new("unknown").server("127.0.0.1");
    let mut setup = Setup::new(&server);
    setup.transport.api_url = format!("https://{}/api/", server.address);
    let mut client = setup.client();
    client.start("");
    assert!(server.accept().await.tls(config).await.is_err());
    assert!(matches!(*client.connect_error().await, ConnectError::Request { .. }));
}

/// Promise: the socket's certificate is checked like the API's; a wrong one is a transport error.
#[tokio::test]
async fn a_socket_that_is_not_trusted() {
    let authority = Authority::new("good");
    let (api, sockets) = (Server::bind().await, Server::bind().await);
    let mut client = trusting(&api, &[&authority]).client();
    client.start("");
    let mut call = api.accept().await.tls(authority.server("127.0.0.1")).await.expect("the client trusts it");
    call.request().await;
    call.send(ok_answer(&secure_socket_url(&sockets))).await;
    assert!(sockets.accept().await.tls(Authority::new("stranger").server("127.0.0.1")).await.is_err());
    client.lifecycle(&["connecting", "authenticated"]).await;
    let error = client.transport_error().await;
    assert!(error.message.contains("UnknownIssuer"), "{error}");
    assert!(!error.message.contains("t1cket"), "{error}");
}

/// Promise: TLS spoken to a port that speaks plain text is an error at once.
#[tokio::test]
async fn tls_to_a_plain_port() {
    let (api, sockets) = (Server::bind().await, Server::bind().await);
    let mut client = Setup::new(&api).client();
    client.start("");
    let mut call = api.accept().await;
    call.request().await;
    call.send(ok_answer(&secure_socket_url(&sockets))).await;
    let mut link = sockets.accept().await;
    within("the client's first byte", link.stream.read_u8()).await.expect("the client begins");
    link.send("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n").await;
    client.lifecycle(&["connecting", "authenticated", "error", "disconnected"]).await;
}

/// Promise: an end during the TLS handshake is ECONNRESET, as in Node.
#[tokio::test]
async fn an_end_during_the_handshake() {
    let server = Server::bind().await;
    let mut setup = Setup::new(&server);
    setup.transport.api_url = format!("https://{}/api/", server.address);
    let mut client = setup.client();
    client.start("");
    let mut link = server.accept().await;
    within("the client's first byte", link.stream.read_u8()).await.expect("the client begins");
    drop(link);
    let error = client.connect_error().await;
    assert!(matches!(*error, ConnectError::Request { code: Some("ECONNRESET"), .. }), "{error}");
}
