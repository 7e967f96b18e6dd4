//! What a client leaves behind: nothing. And what a crash of its session leaves: a client that starts again.

use bytes::Bytes;
use slack_rtm_native::driver::{ApiRequest, FORM};
use slack_rtm_native::session::{CallId, Event, Input, Outcome};
use tokio::io::AsyncWriteExt;
use tokio::runtime::Handle;

use crate::alone::is_alone;
use crate::client::{Client, Setup};
use crate::clock::{Clock, PING_LEEWAY, ms, secs, take_turns, until, within};
use crate::server::{Server, answer, read_to_end};
use crate::websocket::{FINAL, Peer, TEXT, close, frame, text};

async fn until_no_task_is_left() {
    let metrics = Handle::current().metrics();
    until("no task is left", || metrics.num_alive_tasks() == 0).await;
}

// ── The end of the handle ─────────────────────────────────────────────────────────────────────────────────────────

/// Promise: when the last handle is gone the client's task ends and its connection with it, in whatever state.
#[tokio::test]
async fn dropping_the_handle_in_every_state() {
    let server = Server::bind().await;
    drop(Setup::new(&server).client());
    until_no_task_is_left().await;

    // During the connect call, and during the upgrade.
    for dialling in [false, true] {
        let mut client = Setup::new(&server).client();
        client.start("");
        if dialling {
            server.answer_call().await;
        }
        let mut link = server.accept().await;
        link.request().await;
        let second = client.handle.clone();
        let mut told = client.leave();
        take_turns().await;
        drop(second);
        assert_eq!(link.ended().await, b"");
        within("the end of the task", async { while told.recv().await.is_some() {} }).await;
        until_no_task_is_left().await;
    }

    // Ready, and in the close handshake.
    for closing in [false, true] {
        let (mut client, mut peer) = Client::ready(Setup::new(&server), &server).await;
        if closing {
            client.disconnect();
            peer.receive().await;
        }
        drop(client);
        assert_eq!(peer.ended().await, b"");
        until_no_task_is_left().await;
    }

    // In the pause before a reconnect.
    let (mut client, peer) = Client::ready(Setup::lasting(&server), &server).await;
    drop(peer);
    client.lifecycle(&["reconnecting"]).await;
    drop(client);
    until_no_task_is_left().await;
}

/// Bug this guards against: a client that always has something to read does not notice that its user is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_the_handle_in_a_flood() {
    let server = Server::bind().await;
    let (client, mut peer) = Client::ready(Setup::new(&server), &server).await;
    let flood = tokio::spawn(async move {
        let bytes = text(r#"{"type":"message"}"#).repeat(5000);
        while peer.stream.write_all(&bytes).await.is_ok() {}
    });
    until("the flood has come", || client.held() > 1_000_000).await;
    drop(client);
    within("the end of the connection", flood).await.expect("the flood is sound");
}

/// Promise: an input for a client whose task is gone comes back.
#[test]
fn a_runtime_that_is_gone() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let handle = runtime.block_on(async {
        let server = Server::bind().await;
        Client::ready(Setup::new(&server), &server).await.0.handle
    });
    drop(runtime);
    assert!(handle.input(Input::Disconnect { call: CallId(9) }).is_err());
}

// ── A crash ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// Promise: a panic ends no process: the host is told, the connection is dropped, and the same handle starts anew,
/// with ids that go on.
#[tokio::test]
async fn a_host_that_panics() {
    let server = Server::bind().await;
    let mut setup = Setup::new(&server);
    setup.poison = Some(r#"{"type":"poison"}"#);
    let (mut client, mut peer) = Client::ready(setup, &server).await;
    for round in 1..=2 {
        let call = client.enqueue(false, r#"{"type":"message"}"#);
        assert_eq!(peer.receive_text().await, format!(r#"{{"type":"message","id":{round}}}"#));
        assert!(matches!(client.outcome(call).await, Outcome::Done));
        peer.text(r#"{"type":"poison"}"#).await;
        assert!(client.crash().await.contains("a poisonous frame"));
        assert_eq!(peer.ended().await, b"");

        let start = client.start("");
        peer = server.connect().await;
        assert!(matches!(client.outcome(start).await, Outcome::Started));
        client.lifecycle(&["connected", "ready"]).await;
    }
    drop((client, peer));
    until_no_task_is_left().await;
}

// ── Many connections ──────────────────────────────────────────────────────────────────────────────────────────────

const WAYS: usize = 8;

/// Ends a connection in one of many ways; the client's side of it must be gone before it may make another.
async fn end(client: &mut Client, server: &Server, mut peer: Peer, way: usize, clock: &Clock) {
    match way {
        0 => drop(peer.stream.shutdown().await),
        1 => {
            peer.reset();
            return until_reconnecting(client).await;
        }
        2 => peer.send(close(1012, "restart")).await,
        3 => peer.send(frame(FINAL | TEXT, b"\xff")).await,
        4 => peer.text(r#"{"type":"team_migration_started"}"#).await,
        // A message waits for its reply.
        5 => {
            client.enqueue(true, r#"{"type":"message"}"#);
            peer.receive_text().await;
            peer.reset();
            return until_reconnecting(client).await;
        }
        // A call of the Web API is under way, and is answered after the loss.
        6 => {
            let call = client.call_api(api_test());
            let mut link = server.accept().await;
            link.request().await;
            drop(peer);
            until_reconnecting(client).await;
            link.send(answer("200 OK", "", r#"{"ok":true}"#)).await;
            drop(client.api_answer(call).await);
            return;
        }
        _ => {
            clock.pass(secs(6) + PING_LEEWAY).await;
            clock.pass(secs(4) + ms(10)).await;
        }
    }
    within("the client's end", read_to_end(&mut peer.stream)).await;
    until_reconnecting(client).await;
}

async fn until_reconnecting(client: &mut Client) {
    while !matches!(client.event().await, Event::Reconnecting) {}
}

fn api_test() -> ApiRequest {
    let [method, content_type] = ["api.test", FORM].map(str::to_owned);
    ApiRequest { method, token: None, content_type, body: Bytes::new() }
}

#[cfg(target_os = "linux")]
fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("Linux has it").count()
}

#[cfg(not(target_os = "linux"))]
fn open_files() -> usize {
    0
}

/// Promise: over a hundred forced reconnects there is never more than one socket, and no task or file descriptor is left
/// over.
#[tokio::test(start_paused = true)]
async fn a_hundred_forced_reconnects() {
    if !is_alone("lifetime::a_hundred_forced_reconnects", &[]) {
        return;
    }
    let clock = Clock::stop();
    let server = Server::bind().await;
    let mut setup = Setup::lasting(&server);
    setup.config.client_ping_timeout = Some(secs(6));
    setup.config.reply_ack_timeout = ms(0);
    let (mut client, mut peer) = Client::ready(setup, &server).await;
    let tasks = Handle::current().metrics();
    let files = open_files();
    for round in 0..100 {
        end(&mut client, &server, peer, round % WAYS, &clock).await;
        until("only the client's own task is there", || tasks.num_alive_tasks() == 1).await;
        server.assert_nobody_came().await;
        clock.pass(secs(60)).await;
        if round % 5 == 4 {
            // A call that fails is made again after another pause.
            let mut call = server.accept().await;
            call.request().await;
            call.send(answer("503 Service Unavailable", "", "")).await;
            call.ended().await;
            client.lifecycle(&["connecting", "unable_to_rtm_start", "reconnecting"]).await;
            clock.pass(secs(60)).await;
        }
        if round % 7 == 6 {
            // Half-way through the upgrade.
            server.answer_call().await;
            let mut link = server.accept().await;
            link.request().await;
            link.send("HTTP/1.1 101 Switching").await;
            drop(link);
            client.lifecycle(&["connecting", "authenticated", "error", "reconnecting"]).await;
            clock.pass(secs(60)).await;
        }
        peer = server.connect().await;
        client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
        assert_eq!(open_files(), files, "in round {round}");
    }
    drop((client, peer));
    until("no task is left", || tasks.num_alive_tasks() == 0).await;
}
