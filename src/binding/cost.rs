//! What a frame costs on the Rust side, from its arrival to the words that JavaScript reads: counted, not timed.
//! Owns the count of allocations; instructions are counted by `scripts/instructions.mjs`, which runs `pass` under
//! callgrind. (The JavaScript side's: `__test__/cost.test.js`.)

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::outbox::drain::{CHUNK_WORDS, Drain};
use super::outbox::host::ClientHost;
use super::outbox::queue::Queue;
use crate::driver::Host;
use crate::session::{
    CallId, Config, ConnectResponse, ConnectionId, Frame, Input, LogLevel, Output, Session,
};

/// So many frames are read before JavaScript looks, about as many as a 64 kB read brings.
const BATCH: usize = 90;

/// The allocations of this thread, and their bytes.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn note(bytes: usize) {
    let (count, sum) = ALLOCATIONS.get();
    ALLOCATIONS.set((count + 1, sum + bytes));
}

// SAFETY: all is done by the system's allocator, whose contract this is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size.saturating_sub(layout.size()));
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Frames as Slack writes them, of 60 to 900 bytes, about 500 on average.
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

/// A client of which JavaScript hears all messages.
struct World {
    session: Session,
    host: ClientHost,
    drain: Drain,
    now: Instant,
    words: Vec<u32>,
    items: usize,
}

impl World {
    #[expect(clippy::disallowed_methods, reason = "the clock stands still after this")]
    fn new(name: &str) -> Self {
        let queue = Queue::new(|| {});
        let mut drain = Drain::new(Arc::clone(&queue));
        drain.listen(1, name.to_owned());
        let config = Config { log_level: LogLevel::Error, ..Config::default() };
        let now = Instant::now();
        let mut world = Self {
            session: Session::new(config, 1, now),
            host: ClientHost::new(1, queue),
            drain,
            now,
            words: vec![0; CHUNK_WORDS],
            items: 0,
        };
        world.feed(Input::Start { call: CallId(1), options: "".into() });
        world.feed(Input::Frame { connection: ConnectionId(1), frame: Frame::read(r#"{"type":"hello"}"#) });
        world
    }

    fn feed(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            self.session.handle(self.now, input);
            while let Some(output) = self.session.poll_output() {
                match output {
                    Output::Connect { connection, .. } => {
                        inputs.push(Input::ConnectFinished { connection, result: Ok(answer()) });
                    }
                    Output::Open { connection, .. } => inputs.push(Input::Opened { connection }),
                    Output::Deliver(delivery) => self.host.deliver(delivery),
                    Output::Write { .. } | Output::Pong | Output::Close | Output::Drop => {}
                }
            }
        }
    }

    /// What the driver does with frames that arrive, and what JavaScript does then, up to its own part.
    fn read(&mut self, frames: &[Bytes]) {
        for data in frames {
            let frame = self.host.read(data.clone());
            self.session.handle(self.now, Input::Frame { connection: ConnectionId(1), frame });
            while let Some(Output::Deliver(delivery)) = self.session.poll_output() {
                self.host.deliver(delivery);
            }
        }
        self.host.flush();
        while !self.drain.refill().is_empty() {
            let mut dispatched = 0;
            while self.drain.chunk(dispatched, &mut self.words) {
                dispatched = count(&self.words);
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

fn answer() -> ConnectResponse {
    let [url, user_id, team_id] = ["wss://127.0.0.1/", "U1", "T1"].map(str::to_owned);
    ConnectResponse { url, user_id, team_id, response: None }
}

/// The items of a chunk.
fn count(words: &[u32]) -> u32 {
    let (mut at, mut items) = (4, 0);
    while at < words[0] as usize {
        let length = words[at + 3] as usize;
        at += if length == 0 { 4 } else { 8 + length };
        items += 1;
    }
    items
}

/// The allocations and bytes that one frame costs, in thousandths.
fn cost(name: &str) -> (usize, usize) {
    let mut world = World::new(name);
    world.read_many(2000);
    let heard = world.items;
    let before = ALLOCATIONS.get();
    world.read_many(10_000);
    let after = ALLOCATIONS.get();
    assert_eq!(world.items - heard, if name == "message" { 10_000 } else { 0 }, "what is heard of {name}");
    ((after.0 - before.0) / 10, (after.1 - before.1) / 10)
}

#[test]
fn a_frame_allocates_next_to_nothing() {
    for (name, most_allocations, most_bytes) in [("message", 500, 600_000), ("hello", 600, 60_000)] {
        let (allocations, bytes) = cost(name);
        assert!(
            allocations <= most_allocations && bytes <= most_bytes,
            "{name}: {allocations} allocations and {bytes} bytes for a thousand frames"
        );
    }
}

/// Not a test: what `scripts/instructions.mjs` runs under callgrind, with two numbers of frames.
#[test]
#[ignore = "scripts/instructions.mjs runs it, and counts its instructions"]
fn pass() {
    let count =
        std::env::var("FRAMES").ok().and_then(|count| count.parse().ok()).expect("FRAMES is a number");
    let mut world = World::new("message");
    world.read_many(count);
    assert!(world.items >= count);
}
