//! HTTP proxies, by CONNECT in the clear and encrypted: what is sent to them, what comes of their answers, and that
//! nothing of theirs gets into what goes over the tunnel, or the other way round.

use std::sync::Arc;

use slack_rtm_native::driver::{ProxyConfig, ProxyKind, TlsConfig, Transport};
use slack_rtm_native::session::{ApiError, Event, Outcome, SocketError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::client::{Setup, TOKEN};
use crate::clock::{Clock, ms, secs, take_turns, within};
use crate::server::{HELLO, Link, Server, answer, ok_answer, upgrade_answer};
use crate::tls::Authority;
use crate::websocket::Peer;

const USER: &str = "b0t";
const PASSWORD: &str = "pa:s's w\u{f6}rd";
/// Both, as RFC 7617 has it.
const CREDENTIALS: &str = "YjB0OnBhOnMncyB3w7ZyZA==";

const ESTABLISHED: &str = "HTTP/1.1 200 Connection established\r\n\r\n";
const SOCKET_URL: &str = "ws://sockets.test:8443/socket?ticket=t1cket";

/// The options of a client that reaches `http://slack.test/` by a proxy at this server's address. The names of the API
/// and the socket mean something to the proxy alone.
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

/// What there is to say of the proxy.
pub(crate) fn options(setup: &mut Setup) -> &mut ProxyConfig {
    setup.transport.proxy.as_mut().expect("there is one")
}

fn with_credentials(mut setup: Setup) -> Setup {
    let options = options(&mut setup);
    (options.username, options.password) = (Some(USER.to_owned()), Some(PASSWORD.to_owned()));
    setup
}

/// Lets the next connection through.
async fn tunnel(proxy: &Server) -> Link {
    let mut link = proxy.accept().await;
    link.request().await;
    link.send(ESTABLISHED).await;
    link
}

/// Points a client to a socket behind the proxy.
async fn answer_call(proxy: &Server, socket_url: &str) {
    let mut call = tunnel(proxy).await;
    call.request().await;
    call.send(ok_answer(socket_url)).await;
    call.ended().await;
}

/// No secret is in it.
fn assert_discreet(text: &str) {
    for secret in [PASSWORD, "pa:s", "w\u{f6}rd", CREDENTIALS, "YjB0", TOKEN, "t1cket"] {
        assert!(!text.contains(secret), "{text}");
    }
}

/// The code and text of a connect call's error, without secrets.
pub(crate) fn api_trouble(error: &ApiError) -> (Option<String>, String) {
    assert_discreet(&format!("{error} {error:?}"));
    let ApiError::Request { code, cause, .. } = error else { panic!("a request error: {error}") };
    assert_discreet(cause);
    (code.as_deref().map(str::to_owned), error.to_string())
}

/// The code and text of a socket's error, without secrets.
pub(crate) fn socket_trouble(error: &SocketError) -> (Option<String>, String) {
    assert_discreet(&format!("{error} {error:?}"));
    (error.code.as_deref().map(str::to_owned), error.to_string())
}

/// The error of a connect call whose way through the proxy the script bars; it comes after the request.
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
    let (code, text) = api_trouble(&client.connect_error().await);
    assert!(text.contains("rtm.connect at slack.test:80: "), "{text}");
    assert!(text.contains(&format!("the proxy http://{}", proxy.address)), "{text}");
    (code, text)
}

/// The error of a socket whose way through the proxy the script bars; it comes after the request.
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
    let (code, text) = socket_trouble(&client.transport_error().await);
    assert!(text.contains("no connection to sockets.test:8443: "), "{text}");
    assert!(text.contains(&format!("the proxy http://{}", proxy.address)), "{text}");
    (code, text)
}

fn unchanged(setup: Setup) -> Setup {
    setup
}

// ── What is sent ──────────────────────────────────────────────────────────────────────────────────────────────────

/// Promise: the proxy gets the target, its own headers and the user's name and password with it, and nothing that is
/// meant for Slack; Slack gets nothing that is meant for the proxy. So for the connect call and for the socket.
#[tokio::test]
async fn connect_byte_by_byte() {
    let proxy = Server::bind().await;
    let mut setup = with_credentials(behind_http(&proxy));
    options(&mut setup).headers = [("X-Extra", "one"), ("x-extra", "two")]
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
    call.demand(connect("slack.test:80")).await;
    call.send(ESTABLISHED).await;
    let request = call.request().await;
    assert!(request.head.starts_with("POST /api/rtm.connect HTTP/1.1\r\n"), "{}", request.head);
    assert_eq!(request.header("host"), Some("slack.test"));
    assert_eq!(request.header("authorization"), Some(&*format!("Bearer {TOKEN}")));
    assert_eq!((request.header("proxy-authorization"), request.header("x-extra")), (None, None));
    call.send(ok_answer(SOCKET_URL)).await;
    call.ended().await;

    let mut link = proxy.accept().await;
    link.demand(connect("sockets.test:8443")).await;
    link.send(ESTABLISHED).await;
    let upgrade = link.request().await;
    assert!(upgrade.head.starts_with("GET /socket?ticket=t1cket HTTP/1.1\r\n"), "{}", upgrade.head);
    assert_eq!((upgrade.header("proxy-authorization"), upgrade.header("x-extra")), (None, None));
    link.send(upgrade_answer(&upgrade)).await;
    let mut peer = Peer::new(link.stream);
    peer.text(HELLO).await;
    client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
    client.send(r#"{"type":"message"}"#);
    assert_eq!(peer.receive_text().await, r#"{"type":"message","id":1}"#);
}

/// Promise: nothing is sent to the target before the proxy has let it through.
#[tokio::test]
async fn nothing_goes_ahead() {
    let proxy = Server::bind().await;
    let mut client = behind_http(&proxy).client();
    client.start("");
    let mut link = proxy.accept().await;
    link.demand("CONNECT slack.test:80 HTTP/1.1\r\nhost: slack.test:80\r\n\r\n").await;
    take_turns().await;
    let mut more = [0];
    assert!(link.stream.try_read(&mut more).is_err(), "there is more");
}

/// Promise: of the name and the password one may be missing.
#[tokio::test]
async fn half_of_the_credentials() {
    for (user, password, credentials) in [
        (Some("user"), None, "Basic dXNlcjo="),
        (None, Some("password"), "Basic OnBhc3N3b3Jk"),
        (Some(""), Some(""), "Basic Og=="),
    ] {
        let proxy = Server::bind().await;
        let mut setup = behind_http(&proxy);
        let options = options(&mut setup);
        (options.username, options.password) = (user.map(str::to_owned), password.map(str::to_owned));
        let mut client = setup.client();
        client.start("");
        let request = proxy.accept().await.request().await;
        assert_eq!(request.header("proxy-authorization"), Some(credentials));
    }
}

/// Promise: the address of an IPv6 target stands in brackets, as in its URL; a port that is not given is the scheme's.
#[tokio::test]
async fn targets() {
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
        link.demand(format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n")).await;
        link.send(answer("502 Bad Gateway", "", "")).await;
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
        link.demand(format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n")).await;
    }
}

// ── Answers that let through ──────────────────────────────────────────────────────────────────────────────────────

/// Promise: every 2xx lets through, also with headers that speak of a body, which it has none (RFC 9110, section 9.3.6).
#[tokio::test]
async fn answers_that_let_through() {
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
        call.send(ok_answer(SOCKET_URL)).await;
        assert!(matches!(client.outcome(start).await, Outcome::Started), "{head}");
    }
}

/// Promise: how the answer is cut into packets makes no difference.
#[tokio::test]
async fn an_answer_in_single_bytes() {
    let proxy = Server::bind().await;
    let mut client = behind_http(&proxy).client();
    client.start("");
    let mut call = proxy.accept().await;
    call.request().await;
    call.trickle("HTTP/1.1 200 Connection established\r\nvia: 1.1 proxy\r\n\r\n").await;
    call.request().await;
    call.send(ok_answer(SOCKET_URL)).await;
    call.ended().await;
    let mut link = proxy.accept().await;
    link.request().await;
    link.trickle(ESTABLISHED).await;
    link.upgrade().await.text(HELLO).await;
    client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
}

/// Bug this guards against: what comes in one packet with the proxy's answer is lost. (Nobody may say anything yet, so it is
/// taken for the breach that it is.)
#[tokio::test]
async fn bytes_right_behind_the_answer() {
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
        assert!(error.message.contains("no WebSocket upgrade"), "{error}");
    }
}

/// Promise: each reconnect goes by way of the proxy, too.
#[tokio::test(start_paused = true)]
async fn reconnects() {
    let clock = Clock::stop();
    let proxy = Server::bind().await;
    let mut setup = behind_http(&proxy);
    setup.config.auto_reconnect = true;
    let mut client = setup.client();
    client.start("");
    for round in 0..3 {
        answer_call(&proxy, SOCKET_URL).await;
        let mut peer = tunnel(&proxy).await.upgrade().await;
        peer.text(HELLO).await;
        client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
        match round {
            0 => drop(peer),
            1 => peer.reset(),
            _ => peer.text(r#"{"type":"goodbye"}"#).await,
        }
        if round < 2 {
            while !matches!(client.event().await, Event::Reconnecting) {}
            clock.pass(secs(5)).await;
        }
    }
}

// ── Answers that do not ───────────────────────────────────────────────────────────────────────────────────────────

/// Promise: a refusal is told with its status and by Node's name, and a 407 says whether the credentials are missing
/// or wrong.
#[tokio::test]
async fn refusals() {
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
        let refusal = answer(
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

/// Promise: a reset or an end in place of the answer is ECONNRESET.
#[tokio::test]
async fn an_answer_cut_off() {
    for part in ["", "HTTP/1.1 200 Connection esta", "HTTP/1.1 200 OK\r\nvia: 1.1 proxy\r\n"] {
        let reset = async |mut link: Link| {
            link.send(part).await;
            take_turns().await;
            link.reset();
        };
        let close = async |mut link: Link| link.send(part).await;
        assert_eq!(failed_call(unchanged, reset).await.0.as_deref(), Some("ECONNRESET"), "{part}");
        assert_eq!(failed_call(unchanged, close).await.0.as_deref(), Some("ECONNRESET"), "{part}");
        assert_eq!(failed_socket(unchanged, reset).await.0.as_deref(), Some("ECONNRESET"), "{part}");
        assert_eq!(failed_socket(unchanged, close).await.0.as_deref(), Some("ECONNRESET"), "{part}");
    }
}

/// Promise: what is not HTTP is an error at once, not a wait for more.
#[tokio::test]
async fn garbage() {
    let endless = format!("HTTP/1.1 200 OK\r\n{}", "x: y\r\n".repeat(200_000));
    for bytes in ["SSH-2.0-OpenSSH_9.7\r\n\r\n", "\u{5}\u{0}", "HTTP/1.1 2000 OK\r\n\r\n", &endless] {
        let script = async |mut link: Link| {
            // The client may hang up before it has it all.
            let _ = link.stream.write_all(bytes.as_bytes()).await;
            link.ended().await;
        };
        assert_ne!(failed_call(with_credentials, script).await.0.as_deref(), Some("ETIMEDOUT"));
        assert_ne!(failed_socket(with_credentials, script).await.0.as_deref(), Some("ETIMEDOUT"));
    }
}

/// Promise: what ends the connection once the proxy has let it through is the target's doing; the proxy is not blamed.
#[tokio::test]
async fn an_end_behind_the_proxy() {
    let proxy = Server::bind().await;
    let mut client = behind_http(&proxy).client();
    client.start("");
    let mut call = tunnel(&proxy).await;
    call.request().await;
    drop(call);
    let (code, text) = api_trouble(&client.connect_error().await);
    assert_eq!(code.as_deref(), Some("ECONNRESET"), "{text}");
    assert!(!text.contains("proxy"), "{text}");
}

// ── Silence ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// Promise: `requestTimeout` bounds the way through the proxy, too; the connection to it is dropped then.
#[tokio::test(start_paused = true)]
async fn a_proxy_that_keeps_the_connect_call_waiting() {
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
        let (code, text) = api_trouble(&error.error);
        assert_eq!(code.as_deref(), Some("ETIMEDOUT"), "{text}");
        link.ended().await;
    }
}

/// Promise: so does `connectTimeout` for the socket.
#[tokio::test(start_paused = true)]
async fn a_proxy_that_keeps_the_socket_waiting() {
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
        let (code, text) = socket_trouble(&client.transport_error().await);
        assert_eq!(code.as_deref(), Some("ETIMEDOUT"), "{text}");
        link.ended().await;
    }
}

/// Promise: `disconnect()` drops what is under way to the proxy.
#[tokio::test]
async fn a_disconnect_while_the_proxy_thinks() {
    for dialling in [false, true] {
        let proxy = Server::bind().await;
        let mut client = behind_http(&proxy).client();
        client.start("");
        if dialling {
            answer_call(&proxy, SOCKET_URL).await;
        }
        let mut link = proxy.accept().await;
        link.request().await;
        let disconnect = client.disconnect();
        assert!(matches!(client.outcome(disconnect).await, Outcome::Done));
        assert_eq!(link.ended().await, b"");
    }
}

// ── Proxies that are not there ────────────────────────────────────────────────────────────────────────────────────

/// Promise: a proxy where nobody listens is ECONNREFUSED, and the error names the proxy.
#[tokio::test]
async fn refused() {
    for kind in [ProxyKind::Http, ProxyKind::Https, ProxyKind::Socks4a, ProxyKind::Socks5h] {
        let mut proxy = Server::bind().await;
        let free = TcpListener::bind("127.0.0.1:0").await.expect("the loopback has a free port");
        proxy.address = free.local_addr().expect("it listens");
        drop(free);
        let name = format!("the proxy {}://{} cannot be reached", kind.scheme(), proxy.address);
        let mut client = with_credentials(behind(&proxy, kind)).client();
        client.start("");
        let (code, text) = api_trouble(&client.connect_error().await);
        assert_eq!(code.as_deref(), Some("ECONNREFUSED"), "{text}");
        assert!(text.contains(&name), "{text}");
    }
}

/// Promise: so is one that is gone when the socket is dialled.
#[tokio::test]
async fn refused_to_the_socket() {
    let proxy = Server::bind().await;
    let name = format!("the proxy http://{} cannot be reached", proxy.address);
    let mut client = with_credentials(behind_http(&proxy)).client();
    client.start("");
    let mut call = tunnel(&proxy).await;
    call.request().await;
    drop(proxy);
    call.send(ok_answer(SOCKET_URL)).await;
    client.lifecycle(&["connecting", "authenticated"]).await;
    let (code, text) = socket_trouble(&client.transport_error().await);
    assert_eq!(code.as_deref(), Some("ECONNREFUSED"), "{text}");
    assert!(text.contains(&name), "{text}");
}

// ── HTTPS proxies ─────────────────────────────────────────────────────────────────────────────────────────────────

/// A client of an HTTPS proxy that trusts one authority with the proxy and another one with all else.
fn behind_https(proxy: &Server, proxies: &Authority, targets: &Authority) -> Setup {
    let mut setup = behind(proxy, ProxyKind::Https);
    setup.config.secure_only = true;
    setup.transport.api_url = "https://slack.test/api/".into();
    setup.transport.tls.ca = Some(vec![targets.pem.clone().into_bytes()]);
    options(&mut setup).tls.ca = Some(vec![proxies.pem.clone().into_bytes()]);
    with_credentials(setup)
}

/// Promise: with an HTTPS proxy the credentials are encrypted, and what goes over the tunnel is so once more, for the
/// target alone.
#[tokio::test]
async fn tls_inside_tls() {
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
    call.send(ok_answer("wss://sockets.test:8443/t1cket")).await;
    assert_eq!(call.ended().await, b"");

    let link = through("sockets.test:8443").await.tls(sockets).await.expect("the client trusts the socket");
    let mut peer = link.upgrade().await;
    peer.text(HELLO).await;
    client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
    client.send(r#"{"type":"message"}"#);
    assert_eq!(peer.receive_text().await, r#"{"type":"message","id":1}"#);
    let long = format!(r#"{{"type":"message","text":"{}"}}"#, "x".repeat(200_000));
    peer.text(&long).await;
    while client.frame().await != long {}
}

/// Promise: whom the user trusts with the proxy is not trusted with Slack, nor the other way round; and the error says
/// which of them it is.
#[tokio::test]
async fn certificates_of_the_wrong_authority() {
    let (proxies, targets) = (Authority::new("proxies"), Authority::new("targets"));
    let proxy = Server::bind().await;
    let name = format!("the proxy https://{} cannot be reached", proxy.address);

    let mut client = behind_https(&proxy, &proxies, &targets).client();
    client.start("");
    assert!(proxy.accept().await.tls(targets.server("127.0.0.1")).await.is_err());
    let (code, text) = api_trouble(&client.connect_error().await);
    assert_eq!(code.as_deref(), Some("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "{text}");
    assert!(text.contains(&name), "{text}");

    let mut client = behind_https(&proxy, &proxies, &targets).client();
    client.start("");
    let mut link =
        proxy.accept().await.tls(proxies.server("127.0.0.1")).await.expect("the client trusts the proxy");
    link.request().await;
    link.send(ESTABLISHED).await;
    assert!(link.tls(proxies.server("slack.test")).await.is_err());
    let (code, text) = api_trouble(&client.connect_error().await);
    assert_eq!(code.as_deref(), Some("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "{text}");
    assert!(!text.contains("proxy "), "{text}");
}

/// Promise: an HTTPS proxy whose certificate is another's, or that does not speak TLS, gets no credentials.
#[tokio::test]
async fn no_https_proxy() {
    let (proxies, targets) = (Authority::new("proxies"), Authority::new("targets"));
    let proxy = Server::bind().await;
    let name = format!("the proxy https://{} cannot be reached", proxy.address);

    let mut client = behind_https(&proxy, &proxies, &targets).client();
    client.start("");
    assert!(proxy.accept().await.tls(proxies.server("other.test")).await.is_err());
    let (code, text) = api_trouble(&client.connect_error().await);
    assert_eq!(code.as_deref(), Some("ERR_TLS_CERT_ALTNAME_INVALID"), "{text}");
    assert!(text.contains(&name), "{text}");

    let mut client = behind_https(&proxy, &proxies, &targets).client();
    client.start("");
    let mut link = proxy.accept().await;
    within("the client's first byte", link.stream.read_u8()).await.expect("the client begins");
    link.send(answer("400 Bad Request", "", "")).await;
    let (code, text) = api_trouble(&client.connect_error().await);
    assert_eq!(code.as_deref(), Some("EPROTO"), "{text}");
    assert!(text.contains(&name), "{text}");
}

// ── Secrets ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// Promise: what holds the credentials does not show them.
#[tokio::test]
async fn nothing_shows_the_password() {
    let server = Server::bind().await;
    let mut setup = with_credentials(behind_http(&server));
    options(&mut setup).headers = vec![
        ("proxy-authorization".to_owned(), format!("Basic {CREDENTIALS}")),
        ("cookie".to_owned(), "t1cket".to_owned()),
    ];
    let config = setup.transport;
    for text in [format!("{:?}", config.proxy), format!("{config:?}"), format!("{config:#?}")] {
        assert_discreet(&text);
        assert!(!text.contains(USER), "{text}");
    }
    let transport = Transport::new(config).expect("the options are good");
    assert_discreet(&format!("{transport:?} {transport:#?}"));
}

/// Promise: headers that cannot be sent are refused, without their values.
#[tokio::test]
async fn unfit_headers_are_refused() {
    let server = Server::bind().await;
    for (name, value) in [("a b", PASSWORD), ("a", "pa:s\n")] {
        let mut setup = behind_http(&server);
        options(&mut setup).headers = vec![(name.to_owned(), value.to_owned())];
        let error = Transport::new(setup.transport).expect_err("the header is unfit");
        assert_eq!(error.option, "the proxy's headers");
        assert_discreet(&format!("{error} {error:?}"));
    }
}
