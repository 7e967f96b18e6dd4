//! What a frame costs in native code, from its arrival to the words that JavaScript reads.
//!
//! Counts do not depend on the machine as times do. The test here counts allocations. `scripts/instructions.mjs` counts the
//! instructions of [`read_many_frames`] under callgrind. `__test__/cost.test.js` counts for JavaScript.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::outbox::drain::Drain;
use super::outbox::host::ClientHost;
use super::outbox::item::ClientId;
use super::outbox::queue::Queue;
use crate::driver::Host;
use crate::driver::io::{
    CallId, Config, ConnectResponse, ConnectionId, Frame, Input, LogLevel, Output, Session,
};
use crate::records::format::{CHUNK_WORDS, header, item};

/// The frames that arrive between two drains: about as many as a read of 64 kB contains.
const BATCH: usize = 90;

const CLIENT: ClientId = ClientId(1);

thread_local! {
    static ALLOCATED: Cell<Allocated> = const { Cell::new(Allocated { count: 0, bytes: 0 }) };
}

/// What a thread has allocated so far.
#[derive(Debug, Clone, Copy)]
struct Allocated {
    count: usize,
    bytes: usize,
}

impl Allocated {
    fn add(bytes: usize) {
        let before = ALLOCATED.get();
        ALLOCATED.set(Self { count: before.count + 1, bytes: before.bytes + bytes });
    }
}

/// The system's allocator, with a count of each thread's allocations.
struct CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

// SAFETY: every method forwards its arguments to the system's allocator, which fulfils the contract of `GlobalAlloc`.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Allocated::add(layout.size());
        // SAFETY: the caller fulfils the contract of `GlobalAlloc::alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller fulfils the contract of `GlobalAlloc::dealloc`, and `System` allocated the block.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Allocated::add(size.saturating_sub(layout.size()));
        // SAFETY: the caller fulfils the contract of `GlobalAlloc::realloc`, and `System` allocated the block.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Frames as Slack writes them, of 60 to 900 bytes, 500 on average.
fn frames() -> Vec<Bytes> {
    let texts = [
        "ok",
        "deployed, all green :tada:",
        r"Can somebody look at <https:\/\/example.com\/issues\/4711|#4711>? It fails on <@U024BE7LH>\u2019s machine.",
        r"Gr\u00fc\u00dfe aus K\u00f6ln",
        r"\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8 \ud83c\udf89",
        "the queue was full from 02:10 to 02:40, after that it drained by itself",
    ];
    let messages = texts.iter().flat_map(|text| {
        let short = format!(
            r#"{{"type":"message","channel":"C024BE91L","user":"U024BE7LH","text":"{text}","ts":"1795220000.000100"}}"#
        );
        let long = format!(
            r#"{{"client_msg_id":"6f41838e-3481-4c98-9579-92def77","suppress_notification":false,"type":"message","text":"{text}","user":"U024BE7LH","team":"T024BE7LD","blocks":[{{"type":"rich_text","block_id":"xU4c","elements":[{{"type":"rich_text_section","elements":[{{"type":"text","text":"{text}"}}]}}]}}],"source_team":"T024BE7LD","user_team":"T024BE7LD","channel":"C024BE91L","event_ts":"1795220000.000100","ts":"1795220000.000100"}}"#
        );
        [short, long]
    });
    messages.map(Bytes::from).collect()
}

/// A connected client that has a listener for one event.
struct Client {
    session: Session,
    host: ClientHost,
    drain: Drain,
    now: Instant,
    words: Vec<u32>,
    /// The items that JavaScript has received.
    items: usize,
}

impl Client {
    #[expect(clippy::disallowed_methods, reason = "the start of a fake clock")]
    fn new(event: &str) -> Self {
        let queue = Queue::new(Duration::ZERO, || {});
        let mut drain = Drain::new(Arc::clone(&queue));
        drain.listen(CLIENT, event.to_owned());
        let config = Config { log_level: LogLevel::Error, ..Config::default() };
        let now = Instant::now();
        let mut client = Self {
            session: Session::new(config, 1, now),
            host: ClientHost::new(CLIENT, queue),
            drain,
            now,
            words: vec![0; CHUNK_WORDS],
            items: 0,
        };
        client.handle(Input::Start { call: CallId(1), options: "".into() });
        client
            .handle(Input::Frame { connection: ConnectionId(1), frame: Frame::read(r#"{"type":"hello"}"#) });
        client
    }

    fn handle(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            self.session.handle(self.now, input);
            while let Some(output) = self.session.poll_output() {
                match output {
                    Output::Connect { connection, .. } => {
                        inputs.push(Input::ConnectFinished { connection, result: Ok(connect_response()) });
                    }
                    Output::Open { connection, .. } => inputs.push(Input::Opened { connection }),
                    Output::Deliver(delivery) => self.host.deliver(delivery),
                    Output::Write { .. } | Output::Pong | Output::Close | Output::Drop => {}
                }
            }
        }
    }

    /// Does what the driver does with frames that arrive, and what JavaScript then asks of the drain.
    fn read(&mut self, frames: &[Bytes]) {
        for data in frames {
            let frame = self.host.read_frame(data.clone());
            self.session.handle(self.now, Input::Frame { connection: ConnectionId(1), frame });
            while let Some(Output::Deliver(delivery)) = self.session.poll_output() {
                self.host.deliver(delivery);
            }
        }
        self.host.flush();
        while !self.drain.next_batch().is_empty() {
            let mut dispatched = 0;
            while self.drain.next_chunk(dispatched, &mut self.words) {
                dispatched = count_items(&self.words);
                self.items += dispatched as usize;
                std::hint::black_box(self.drain.strings().count());
            }
        }
        self.now += Duration::from_millis(1);
    }

    fn read_many(&mut self, count: usize) {
        let frames = frames();
        let all: Vec<Bytes> = frames.iter().cycle().take(count).cloned().collect();
        for batch in all.chunks(BATCH) {
            self.read(batch);
        }
    }
}

fn connect_response() -> ConnectResponse {
    let [url, user_id, team_id] = ["wss://127.0.0.1/", "U1", "T1"].map(str::to_owned);
    ConnectResponse { url, user_id, team_id, response: None }
}

/// The number of items in a chunk.
fn count_items(words: &[u32]) -> u32 {
    let (mut at, mut items) = (header::WORDS, 0);
    while at < words[header::END] as usize {
        let length = words[at + item::RECORD_WORDS] as usize;
        at += if length == 0 { item::WORDS } else { item::WORDS_WITH_RECORD + length };
        items += 1;
    }
    items
}

/// What a thousand `message` frames allocate if the client has a listener for this event.
fn allocated_per_thousand(event: &str) -> Allocated {
    let mut client = Client::new(event);
    client.read_many(2000);
    let items = client.items;
    let before = ALLOCATED.get();
    client.read_many(10_000);
    let after = ALLOCATED.get();
    let expected = if event == "message" { 10_000 } else { 0 };
    assert_eq!(client.items - items, expected, "the frames that have a listener for {event}");
    Allocated { count: (after.count - before.count) / 10, bytes: (after.bytes - before.bytes) / 10 }
}

#[test]
fn a_frame_needs_less_than_one_allocation() {
    for (event, max_count, max_bytes) in [("message", 500, 600_000), ("hello", 600, 60_000)] {
        let Allocated { count, bytes } = allocated_per_thousand(event);
        assert!(
            count <= max_count && bytes <= max_bytes,
            "{event}: {count} allocations and {bytes} bytes for a thousand frames"
        );
    }
}

/// Not a test: `scripts/instructions.mjs` runs it under callgrind with two different numbers of frames.
#[test]
#[ignore = "scripts/instructions.mjs runs it and counts its instructions"]
fn read_many_frames() {
    let count =
        std::env::var("FRAMES").ok().and_then(|count| count.parse().ok()).expect("FRAMES is a number");
    let mut client = Client::new("message");
    client.read_many(count);
    assert!(client.items >= count);
}
