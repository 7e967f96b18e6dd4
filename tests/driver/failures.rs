//! Connect calls without a valid response: the errors have Node's codes, and do not show the token.

use slack_rtm_native::session::{ApiError, ErrorCode};
use tokio::net::TcpListener;

use crate::client::{Setup, TOKEN};
use crate::clock::{Clock, ms, secs};
use crate::server::{Link, Server};

/// The code of a failed request. Checks that the error names the host and does not show the token.
fn code_of(error: &ApiError, server: &Server) -> Option<ErrorCode> {
    let text = format!("{error} {error:?}");
    assert!(text.contains(&server.address.to_string()), "{text}");
    assert!(!text.contains(TOKEN) && !text.contains("/api/"), "{text}");
    let ApiError::Request { code, .. } = error else { panic!("a request error: {error}") };
    code.clone()
}

/// Makes one call. The script takes over the server's connection after the request.
async fn failure<F: Future<Output = ()>>(script: impl FnOnce(Link) -> F) -> Option<ErrorCode> {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    client.start("");
    let mut call = server.accept().await;
    call.request().await;
    script(call).await;
    code_of(&client.connect_error().await, &server)
}

#[tokio::test]
async fn a_refused_connection_is_econnrefused() {
    let mut server = Server::bind().await;
    let free = TcpListener::bind("127.0.0.1:0").await.expect("the loopback has a free port");
    server.address = free.local_addr().expect("it listens");
    drop(free);
    let mut client = Setup::new(&server).client();
    client.start("");
    assert_eq!(code_of(&client.connect_error().await, &server), Some("ECONNREFUSED".into()));
}

#[tokio::test]
async fn a_reset_is_econnreset_at_any_point_of_the_response() {
    for part in ["", "HTTP/1.1 200 OK\r\ncontent-le", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"] {
        let code = failure(async |mut call| {
            call.send(part).await;
            crate::clock::let_others_run().await;
            call.reset();
        });
        assert_eq!(code.await, Some("ECONNRESET".into()), "{part}");
    }
}

/// Node calls it "socket hang up".
#[tokio::test]
async fn an_end_within_the_response_is_econnreset() {
    for part in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-le",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"",
        "HTTP/1.1 500 Oh\r\ncontent-length: 100\r\n\r\n<",
    ] {
        let code = failure(async |mut call| call.send(part).await);
        assert_eq!(code.await, Some("ECONNRESET".into()), "{part}");
    }
}

#[tokio::test]
async fn a_response_that_is_not_http_is_an_error_at_once() {
    let endless = format!("HTTP/1.1 200 OK\r\n{}", "x: y\r\n".repeat(200_000));
    for bytes in ["SSH-2.0-OpenSSH_9.7\r\n\r\n", "\u{0}\u{1}\u{2}", "HTTP/1.1 2000 OK\r\n\r\n", &endless] {
        let code = failure(async |mut call: Link| {
            // The client may close the connection before it has read everything.
            let _ = tokio::io::AsyncWriteExt::write_all(&mut call.stream, bytes.as_bytes()).await;
            call.ended().await;
        });
        assert_ne!(code.await, Some("ETIMEDOUT".into()));
    }
}

/// Wherever the server stops, the code is ETIMEDOUT.
#[tokio::test(start_paused = true)]
async fn request_timeout_limits_the_whole_attempt() {
    let clock = Clock::stop();
    for part in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"] {
        let server = Server::bind().await;
        let mut setup = Setup::new(&server);
        setup.transport.request_timeout = Some(secs(30));
        let mut client = setup.client();
        client.start("");
        let mut call = server.accept().await;
        call.request().await;
        call.send(part).await;
        client.lifecycle(&["connecting"]).await;
        clock.pass(ms(29_990)).await;
        client.assert_quiet().await;
        clock.pass(ms(20)).await;
        let event = client.event().await;
        let slack_rtm_native::session::Event::UnableToRtmStart(error) = event else { panic!("{event:?}") };
        assert_eq!(code_of(&error.error, &server), Some("ETIMEDOUT".into()));
        assert!(error.to_string().contains("30000 ms (requestTimeout)"), "{error}");
        call.ended().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_trickle_of_bytes_does_not_extend_request_timeout() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let mut setup = Setup::new(&server);
    setup.transport.request_timeout = Some(secs(5));
    let mut client = setup.client();
    client.start("");
    let mut call = server.accept().await;
    call.request().await;
    call.send("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await;
    for _ in 0..5 {
        call.send(" ").await;
        clock.pass(secs(1)).await;
    }
    clock.pass(ms(10)).await;
    assert_eq!(code_of(&client.connect_error().await, &server), Some("ETIMEDOUT".into()));
}

#[tokio::test(start_paused = true)]
async fn without_request_timeout_a_slow_server_is_waited_for() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    client.start("");
    let mut call = server.accept().await;
    call.request().await;
    clock.pass(secs(3600)).await;
    call.send(crate::server::ok_response(&server.socket_url())).await;
    client.lifecycle(&["connecting", "authenticated"]).await;
}
