//! HTTP and HTTPS proxies: the requests to them, the results of their responses, and the separation of their data from
//! Slack's.

use std::sync::Arc;

use slack_rtm_native::driver::{ProxyConfig, ProxyKind, TlsConfig, Transport};
use slack_rtm_native::session::{ApiError, Event, Outcome, SocketError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::client::{Setup, TOKEN};
use crate::clock::{Clock, let_others_run, ms, secs, within};
use crate::server::{HELLO, Link, Server, ok_response, response, upgrade_response};
use crate::tls::Authority;
use crate::websocket::ServerSocket;

const USER: &str = "b0t";
const PASSWORD: &str = "pa:s's w\u{f6}rd";
/// Both, encoded by RFC 7617.
const CREDENTIALS: &str = "YjB0OnBhOnMncyB3w7ZyZA==";

const ESTABLISHED: &str = "HTTP/1.1 200 Connection established\r\n\r\n";
const SOCKET_URL: &str = "ws://sockets.test:8443/socket?ticket=t1cket";

/// The options of a client that reaches `http://slack.test/` through a proxy at this server's address. Only the proxy
/// could resolve the names of the API and the socket.
pub(crate) fn behind(proxy: &Server, kind: ProxyKind) -> Setup {
    let mut setup = Setup::new(proxy);
    setup.transport.api_url = "http://slack.test/api/".into();
    setup.transport.proxy = Some(ProxyConfig {
        kind,
        host: proxy.address.ip().to_string(),
        port: proxy.address.port(),
        username: None,
        password: None,
        headers: Vec::new(),
        tls: TlsConfig::default(),
    });
    setup
}

fn behind_http(proxy: &Server) -> Setup {
    behind(proxy, ProxyKind::Http)
}

/// The proxy's options.
pub(crate) fn proxy_options(setup: &mut Setup) -> &mut ProxyConfig {
    setup.transport.proxy.as_mut().expect("the setup has a proxy")
}

fn with_credentials(mut setup: Setup) -> Setup {
    let options = proxy_options(&mut setup);
    (options.username, options.password) = (Some(USER.to_owned()), Some(PASSWORD.to_owned()));
    setup
}

/// Opens the tunnel for the next connection.
async fn tunnel(proxy: &Server) -> Link {
    let mut link = proxy.accept().await;
    link.request().await;
    link.send(ESTABLISHED).await;
    link
}

/// Responds to the connect call through the proxy.
async fn answer_call(proxy: &Server, socket_url: &str) {
    let mut call = tunnel(proxy).await;
    call.request().await;
    call.send(ok_response(socket_url)).await;
    call.ended().await;
}

/// Asserts that the text contains no secret.
fn assert_no_secret(text: &str) {
    for secret in [PASSWORD, "pa:s", "w\u{f6}rd", CREDENTIALS, "YjB0", TOKEN, "t1cket"] {
        assert!(!text.contains(secret), "{text}");
    }
}

/// The code and text of a connect call's error, without secrets.
pub(crate) fn api_failure(error: &ApiError) -> (Option<String>, String) {
    assert_no_secret(&format!("{error} {error:?}"));
    let ApiError::Request { code, cause, .. } = error else { panic!("a request error: {error}") };
    assert_no_secret(cause);
    (code.as_deref().map(str::to_owned), error.to_string())
}

/// The code and text of a socket's error, without secrets.
pub(crate) fn socket_failure(error: &SocketError) -> (Option<String>, String) {
    assert_no_secret(&format!("{error} {error:?}"));
    (error.code.as_deref().map(str::to_owned), error.to_string())
}

/// The error of a connect call through a proxy. The script takes over the proxy's connection after the request.
async fn failed_call<F: Future<Output = ()>>(
    change: fn(Setup) -> Setup,
    script: impl FnOnce(Link) -> F,
) -> (Option<String>, String) {
    let proxy = Server::bind().await;
    let mut client = change(behind_http(&proxy)).client();
    client.start("");
    let mut link = proxy.accept().await;
    link.request().await;
    script(link).await;
    let (code, text) = api_failure(&client.connect_error().await);
    assert!(text.contains("rtm.connect at slack.test:80: "), "{text}");
    assert!(text.contains(&format!("the proxy http://{}", proxy.address)), "{text}");
    (code, text)
}

/// The error of a socket through a proxy. The script takes over the proxy's connection after the request.
async fn failed_socket<F: Future<Output = ()>>(
    change: fn(Setup) -> Setup,
    script: impl FnOnce(Link) -> F,
) -> (Option<String>, String) {
    let proxy = Server::bind().await;
    let mut client = change(behind_http(&proxy)).client();
    client.start("");
    answer_call(&proxy, SOCKET_URL).await;
    let mut link = proxy.accept().await;
    link.request().await;
    script(link).await;
    client.lifecycle(&["connecting", "authenticated"]).await;
    let (code, text) = socket_failure(&client.transport_error().await);
    assert!(text.contains("could not connect to sockets.test:8443: "), "{text}");
    assert!(text.contains(&format!("the proxy http://{}", proxy.address)), "{text}");
    (code, text)
}

fn unchanged(setup: Setup) -> Setup {
    setup
}

// ── Requests ──────────────────────────────────────────────────────────────────────────────────────────────────────

/// The proxy gets the target, its headers and its credentials, for the connect call and for the socket.
#[tokio::test]
async fn the_proxy_and_slack_get_only_their_own_headers() {
    let proxy = Server::bind().await;
    let mut setup = with_credentials(behind_http(&proxy));
    proxy_options(&mut setup).headers = [("X-Extra", "one"), ("x-extra", "two")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    setup.transport.headers = vec![("cookie".to_owned(), "d=x".to_owned())];
    let mut client = setup.client();
    client.start("");
    let connect = |target| {
        format!(
            "CONNECT {target} HTTP/1.1\r\nhost: {target}\r\nx-extra: one\r\nx-extra: two\r\n\
             proxy-authorization: Basic {CREDENTIALS}\r\n\r\n"
        )
    };
    let mut call = proxy.accept().await;
    call.expect_bytes(connect("slack.test:80")).await;
    call.send(ESTABLISHED).await;
    let request = call.request().await;
    assert!(request.head.starts_with("POST /api/rtm.connect HTTP/1.1\r\n"), "{}", request.head);
    assert_eq!(request.header("host"), Some("slack.test"));
    assert_eq!(request.header("authorization"), Some(&*format!("Bearer {TOKEN}")));
    assert_eq!((request.header("proxy-authorization"), request.header("x-extra")), (None, None));
    call.send(ok_response(SOCKET_URL)).await;
    call.ended().await;

    let mut link = proxy.accept().await;
    link.expect_bytes(connect("sockets.test:8443")).await;
    link.send(ESTABLISHED).await;
    let upgrade = link.request().await;
    assert!(upgrade.head.starts_with("GET /socket?ticket=t1cket HTTP/1.1\r\n"), "{}", upgrade.head);
    assert_eq!((upgrade.header("proxy-authorization"), upgrade.header("x-extra")), (None, None));
    link.send(upgrade_response(&upgrade)).await;
    let mut socket = ServerSocket::new(link.stream);
    socket.text(HELLO).await;
    client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
    client.send(r#"{"type":"message"}"#);
    assert_eq!(socket.receive_text().await, r#"{"type":"message","id":1}"#);
}

#[tokio::test]
async fn nothing_is_sent_to_the_target_before_the_proxys_response() {
    let proxy = Server::bind().await;
    let mut client = behind_http(&proxy).client();
    client.start("");
    let mut link = proxy.accept().await;
    link.expect_bytes("CONNECT slack.test:80 HTTP/1.1\r\nhost: slack.test:80\r\n\r\n").await;
    let_others_run().await;
    let mut more = [0];
    assert!(link.stream.try_read(&mut more).is_err(), "there is more");
}

#[tokio::test]
async fn a_user_name_or_a_password_alone_is_sent() {
    for (user, password, credentials) in [
        (Some("user"), None, "Basic dXNlcjo="),
        (None, Some("password"), "Basic OnBhc3N3b3Jk"),
        (Some(""), Some(""), "Basic Og=="),
    ] {
        let proxy = Server::bind().await;
        let mut setup = behind_http(&proxy);
        let options = proxy_options(&mut setup);
        (options.username, options.password) = (user.map(str::to_owned), password.map(str::to_owned));
        let mut client = setup.client();
        client.start("");
        let request = proxy.accept().await.request().await;
        assert_eq!(request.header("proxy-authorization"), Some(credentials));
    }
}

#[tokio::test]
async fn an_ipv6_target_has_brackets_and_a_missing_port_is_the_schemes() {
    for (api_url, target) in [
        ("http://[2001:db8::1]:8080/api/", "[2001:db8::1]:8080"),
        ("http://[::1]/api/", "[::1]:80"),
        ("https://[::1]/api/", "[::1]:443"),
        ("https://slack.test/api/", "slack.test:443"),
        ("https://192.0.2.1:8443/api/", "192.0.2.1:8443"),
    ] {
        let proxy = Server::bind().await;
        let mut setup = behind_http(&proxy);
        setup.transport.api_url = api_url.into();
        let mut client = setup.client();
        client.start("");
        let mut link = proxy.accept().await;
        link.expect_bytes(format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n")).await;
        link.send(response("502 Bad Gateway", "", "")).await;
        let error = client.connect_error().await;
        assert!(error.to_string().contains(&format!(" {target} ")), "{error}");
    }
    for (url, target) in
        [("ws://[2001:db8::1]:8080/t1cket", "[2001:db8::1]:8080"), ("wss://[::1]/t1cket", "[::1]:443")]
    {
        let proxy = Server::bind().await;
        let mut client = behind_http(&proxy).client();
        client.start("");
        answer_call(&proxy, url).await;
        let mut link = proxy.accept().await;
        link.expect_bytes(format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n")).await;
    }
}

// ── Accepted requests ─────────────────────────────────────────────────────────────────────────────────────────────

/// Also with headers about a body, which the response does not have (RFC 9110, section 9.3.6).
#[tokio::test]
async fn every_2xx_opens_the_tunnel() {
    for head in [
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\nproxy-connection: close\r\n\r\n",
        "HTTP/1.0 200 Connection established\r\n\r\n",
        "HTTP/1.0 200 Connection Established\r\nProxy-agent: Apache/2.4.62 (Debian)\r\n\r\n",
        "HTTP/1.1 200\r\n\r\n",
        "HTTP/1.1 202 Accepted\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ] {
        let proxy = Server::bind().await;
        let mut client = behind_http(&proxy).client();
        let start = client.start("");
        let mut call = proxy.accept().await;
        call.request().await;
        call.send(head).await;
        assert!(call.request().await.head.starts_with("POST "), "{head}");
        call.send(ok_response(SOCKET_URL)).await;
        assert!(matches!(client.outcome(start).await, Outcome::Started), "{head}");
    }
}

#[tokio::test]
async fn packets_of_the_proxys_response_make_no_difference() {
    let proxy = Server::bind().await;
    let mut client = behind_http(&proxy).client();
    client.start("");
    let mut call = proxy.accept().await;
    call.request().await;
    call.send_bytewise("HTTP/1.1 200 Connection established\r\nvia: 1.1 proxy\r\n\r\n").await;
    call.request().await;
    call.send(ok_response(SOCKET_URL)).await;
    call.ended().await;
    let mut link = proxy.accept().await;
    link.request().await;
    link.send_bytewise(ESTABLISHED).await;
    link.upgrade().await.text(HELLO).await;
    client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
}

/// The server may not send anything yet, so that these bytes are an error.
#[tokio::test]
async fn bytes_in_the_packet_of_the_proxys_response_are_not_lost() {
    for early in [1, 9, 40] {
        let proxy = Server::bind().await;
        let mut client = behind_http(&proxy).client();
        client.start("");
        answer_call(&proxy, SOCKET_URL).await;
        let mut link = proxy.accept().await;
        link.request().await;
        let head = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n";
        link.send([ESTABLISHED, &head[..early]].concat()).await;
        client.lifecycle(&["connecting", "authenticated"]).await;
        let error = client.transport_error().await;
        assert!(error.message.contains("the WebSocket upgrade at sockets.test:8443 failed"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_reconnect_uses_the_proxy() {
    let clock = Clock::stop();
    let proxy = Server::bind().await;
    let mut setup = behind_http(&proxy);
    setup.config.auto_reconnect = true;
    let mut client = setup.client();
    client.start("");
    for round in 0..3 {
        answer_call(&proxy, SOCKET_URL).await;
        let mut socket = tunnel(&proxy).await.upgrade().await;
        socket.text(HELLO).await;
        client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
        match round {
            0 => drop(socket),
            1 => socket.reset(),
            _ => socket.text(r#"{"type":"goodbye"}"#).await,
        }
        if round < 2 {
            while !matches!(client.event().await, Event::Reconnecting) {}
            clock.pass(secs(5)).await;
        }
    }
}

/// As many as in Node.
#[tokio::test]
async fn a_response_through_a_proxy_may_have_2000_headers() {
    let proxy = Server::bind().await;
    let mut client = behind_http(&proxy).client();
    client.start("");
    let mut call = tunnel(&proxy).await;
    call.request().await;
    let headers = "x-extra: y\r\n".repeat(1999);
    call.send(response("500 Oh", &headers, "")).await;
    let error = client.connect_error().await;
    let ApiError::Http { headers, .. } = &error else { panic!("{error}") };
    assert_eq!(headers.len(), 2000);
}

// ── Refused requests ──────────────────────────────────────────────────────────────────────────────────────────────

/// A 407 says whether the credentials are missing or wrong.
#[tokio::test]
async fn a_refusal_has_the_status_and_err_proxy_tunnel() {
    let missing = "407 Proxy Authentication Required: it asks for a user name and password";
    let wrong = "407 Proxy Authentication Required: it does not accept the user name and password given";
    for (change, status, hint) in [
        (unchanged as fn(Setup) -> Setup, "407 Proxy Authentication Required", missing),
        (with_credentials, "407 Proxy Authentication Required", wrong),
        (unchanged, "403 Forbidden", "403"),
        (with_credentials, "403 Forbidden", "403"),
        (unchanged, "502 Bad Gateway", "502"),
        (unchanged, "302 Found", "302"),
        (unchanged, "101 Switching Protocols", "101"),
        (unchanged, "504 Gateway Timeout", "504"),
    ] {
        let refusal = response(
            status,
            "proxy-authenticate: Basic realm=\"proxy\"\r\nlocation: http://elsewhere.test/\r\n",
            "<h1>No</h1>",
        );
        let script = async |mut link: Link| {
            link.send(&refusal).await;
            assert_eq!(link.ended().await, b"");
        };
        let (code, text) = failed_call(change, script).await;
        assert_eq!(code.as_deref(), Some("ERR_PROXY_TUNNEL"), "{text}");
        assert!(text.contains(hint) && text.contains("refused the connection to slack.test:80 "), "{text}");
        assert_eq!(text.contains("user name"), hint.contains("user name"), "{text}");
        let (code, text) = failed_socket(change, script).await;
        assert_eq!(code.as_deref(), Some("ERR_PROXY_TUNNEL"), "{text}");
        assert!(
            text.contains(hint) && text.contains("refused the connection to sockets.test:8443 "),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_reset_or_an_end_within_the_proxys_response_is_econnreset() {
    for part in ["", "HTTP/1.1 200 Connection esta", "HTTP/1.1 200 OK\r\nvia: 1.1 proxy\r\n"] {
        let reset = async |mut link: Link| {
            link.send(part).await;
            let_others_run().await;
            link.reset();
        };
        let close = async |mut link: Link| link.send(part).await;
        assert_eq!(failed_call(unchanged, reset).await.0.as_deref(), Some("ECONNRESET"), "{part}");
        assert_eq!(failed_call(unchanged, close).await.0.as_deref(), Some("ECONNRESET"), "{part}");
        assert_eq!(failed_socket(unchanged, reset).await.0.as_deref(), Some("ECONNRESET"), "{part}");
        assert_eq!(failed_socket(unchanged, close).await.0.as_deref(), Some("ECONNRESET"), "{part}");
    }
}

#[tokio::test]
async fn a_response_of_the_proxy_that_is_not_http_is_an_error_at_once() {
    let endless = format!("HTTP/1.1 200 OK\r\n{}", "x: y\r\n".repeat(200_000));
    for bytes in ["SSH-2.0-OpenSSH_9.7\r\n\r\n", "\u{5}\u{0}", "HTTP/1.1 2000 OK\r\n\r\n", &endless] {
        let script = async |mut link: Link| {
            // The client may close the connection before it has read everything.
            let _ = link.stream.write_all(bytes.as_bytes()).await;
            link.ended().await;
        };
        assert_ne!(failed_call(with_credentials, script).await.0.as_deref(), Some("ETIMEDOUT"));
        assert_ne!(failed_socket(with_credentials, script).await.0.as_deref(), Some("ETIMEDOUT"));
    }
}

#[tokio::test]
async fn an_error_of_the_target_does_not_name_the_proxy() {
    let proxy = Server::bind().await;
    let mut client = behind_http(&proxy).client();
    client.start("");
    let mut call = tunnel(&proxy).await;
    call.request().await;
    drop(call);
    let (code, text) = api_failure(&client.connect_error().await);
    assert_eq!(code.as_deref(), Some("ECONNRESET"), "{text}");
    assert!(!text.contains("proxy"), "{text}");
}

// ── Timeouts ──────────────────────────────────────────────────────────────────────────────────────────────────────

/// The connection to the proxy is dropped.
#[tokio::test(start_paused = true)]
async fn request_timeout_includes_the_proxy() {
    let clock = Clock::stop();
    for (kind, part) in [
        (ProxyKind::Http, ""),
        (ProxyKind::Http, "HTTP/1.1 200 OK\r\n"),
        (ProxyKind::Http, ESTABLISHED),
        (ProxyKind::Https, ""),
    ] {
        let proxy = Server::bind().await;
        let mut setup = behind(&proxy, kind);
        setup.transport.request_timeout = Some(secs(30));
        let mut client = setup.client();
        client.start("");
        let mut link = proxy.accept().await;
        link.send(part).await;
        client.lifecycle(&["connecting"]).await;
        clock.pass(ms(29_990)).await;
        client.assert_quiet().await;
        clock.pass(ms(20)).await;
        let event = client.event().await;
        let Event::UnableToRtmStart(error) = event else { panic!("{event:?}") };
        let (code, text) = api_failure(&error.error);
        assert_eq!(code.as_deref(), Some("ETIMEDOUT"), "{text}");
        link.ended().await;
    }
}

#[tokio::test(start_paused = true)]
async fn connect_timeout_includes_the_proxy() {
    let clock = Clock::stop();
    for part in ["", "HTTP/1.1 200 OK\r\n", ESTABLISHED] {
        let proxy = Server::bind().await;
        let mut client = behind_http(&proxy).client();
        client.start("");
        answer_call(&proxy, SOCKET_URL).await;
        let mut link = proxy.accept().await;
        link.send(part).await;
        client.lifecycle(&["connecting", "authenticated"]).await;
        clock.pass(ms(29_990)).await;
        client.assert_no_event().await;
        clock.pass(ms(20)).await;
        let (code, text) = socket_failure(&client.transport_error().await);
        assert_eq!(code.as_deref(), Some("ETIMEDOUT"), "{text}");
        link.ended().await;
    }
}

#[tokio::test]
async fn disconnect_drops_the_connection_to_the_proxy() {
    for is_opening in [false, true] {
        let proxy = Server::bind().await;
        let mut client = behind_http(&proxy).client();
        client.start("");
        if is_opening {
            answer_call(&proxy, SOCKET_URL).await;
        }
        let mut link = proxy.accept().await;
        link.request().await;
        let disconnect = client.disconnect();
        assert!(matches!(client.outcome(disconnect).await, Outcome::Done));
        assert_eq!(link.ended().await, b"");
    }
}

// ── Unreachable proxies ───────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn a_proxy_that_refuses_the_connection_is_named_with_econnrefused() {
    for kind in [ProxyKind::Http, ProxyKind::Https, ProxyKind::Socks4a, ProxyKind::Socks5h] {
        let mut proxy = Server::bind().await;
        let free = TcpListener::bind("127.0.0.1:0").await.expect("the loopback has a free port");
        proxy.address = free.local_addr().expect("it listens");
        drop(free);
        let name = format!("the proxy {}://{} cannot be reached", kind.scheme(), proxy.address);
        let mut client = with_credentials(behind(&proxy, kind)).client();
        client.start("");
        let (code, text) = api_failure(&client.connect_error().await);
        assert_eq!(code.as_deref(), Some("ECONNREFUSED"), "{text}");
        assert!(text.contains(&name), "{text}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_gone_when_the_socket_opens_is_named_with_econnrefused() {
    let proxy = Server::bind().await;
    let name = format!("the proxy http://{} cannot be reached", proxy.address);
    let mut client = with_credentials(behind_http(&proxy)).client();
    client.start("");
    let mut call = tunnel(&proxy).await;
    call.request().await;
    drop(proxy);
    call.send(ok_response(SOCKET_URL)).await;
    client.lifecycle(&["connecting", "authenticated"]).await;
    let (code, text) = socket_failure(&client.transport_error().await);
    assert_eq!(code.as_deref(), Some("ECONNREFUSED"), "{text}");
    assert!(text.contains(&name), "{text}");
}

// ── HTTPS proxies ─────────────────────────────────────────────────────────────────────────────────────────────────

/// A client of an HTTPS proxy that trusts one authority for the proxy, and another one for all other servers.
fn behind_https(proxy: &Server, proxies: &Authority, targets: &Authority) -> Setup {
    let mut setup = behind(proxy, ProxyKind::Https);
    setup.config.secure_only = true;
    setup.transport.api_url = "https://slack.test/api/".into();
    setup.transport.tls.ca = Some(vec![targets.pem.clone().into_bytes()]);
    proxy_options(&mut setup).tls.ca = Some(vec![proxies.pem.clone().into_bytes()]);
    with_credentials(setup)
}

/// The tunnel's content is encrypted once more, for the target only.
#[tokio::test]
async fn an_https_proxy_gets_its_credentials_encrypted() {
    let (proxies, targets) = (Authority::new("proxies"), Authority::new("targets"));
    let (outer, api, sockets) =
        (proxies.server("127.0.0.1"), targets.server("slack.test"), targets.server("sockets.test"));
    let proxy = Server::bind().await;
    let mut client = behind_https(&proxy, &proxies, &targets).client();
    client.start("");

    let through = async |target: &str| {
        let mut link =
            proxy.accept().await.tls(Arc::clone(&outer)).await.expect("the client trusts the proxy");
        let connect = link.request().await;
        assert!(connect.head.starts_with(&format!("CONNECT {target} HTTP/1.1\r\n")), "{}", connect.head);
        assert_eq!(connect.header("proxy-authorization"), Some(&*format!("Basic {CREDENTIALS}")));
        link.send(ESTABLISHED).await;
        link
    };
    let mut call = through("slack.test:443").await.tls(api).await.expect("the client trusts the API");
    let request = call.request().await;
    assert_eq!(request.header("authorization"), Some(&*format!("Bearer {TOKEN}")));
    assert_eq!(request.header("proxy-authorization"), None);
    call.send(ok_response("wss://sockets.test:8443/t1cket")).await;
    assert_eq!(call.ended().await, b"");

    let link = through("sockets.test:8443").await.tls(sockets).await.expect("the client trusts the socket");
    let mut socket = link.upgrade().await;
    socket.text(HELLO).await;
    client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
    client.send(r#"{"type":"message"}"#);
    assert_eq!(socket.receive_text().await, r#"{"type":"message","id":1}"#);
    let long = format!(r#"{{"type":"message","text":"{}"}}"#, "x".repeat(200_000));
    socket.text(&long).await;
    while client.frame().await != long {}
}

/// The error says which of the two is not trusted.
#[tokio::test]
async fn the_proxy_and_the_target_have_their_own_trusted_authorities() {
    let (proxies, targets) = (Authority::new("proxies"), Authority::new("targets"));
    let proxy = Server::bind().await;
    let name = format!("the proxy https://{} cannot be reached", proxy.address);

    let mut client = behind_https(&proxy, &proxies, &targets).client();
    client.start("");
    assert!(proxy.accept().await.tls(targets.server("127.0.0.1")).await.is_err());
    let (code, text) = api_failure(&client.connect_error().await);
    assert_eq!(code.as_deref(), Some("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "{text}");
    assert!(text.contains(&name), "{text}");

    let mut client = behind_https(&proxy, &proxies, &targets).client();
    client.start("");
    let mut link =
        proxy.accept().await.tls(proxies.server("127.0.0.1")).await.expect("the client trusts the proxy");
    link.request().await;
    link.send(ESTABLISHED).await;
    assert!(link.tls(proxies.server("slack.test")).await.is_err());
    let (code, text) = api_failure(&client.connect_error().await);
    assert_eq!(code.as_deref(), Some("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "{text}");
    assert!(!text.contains("proxy "), "{text}");
}

#[tokio::test]
async fn an_https_proxy_without_a_valid_certificate_gets_no_credentials() {
    let (proxies, targets) = (Authority::new("proxies"), Authority::new("targets"));
    let proxy = Server::bind().await;
    let name = format!("the proxy https://{} cannot be reached", proxy.address);

    let mut client = behind_https(&proxy, &proxies, &targets).client();
    client.start("");
    assert!(proxy.accept().await.tls(proxies.server("other.test")).await.is_err());
    let (code, text) = api_failure(&client.connect_error().await);
    assert_eq!(code.as_deref(), Some("ERR_TLS_CERT_ALTNAME_INVALID"), "{text}");
    assert!(text.contains(&name), "{text}");

    let mut client = behind_https(&proxy, &proxies, &targets).client();
    client.start("");
    let mut link = proxy.accept().await;
    within("the client's first byte", link.stream.read_u8()).await.expect("the client begins");
    link.send(response("400 Bad Request", "", "")).await;
    let (code, text) = api_failure(&client.connect_error().await);
    assert_eq!(code.as_deref(), Some("EPROTO"), "{text}");
    assert!(text.contains(&name), "{text}");
}

// ── Secrets ───────────────────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn debug_output_does_not_show_the_password() {
    let server = Server::bind().await;
    let mut setup = with_credentials(behind_http(&server));
    proxy_options(&mut setup).headers = vec![
        ("proxy-authorization".to_owned(), format!("Basic {CREDENTIALS}")),
        ("cookie".to_owned(), "t1cket".to_owned()),
    ];
    let config = setup.transport;
    for text in [format!("{:?}", config.proxy), format!("{config:?}"), format!("{config:#?}")] {
        assert_no_secret(&text);
        assert!(!text.contains(USER), "{text}");
    }
    let transport = Transport::new(config).expect("the options are good");
    assert_no_secret(&format!("{transport:?} {transport:#?}"));
}

#[tokio::test]
async fn invalid_headers_are_refused_without_showing_their_values() {
    let server = Server::bind().await;
    for (name, value) in [("a b", PASSWORD), ("a", "pa:s\n")] {
        let mut setup = behind_http(&server);
        proxy_options(&mut setup).headers = vec![(name.to_owned(), value.to_owned())];
        let error = Transport::new(setup.transport).expect_err("the header is unfit");
        assert_eq!(error.option, "the proxy's headers");
        assert_no_secret(&format!("{error} {error:?}"));
    }
}
