//! The ids of calls, connections and messages. Each is a type of its own, so that they cannot be mixed up.

use std::fmt;

/// One call of the user's, for example one `start()`: the JavaScript promise that the session settles.
///
/// The caller chooses the id. The session only hands it back, so an id must be unique among the calls that are not
/// settled yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u32);

/// One connect call and the socket that it leads to.
///
/// The session chooses the ids: 1, 2, 3, … Each attempt of the connect call gets the next one, and its socket has the
/// same. The session ignores an input whose id is not the current one, because it comes from a connection that the
/// session has already dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// The `id` of an outgoing message, which Slack repeats as the `reply_to` of its reply.
///
/// The session chooses the ids: 1, 2, 3, … They increase for the life of a client, across all its connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

impl ConnectionId {
    /// The id that follows this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl MessageId {
    /// The id that follows this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
