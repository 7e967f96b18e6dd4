//! SOCKS 4, 4a, 5 and 5h, byte by byte (the memos on SOCKS 4 and 4A, RFC 1928, RFC 1929).

use std::future::pending;

use slack_rtm_native::driver::ProxyKind;
use slack_rtm_native::session::{Event, Outcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::Setup;
use crate::clock::{Clock, let_others_run, ms, secs, within};
use crate::proxies::{api_failure, behind, proxy_options, socket_failure};
use crate::server::{HELLO, Link, Server, ok_response};

const PASSWORD: &str = "pa:s's w\u{f6}rd";
const SOCKET_URL: &str = "ws://sockets.test:8443/socket?ticket=t1cket";

/// The method without authentication, as the client offers it and as the proxy accepts it.
const NO_AUTH: (&[u8], &[u8]) = (b"\x05\x01\x00", b"\x05\x00");
const TO_SLACK: &[u8] = b"\x05\x01\x00\x03\x0aslack.test\x00\x50";
const TO_SOCKET: &[u8] = b"\x05\x01\x00\x03\x0csockets.test\x20\xfb";
/// Success, with the bound address 0.0.0.0:0.
const GRANTED: &[u8] = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
const GRANTED_4: &[u8] = b"\x00\x5a\x00\x00\x00\x00\x00\x00";

fn with_credentials(mut setup: Setup, user: Option<&str>, password: Option<&str>) -> Setup {
    let options = proxy_options(&mut setup);
    (options.username, options.password) = (user.map(str::to_owned), password.map(str::to_owned));
    setup
}

/// A step of the proxy's script.
enum Step<'a> {
    Receives(&'a [u8]),
    Sends(&'a [u8]),
}
use Step::{Receives, Sends};

async fn follow(link: &mut Link, script: &[Step<'_>]) {
    for step in script {
        match step {
            Receives(bytes) => link.expect_bytes(bytes).await,
            Sends(bytes) => link.send_bytewise(bytes).await,
        }
    }
}

/// Makes a connect call through a proxy that follows the script, and checks that it reaches the target.
async fn opens_a_tunnel(kind: ProxyKind, change: impl FnOnce(Setup) -> Setup, script: &[Step<'_>]) {
    let proxy = Server::bind().await;
    let mut client = change(behind(&proxy, kind)).client();
    let start = client.start("");
    let mut link = proxy.accept().await;
    follow(&mut link, script).await;
    assert!(link.request().await.head.starts_with("POST /api/rtm.connect HTTP/1.1\r\n"));
    link.send(ok_response(SOCKET_URL)).await;
    assert!(matches!(client.outcome(start).await, Outcome::Started));
}

/// The code and message of a connect call that fails when the proxy has followed the script.
async fn failure(
    kind: ProxyKind,
    change: impl FnOnce(Setup) -> Setup,
    script: &[Step<'_>],
) -> (Option<String>, String) {
    let proxy = Server::bind().await;
    let mut client = change(behind(&proxy, kind)).client();
    client.start("");
    let mut link = proxy.accept().await;
    follow(&mut link, script).await;
    let (code, text) = api_failure(&client.connect_error().await);
    assert!(text.contains(&format!("the proxy {}://{}", kind.scheme(), proxy.address)), "{text}");
    link.ended().await;
    (code, text)
}

fn unchanged(setup: Setup) -> Setup {
    setup
}

fn to(api_url: &str) -> impl FnOnce(Setup) -> Setup {
    move |mut setup| {
        setup.transport.api_url = api_url.into();
        setup
    }
}

// ── SOCKS 5 ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// For the connect call and for the socket.
#[tokio::test]
async fn socks5h_sends_the_name_and_offers_no_credentials() {
    let proxy = Server::bind().await;
    let mut client = behind(&proxy, ProxyKind::Socks5h).client();
    client.start("");
    let (offered, accepted) = NO_AUTH;
    let mut call = proxy.accept().await;
    follow(&mut call, &[Receives(offered), Sends(accepted), Receives(TO_SLACK), Sends(GRANTED)]).await;
    call.request().await;
    call.send(ok_response(SOCKET_URL)).await;
    assert_eq!(call.ended().await, b"");

    let mut link = proxy.accept().await;
    follow(&mut link, &[Receives(offered), Sends(accepted), Receives(TO_SOCKET), Sends(GRANTED)]).await;
    let mut socket = link.upgrade().await;
    socket.text(HELLO).await;
    client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
    client.send(r#"{"type":"message"}"#);
    assert_eq!(socket.receive_text().await, r#"{"type":"message","id":1}"#);
}

#[tokio::test]
async fn socks5_accepts_all_three_kinds_of_bound_addresses() {
    let (offered, accepted) = NO_AUTH;
    for granted in [
        GRANTED.to_vec(),
        [b"\x05\x00\x00\x04".as_slice(), &[0x20; 16], b"\x04\x38"].concat(),
        b"\x05\x00\x00\x03\x05bound\x04\x38".to_vec(),
        b"\x05\x00\x00\x03\x00\x04\x38".to_vec(),
        [b"\x05\x00\x00\x03\xff".as_slice(), &[b'x'; 255], b"\x04\x38"].concat(),
    ] {
        let script = [Receives(offered), Sends(accepted), Receives(TO_SLACK), Sends(&granted)];
        opens_a_tunnel(ProxyKind::Socks5h, unchanged, &script).await;
    }
}

#[tokio::test]
async fn socks5_sends_addresses_as_addresses() {
    let (offered, accepted) = NO_AUTH;
    let v6 = b"\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x1f\x90";
    for kind in [ProxyKind::Socks5, ProxyKind::Socks5h] {
        for (url, request) in [
            ("http://192.0.2.7:8080/api/", b"\x05\x01\x00\x01\xc0\x00\x02\x07\x1f\x90".as_slice()),
            ("http://[2001:db8::1]:8080/api/", v6),
        ] {
            let script = [Receives(offered), Sends(accepted), Receives(request), Sends(GRANTED)];
            opens_a_tunnel(kind, to(url), &script).await;
        }
    }
}

#[tokio::test]
async fn socks5_resolves_the_name_and_socks5h_does_not() {
    let (offered, accepted) = NO_AUTH;
    let by_proxy = b"\x05\x01\x00\x03\x09localhost\x1f\x90";
    let script = [Receives(offered), Sends(accepted), Receives(by_proxy), Sends(GRANTED)];
    opens_a_tunnel(ProxyKind::Socks5h, to("http://localhost:8080/api/"), &script).await;

    let proxy = Server::bind().await;
    let mut client = to("http://localhost:8080/api/")(behind(&proxy, ProxyKind::Socks5)).client();
    client.start("");
    let mut link = proxy.accept().await;
    follow(&mut link, &[Receives(offered), Sends(accepted), Receives(b"\x05\x01\x00")]).await;
    let mut kind = [0];
    within("the kind of address", link.stream.read_exact(&mut kind)).await.expect("there is more");
    match kind {
        [1] => link.expect_bytes(b"\x7f\x00\x00\x01\x1f\x90").await,
        [4] => link.expect_bytes(b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x1f\x90").await,
        other => panic!("no address: {other:?}"),
    }
}

#[tokio::test]
async fn socks5_with_an_unknown_name_is_enotfound() {
    let proxy = Server::bind().await;
    // The label is too long, so that the resolver sends no query.
    let url = format!("http://{}.test/api/", "x".repeat(64));
    let mut client = to(&url)(behind(&proxy, ProxyKind::Socks5)).client();
    client.start("");
    let (code, text) = api_failure(&client.connect_error().await);
    assert_eq!(code.as_deref(), Some("ENOTFOUND"), "{text}");
    assert!(text.contains("cannot be resolved"), "{text}");
}

#[tokio::test]
async fn socks5_sends_the_credentials_if_the_proxy_asks_for_them() {
    let with_password = |setup| with_credentials(setup, Some("user"), Some(PASSWORD));
    let login = [b"\x01\x04user\x0c".as_slice(), PASSWORD.as_bytes()].concat();
    let script = [
        Receives(b"\x05\x02\x00\x02"),
        Sends(b"\x05\x02"),
        Receives(&login),
        Sends(b"\x01\x00"),
        Receives(TO_SLACK),
        Sends(GRANTED),
    ];
    opens_a_tunnel(ProxyKind::Socks5h, with_password, &script).await;
    let script = [Receives(b"\x05\x02\x00\x02"), Sends(b"\x05\x00"), Receives(TO_SLACK), Sends(GRANTED)];
    opens_a_tunnel(ProxyKind::Socks5h, with_password, &script).await;
}

/// They do not show the credentials.
#[tokio::test]
async fn socks5_errors_say_that_credentials_are_missing_or_wrong() {
    let with_password = |setup| with_credentials(setup, Some("user"), Some(PASSWORD));
    let login = [b"\x01\x04user\x0c".as_slice(), PASSWORD.as_bytes()].concat();
    for refusal in [b"\x01\x01", b"\x01\xff"] {
        let script = [Receives(b"\x05\x02\x00\x02"), Sends(b"\x05\x02"), Receives(&login), Sends(refusal)];
        let (code, text) = failure(ProxyKind::Socks5h, with_password, &script).await;
        assert_eq!(code.as_deref(), Some("ERR_PROXY_TUNNEL"), "{text}");
        assert!(text.to_lowercase().contains("password"), "{text}");
    }
    let script = [Receives(b"\x05\x02\x00\x02"), Sends(b"\x05\xff")];
    let (code, text) = failure(ProxyKind::Socks5h, with_password, &script).await;
    assert_eq!(code.as_deref(), Some("ERR_PROXY_TUNNEL"), "{text}");
    for accepted in [b"\x05\xff", b"\x05\x02"] {
        let script = [Receives(NO_AUTH.0), Sends(accepted)];
        let (code, text) = failure(ProxyKind::Socks5h, unchanged, &script).await;
        assert_eq!(code.as_deref(), Some("ERR_PROXY_TUNNEL"), "{text}");
        assert!(text.to_lowercase().contains("auth"), "{text}");
    }
}

#[tokio::test]
async fn socks5_credentials_that_are_too_long_are_an_error() {
    let long = "pa:s".repeat(64);
    for (user, password) in [("user", &*long), (&*long, "x")] {
        let change = |setup| with_credentials(setup, Some(user), Some(password));
        let (code, text) = failure(ProxyKind::Socks5h, change, &[]).await;
        assert_eq!(code.as_deref(), Some("ERR_PROXY_TUNNEL"), "{text}");
    }
}

#[tokio::test]
async fn a_socks5_refusal_has_nodes_code_and_names_proxy_and_target() {
    let (offered, accepted) = NO_AUTH;
    for (reply, name) in [
        (1, "ERR_PROXY_TUNNEL"),
        (2, "ERR_PROXY_TUNNEL"),
        (3, "ENETUNREACH"),
        (4, "EHOSTUNREACH"),
        (5, "ECONNREFUSED"),
        (6, "ERR_PROXY_TUNNEL"),
        (7, "ERR_PROXY_TUNNEL"),
        (8, "ERR_PROXY_TUNNEL"),
        (9, "ERR_PROXY_TUNNEL"),
        (255, "ERR_PROXY_TUNNEL"),
    ] {
        let refusal = [5, reply, 0, 1, 0, 0, 0, 0, 0, 0];
        let script = [Receives(offered), Sends(accepted), Receives(TO_SLACK), Sends(&refusal[..4])];
        let (code, text) = failure(ProxyKind::Socks5h, unchanged, &script).await;
        assert_eq!(code.as_deref(), Some(name), "{reply}: {text}");
        assert!(text.contains("could not connect to slack.test:80"), "{text}");

        let proxy = Server::bind().await;
        let mut client = behind(&proxy, ProxyKind::Socks5h).client();
        client.start("");
        let mut call = proxy.accept().await;
        follow(&mut call, &[Receives(offered), Sends(accepted), Receives(TO_SLACK), Sends(GRANTED)]).await;
        call.request().await;
        call.send(ok_response(SOCKET_URL)).await;
        let mut link = proxy.accept().await;
        follow(&mut link, &[Receives(offered), Sends(accepted), Receives(TO_SOCKET), Sends(&refusal[..4])])
            .await;
        client.lifecycle(&["connecting", "authenticated"]).await;
        let (code, text) = socket_failure(&client.transport_error().await);
        assert_eq!(code.as_deref(), Some(name), "{reply}: {text}");
        assert!(text.contains("could not connect to sockets.test:8443"), "{text}");
    }
}

#[tokio::test]
async fn a_response_that_is_not_socks5_is_an_error_at_once() {
    let (offered, accepted) = NO_AUTH;
    for answer in [b"\x04\x00".as_slice(), b"HT", b"\x05\x01", b"\x05\x80"] {
        let script = [Receives(offered), Sends(answer)];
        let (code, text) = failure(ProxyKind::Socks5h, unchanged, &script).await;
        assert_eq!(code.as_deref(), Some("ERR_PROXY_TUNNEL"), "{text}");
    }
    for answer in [b"\x04\x00\x00\x01".as_slice(), b"HTTP", b"\x05\x00\x00\x02", b"\x05\x00\x01\x01"] {
        let script = [Receives(offered), Sends(accepted), Receives(TO_SLACK), Sends(answer)];
        let (code, text) = failure(ProxyKind::Socks5h, unchanged, &script).await;
        assert_eq!(code.as_deref(), Some("ERR_PROXY_TUNNEL"), "{text}");
    }
    let with_password = |setup| with_credentials(setup, Some("user"), Some(PASSWORD));
    let script =
        [Receives(b"\x05\x02\x00\x02"), Sends(b"\x05\x02"), Receives(b"\x01\x04user"), Sends(b"\x05\x00")];
    failure(ProxyKind::Socks5h, with_password, &script).await;
}

/// The server may not send anything yet, so that these bytes are an error.
#[tokio::test]
async fn bytes_in_the_packet_of_the_proxys_response_are_not_lost() {
    let (offered, accepted) = NO_AUTH;
    let proxy = Server::bind().await;
    let mut client = behind(&proxy, ProxyKind::Socks5h).client();
    client.start("");
    let mut call = proxy.accept().await;
    follow(&mut call, &[Receives(offered), Sends(accepted), Receives(TO_SLACK), Sends(GRANTED)]).await;
    call.request().await;
    call.send(ok_response(SOCKET_URL)).await;
    let mut link = proxy.accept().await;
    follow(&mut link, &[Receives(offered), Sends(accepted), Receives(TO_SOCKET)]).await;
    let head = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\n";
    link.send([GRANTED, head.as_bytes()].concat()).await;
    client.lifecycle(&["connecting", "authenticated"]).await;
    let error = client.transport_error().await;
    assert!(error.message.contains("the WebSocket upgrade at sockets.test:8443 failed"), "{error}");
}

/// No part of it is sent as another name.
#[tokio::test]
async fn a_name_that_is_too_long_for_socks5_is_an_error() {
    let (offered, accepted) = NO_AUTH;
    for labels in [128, 150, 250, 350] {
        let url = format!("http://{}x/api/", "x.".repeat(labels));
        let proxy = Server::bind().await;
        let mut client = to(&url)(behind(&proxy, ProxyKind::Socks5h)).client();
        client.start("");
        let receives_no_more = async {
            let mut link = proxy.accept().await;
            // The client may close the connection before it has read this.
            let _ = link.stream.write_all(accepted).await;
            let received = link.ended().await;
            assert!(offered.starts_with(&received), "{} with {labels} labels", received.escape_ascii());
            pending().await
        };
        let error = tokio::select! {
            error = client.connect_error() => error,
            never = receives_no_more => never,
        };
        api_failure(&error);
    }
}

#[tokio::test]
async fn socks5_sends_a_name_of_255_bytes() {
    let (offered, accepted) = NO_AUTH;
    let name = format!("{}x", "x.".repeat(127));
    let request = [b"\x05\x01\x00\x03\xff".as_slice(), name.as_bytes(), b"\x00\x50"].concat();
    let script = [Receives(offered), Sends(accepted), Receives(&request), Sends(GRANTED)];
    opens_a_tunnel(ProxyKind::Socks5h, to(&format!("http://{name}/api/")), &script).await;
}

// ── SOCKS 4 ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// The user name is sent as the user id. SOCKS 4 has no password, so that it is not sent.
#[tokio::test]
async fn socks4_sends_the_address_and_socks4a_the_name() {
    let user = |setup| with_credentials(setup, Some("user"), Some(PASSWORD));
    let password = |setup| with_credentials(setup, None, Some(PASSWORD));
    let v4a = ProxyKind::Socks4a;
    let script = [Receives(b"\x04\x01\x00\x50\x00\x00\x00\x01\x00slack.test\x00"), Sends(GRANTED_4)];
    opens_a_tunnel(v4a, unchanged, &script).await;
    opens_a_tunnel(v4a, password, &script).await;
    let script = [Receives(b"\x04\x01\x00\x50\x00\x00\x00\x01user\x00slack.test\x00"), Sends(GRANTED_4)];
    opens_a_tunnel(v4a, user, &script).await;

    let v4 = ProxyKind::Socks4;
    let script = [Receives(b"\x04\x01\x1f\x90\xc0\x00\x02\x07\x00"), Sends(GRANTED_4)];
    opens_a_tunnel(v4, to("http://192.0.2.7:8080/api/"), &script).await;
    let script = [Receives(b"\x04\x01\x1f\x90\x7f\x00\x00\x01user\x00"), Sends(GRANTED_4)];
    opens_a_tunnel(v4, |setup| user(to("http://localhost:8080/api/")(setup)), &script).await;
}

#[tokio::test]
async fn socks4a_works_for_the_socket() {
    let proxy = Server::bind().await;
    let mut client = behind(&proxy, ProxyKind::Socks4a).client();
    client.start("");
    let mut call = proxy.accept().await;
    call.expect_bytes(b"\x04\x01\x00\x50\x00\x00\x00\x01\x00slack.test\x00").await;
    call.send(GRANTED_4).await;
    call.request().await;
    call.send(ok_response(SOCKET_URL)).await;
    let mut link = proxy.accept().await;
    link.expect_bytes(b"\x04\x01\x20\xfb\x00\x00\x00\x01\x00sockets.test\x00").await;
    link.send(GRANTED_4).await;
    let mut socket = link.upgrade().await;
    socket.text(HELLO).await;
    client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
}

/// So does a response that is not SOCKS 4.
#[tokio::test]
async fn a_socks4_refusal_names_proxy_and_target() {
    for answer in [
        b"\x00\x5b\0\0\0\0\0\0",
        b"\x00\x5c\0\0\0\0\0\0",
        b"\x00\x5d\0\0\0\0\0\0",
        b"\x00\x00\0\0\0\0\0\0",
        b"\x05\x5a\0\0\0\0\0\0",
        b"HTTP/1.1",
    ] {
        let script = [Receives(b"\x04\x01\x00\x50\x00\x00\x00\x01user\x00slack.test\x00"), Sends(answer)];
        let change = |setup| with_credentials(setup, Some("user"), Some(PASSWORD));
        let (code, text) = failure(ProxyKind::Socks4a, change, &script).await;
        assert_eq!(code.as_deref(), Some("ERR_PROXY_TUNNEL"), "{text}");
        assert!(text.contains("slack.test:80"), "{text}");
    }
}

#[tokio::test]
async fn socks4_with_an_ipv6_target_is_an_error() {
    let (code, text) = failure(ProxyKind::Socks4, to("http://[2001:db8::1]:8080/api/"), &[]).await;
    assert_eq!(code.as_deref(), Some("ERR_PROXY_TUNNEL"), "{text}");
    assert!(text.contains("[2001:db8::1]:8080"), "{text}");
}

#[tokio::test]
async fn a_name_that_is_too_long_for_socks4a_is_an_error() {
    let proxy = Server::bind().await;
    let url = format!("http://{}x/api/", "x.".repeat(350));
    let mut client = to(&url)(behind(&proxy, ProxyKind::Socks4a)).client();
    client.start("");
    api_failure(&client.connect_error().await);
}

// ── Errors and timeouts ───────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn a_reset_or_an_end_within_a_socks_response_is_econnreset() {
    let (offered, accepted) = NO_AUTH;
    let v4a = b"\x04\x01\x00\x50\x00\x00\x00\x01\x00slack.test\x00";
    let scripts: [(ProxyKind, &[Step<'_>]); 5] = [
        (ProxyKind::Socks5h, &[Receives(offered)]),
        (ProxyKind::Socks5h, &[Receives(offered), Sends(&accepted[..1])]),
        (ProxyKind::Socks5h, &[Receives(offered), Sends(accepted), Receives(TO_SLACK), Sends(&GRANTED[..9])]),
        (ProxyKind::Socks4a, &[Receives(v4a)]),
        (ProxyKind::Socks4a, &[Receives(v4a), Sends(&GRANTED_4[..7])]),
    ];
    for (kind, script) in scripts {
        for resets in [false, true] {
            let proxy = Server::bind().await;
            let mut client = behind(&proxy, kind).client();
            client.start("");
            let mut link = proxy.accept().await;
            follow(&mut link, script).await;
            let_others_run().await;
            if resets {
                link.reset();
            } else {
                drop(link);
            }
            let (code, text) = api_failure(&client.connect_error().await);
            assert_eq!(code.as_deref(), Some("ECONNRESET"), "{text}");
            assert!(text.contains(&format!("the proxy {}://{}", kind.scheme(), proxy.address)), "{text}");
        }
    }
}

/// `requestTimeout` and `connectTimeout`.
#[tokio::test(start_paused = true)]
async fn the_timeouts_include_the_socks_proxy() {
    let clock = Clock::stop();
    let (offered, accepted) = NO_AUTH;
    let scripts: [&[Step<'_>]; 3] = [
        &[],
        &[Receives(offered), Sends(accepted)],
        &[Receives(offered), Sends(accepted), Receives(TO_SLACK), Sends(&GRANTED[..9])],
    ];
    for script in scripts {
        let proxy = Server::bind().await;
        let mut setup = behind(&proxy, ProxyKind::Socks5h);
        setup.transport.request_timeout = Some(secs(30));
        let mut client = setup.client();
        client.start("");
        let mut link = proxy.accept().await;
        follow(&mut link, script).await;
        client.lifecycle(&["connecting"]).await;
        clock.pass(ms(29_990)).await;
        client.assert_quiet().await;
        clock.pass(ms(20)).await;
        let event = client.event().await;
        let Event::UnableToRtmStart(error) = event else { panic!("{event:?}") };
        assert_eq!(api_failure(&error.error).0.as_deref(), Some("ETIMEDOUT"));
        link.ended().await;
    }

    let proxy = Server::bind().await;
    let mut client = behind(&proxy, ProxyKind::Socks5h).client();
    client.start("");
    let mut call = proxy.accept().await;
    follow(&mut call, &[Receives(offered), Sends(accepted), Receives(TO_SLACK), Sends(GRANTED)]).await;
    call.request().await;
    call.send(ok_response(SOCKET_URL)).await;
    let mut link = proxy.accept().await;
    follow(&mut link, &[Receives(offered), Sends(accepted), Receives(TO_SOCKET)]).await;
    client.lifecycle(&["connecting", "authenticated"]).await;
    clock.pass(ms(29_990)).await;
    client.assert_no_event().await;
    clock.pass(ms(20)).await;
    assert_eq!(socket_failure(&client.transport_error().await).0.as_deref(), Some("ETIMEDOUT"));
    link.ended().await;
}
