//! SOCKS 4, 4a, 5 and 5h, byte by byte (the memos on SOCKS 4 and 4A, RFC 1928, RFC 1929).

use std::future::pending;

use slack_rtm_native::driver::ProxyKind;
use slack_rtm_native::session::{Event, Outcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::Setup;
use crate::clock::{Clock, ms, secs, take_turns, within};
use crate::proxies::{api_trouble, behind, options, socket_trouble};
use crate::server::{HELLO, Link, Server, ok_answer};

const PASSWORD: &str = "pa:s's w\u{f6}rd";
const SOCKET_URL: &str = "ws://sockets.test:8443/socket?ticket=t1cket";

/// The method that asks for nothing, offered and taken.
const NO_AUTH: (&[u8], &[u8]) = (b"\x05\x01\x00", b"\x05\x00");
const TO_SLACK: &[u8] = b"\x05\x01\x00\x03\x0aslack.test\x00\x50";
const TO_SOCKET: &[u8] = b"\x05\x01\x00\x03\x0csockets.test\x20\xfb";
/// Success, by way of 0.0.0.0:0.
const GRANTED: &[u8] = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
const GRANTED_4: &[u8] = b"\x00\x5a\x00\x00\x00\x00\x00\x00";

fn with_credentials(mut setup: Setup, user: Option<&str>, password: Option<&str>) -> Setup {
    let options = options(&mut setup);
    (options.username, options.password) = (user.map(str::to_owned), password.map(str::to_owned));
    setup
}

/// What the proxy says and hears, in turns.
enum Turn<'a> {
    Hears(&'a [u8]),
    Says(&'a [u8]),
}
use Turn::{Hears, Says};

async fn follow(link: &mut Link, script: &[Turn<'_>]) {
    for turn in script {
        match turn {
            Hears(bytes) => link.demand(bytes).await,
            Says(bytes) => link.trickle(bytes).await,
        }
    }
}

/// Has a client make its connect call by way of a proxy that follows the script, and checks that the way leads to the
/// target then.
async fn leads_to_the_target(kind: ProxyKind, change: impl FnOnce(Setup) -> Setup, script: &[Turn<'_>]) {
    let proxy = Server::bind().await;
    let mut client = change(behind(&proxy, kind)).client();
    let start = client.start("");
    let mut link = proxy.accept().await;
    follow(&mut link, script).await;
    assert!(link.request().await.head.starts_with("POST /api/rtm.connect HTTP/1.1\r\n"));
    link.send(ok_answer(SOCKET_URL)).await;
    assert!(matches!(client.outcome(start).await, Outcome::Started));
}

/// The code and text of a connect call whose way through the proxy ends with the script.
async fn failure(
    kind: ProxyKind,
    change: impl FnOnce(Setup) -> Setup,
    script: &[Turn<'_>],
) -> (Option<String>, String) {
    let proxy = Server::bind().await;
    let mut client = change(behind(&proxy, kind)).client();
    client.start("");
    let mut link = proxy.accept().await;
    follow(&mut link, script).await;
    let (code, text) = api_trouble(&client.connect_error().await);
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

/// Promise: without credentials none are offered; the name goes to the proxy as it is. So for the connect call and for
/// the socket.
#[tokio::test]
async fn socks5h_byte_by_byte() {
    let proxy = Server::bind().await;
    let mut client = behind(&proxy, ProxyKind::Socks5h).client();
    client.start("");
    let (offered, taken) = NO_AUTH;
    let mut call = proxy.accept().await;
    follow(&mut call, &[Hears(offered), Says(taken), Hears(TO_SLACK), Says(GRANTED)]).await;
    call.request().await;
    call.send(ok_answer(SOCKET_URL)).await;
    assert_eq!(call.ended().await, b"");

    let mut link = proxy.accept().await;
    follow(&mut link, &[Hears(offered), Says(taken), Hears(TO_SOCKET), Says(GRANTED)]).await;
    let mut peer = link.upgrade().await;
    peer.text(HELLO).await;
    client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
    client.send(r#"{"type":"message"}"#);
    assert_eq!(peer.receive_text().await, r#"{"type":"message","id":1}"#);
}

/// Promise: the proxy may name the address of its own end in each of the three ways.
#[tokio::test]
async fn kinds_of_bound_addresses() {
    let (offered, taken) = NO_AUTH;
    for granted in [
        GRANTED.to_vec(),
        [b"\x05\x00\x00\x04".as_slice(), &[0x20; 16], b"\x04\x38"].concat(),
        b"\x05\x00\x00\x03\x05bound\x04\x38".to_vec(),
        b"\x05\x00\x00\x03\x00\x04\x38".to_vec(),
        [b"\x05\x00\x00\x03\xff".as_slice(), &[b'x'; 255], b"\x04\x38"].concat(),
    ] {
        let script = [Hears(offered), Says(taken), Hears(TO_SLACK), Says(&granted)];
        leads_to_the_target(ProxyKind::Socks5h, unchanged, &script).await;
    }
}

/// Promise: addresses go to the proxy as addresses.
#[tokio::test]
async fn socks5_targets_that_are_addresses() {
    let (offered, taken) = NO_AUTH;
    let v6 = b"\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x1f\x90";
    for kind in [ProxyKind::Socks5, ProxyKind::Socks5h] {
        for (url, request) in [
            ("http://192.0.2.7:8080/api/", b"\x05\x01\x00\x01\xc0\x00\x02\x07\x1f\x90".as_slice()),
            ("http://[2001:db8::1]:8080/api/", v6),
        ] {
            let script = [Hears(offered), Says(taken), Hears(request), Says(GRANTED)];
            leads_to_the_target(kind, to(url), &script).await;
        }
    }
}

/// Promise: with `socks5:` the name is resolved here, with `socks5h:` by the proxy.
#[tokio::test]
async fn who_resolves_the_name_with_socks5() {
    let (offered, taken) = NO_AUTH;
    let by_proxy = b"\x05\x01\x00\x03\x09localhost\x1f\x90";
    let script = [Hears(offered), Says(taken), Hears(by_proxy), Says(GRANTED)];
    leads_to_the_target(ProxyKind::Socks5h, to("http://localhost:8080/api/"), &script).await;

    let proxy = Server::bind().await;
    let mut client = to("http://localhost:8080/api/")(behind(&proxy, ProxyKind::Socks5)).client();
    client.start("");
    let mut link = proxy.accept().await;
    follow(&mut link, &[Hears(offered), Says(taken), Hears(b"\x05\x01\x00")]).await;
    let mut kind = [0];
    within("the kind of address", link.stream.read_exact(&mut kind)).await.expect("there is more");
    match kind {
        [1] => link.demand(b"\x7f\x00\x00\x01\x1f\x90").await,
        [4] => link.demand(b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x1f\x90").await,
        other => panic!("no address: {other:?}"),
    }
}

/// Promise: a name that has no address fails here with `socks5:`, by Node's name.
#[tokio::test]
async fn a_name_without_an_address() {
    let proxy = Server::bind().await;
    // Too long for a label, so that nobody is asked.
    let url = format!("http://{}.test/api/", "x".repeat(64));
    let mut client = to(&url)(behind(&proxy, ProxyKind::Socks5)).client();
    client.start("");
    let (code, text) = api_trouble(&client.connect_error().await);
    assert_eq!(code.as_deref(), Some("ENOTFOUND"), "{text}");
    assert!(text.contains("cannot be resolved"), "{text}");
}

/// Promise: the user name and password are offered, and sent where the proxy asks for them.
#[tokio::test]
async fn socks5_with_a_password() {
    let with_password = |setup| with_credentials(setup, Some("user"), Some(PASSWORD));
    let login = [b"\x01\x04user\x0c".as_slice(), PASSWORD.as_bytes()].concat();
    let script = [
        Hears(b"\x05\x02\x00\x02"),
        Says(b"\x05\x02"),
        Hears(&login),
        Says(b"\x01\x00"),
        Hears(TO_SLACK),
        Says(GRANTED),
    ];
    leads_to_the_target(ProxyKind::Socks5h, with_password, &script).await;
    let script = [Hears(b"\x05\x02\x00\x02"), Says(b"\x05\x00"), Hears(TO_SLACK), Says(GRANTED)];
    leads_to_the_target(ProxyKind::Socks5h, with_password, &script).await;
}

/// Promise: credentials that are refused, or not there, are told as such, and are in no error.
#[tokio::test]
async fn socks5_without_the_right_password() {
    let with_password = |setup| with_credentials(setup, Some("user"), Some(PASSWORD));
    let login = [b"\x01\x04user\x0c".as_slice(), PASSWORD.as_bytes()].concat();
    for refusal in [b"\x01\x01", b"\x01\xff"] {
        let script = [Hears(b"\x05\x02\x00\x02"), Says(b"\x05\x02"), Hears(&login), Says(refusal)];
        let (code, text) = failure(ProxyKind::Socks5h, with_password, &script).await;
        assert_eq!(code.as_deref(), Some("ERR_PROXY_TUNNEL"), "{text}");
        assert!(text.to_lowercase().contains("password"), "{text}");
    }
    let script = [Hears(b"\x05\x02\x00\x02"), Says(b"\x05\xff")];
    let (code, text) = failure(ProxyKind::Socks5h, with_password, &script).await;
    assert_eq!(code.as_deref(), Some("ERR_PROXY_TUNNEL"), "{text}");
    for taken in [b"\x05\xff", b"\x05\x02"] {
        let script = [Hears(NO_AUTH.0), Says(taken)];
        let (code, text) = failure(ProxyKind::Socks5h, unchanged, &script).await;
        assert_eq!(code.as_deref(), Some("ERR_PROXY_TUNNEL"), "{text}");
        assert!(text.to_lowercase().contains("auth"), "{text}");
    }
}

/// Promise: credentials that SOCKS cannot carry are an error that does not show them, not a panic.
#[tokio::test]
async fn socks5_credentials_that_do_not_fit() {
    let long = "pa:s".repeat(64);
    for (user, password) in [("user", &*long), (&*long, "x")] {
        let change = |setup| with_credentials(setup, Some(user), Some(password));
        let (code, text) = failure(ProxyKind::Socks5h, change, &[]).await;
        assert_eq!(code.as_deref(), Some("ERR_PROXY_TUNNEL"), "{text}");
    }
}

/// Promise: what the proxy says of the target bears Node's name for it, and the error names both.
#[tokio::test]
async fn socks5_refusals() {
    let (offered, taken) = NO_AUTH;
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
        let script = [Hears(offered), Says(taken), Hears(TO_SLACK), Says(&refusal[..4])];
        let (code, text) = failure(ProxyKind::Socks5h, unchanged, &script).await;
        assert_eq!(code.as_deref(), Some(name), "{reply}: {text}");
        assert!(text.contains("could not connect to slack.test:80"), "{text}");

        let proxy = Server::bind().await;
        let mut client = behind(&proxy, ProxyKind::Socks5h).client();
        client.start("");
        let mut call = proxy.accept().await;
        follow(&mut call, &[Hears(offered), Says(taken), Hears(TO_SLACK), Says(GRANTED)]).await;
        call.request().await;
        call.send(ok_answer(SOCKET_URL)).await;
        let mut link = proxy.accept().await;
        follow(&mut link, &[Hears(offered), Says(taken), Hears(TO_SOCKET), Says(&refusal[..4])]).await;
        client.lifecycle(&["connecting", "authenticated"]).await;
        let (code, text) = socket_trouble(&client.transport_error().await);
        assert_eq!(code.as_deref(), Some(name), "{reply}: {text}");
        assert!(text.contains("could not connect to sockets.test:8443"), "{text}");
    }
}

/// Promise: what is not SOCKS 5 is an error at once.
#[tokio::test]
async fn not_socks5() {
    let (offered, taken) = NO_AUTH;
    for answer in [b"\x04\x00".as_slice(), b"HT", b"\x05\x01", b"\x05\x80"] {
        let script = [Hears(offered), Says(answer)];
        let (code, text) = failure(ProxyKind::Socks5h, unchanged, &script).await;
        assert_eq!(code.as_deref(), Some("ERR_PROXY_TUNNEL"), "{text}");
    }
    for answer in [b"\x04\x00\x00\x01".as_slice(), b"HTTP", b"\x05\x00\x00\x02", b"\x05\x00\x01\x01"] {
        let script = [Hears(offered), Says(taken), Hears(TO_SLACK), Says(answer)];
        let (code, text) = failure(ProxyKind::Socks5h, unchanged, &script).await;
        assert_eq!(code.as_deref(), Some("ERR_PROXY_TUNNEL"), "{text}");
    }
    let with_password = |setup| with_credentials(setup, Some("user"), Some(PASSWORD));
    let script = [Hears(b"\x05\x02\x00\x02"), Says(b"\x05\x02"), Hears(b"\x01\x04user"), Says(b"\x05\x00")];
    failure(ProxyKind::Socks5h, with_password, &script).await;
}

/// Bug this guards against: what comes in one packet with the proxy's answer is lost. (Nobody may say anything yet, so it is
/// taken for the breach that it is.)
#[tokio::test]
async fn bytes_right_behind_the_answer() {
    let (offered, taken) = NO_AUTH;
    let proxy = Server::bind().await;
    let mut client = behind(&proxy, ProxyKind::Socks5h).client();
    client.start("");
    let mut call = proxy.accept().await;
    follow(&mut call, &[Hears(offered), Says(taken), Hears(TO_SLACK), Says(GRANTED)]).await;
    call.request().await;
    call.send(ok_answer(SOCKET_URL)).await;
    let mut link = proxy.accept().await;
    follow(&mut link, &[Hears(offered), Says(taken), Hears(TO_SOCKET)]).await;
    let head = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\n";
    link.send([GRANTED, head.as_bytes()].concat()).await;
    client.lifecycle(&["connecting", "authenticated"]).await;
    let error = client.transport_error().await;
    assert!(error.message.contains("no WebSocket upgrade"), "{error}");
}

/// Promise: a name that is too long for SOCKS is an error: no part of it goes out as another name, and nothing panics.
#[tokio::test]
async fn names_that_are_too_long() {
    let (offered, taken) = NO_AUTH;
    for labels in [128, 150, 250, 350] {
        let url = format!("http://{}x/api/", "x.".repeat(labels));
        let proxy = Server::bind().await;
        let mut client = to(&url)(behind(&proxy, ProxyKind::Socks5h)).client();
        client.start("");
        let hears_no_more = async {
            let mut link = proxy.accept().await;
            // The client may hang up before it has heard that.
            let _ = link.stream.write_all(taken).await;
            let heard = link.ended().await;
            assert!(offered.starts_with(&heard), "{} with {labels} labels", heard.escape_ascii());
            pending().await
        };
        let error = tokio::select! {
            error = client.connect_error() => error,
            never = hears_no_more => never,
        };
        api_trouble(&error);
    }
}

/// Promise: the longest name that SOCKS can carry is carried.
#[tokio::test]
async fn the_longest_name() {
    let (offered, taken) = NO_AUTH;
    let name = format!("{}x", "x.".repeat(127));
    let request = [b"\x05\x01\x00\x03\xff".as_slice(), name.as_bytes(), b"\x00\x50"].concat();
    let script = [Hears(offered), Says(taken), Hears(&request), Says(GRANTED)];
    leads_to_the_target(ProxyKind::Socks5h, to(&format!("http://{name}/api/")), &script).await;
}

// ── SOCKS 4 ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// Promise: with `socks4:` the address goes to the proxy, with `socks4a:` the name; the user's name goes with it, and
/// the password, for which there is no place, nowhere.
#[tokio::test]
async fn socks4_byte_by_byte() {
    let user = |setup| with_credentials(setup, Some("user"), Some(PASSWORD));
    let password = |setup| with_credentials(setup, None, Some(PASSWORD));
    let v4a = ProxyKind::Socks4a;
    let script = [Hears(b"\x04\x01\x00\x50\x00\x00\x00\x01\x00slack.test\x00"), Says(GRANTED_4)];
    leads_to_the_target(v4a, unchanged, &script).await;
    leads_to_the_target(v4a, password, &script).await;
    let script = [Hears(b"\x04\x01\x00\x50\x00\x00\x00\x01user\x00slack.test\x00"), Says(GRANTED_4)];
    leads_to_the_target(v4a, user, &script).await;

    let v4 = ProxyKind::Socks4;
    let script = [Hears(b"\x04\x01\x1f\x90\xc0\x00\x02\x07\x00"), Says(GRANTED_4)];
    leads_to_the_target(v4, to("http://192.0.2.7:8080/api/"), &script).await;
    let script = [Hears(b"\x04\x01\x1f\x90\x7f\x00\x00\x01user\x00"), Says(GRANTED_4)];
    leads_to_the_target(v4, |setup| user(to("http://localhost:8080/api/")(setup)), &script).await;
}

/// Promise: the socket goes the same way as the connect call.
#[tokio::test]
async fn socks4a_for_the_socket() {
    let proxy = Server::bind().await;
    let mut client = behind(&proxy, ProxyKind::Socks4a).client();
    client.start("");
    let mut call = proxy.accept().await;
    call.demand(b"\x04\x01\x00\x50\x00\x00\x00\x01\x00slack.test\x00").await;
    call.send(GRANTED_4).await;
    call.request().await;
    call.send(ok_answer(SOCKET_URL)).await;
    let mut link = proxy.accept().await;
    link.demand(b"\x04\x01\x20\xfb\x00\x00\x00\x01\x00sockets.test\x00").await;
    link.send(GRANTED_4).await;
    let mut peer = link.upgrade().await;
    peer.text(HELLO).await;
    client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
}

/// Promise: a refusal, or what is not SOCKS 4, is an error that names the proxy and the target.
#[tokio::test]
async fn socks4_refusals() {
    for answer in [
        b"\x00\x5b\0\0\0\0\0\0",
        b"\x00\x5c\0\0\0\0\0\0",
        b"\x00\x5d\0\0\0\0\0\0",
        b"\x00\x00\0\0\0\0\0\0",
        b"\x05\x5a\0\0\0\0\0\0",
        b"HTTP/1.1",
    ] {
        let script = [Hears(b"\x04\x01\x00\x50\x00\x00\x00\x01user\x00slack.test\x00"), Says(answer)];
        let change = |setup| with_credentials(setup, Some("user"), Some(PASSWORD));
        let (code, text) = failure(ProxyKind::Socks4a, change, &script).await;
        assert_eq!(code.as_deref(), Some("ERR_PROXY_TUNNEL"), "{text}");
        assert!(text.contains("slack.test:80"), "{text}");
    }
}

/// Promise: SOCKS 4 knows no IPv6 addresses; a target that is one is an error.
#[tokio::test]
async fn socks4_has_no_ipv6() {
    let (code, text) = failure(ProxyKind::Socks4, to("http://[2001:db8::1]:8080/api/"), &[]).await;
    assert_eq!(code.as_deref(), Some("ERR_PROXY_TUNNEL"), "{text}");
    assert!(text.contains("[2001:db8::1]:8080"), "{text}");
}

/// Promise: a name that is too long is an error, not a panic.
#[tokio::test]
async fn names_that_are_too_long_for_socks4a() {
    let proxy = Server::bind().await;
    let url = format!("http://{}x/api/", "x.".repeat(350));
    let mut client = to(&url)(behind(&proxy, ProxyKind::Socks4a)).client();
    client.start("");
    api_trouble(&client.connect_error().await);
}

// ── Ends and silence ──────────────────────────────────────────────────────────────────────────────────────────────

/// Promise: a reset or an end in place of an answer is ECONNRESET, wherever it comes.
#[tokio::test]
async fn an_answer_cut_off() {
    let (offered, taken) = NO_AUTH;
    let v4a = b"\x04\x01\x00\x50\x00\x00\x00\x01\x00slack.test\x00";
    let scripts: [(ProxyKind, &[Turn<'_>]); 5] = [
        (ProxyKind::Socks5h, &[Hears(offered)]),
        (ProxyKind::Socks5h, &[Hears(offered), Says(&taken[..1])]),
        (ProxyKind::Socks5h, &[Hears(offered), Says(taken), Hears(TO_SLACK), Says(&GRANTED[..9])]),
        (ProxyKind::Socks4a, &[Hears(v4a)]),
        (ProxyKind::Socks4a, &[Hears(v4a), Says(&GRANTED_4[..7])]),
    ];
    for (kind, script) in scripts {
        for resets in [false, true] {
            let proxy = Server::bind().await;
            let mut client = behind(&proxy, kind).client();
            client.start("");
            let mut link = proxy.accept().await;
            follow(&mut link, script).await;
            take_turns().await;
            if resets {
                link.reset();
            } else {
                drop(link);
            }
            let (code, text) = api_trouble(&client.connect_error().await);
            assert_eq!(code.as_deref(), Some("ECONNRESET"), "{text}");
            assert!(text.contains(&format!("the proxy {}://{}", kind.scheme(), proxy.address)), "{text}");
        }
    }
}

/// Promise: `requestTimeout` and `connectTimeout` bound the way through a SOCKS proxy, too.
#[tokio::test(start_paused = true)]
async fn silence() {
    let clock = Clock::stop();
    let (offered, taken) = NO_AUTH;
    let scripts: [&[Turn<'_>]; 3] = [
        &[],
        &[Hears(offered), Says(taken)],
        &[Hears(offered), Says(taken), Hears(TO_SLACK), Says(&GRANTED[..9])],
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
        assert_eq!(api_trouble(&error.error).0.as_deref(), Some("ETIMEDOUT"));
        link.ended().await;
    }

    let proxy = Server::bind().await;
    let mut client = behind(&proxy, ProxyKind::Socks5h).client();
    client.start("");
    let mut call = proxy.accept().await;
    follow(&mut call, &[Hears(offered), Says(taken), Hears(TO_SLACK), Says(GRANTED)]).await;
    call.request().await;
    call.send(ok_answer(SOCKET_URL)).await;
    let mut link = proxy.accept().await;
    follow(&mut link, &[Hears(offered), Says(taken), Hears(TO_SOCKET)]).await;
    client.lifecycle(&["connecting", "authenticated"]).await;
    clock.pass(ms(29_990)).await;
    client.assert_no_event().await;
    clock.pass(ms(20)).await;
    assert_eq!(socket_trouble(&client.transport_error().await).0.as_deref(), Some("ETIMEDOUT"));
    link.ended().await;
}
