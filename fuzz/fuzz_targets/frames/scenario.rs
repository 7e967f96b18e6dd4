//! Three clients, their server, and a JavaScript thread. Executes the steps of an input and checks their effects.
//!
//! The steps are separated by 0xff. A step is a letter and its arguments:
//!
//! | step | effect |
//! |---|---|
//! | `a` `b` `c` frame | a client receives a frame |
//! | `A` `B` `C` length, frame | the same, with spaces behind the frame |
//! | `h` client, frame | a client's task reads a frame and delivers it together with the next one |
//! | `n` client, count | a client receives a frame with objects of many new shapes, each of them twice |
//! | `*` count | the last frame comes again this many times |
//! | `+` client, after, name | a listener is added when this many more events were emitted |
//! | `-` client, after, name | a listener is removed when this many more events were emitted |
//! | `m` client | a client sends a message and waits for the reply |
//! | `f` client | a client is garbage-collected |
//! | `d` count | JavaScript emits this many events, or fewer if the event loop turns before; 0 stands for all |
//!
//! In a frame, 0xfe, a count, some bytes, and 0xfe stand for these bytes, repeated count times.

use std::collections::{HashMap, VecDeque};
use std::sync::LazyLock;
use std::time::Instant;

use bytes::Bytes;
use slack_rtm_native::fuzzing::ItemKind;
use slack_rtm_native::session::{
    ApiResponse, CallId, Config, ConnectResponse, ConnectionId, Delivery, Event, Frame,
    FrameField as FoundName, FrameHead, Input, LogLevel, Message, MessageId, Outcome, Output, Session,
};
use slack_rtm_native_fuzz::json::{self, Head, Name};

use crate::js_thread::{JsThread, ListenerChange, PayloadCounts};
use crate::model::Item;

const CLIENTS: u32 = 3;

/// The most bytes of frames in one run, so that it ends soon.
const MAX_BYTES: usize = 512 * 1024;

const SEPARATOR: u8 = 0xff;

/// The start and the end of repeated bytes in a frame.
const REPEAT: u8 = 0xfe;

/// Executes an input; returns how payloads have crossed.
pub fn run(input: &[u8]) -> PayloadCounts {
    let mut scenario = Scenario::new();
    for step in input.split(|byte| *byte == SEPARATOR) {
        scenario.step(step);
    }
    for client in &mut scenario.clients {
        client.deliver_held(&mut scenario.js);
    }
    scenario.drain(0);
    scenario.js.counts
}

struct Scenario {
    js: JsThread,
    clients: Vec<Client>,
    /// The client and the frame of the last frame step.
    last_frame: (usize, Vec<u8>),
    /// The bytes that frames may still have.
    bytes_left: usize,
    /// The number of shapes that `n` has invented.
    shapes: usize,
}

impl Scenario {
    fn new() -> Self {
        let mut js = JsThread::new();
        let clients = (0..CLIENTS).map(|id| Client::ready(id, &mut js)).collect();
        Self { js, clients, last_frame: (0, b"{}".to_vec()), bytes_left: MAX_BYTES, shapes: 0 }
    }

    fn step(&mut self, step: &[u8]) {
        match step {
            [letter @ b'a'..=b'c', frame @ ..] => {
                self.frame(usize::from(letter - b'a'), repeated(frame), false);
            }
            [letter @ b'A'..=b'C', length, frame @ ..] => {
                let mut frame = repeated(frame);
                frame.resize(frame.len() + 64 * usize::from(*length), b' ');
                self.frame(usize::from(letter - b'A'), frame, false);
            }
            [b'h', client, frame @ ..] => self.frame(usize::from(*client) % 3, repeated(frame), true),
            [b'n', client, count, ..] => {
                let frame = self.many_shapes(8 * usize::from(*count));
                self.frame(usize::from(*client) % 3, frame, false);
            }
            [b'*', count, ..] => {
                for _ in 0..count % 64 {
                    let (client, frame) = self.last_frame.clone();
                    self.frame(client, frame, false);
                }
            }
            [sign @ (b'+' | b'-'), client, after, name @ ..] => {
                let name = String::from_utf8_lossy(name).into_owned();
                let client = u32::from(*client) % CLIENTS;
                let change = ListenerChange { client, name, is_added: *sign == b'+' };
                self.js.plan(usize::from(after % 16), change);
            }
            [b'm', client, ..] => self.clients[usize::from(*client) % 3].send(&mut self.js),
            [b'f', client, ..] => self.js.forget(u32::from(*client) % CLIENTS),
            [b'd', count, ..] => self.drain(usize::from(*count)),
            _ => {}
        }
    }

    fn frame(&mut self, client: usize, frame: Vec<u8>, is_held: bool) {
        let Some(bytes_left) = self.bytes_left.checked_sub(frame.len()) else { return };
        self.bytes_left = bytes_left;
        self.clients[client].frame(&frame, is_held, &mut self.js);
        self.last_frame = (client, frame);
    }

    fn many_shapes(&mut self, count: usize) -> Vec<u8> {
        let mut frame = br#"{"type":"shapes","list":["#.to_vec();
        for shape in self.shapes..self.shapes + count {
            frame.extend(format!(r#"{{"{shape}":0}},{{"{shape}":1}},"#).bytes());
        }
        self.shapes += count;
        frame.extend(b"0]}");
        frame
    }

    /// Flushes all clients but those that hold a frame, and lets JavaScript drain.
    fn drain(&mut self, max: usize) {
        for client in self.clients.iter().filter(|client| client.held.is_none()) {
            self.js.flush(client.id);
        }
        self.js.drain((max > 0).then_some(max));
        while max == 0 && !self.js.is_idle() {
            self.js.drain(None);
        }
    }
}

/// A frame with its repetitions written out.
fn repeated(frame: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    for (number, part) in frame.split(|byte| *byte == REPEAT).enumerate() {
        match part {
            [count, unit @ ..] if number % 2 == 1 => whole.extend(unit.repeat(usize::from(*count))),
            part => whole.extend_from_slice(part),
        }
    }
    whole
}

/// A client's session, with a server that does everything right.
struct Client {
    id: u32,
    session: Session,
    now: Instant,
    connection: ConnectionId,
    is_ready: bool,
    /// The messages that wait for a reply, and their promises.
    awaited: HashMap<MessageId, CallId>,
    last_call: CallId,
    /// A frame that was read and not delivered yet.
    held: Option<Frame>,
    /// What the last frame has caused.
    delivered: Delivered,
}

#[derive(Default)]
struct Delivered {
    /// The frames, each with the promise that it settles.
    frames: Vec<(Bytes, Option<CallId>)>,
    /// The log lines. At the level of these sessions, there is one for a frame that is not JSON.
    logs: usize,
}

impl Client {
    fn ready(id: u32, js: &mut JsThread) -> Self {
        static NOW: LazyLock<Instant> = LazyLock::new(Instant::now);
        let config = Config { client_ping_timeout: None, log_level: LogLevel::Error, ..Config::default() };
        let mut client = Self {
            id,
            session: Session::new(config, 1, *NOW),
            now: *NOW,
            connection: ConnectionId(0),
            is_ready: false,
            awaited: HashMap::new(),
            last_call: CallId(0),
            held: None,
            delivered: Delivered::default(),
        };
        let call = client.next_call();
        client.handle(Input::Start { call, options: "".into() }, js);
        client.become_ready(js);
        client
    }

    fn next_call(&mut self) -> CallId {
        self.last_call = CallId(self.last_call.0 + 1);
        self.last_call
    }

    /// Sends a message and waits for the reply.
    fn send(&mut self, js: &mut JsThread) {
        self.deliver_held(js);
        let message = Message::new(r#"{"type":"message"}"#.to_owned()).expect("an object");
        let call = self.next_call();
        self.handle(Input::Enqueue { call, await_reply: true, message }, js);
        self.handle(Input::Flushed { connection: self.connection }, js);
    }

    /// A frame arrives. A frame that is held is delivered before.
    fn frame(&mut self, frame: &[u8], is_held: bool, js: &mut JsThread) {
        self.deliver_held(js);
        self.held = Some(js.read(self.id, Bytes::copy_from_slice(frame)));
        if !is_held {
            self.deliver_held(js);
        }
    }

    /// Delivers the frame that is held, and checks the effects.
    fn deliver_held(&mut self, js: &mut JsThread) {
        let Some(frame) = self.held.take() else { return };
        let expected = frame.data.clone();
        let head = json::head(&expected);
        let reply = head.as_ref().and_then(|head| self.awaiting(head.reply_to?));
        self.delivered = Delivered::default();
        self.handle(Input::Frame { connection: self.connection, frame }, js);
        let delivered = std::mem::take(&mut self.delivered);
        match head {
            None => {
                assert!(delivered.frames.is_empty(), "a frame that is not JSON was delivered");
                assert_eq!(delivered.logs, 1, "log lines about a frame that is not JSON");
            }
            Some(_) => {
                assert_eq!(delivered.logs, 0, "log lines about a frame that is JSON");
                let [(data, settled)] = &delivered.frames[..] else { panic!("not delivered exactly once") };
                assert_eq!(*data, expected, "the frame");
                assert_eq!(*settled, reply, "the promise that the frame settles");
            }
        }
        self.become_ready(js);
    }

    /// The promise that waits for a reply to this message.
    fn awaiting(&self, reply_to: f64) -> Option<CallId> {
        self.awaited.iter().find(|(id, _)| id.0 as f64 == reply_to).map(|(_, call)| *call)
    }

    /// Lets time pass until the client is ready again.
    fn become_ready(&mut self, js: &mut JsThread) {
        for _ in 0..20 {
            if self.is_ready {
                return;
            }
            let deadline = self.session.poll_timeout().expect("a client that is not ready has a deadline");
            self.now = deadline.max(self.now);
            self.handle(Input::Timeout, js);
        }
        panic!("the client does not become ready");
    }

    fn handle(&mut self, input: Input, js: &mut JsThread) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            self.session.handle(self.now, input);
            while let Some(output) = self.session.poll_output() {
                match output {
                    Output::Connect { connection, .. } => {
                        self.connection = connection;
                        inputs
                            .push_back(Input::ConnectFinished { connection, result: Ok(connect_response()) });
                    }
                    Output::Open { connection, .. } => {
                        inputs.push_back(Input::Opened { connection });
                        let data = Bytes::from_static(br#"{"type":"hello"}"#);
                        let frame = js.read(self.id, data);
                        inputs.push_back(Input::Frame { connection, frame });
                    }
                    Output::Deliver(delivery) => self.deliver(delivery, js),
                    Output::Write { frame } => {
                        self.awaited.insert(id_of(&frame), self.last_call);
                    }
                    Output::Pong | Output::Close | Output::Drop => {}
                }
            }
        }
    }

    fn deliver(&mut self, delivery: Delivery, js: &mut JsThread) {
        let item = |kind| Item { client: self.id, kind, call: 0, payload: None, head: Head::default() };
        let item = match &delivery {
            Delivery::Frame { data, head, reply, token: _ } => {
                let expected = json::head(data).expect("a delivered frame is JSON");
                assert!(agree(head, data, &expected), "{head:?} for {expected:?}");
                let call = reply.map_or(0, |CallId(call)| call);
                let item =
                    Item { call, payload: Some(data.to_vec()), head: expected, ..item(ItemKind::Frame) };
                self.delivered.frames.push((data.clone(), *reply));
                self.awaited.retain(|_, call| Some(*call) != *reply);
                item
            }
            Delivery::Outgoing { frame } => {
                Item { payload: Some(frame.to_vec()), ..item(ItemKind::OutgoingMessage) }
            }
            Delivery::Event(event) => {
                let item = item(kind_of(event));
                self.is_ready = matches!(event, Event::Ready);
                item
            }
            Delivery::Settle { call, outcome } => {
                let kind = match outcome {
                    Outcome::Started => ItemKind::StartResolved,
                    Outcome::Failed(_) => ItemKind::Rejected,
                    _ => ItemKind::Resolved,
                };
                let item = Item { call: call.0, ..item(kind) };
                self.awaited.retain(|_, awaited| awaited != call);
                item
            }
            Delivery::Log { .. } => {
                let item = item(ItemKind::Log);
                self.delivered.logs += 1;
                item
            }
            Delivery::Diagnostic(_) => item(ItemKind::Diagnostic),
        };
        js.deliver(delivery, item);
    }
}

/// Whether the product has found the head of a frame.
fn agree(found: &FrameHead, data: &[u8], head: &Head) -> bool {
    let name = |found: &FoundName, name: &Name| match name {
        Name::Absent => *found == FoundName::Absent,
        Name::Text(text) => found.text(data) == Some(text),
        Name::Other(_) | Name::Unmatchable => *found == FoundName::NotText,
    };
    let is_id = |number: &f64| number.fract() == 0.0 && (0.0..(1_u64 << 53) as f64).contains(number);
    let reply_to = match found.reply_to {
        Some(MessageId(id)) => head.reply_to == Some(id as f64),
        None => !head.reply_to.is_some_and(|number| is_id(&number)),
    };
    name(&found.event_type, &head.event_type) && name(&found.subtype, &head.subtype) && reply_to
}

/// The `id` at the end of a message.
fn id_of(frame: &[u8]) -> MessageId {
    let text = std::str::from_utf8(frame).expect("a message is text");
    let (_, id) = text.rsplit_once("\"id\":").expect("a message has an id");
    MessageId(id.strip_suffix('}').and_then(|id| id.parse().ok()).expect("a number"))
}

fn connect_response() -> ConnectResponse {
    let body = Bytes::from_static(br#"{"ok":true}"#);
    let [url, user_id, team_id] = ["wss://slack.test/t1cket", "U1", "T1"].map(str::to_owned);
    ConnectResponse {
        url,
        user_id,
        team_id,
        response: Some(ApiResponse { body, scopes: None, accepted_scopes: None }),
    }
}

fn kind_of(event: &Event) -> ItemKind {
    match event {
        Event::Connecting => ItemKind::Connecting,
        Event::Authenticated(_) => ItemKind::Authenticated,
        Event::Connected => ItemKind::Connected,
        Event::Ready => ItemKind::Ready,
        Event::Disconnecting => ItemKind::Disconnecting,
        Event::Disconnected(_) => ItemKind::Disconnected,
        Event::Reconnecting => ItemKind::Reconnecting,
        Event::UnableToRtmStart(_) => ItemKind::UnableToRtmStart,
        Event::Error(_) => ItemKind::Error,
    }
}
