//! The way from the socket's URL to an open WebSocket, and what may go wrong on it.

use slack_rtm_native::session::SocketError;
use tokio::net::TcpListener;

use crate::client::{Client, Setup};
use crate::clock::take_turns;
use crate::server::{HELLO, Link, Server, answer, ok_answer, upgrade_answer};
use crate::websocket::text;

/// A client whose connect call was answered with this URL.
async fn pointed_to(url: &str) -> Client {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    client.start("");
    let mut call = server.accept().await;
    call.request().await;
    call.send(ok_answer(url)).await;
    client.lifecycle(&["connecting", "authenticated"]).await;
    client
}

/// The error of a client whose dialling fails: first as `error`, then as the reason of `disconnected`.
async fn failed_dialling(client: &mut Client) -> SocketError {
    let error = client.transport_error().await;
    assert_eq!(error.close_code, 1006);
    assert!(!error.message.contains("t1cket"), "{error}");
    assert_eq!(client.loss().await, error);
    error
}

/// What becomes of an upgrade that the script answers.
async fn failure<F: Future<Output = ()>>(script: impl FnOnce(Link, String) -> F) -> SocketError {
    let sockets = Server::bind().await;
    let mut client = pointed_to(&sockets.socket_url()).await;
    let mut link = sockets.accept().await;
    let good_answer = upgrade_answer(&link.request().await);
    script(link, good_answer).await;
    let error = failed_dialling(&mut client).await;
    assert!(error.message.contains(&sockets.address.to_string()), "{error}");
    error
}

/// Promise: a refused upgrade is a transport error that tells the status; nothing is redirected or retried here.
#[tokio::test]
async fn an_upgrade_refused_with_a_status() {
    for status in ["403 Forbidden", "302 Found", "200 OK", "503 Service Unavailable", "426 Upgrade Required"]
    {
        let error =
            failure(async |mut link: Link, _| link.send(answer(status, "location: /\r\n", "no")).await).await;
        assert!(error.message.contains(&status[..3]), "{error}");
        assert_eq!(error.code, None);
    }
}

/// Promise: a reset or an end during the upgrade is ECONNRESET, as in Node.
#[tokio::test]
async fn an_upgrade_cut_off() {
    for part in ["", "HTTP/1.1 101 Switching Pro"] {
        let reset = failure(async |mut link: Link, _| {
            link.send(part).await;
            take_turns().await;
            link.reset();
        });
        assert_eq!(reset.await.code.as_deref(), Some("ECONNRESET"), "{part}");
        let closed = failure(async |mut link: Link, _| link.send(part).await);
        assert_eq!(closed.await.code.as_deref(), Some("ECONNRESET"), "{part}");
    }
}

/// Promise: an answer that is no proper upgrade is an error, also where it looks like one (RFC 6455, section 4.1).
#[tokio::test]
async fn an_upgrade_that_is_none() {
    let wrong_key = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
                     sec-websocket-accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n";
    failure(async |mut link: Link, _| link.send(wrong_key).await).await;
    failure(async |mut link: Link, good: String| link.send(good.replace("upgrade: websocket\r\n", "")).await)
        .await;
    failure(async |mut link: Link, _| link.send("SSH-2.0-OpenSSH_9.7\r\n\r\n").await).await;
}

/// Promise: a socket's port where nobody listens is ECONNREFUSED.
#[tokio::test]
async fn refused() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("the loopback has a free port");
    let url = format!("ws://{}/t1cket", free.local_addr().expect("it listens"));
    drop(free);
    let mut client = pointed_to(&url).await;
    assert_eq!(failed_dialling(&mut client).await.code.as_deref(), Some("ECONNREFUSED"));
}

/// Promise: a URL that cannot be dialled is an error, not a panic, and its ticket is not shown.
#[tokio::test]
async fn urls_that_cannot_be_dialled() {
    for url in ["ws://", "ws://h:99999/t1cket", "ws://[::1/t1cket", "ws://256.1.1.1/t1cket"] {
        let mut client = pointed_to(url).await;
        failed_dialling(&mut client).await;
    }
}

/// Bug this guards against: frames that come in one packet with the upgrade's answer are lost.
#[tokio::test]
async fn hello_in_one_packet_with_the_upgrade() {
    let sockets = Server::bind().await;
    let mut client = pointed_to(&sockets.socket_url()).await;
    let mut link = sockets.accept().await;
    let answer = upgrade_answer(&link.request().await);
    link.send([answer.as_bytes(), &text(HELLO), &text(r#"{"type":"next"}"#)].concat()).await;
    client.lifecycle(&["connected"]).await;
    assert_eq!(client.frame().await, HELLO);
    assert_eq!(client.frame().await, r#"{"type":"next"}"#);
}

/// Promise: how the upgrade's answer is cut into packets makes no difference.
#[tokio::test]
async fn an_upgrade_in_small_pieces() {
    let sockets = Server::bind().await;
    let mut client = pointed_to(&sockets.socket_url()).await;
    let mut link = sockets.accept().await;
    let answer = upgrade_answer(&link.request().await);
    for piece in [answer.as_bytes(), &text(HELLO)].concat().chunks(7) {
        link.send(piece).await;
        take_turns().await;
    }
    client.lifecycle(&["connected", "ready"]).await;
}
