//! Backpressure: while the host is full, the socket is not read, the data waits in TCP's buffers, and nothing is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use slack_rtm_native::session::{Event, Failure, MessageId, Outcome};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::client::{Client, Setup};
use crate::clock::{Clock, PING_LEEWAY, let_others_run, ms, secs, until};
use crate::server::Server;
use crate::websocket::{FINAL, PING, PONG, Received, ServerSocket, close, frame, text};

const ROOM: usize = 64 * 1024;

/// Frames of 10 kB: more than the buffers of both sockets hold.
const FRAMES: usize = 4000;

fn nth(n: usize) -> String {
    format!(r#"{{"n":{n},"x":"{}"}}"#, "x".repeat(10_000))
}

fn with_small_host(server: &Server) -> Setup {
    let mut setup = Setup::reconnecting(server);
    setup.room_for = ROOM;
    setup.config.client_ping_timeout = Some(secs(6));
    setup
}

/// A task of the server that writes frames as fast as the client reads them, and counts them.
struct Flood {
    written: Arc<AtomicUsize>,
    task: JoinHandle<ServerSocket>,
}

impl Flood {
    fn begin(mut socket: ServerSocket) -> Self {
        let written = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&written);
        let task = tokio::spawn(async move {
            for n in 0..FRAMES {
                // Without a time limit, because the test decides how long it is blocked.
                let bytes = text(&nth(n));
                tokio::io::AsyncWriteExt::write_all(&mut socket.stream, &bytes)
                    .await
                    .expect("the client is connected");
                counter.store(n + 1, Ordering::Relaxed);
            }
            socket
        });
        Self { written, task }
    }

    fn written(&self) -> usize {
        self.written.load(Ordering::Relaxed)
    }

    /// Waits until the server's writes are blocked.
    async fn until_blocked(&self, client: &Client) {
        until("the host is full", || client.held() > ROOM).await;
        let mut before = usize::MAX;
        while self.written() != before {
            before = self.written();
            let_others_run().await;
        }
        assert!(self.written() < FRAMES, "the server could write all");
    }
}

/// The client's next text frame. Counts the pongs before it.
async fn next_text(socket: &mut ServerSocket, pongs: &mut usize) -> String {
    loop {
        match socket.receive().await {
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

#[tokio::test]
async fn a_full_host_pauses_reading_and_loses_nothing() {
    let server = Server::bind().await;
    let (mut client, socket) = Client::ready(with_small_host(&server), &server).await;
    let flood = Flood::begin(socket);
    flood.until_blocked(&client).await;
    // When the host becomes full, the driver finishes its batch: 64 kB and a frame.
    assert!(client.held() < ROOM + 2 * 64 * 1024, "{} bytes held", client.held());
    assert!(timeout(ms(50), async { flood.task.is_finished() }).await.is_ok_and(|done| !done));
    read_all(&mut client).await;
    flood.task.await.expect("the server wrote all");
}

/// Afterwards it is as strict as before.
#[tokio::test(start_paused = true)]
async fn the_keepalive_does_not_time_out_while_reading_is_paused() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let (mut client, socket) = Client::ready(with_small_host(&server), &server).await;
    let flood = Flood::begin(socket);
    flood.until_blocked(&client).await;
    for _ in 0..60 {
        clock.pass(secs(60)).await;
    }
    read_all(&mut client).await;
    let mut socket = flood.task.await.expect("the server wrote all");
    // Writing continued: the client sent a ping, and unsolicited pongs.
    let mut heartbeats = 0;
    assert_eq!(next_text(&mut socket, &mut heartbeats).await, r#"{"type":"ping","id":1}"#);
    client.assert_no_event().await;
    socket.text(r#"{"type":"pong","reply_to":1}"#).await;
    assert!(client.frame().await.contains("pong"));

    clock.pass(secs(6) + PING_LEEWAY).await;
    assert_eq!(next_text(&mut socket, &mut heartbeats).await, r#"{"type":"ping","id":2}"#);
    assert!(heartbeats >= 60, "one for each advance of the clock: {heartbeats}");
    clock.pass(secs(4) + ms(10)).await;
    client.lifecycle(&["reconnecting"]).await;
}

#[tokio::test]
async fn messages_are_sent_while_reading_is_paused() {
    let server = Server::bind().await;
    let (mut client, mut socket) = Client::ready(with_small_host(&server), &server).await;
    socket.text(&nth(0)).await;
    for n in 1..8 {
        socket.text(&nth(n)).await;
    }
    until("the host is full", || client.held() > ROOM).await;
    let call = client.send(r#"{"type":"message"}"#);
    assert_eq!(socket.receive_text().await, r#"{"type":"message","id":1}"#);
    assert!(matches!(client.outcome(call).await, Outcome::Sent(MessageId(1))));
}

#[tokio::test]
async fn a_ping_that_was_read_before_the_pause_gets_its_pong() {
    let server = Server::bind().await;
    let mut setup = with_small_host(&server);
    setup.room_for = 1000;
    let (client, mut socket) = Client::ready(setup, &server).await;
    // The ping is the last frame of a batch of 64 kB, so that nothing is read after it.
    let filler = format!(r#"{{"x":"{}"}}"#, "x".repeat(64 * 1024 - 2 - 8));
    socket.send([text(&filler), frame(FINAL | PING, "?")].concat()).await;
    until("the host is full", || client.held() > 1000).await;
    let pong = socket.receive().await;
    assert_eq!((pong.first, &*pong.payload), (FINAL | PONG, &b"?"[..]));
}

/// Also if a write has failed meanwhile.
#[tokio::test]
async fn frames_sent_before_a_close_during_a_pause_arrive() {
    let server = Server::bind().await;
    let mut setup = with_small_host(&server);
    setup.room_for = 1000;
    let (mut client, mut socket) = Client::ready(setup, &server).await;
    socket.text(&nth(0)).await;
    until("the host is full", || client.held() > 1000).await;
    // This fits into the socket's buffer. After a reset, data that is still in transit would be lost.
    socket.send([text(&nth(1)), text(&nth(2)), text(&nth(3)), close(1001, "bye")].concat()).await;
    drop(socket);
    for _ in 0..3 {
        client.enqueue(false, r#"{"type":"typing"}"#);
        let_others_run().await;
    }
    for n in 0..4 {
        assert_eq!(client.frame().await, nth(n));
    }
    assert!(matches!(client.event().await, Event::Reconnecting | Event::Error(_)));
}

#[tokio::test]
async fn a_reset_that_a_write_finds_first_is_reported_as_a_reset() {
    let server = Server::bind().await;
    let mut setup = with_small_host(&server);
    setup.room_for = 1000;
    let (mut client, mut socket) = Client::ready(setup, &server).await;
    socket.text(&nth(0)).await;
    until("the host is full", || client.held() > 1000).await;
    socket.reset();
    let_others_run().await;
    let calls = [(); 3].map(|()| client.enqueue(false, r#"{"type":"typing"}"#));
    let_others_run().await;
    assert_eq!(client.frame().await, nth(0));
    assert_eq!(client.transport_error().await.code.as_deref(), Some("ECONNRESET"));
    for call in calls {
        assert!(matches!(client.outcome(call).await, Outcome::Failed(Failure::Socket(_))));
    }
}

/// The pause does not affect the next connection.
#[tokio::test(start_paused = true)]
async fn disconnect_during_a_pause_is_in_time() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let (mut client, socket) = Client::ready(with_small_host(&server), &server).await;
    let flood = Flood::begin(socket);
    flood.until_blocked(&client).await;
    let end = client.disconnect();
    clock.pass(secs(5)).await;
    // The frames that the host holds come first.
    assert!(matches!(client.outcome(end).await, Outcome::Done));
    client.start("");
    flood.task.abort();
    let mut socket = server.connect().await;
    socket.text(r#"{"type":"new"}"#).await;
    while client.frame().await != r#"{"type":"new"}"# {}
}
