//! A host that is full: the socket is not read, TCP holds the rest, and nothing is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use slack_rtm_native::session::{Event, Failure, MessageId, Outcome};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::client::{Client, Setup};
use crate::clock::{Clock, PING_LEEWAY, ms, secs, take_turns, until};
use crate::server::Server;
use crate::websocket::{FINAL, PING, PONG, Peer, Received, close, frame, text};

const ROOM: usize = 64 * 1024;

/// More than the buffers of both sockets hold, in frames of 10 kB.
const FRAMES: usize = 4000;

fn nth(n: usize) -> String {
    format!(r#"{{"n":{n},"x":"{}"}}"#, "x".repeat(10_000))
}

fn narrow(server: &Server) -> Setup {
    let mut setup = Setup::lasting(server);
    setup.room_for = ROOM;
    setup.config.client_ping_timeout = Some(secs(6));
    setup
}

/// A server's hand that writes frames as fast as the client takes them, and counts them.
struct Flood {
    written: Arc<AtomicUsize>,
    task: JoinHandle<Peer>,
}

impl Flood {
    fn begin(mut peer: Peer) -> Self {
        let written = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&written);
        let task = tokio::spawn(async move {
            for n in 0..FRAMES {
                // No bound here: it may be stuck for as long as the test likes.
                let bytes = text(&nth(n));
                tokio::io::AsyncWriteExt::write_all(&mut peer.stream, &bytes)
                    .await
                    .expect("the client is there");
                counter.store(n + 1, Ordering::Relaxed);
            }
            peer
        });
        Self { written, task }
    }

    fn written(&self) -> usize {
        self.written.load(Ordering::Relaxed)
    }

    /// Waits until nothing more goes over the wire.
    async fn until_stuck(&self, client: &Client) {
        until("the host is full", || client.held() > ROOM).await;
        let mut before = usize::MAX;
        while self.written() != before {
            before = self.written();
            take_turns().await;
        }
        assert!(self.written() < FRAMES, "the server could write all");
    }
}

/// The client's next text frame; counts the pongs before it.
async fn next_text(peer: &mut Peer, pongs: &mut usize) -> String {
    loop {
        match peer.receive().await {
            Received { first, payload } if first == FINAL | PONG && payload.is_empty() => *pongs += 1,
            Received { payload, .. } => return String::from_utf8(payload).expect("a text frame is UTF-8"),
        }
    }
}

async fn read_all(client: &mut Client) {
    for n in 0..FRAMES {
        assert_eq!(client.frame().await, nth(n));
    }
}

/// Promise: when the user's side is slow the driver stops reading, the server's writes wait, little is held, and in
/// the end everything has arrived, in order.
#[tokio::test]
async fn a_full_host_stops_the_reading() {
    let server = Server::bind().await;
    let (mut client, peer) = Client::ready(narrow(&server), &server).await;
    let flood = Flood::begin(peer);
    flood.until_stuck(&client).await;
    // What was read when the host became full, and no more: a batch is 64 kB and a frame.
    assert!(client.held() < ROOM + 2 * 64 * 1024, "{} bytes held", client.held());
    assert!(timeout(ms(50), async { flood.task.is_finished() }).await.is_ok_and(|done| !done));
    read_all(&mut client).await;
    flood.task.await.expect("the server wrote all");
}

/// Promise: the keepalive takes a paused reader for alive, however long the pause; afterwards it is as strict as ever.
#[tokio::test(start_paused = true)]
async fn the_keepalive_of_a_paused_reader() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let (mut client, peer) = Client::ready(narrow(&server), &server).await;
    let flood = Flood::begin(peer);
    flood.until_stuck(&client).await;
    for _ in 0..60 {
        clock.pass(secs(60)).await;
    }
    read_all(&mut client).await;
    let mut peer = flood.task.await.expect("the server wrote all");
    // Writing goes on while reading does not: a ping was sent, and pongs that nobody had asked for.
    let mut heartbeats = 0;
    assert_eq!(next_text(&mut peer, &mut heartbeats).await, r#"{"type":"ping","id":1}"#);
    client.assert_no_event().await;
    peer.text(r#"{"type":"pong","reply_to":1}"#).await;
    assert!(client.frame().await.contains("pong"));

    clock.pass(secs(6) + PING_LEEWAY).await;
    assert_eq!(next_text(&mut peer, &mut heartbeats).await, r#"{"type":"ping","id":2}"#);
    assert!(heartbeats >= 60, "each time somebody looked: {heartbeats}");
    clock.pass(secs(4) + ms(10)).await;
    client.lifecycle(&["reconnecting"]).await;
}

/// Promise: messages go out while reading is paused.
#[tokio::test]
async fn writing_goes_on_while_reading_is_paused() {
    let server = Server::bind().await;
    let (mut client, mut peer) = Client::ready(narrow(&server), &server).await;
    peer.text(&nth(0)).await;
    for n in 1..8 {
        peer.text(&nth(n)).await;
    }
    until("the host is full", || client.held() > ROOM).await;
    let call = client.send(r#"{"type":"message"}"#);
    assert_eq!(peer.receive_text().await, r#"{"type":"message","id":1}"#);
    assert!(matches!(client.outcome(call).await, Outcome::Sent(MessageId(1))));
}

/// Bug this guards against: a ping that was read with the last batch is answered only when reading goes on.
#[tokio::test]
async fn a_ping_read_before_the_pause_is_answered() {
    let server = Server::bind().await;
    let mut setup = narrow(&server);
    setup.room_for = 1000;
    let (client, mut peer) = Client::ready(setup, &server).await;
    // The ping is the last frame of a batch of 64 kB, so that nothing is read after it.
    let filler = format!(r#"{{"x":"{}"}}"#, "x".repeat(64 * 1024 - 2 - 8));
    peer.send([text(&filler), frame(FINAL | PING, "?")].concat()).await;
    until("the host is full", || client.held() > 1000).await;
    let pong = peer.receive().await;
    assert_eq!((pong.first, &*pong.payload), (FINAL | PONG, &b"?"[..]));
}

/// Promise: what the server sent before it hung up arrives, though it hung up while the reader was paused, and
/// though a write has found out meanwhile.
#[tokio::test]
async fn a_hang_up_during_a_pause() {
    let server = Server::bind().await;
    let mut setup = narrow(&server);
    setup.room_for = 1000;
    let (mut client, mut peer) = Client::ready(setup, &server).await;
    peer.text(&nth(0)).await;
    until("the host is full", || client.held() > 1000).await;
    // As much as a socket's buffer holds for sure: what is still on its way is lost to a reset.
    peer.send([text(&nth(1)), text(&nth(2)), text(&nth(3)), close(1001, "bye")].concat()).await;
    drop(peer);
    for _ in 0..3 {
        client.enqueue(false, r#"{"type":"typing"}"#);
        take_turns().await;
    }
    for n in 0..4 {
        assert_eq!(client.frame().await, nth(n));
    }
    assert!(matches!(client.event().await, Event::Reconnecting | Event::Error(_)));
}

/// Bug this guards against: a reset that a write finds first is taken for a mere end of the stream.
#[tokio::test]
async fn a_reset_that_a_write_finds() {
    let server = Server::bind().await;
    let mut setup = narrow(&server);
    setup.room_for = 1000;
    let (mut client, mut peer) = Client::ready(setup, &server).await;
    peer.text(&nth(0)).await;
    until("the host is full", || client.held() > 1000).await;
    peer.reset();
    take_turns().await;
    let calls = [(); 3].map(|()| client.enqueue(false, r#"{"type":"typing"}"#));
    take_turns().await;
    assert_eq!(client.frame().await, nth(0));
    assert_eq!(client.transport_error().await.code.as_deref(), Some("ECONNRESET"));
    for call in calls {
        assert!(matches!(client.outcome(call).await, Outcome::Failed(Failure::Socket(_))));
    }
}

/// Promise: `disconnect()` resolves in time though the reader is paused, and reading is not paused for the next
/// connection.
#[tokio::test(start_paused = true)]
async fn disconnect_during_a_pause() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let (mut client, peer) = Client::ready(narrow(&server), &server).await;
    let flood = Flood::begin(peer);
    flood.until_stuck(&client).await;
    let end = client.disconnect();
    clock.pass(secs(5)).await;
    // The host gives what it holds, then the end.
    assert!(matches!(client.outcome(end).await, Outcome::Done));
    client.start("");
    flood.task.abort();
    let mut peer = server.connect().await;
    peer.text(r#"{"type":"new"}"#).await;
    while client.frame().await != r#"{"type":"new"}"# {}
}
