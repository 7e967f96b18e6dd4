//! Three clients, their server, and JavaScript: runs the steps of an input and checks the results.
//!
//! An input is a list of steps that are separated by 0xff. Each step is a letter with its arguments.
//!
//! | step | |
//! |---|---|
//! | `a` `b` `c` frame | a frame for a client |
//! | `A` `B` `C` length, frame | the same, with spaces after the frame |
//! | `h` client, frame | a frame that is read now, but handled only at the next step of its client |
//! | `n` client, count | a frame with objects of many new shapes, two of each |
//! | `*` count | the last frame again, this number of times |
//! | `+` client, after, name | adds a listener after this number of events |
//! | `-` client, after, name | removes a listener after this number of events |
//! | `m` client | a message that awaits its reply |
//! | `f` client | the client is garbage collected |
//! | `d` count | JavaScript handles this number of events, or fewer if the turn of the event loop ends; 0 means all |
//!
//! In a frame, 0xfe, a count, bytes and another 0xfe mean that these bytes are repeated.

use std::collections::{HashMap, VecDeque};
use std::sync::LazyLock;
use std::time::Instant;

use bytes::Bytes;
use slack_rtm_native::session::{
    ApiResponse, Config, ConnectResponse, Delivery, Event, Frame, FrameHead, Input, LogLevel, Message,
    FrameField, Outcome, Output, Session,
};
use slack_rtm_native_fuzz::json::{self, Head, Name};

use crate::model::{Entry, FRAME, OUTGOING};
use crate::shell::{Change, Crossings, Shell};

const CLIENTS: u32 = 3;

/// The most bytes of frames in one run. Limits its time.
const MOST_BYTES: usize = 512 * 1024;

const SEPARATOR: u8 = 0xff;

/// The delimiter of repeated bytes in a frame.
const REPEAT: u8 = 0xfe;

/// Runs an input. Returns how its payloads have crossed.
pub fn run(input: &[u8]) -> Crossings {
    let mut world = World::new();
    for step in input.split(|byte| *byte == SEPARATOR) {
        world.step(step);
    }
    for client in &mut world.clients {
        client.go_on(&mut world.shell);
    }
    world.drain(0);
    world.shell.crossings
}

struct World {
    shell: Shell,
    clients: Vec<Client>,
    last_frame: (usize, Vec<u8>),
    room: usize,
    /// The number of shapes that `n` has created.
    shapes: usize,
}

impl World {
    fn new() -> Self {
        let mut shell = Shell::new();
        let clients = (0..CLIENTS).map(|id| Client::ready(id, &mut shell)).collect();
        Self { shell, clients, last_frame: (0, b"{}".to_vec()), room: MOST_BYTES, shapes: 0 }
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
                let change = Change { client: u32::from(*client) % CLIENTS, name, comes: *sign == b'+' };
                self.shell.plan(usize::from(after % 16), change);
            }
            [b'm', client, ..] => self.clients[usize::from(*client) % 3].ask(&mut self.shell),
            [b'f', client, ..] => self.shell.forget(u32::from(*client) % CLIENTS),
            [b'd', count, ..] => self.drain(usize::from(*count)),
            _ => {}
        }
    }

    fn frame(&mut self, client: usize, frame: Vec<u8>, is_held: bool) {
        let Some(room) = self.room.checked_sub(frame.len()) else { return };
        self.room = room;
        self.clients[client].frame(&frame, is_held, &mut self.shell);
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

    /// Drains the outbox. Clients with a held frame have not flushed their last deliveries.
    fn drain(&mut self, most: usize) {
        for client in self.clients.iter().filter(|client| client.held.is_none()) {
            self.shell.flush(client.id);
        }
        self.shell.drain((most > 0).then_some(most));
        while most == 0 && !self.shell.is_idle() {
            self.shell.drain(None);
        }
    }
}

/// Expands the repetitions in a frame.
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

/// The session of a client, with a healthy server.
struct Client {
    id: u32,
    session: Session,
    now: Instant,
    connection: u64,
    is_ready: bool,
    /// The messages that await a reply, and their promises.
    awaited: HashMap<u64, u32>,
    last_call: u32,
    /// A frame that was read and not handled.
    held: Option<Frame>,
    /// The deliveries of the last input.
    deliveries: Deliveries,
}

#[derive(Default)]
struct Deliveries {
    frames: Vec<(Bytes, Option<u32>)>,
    not_json: usize,
}

impl Client {
    fn ready(id: u32, shell: &mut Shell) -> Self {
        static NOW: LazyLock<Instant> = LazyLock::new(Instant::now);
        let config = Config { client_ping_timeout: None, log_level: LogLevel::Error, ..Config::default() };
        let mut client = Self {
            id,
            session: Session::new(config, 1, *NOW),
            now: *NOW,
            connection: 0,
            is_ready: false,
            awaited: HashMap::new(),
            last_call: 0,
            held: None,
            deliveries: Deliveries::default(),
        };
        let call = client.call();
        client.feed(Input::Start { call, options: "".into() }, shell);
        client.recover(shell);
        client
    }

    fn call(&mut self) -> u32 {
        self.last_call += 1;
        self.last_call
    }

    fn ask(&mut self, shell: &mut Shell) {
        self.go_on(shell);
        let message = Message::new(r#"{"type":"message"}"#.to_owned()).expect("an object");
        let call = self.call();
        self.feed(Input::Enqueue { call, await_reply: true, message }, shell);
        self.feed(Input::Flushed { connection: self.connection }, shell);
    }

    /// A frame arrives. A held frame is handled first.
    fn frame(&mut self, frame: &[u8], is_held: bool, shell: &mut Shell) {
        self.go_on(shell);
        self.held = Some(shell.read(self.id, Bytes::copy_from_slice(frame)));
        if !is_held {
            self.go_on(shell);
        }
    }

    /// Handles the held frame and checks the result.
    fn go_on(&mut self, shell: &mut Shell) {
        let Some(frame) = self.held.take() else { return };
        let expected = frame.data.clone();
        let head = json::head(&expected);
        let reply = head.as_ref().and_then(|head| self.awaiting(head.reply_to?));
        self.deliveries = Deliveries::default();
        self.feed(Input::Frame { connection: self.connection, frame }, shell);
        let deliveries = std::mem::take(&mut self.deliveries);
        match head {
            None => assert!(
                deliveries.frames.is_empty() && deliveries.not_json == 1,
                "a frame that is not JSON causes one log line"
            ),
            Some(_) => {
                assert_eq!(deliveries.not_json, 0, "a frame that is JSON");
                let [(data, settled)] = &deliveries.frames[..] else { panic!("a frame is delivered once") };
                assert_eq!(*data, expected, "the frame is unchanged");
                assert_eq!(*settled, reply, "the promise that it settles");
            }
        }
        self.recover(shell);
    }

    fn awaiting(&self, reply_to: f64) -> Option<u32> {
        self.awaited.iter().find(|(id, _)| **id as f64 == reply_to).map(|(_, call)| *call)
    }

    /// Lets time pass until the client is ready again.
    fn recover(&mut self, shell: &mut Shell) {
        for _ in 0..20 {
            if self.is_ready {
                return;
            }
            self.now = self.session.poll_timeout().expect("the session has a deadline").max(self.now);
            self.feed(Input::Timeout, shell);
        }
        panic!("the client does not become ready");
    }

    fn feed(&mut self, input: Input, shell: &mut Shell) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            self.session.handle(self.now, input);
            while let Some(output) = self.session.poll_output() {
                match output {
                    Output::Connect { connection, .. } => {
                        self.connection = connection;
                        inputs.push_back(Input::ConnectFinished { connection, result: Ok(answer()) });
                    }
                    Output::Open { connection, .. } => {
                        inputs.push_back(Input::Opened { connection });
                        let data = Bytes::from_static(br#"{"type":"hello"}"#);
                        let frame = shell.read(self.id, data);
                        inputs.push_back(Input::Frame { connection, frame });
                    }
                    Output::Deliver(delivery) => self.deliver(delivery, shell),
                    Output::Write { frame } => {
                        self.awaited.insert(id_of(&frame), self.last_call);
                    }
                    Output::Pong | Output::Close | Output::Drop => {}
                }
            }
        }
    }

    fn deliver(&mut self, delivery: Delivery, shell: &mut Shell) {
        let (kind, call, payload, head) = match &delivery {
            Delivery::Frame { data, head, reply, note: _ } => {
                let expected = json::head(data).expect("frames are JSON");
                assert!(agree(head, data, &expected), "{head:?} for {expected:?}");
                self.deliveries.frames.push((data.clone(), *reply));
                self.awaited.retain(|_, call| Some(*call) != *reply);
                (FRAME, reply.unwrap_or(0), Some(data.to_vec()), expected)
            }
            Delivery::Outgoing { frame } => (OUTGOING, 0, Some(frame.to_vec()), Head::default()),
            Delivery::Event(event) => {
                self.is_ready = matches!(event, Event::Ready);
                (kind_of(event), 0, None, Head::default())
            }
            Delivery::Settle { call, outcome } => {
                self.awaited.retain(|_, awaited| awaited != call);
                let kind = match outcome {
                    Outcome::Started => 12,
                    Outcome::Failed(_) => 14,
                    _ => 11,
                };
                (kind, *call, None, Head::default())
            }
            Delivery::Log { .. } => {
                self.deliveries.not_json += 1;
                (17, 0, None, Head::default())
            }
            Delivery::Diagnostic(_) => (16, 0, None, Head::default()),
        };
        shell.deliver(delivery, Entry { client: self.id, kind, call, payload, head });
    }
}

/// Whether the crate found the fields that the frame has.
fn agree(found: &FrameHead, data: &[u8], head: &Head) -> bool {
    let name = |found: &FrameField, name: &Name| match name {
        Name::Absent => *found == FrameField::Absent,
        Name::Text(text) => found.text(data) == Some(text),
        Name::Other(_) | Name::Unheard => *found == FrameField::NotText,
    };
    let is_id = |number: &f64| number.fract() == 0.0 && (0.0..(1_u64 << 53) as f64).contains(number);
    let reply_to = match found.reply_to {
        Some(id) => head.reply_to == Some(id as f64),
        None => !head.reply_to.is_some_and(|number| is_id(&number)),
    };
    name(&found.event_type, &head.kind) && name(&found.subtype, &head.subtype) && reply_to
}

/// The `id` at the end of a message.
fn id_of(frame: &[u8]) -> u64 {
    let text = std::str::from_utf8(frame).expect("a message is text");
    let (_, id) = text.rsplit_once("\"id\":").expect("a message has an id");
    id.strip_suffix('}').and_then(|id| id.parse().ok()).expect("a number")
}

fn answer() -> ConnectResponse {
    let body = Bytes::from_static(br#"{"ok":true}"#);
    let [url, user_id, team_id] = ["wss://slack.test/t1cket", "U1", "T1"].map(str::to_owned);
    ConnectResponse {
        url,
        user_id,
        team_id,
        response: Some(ApiResponse { body, scopes: None, accepted_scopes: None }),
    }
}

/// The kind of an event's item (`Kind` in binding.d.ts).
fn kind_of(event: &Event) -> u8 {
    match event {
        Event::Connecting => 1,
        Event::Authenticated(_) => 2,
        Event::Connected => 3,
        Event::Ready => 4,
        Event::Disconnecting => 5,
        Event::Disconnected(_) => 6,
        Event::Reconnecting => 7,
        Event::UnableToRtmStart(_) => 8,
        Event::Error(_) => 9,
    }
}
