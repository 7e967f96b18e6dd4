//! Opening a socket: the connection, the upgrade request, and their errors.

use slack_rtm_native::session::SocketError;
use tokio::net::TcpListener;

use crate::client::{Client, Setup};
use crate::clock::let_others_run;
use crate::server::{HELLO, Link, Server, ok_response, response, upgrade_response};
use crate::websocket::text;

/// A client whose connect call returned this URL.
async fn with_socket_url(url: &str) -> Client {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    client.start("");
    let mut call = server.accept().await;
    call.request().await;
    call.send(ok_response(url)).await;
    client.lifecycle(&["connecting", "authenticated"]).await;
    client
}

/// The error of a client that cannot open its socket: first an `error` event, then the reason of `disconnected`.
async fn failed_opening(client: &mut Client) -> SocketError {
    let error = client.transport_error().await;
    assert_eq!(error.close_code, 1006);
    assert!(!error.message.contains("t1cket"), "{error}");
    assert_eq!(client.loss().await, error);
    error
}

/// The error of an upgrade. The script takes over the server's connection after the request.
async fn failure<F: Future<Output = ()>>(script: impl FnOnce(Link, String) -> F) -> SocketError {
    let sockets = Server::bind().await;
    let mut client = with_socket_url(&sockets.socket_url()).await;
    let mut link = sockets.accept().await;
    let good_answer = upgrade_response(&link.request().await);
    script(link, good_answer).await;
    let error = failed_opening(&mut client).await;
    assert!(error.message.contains(&sockets.address.to_string()), "{error}");
    error
}

/// Redirects are not followed.
#[tokio::test]
async fn a_refused_upgrade_is_a_transport_error_with_the_status() {
    for status in ["403 Forbidden", "302 Found", "200 OK", "503 Service Unavailable", "426 Upgrade Required"]
    {
        let error =
            failure(async |mut link: Link, _| link.send(response(status, "location: /\r\n", "no")).await)
                .await;
        assert!(error.message.contains(&status[..3]), "{error}");
        assert_eq!(error.code, None);
    }
}

/// As in Node.
#[tokio::test]
async fn a_reset_or_an_end_during_the_upgrade_is_econnreset() {
    for part in ["", "HTTP/1.1 101 Switching Pro"] {
        let reset = failure(async |mut link: Link, _| {
            link.send(part).await;
            let_others_run().await;
            link.reset();
        });
        assert_eq!(reset.await.code.as_deref(), Some("ECONNRESET"), "{part}");
        let closed = failure(async |mut link: Link, _| link.send(part).await);
        assert_eq!(closed.await.code.as_deref(), Some("ECONNRESET"), "{part}");
    }
}

/// RFC 6455, section 4.1.
#[tokio::test]
async fn an_invalid_upgrade_response_is_an_error() {
    let wrong_key = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
                     sec-websocket-accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n";
    failure(async |mut link: Link, _| link.send(wrong_key).await).await;
    failure(async |mut link: Link, good: String| link.send(good.replace("upgrade: websocket\r\n", "")).await)
        .await;
    failure(async |mut link: Link, _| link.send("SSH-2.0-OpenSSH_9.7\r\n\r\n").await).await;
}

#[tokio::test]
async fn a_refused_connection_is_econnrefused() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("the loopback has a free port");
    let url = format!("ws://{}/t1cket", free.local_addr().expect("it listens"));
    drop(free);
    let mut client = with_socket_url(&url).await;
    assert_eq!(failed_opening(&mut client).await.code.as_deref(), Some("ECONNREFUSED"));
}

#[tokio::test]
async fn an_invalid_socket_url_is_an_error_that_does_not_show_the_ticket() {
    for url in ["ws://", "ws://h:99999/t1cket", "ws://[::1/t1cket", "ws://256.1.1.1/t1cket"] {
        let mut client = with_socket_url(url).await;
        failed_opening(&mut client).await;
    }
}

#[tokio::test]
async fn frames_in_the_packet_of_the_upgrade_response_are_not_lost() {
    let sockets = Server::bind().await;
    let mut client = with_socket_url(&sockets.socket_url()).await;
    let mut link = sockets.accept().await;
    let answer = upgrade_response(&link.request().await);
    link.send([answer.as_bytes(), &text(HELLO), &text(r#"{"type":"next"}"#)].concat()).await;
    client.lifecycle(&["connected"]).await;
    assert_eq!(client.frame().await, HELLO);
    assert_eq!(client.frame().await, r#"{"type":"next"}"#);
}

#[tokio::test]
async fn packets_of_the_upgrade_response_make_no_difference() {
    let sockets = Server::bind().await;
    let mut client = with_socket_url(&sockets.socket_url()).await;
    let mut link = sockets.accept().await;
    let answer = upgrade_response(&link.request().await);
    for piece in [answer.as_bytes(), &text(HELLO)].concat().chunks(7) {
        link.send(piece).await;
        let_others_run().await;
    }
    client.lifecycle(&["connected", "ready"]).await;
}
