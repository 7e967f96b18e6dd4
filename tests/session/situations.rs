//! A world in each state of the contract, to call every method in every one of them.

use slack_rtm_native::session::Config;

use crate::harness::{Dial, Replies, World, http_error};

/// The states, with the ones that look alike from outside told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Situation {
    Disconnected,
    /// `authenticating`, the connect call under way.
    Authenticating,
    /// `authenticating`, a failed connect call about to be repeated.
    Repeating,
    Authenticated,
    Handshaking,
    Resuming,
    Ready,
    Reconnecting,
    Disconnecting,
    /// `disconnecting`, and `start()` was called since.
    Restarting,
}

impl Situation {
    pub(crate) const ALL: [Situation; 10] = [
        Situation::Disconnected,
        Situation::Authenticating,
        Situation::Repeating,
        Situation::Authenticated,
        Situation::Handshaking,
        Situation::Resuming,
        Situation::Ready,
        Situation::Reconnecting,
        Situation::Disconnecting,
        Situation::Restarting,
    ];

    /// A world in this situation, its trace taken. Promises `start` (of all but the first) and, where they are
    /// pending, `first disconnect` and `second start` belong to it; `lost` is a message whose reply went missing.
    pub(crate) fn world(self) -> World {
        let mut world = World::new(Config::default());
        match self {
            Situation::Disconnected => return world,
            Situation::Authenticating => world.server.answer = None,
            Situation::Repeating => world.server.answer = Some(Err(http_error(503))),
            Situation::Authenticated => world.server.dial = Dial::Silence,
            Situation::Handshaking => world.server.dial = Dial::Mute,
            Situation::Resuming | Situation::Ready | Situation::Reconnecting => {}
            Situation::Disconnecting | Situation::Restarting => world.server.closes = false,
        }
        world.start("start");
        match self {
            Situation::Resuming => {
                world.server.replies = Replies::None;
                world.enqueue("lost", true);
                world.closed(1006, "");
                world.advance_to_deadline();
            }
            Situation::Reconnecting => world.closed(1006, ""),
            Situation::Disconnecting => world.disconnect("first disconnect"),
            Situation::Restarting => {
                world.disconnect("first disconnect");
                world.start("second start");
            }
            _ => {}
        }
        let news = world.trace.take();
        assert_eq!(news.last().map(String::as_str), Some(self.last_line()), "{self:?}");
        world
    }

    fn last_line(self) -> &'static str {
        match self {
            Situation::Disconnected => "",
            Situation::Authenticating | Situation::Repeating => "> connect",
            Situation::Authenticated | Situation::Handshaking => "> open",
            Situation::Resuming => "< hello",
            Situation::Ready => "ready",
            Situation::Reconnecting => "reconnecting",
            Situation::Disconnecting | Situation::Restarting => "> close",
        }
    }
}
