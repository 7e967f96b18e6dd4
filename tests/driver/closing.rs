//! The end of an open socket: a close frame, the end or a reset of the connection, or `disconnect()`.

use slack_rtm_native::session::{Event, Outcome};

use crate::client::{Client, Setup};
use crate::clock::{Clock, let_others_run, ms, secs, within};
use crate::server::{HELLO, Server, read_to_end};
use crate::websocket::{CLOSE, FINAL, ServerSocket, close, frame, text};

async fn ready() -> (Client, ServerSocket) {
    let server = Server::bind().await;
    Client::ready(Setup::new(&server), &server).await
}

// ── By the server ─────────────────────────────────────────────────────────────────────────────────────────────────

/// It gets a close frame in reply, and is not an `error`.
#[tokio::test]
async fn a_close_frame_is_reported_with_its_code_and_reason() {
    for (code, reason) in [(1000, ""), (1001, "going away"), (1012, "restart é"), (4000, "Slack's own")] {
        let (mut client, mut socket) = ready().await;
        socket.send(close(code, reason)).await;
        let answer = socket.receive().await;
        assert_eq!((answer.first, &answer.payload[..2]), (FINAL | CLOSE, &code.to_be_bytes()[..]));
        socket.ended().await;
        let loss = client.loss().await;
        assert_eq!((loss.close_code, &*loss.reason, loss.code.as_deref()), (code, reason, None));
    }
}

/// RFC 6455, section 7.1.5.
#[tokio::test]
async fn a_close_frame_without_a_code_is_reported_as_1005() {
    let (mut client, mut socket) = ready().await;
    socket.send(frame(FINAL | CLOSE, "")).await;
    assert_eq!(socket.receive().await.payload, b"");
    assert_eq!(client.loss().await.close_code, 1005);
}

/// Also in the middle of a frame.
#[tokio::test]
async fn an_end_without_a_close_frame_is_reported_as_1006() {
    for part in [&b""[..], &text(HELLO)[..5]] {
        let (mut client, mut socket) = ready().await;
        socket.send(part).await;
        drop(socket);
        let loss = client.loss().await;
        assert_eq!((loss.close_code, &*loss.reason, loss.code.as_deref()), (1006, "", None));
    }
}

#[tokio::test]
async fn a_reset_is_a_transport_error_with_econnreset() {
    let (mut client, socket) = ready().await;
    socket.reset();
    let error = client.transport_error().await;
    assert_eq!((error.code.as_deref(), error.close_code), (Some("ECONNRESET"), 1006));
    assert_eq!(client.loss().await, error);
}

#[tokio::test]
async fn frames_before_the_end_are_delivered_before_it() {
    for ending in [close(1000, "bye"), Vec::new()] {
        let (mut client, mut socket) = ready().await;
        let frames: Vec<_> = (0..2000).map(|n| format!(r#"{{"n":{n}}}"#)).collect();
        let mut bytes: Vec<_> = frames.iter().flat_map(|data| text(data)).collect();
        bytes.extend(ending);
        socket.send(bytes).await;
        drop(socket);
        for data in &frames {
            assert_eq!(client.frame().await, *data);
        }
        client.loss().await;
    }
}

#[tokio::test]
async fn frames_after_the_close_frame_are_ignored() {
    let (mut client, mut socket) = ready().await;
    socket.send([close(1000, ""), text(r#"{"type":"late"}"#)].concat()).await;
    assert_eq!(client.loss().await.close_code, 1000);
    client.assert_quiet().await;
}

// ── By disconnect() ───────────────────────────────────────────────────────────────────────────────────────────────

/// The close frame comes after all messages.
#[tokio::test]
async fn disconnect_performs_the_close_handshake() {
    let (mut client, mut socket) = ready().await;
    client.enqueue(false, r#"{"type":"last_words"}"#);
    let end = client.disconnect();
    assert_eq!(socket.receive_text().await, r#"{"type":"last_words","id":1}"#);
    let close_frame = socket.receive().await;
    assert_eq!((close_frame.first, &*close_frame.payload), (FINAL | CLOSE, &1000_u16.to_be_bytes()[..]));
    client.lifecycle(&["disconnecting"]).await;
    client.assert_unsettled(end).await;
    socket.send(close(1000, "")).await;
    assert!(matches!(client.event().await, Event::Disconnected(None)));
    assert!(matches!(client.outcome(end).await, Outcome::Done));
    assert_eq!(socket.ended().await, b"");
}

#[tokio::test]
async fn a_server_may_close_or_reset_during_the_close_handshake() {
    for by_reset in [false, true] {
        let (mut client, mut socket) = ready().await;
        let end = client.disconnect();
        socket.receive().await;
        if by_reset {
            socket.reset();
        } else {
            drop(socket);
        }
        client.lifecycle(&["disconnecting"]).await;
        assert!(matches!(client.event().await, Event::Disconnected(None)));
        assert!(matches!(client.outcome(end).await, Outcome::Done));
    }
}

/// Even if the server does not answer, keeps sending, or reads nothing.
#[tokio::test(start_paused = true)]
async fn disconnect_resolves_within_five_seconds() {
    let clock = Clock::stop();
    let large = format!(r#"{{"text":"{}","type":"message"}}"#, "x".repeat(16 * 1024 * 1024));
    for written in [r#"{"type":"typing"}"#, &large] {
        let (mut client, mut socket) = ready().await;
        client.send(written);
        let end = client.disconnect();
        client.lifecycle(&["disconnecting"]).await;
        for _ in 0..2 {
            socket.text(r#"{"type":"message"}"#).await;
            client.assert_unsettled(end).await;
            clock.pass(secs(1)).await;
        }
        clock.pass(secs(3)).await;
        assert!(matches!(client.event().await, Event::Disconnected(None)));
        assert!(matches!(client.outcome(end).await, Outcome::Done));
        socket.ended().await;
        client.assert_quiet().await;
    }
}

#[tokio::test]
async fn disconnect_cancels_a_connect_call_and_an_opening_socket() {
    for is_opening in [false, true] {
        let server = Server::bind().await;
        let mut client = Setup::new(&server).client();
        client.start("");
        if is_opening {
            server.answer_call().await;
        }
        let mut link = server.accept().await;
        link.request().await;
        let end = client.disconnect();
        assert!(matches!(client.outcome(end).await, Outcome::Done));
        assert_eq!(link.ended().await, b"");
        server.assert_no_connection().await;
    }
}

/// Each socket is used once.
#[tokio::test(start_paused = true)]
async fn a_client_can_start_again_after_every_kind_of_end() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let (mut client, mut socket) = Client::ready(Setup::new(&server), &server).await;
    for ending in 0..4 {
        match ending {
            0 => drop(socket),
            1 => socket.reset(),
            2 => {
                socket.send(close(1001, "")).await;
                socket.ended().await;
            }
            _ => {
                client.disconnect();
                let_others_run().await;
                clock.pass(secs(3) + ms(10)).await;
                within("the end", read_to_end(&mut socket.stream)).await;
            }
        }
        client.ended().await;
        client.start("");
        socket = server.connect().await;
        client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
    }
}
