//! How an open socket ends: by the server's close frame, by the end or the reset of the connection, by `disconnect()`.

use slack_rtm_native::session::{Event, Outcome};

use crate::client::{Client, Setup};
use crate::clock::{Clock, ms, secs, take_turns, within};
use crate::server::{HELLO, Server, read_to_end};
use crate::websocket::{CLOSE, FINAL, Peer, close, frame, text};

async fn ready() -> (Client, Peer) {
    let server = Server::bind().await;
    Client::ready(Setup::new(&server), &server).await
}

// ── By the server ─────────────────────────────────────────────────────────────────────────────────────────────────

/// Promise: the loss tells the server's close code and reason; the close frame is answered; it is no `error`.
#[tokio::test]
async fn a_close_frame() {
    for (code, reason) in [(1000, ""), (1001, "going away"), (1012, "restart é"), (4000, "Slack's own")] {
        let (mut client, mut peer) = ready().await;
        peer.send(close(code, reason)).await;
        let answer = peer.receive().await;
        assert_eq!((answer.first, &answer.payload[..2]), (FINAL | CLOSE, &code.to_be_bytes()[..]));
        peer.ended().await;
        let loss = client.loss().await;
        assert_eq!((loss.close_code, &*loss.reason, loss.code.as_deref()), (code, reason, None));
    }
}

/// Promise: a close frame without a code is told as 1005 (RFC 6455, section 7.1.5).
#[tokio::test]
async fn a_close_frame_without_a_code() {
    let (mut client, mut peer) = ready().await;
    peer.send(frame(FINAL | CLOSE, "")).await;
    assert_eq!(peer.receive().await.payload, b"");
    assert_eq!(client.loss().await.close_code, 1005);
}

/// Promise: the end of the stream without a close frame is told as 1006, also in the middle of a frame.
#[tokio::test]
async fn an_end_without_a_close_frame() {
    for part in [&b""[..], &text(HELLO)[..5]] {
        let (mut client, mut peer) = ready().await;
        peer.send(part).await;
        drop(peer);
        let loss = client.loss().await;
        assert_eq!((loss.close_code, &*loss.reason, loss.code.as_deref()), (1006, "", None));
    }
}

/// Promise: a reset is a transport error, ECONNRESET.
#[tokio::test]
async fn a_reset() {
    let (mut client, peer) = ready().await;
    peer.reset();
    let error = client.transport_error().await;
    assert_eq!((error.code.as_deref(), error.close_code), (Some("ECONNRESET"), 1006));
    assert_eq!(client.loss().await, error);
}

/// Promise: what the server sent before it closed arrives before the end is told.
#[tokio::test]
async fn the_last_frames_before_the_end() {
    for ending in [close(1000, "bye"), Vec::new()] {
        let (mut client, mut peer) = ready().await;
        let frames: Vec<_> = (0..2000).map(|n| format!(r#"{{"n":{n}}}"#)).collect();
        let mut bytes: Vec<_> = frames.iter().flat_map(|data| text(data)).collect();
        bytes.extend(ending);
        peer.send(bytes).await;
        drop(peer);
        for data in &frames {
            assert_eq!(client.frame().await, *data);
        }
        client.loss().await;
    }
}

/// Promise: what comes after the close frame is not looked at.
#[tokio::test]
async fn frames_after_the_close_frame() {
    let (mut client, mut peer) = ready().await;
    peer.send([close(1000, ""), text(r#"{"type":"late"}"#)].concat()).await;
    assert_eq!(client.loss().await.close_code, 1000);
    client.assert_quiet().await;
}

// ── By disconnect() ───────────────────────────────────────────────────────────────────────────────────────────────

/// Promise: `disconnect()` says goodbye: a close frame behind all messages, then the server's answer, then the end.
#[tokio::test]
async fn the_close_handshake() {
    let (mut client, mut peer) = ready().await;
    client.enqueue(false, r#"{"type":"last_words"}"#);
    let end = client.disconnect();
    assert_eq!(peer.receive_text().await, r#"{"type":"last_words","id":1}"#);
    let goodbye = peer.receive().await;
    assert_eq!((goodbye.first, &*goodbye.payload), (FINAL | CLOSE, &1000_u16.to_be_bytes()[..]));
    client.lifecycle(&["disconnecting"]).await;
    client.assert_unsettled(end).await;
    peer.send(close(1000, "")).await;
    assert!(matches!(client.event().await, Event::Disconnected(None)));
    assert!(matches!(client.outcome(end).await, Outcome::Done));
    assert_eq!(peer.ended().await, b"");
}

/// Promise: a server that answers the goodbye by hanging up, or by a reset, is no error.
#[tokio::test]
async fn other_answers_to_the_goodbye() {
    for by_reset in [false, true] {
        let (mut client, mut peer) = ready().await;
        let end = client.disconnect();
        peer.receive().await;
        if by_reset {
            peer.reset();
        } else {
            drop(peer);
        }
        client.lifecycle(&["disconnecting"]).await;
        assert!(matches!(client.event().await, Event::Disconnected(None)));
        assert!(matches!(client.outcome(end).await, Outcome::Done));
    }
}

/// Promise: `disconnect()` resolves within five seconds, though the server never answers, talks on, or reads nothing.
#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_the_goodbye() {
    let clock = Clock::stop();
    let large = format!(r#"{{"text":"{}","type":"message"}}"#, "x".repeat(16 * 1024 * 1024));
    for written in [r#"{"type":"typing"}"#, &large] {
        let (mut client, mut peer) = ready().await;
        client.send(written);
        let end = client.disconnect();
        client.lifecycle(&["disconnecting"]).await;
        for _ in 0..2 {
            peer.text(r#"{"type":"message"}"#).await;
            client.assert_unsettled(end).await;
            clock.pass(secs(1)).await;
        }
        clock.pass(secs(3)).await;
        assert!(matches!(client.event().await, Event::Disconnected(None)));
        assert!(matches!(client.outcome(end).await, Outcome::Done));
        peer.ended().await;
        client.assert_quiet().await;
    }
}

/// Promise: `disconnect()` drops a connect call at once, and a socket that is being dialled.
#[tokio::test]
async fn disconnect_while_connecting() {
    for dialling in [false, true] {
        let server = Server::bind().await;
        let mut client = Setup::new(&server).client();
        client.start("");
        if dialling {
            server.answer_call().await;
        }
        let mut link = server.accept().await;
        link.request().await;
        let end = client.disconnect();
        assert!(matches!(client.outcome(end).await, Outcome::Done));
        assert_eq!(link.ended().await, b"");
        server.assert_nobody_came().await;
    }
}

/// Promise: the same client starts anew after every kind of end, and each socket is used once.
#[tokio::test(start_paused = true)]
async fn start_after_every_end() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let (mut client, mut peer) = Client::ready(Setup::new(&server), &server).await;
    for ending in 0..4 {
        match ending {
            0 => drop(peer),
            1 => peer.reset(),
            2 => {
                peer.send(close(1001, "")).await;
                peer.ended().await;
            }
            _ => {
                client.disconnect();
                take_turns().await;
                clock.pass(secs(3) + ms(10)).await;
                within("the end", read_to_end(&mut peer.stream)).await;
            }
        }
        client.ended().await;
        client.start("");
        peer = server.connect().await;
        client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
    }
}
