//! Events as records: a binary form of a JSON object, from which V8 builds a JavaScript object faster than from JSON text.
//!
//! `JSON.parse` on the JavaScript thread would be half of what an event costs. A client's task reads every frame anyway, to
//! check that it is JSON and to find its `type`. So the task writes the record in the same pass, and JavaScript only has to
//! put the values together.
//!
//! # A record by example
//!
//! This frame
//!
//! ```json
//! {"type":"message","user":"U1","edited":{"count":2},"text":"hé"}
//! ```
//!
//! has two objects. The keys of an object, their order and the kinds of their values are its *shape*. Shapes are kept in a
//! table ([`shapes`]), and JavaScript asks for the definition of a shape once:
//!
//! | shape | definition |
//! |---|---|
//! | 0 | `count`: integer |
//! | 1 | `type`: always `"message"`, `user`: text, `edited`: object, `text`: text |
//!
//! The record contains only the values. It is a list of 32-bit words, and the texts that the words refer to, here the Latin-1
//! text `U1hé`:
//!
//! | word | content | meaning |
//! |---|---|---|
//! | 0 | shape 0 | the row of the object `edited` |
//! | 1 | 2 | `count` |
//! | 2 | shape 1 | the row of the frame's own object, the *root* |
//! | 3 | Latin-1, start 0, length 2 | `user`: `U1` |
//! | 4 | position 0 | `edited`: the row at word 0 |
//! | 5 | Latin-1, start 2, length 2 | `text`: `hé` |
//!
//! `lib/records.js` generates a function for each shape. For shape 1 it is
//!
//! ```js
//! (words, row) => ({
//!   "type": "message",
//!   "user": text(words[row + 1]),
//!   "edited": object(words[row + 2]),
//!   "text": text(words[row + 3]),
//! })
//! ```
//!
//! [`mod@format`] has the exact layout and all of its numbers.
//!
//! # What has no record
//!
//! A record must produce exactly what `JSON.parse` would. If a frame cannot be a record (a key `__proto__`, duplicate keys,
//! great depth or size), or if its shape is not in the table yet, or if its event has had no listener recently
//! ([`demand`]), then [`decode`] returns the reason, and the frame crosses to JavaScript as JSON text.
//!
//! # Files
//!
//! | module | content |
//! |---|---|
//! | [`mod@format`] | the layout of records and chunks, in numbers |
//! | [`buffer`] | records in memory, one behind the other |
//! | [`decode`] | from a frame to a record |
//! | [`shapes`] | the table of known shapes |
//! | [`event_types`] | ids for `type` and `subtype` |
//! | [`demand`] | which event types had listeners recently |
//! | [`listener_mask`] | the event names that have listeners, as a set of 64 bits |
//!
//! This module knows neither JavaScript's values nor the session.

pub(crate) mod buffer;
pub(crate) mod decode;
pub(crate) mod demand;
pub(crate) mod event_types;
pub(crate) mod format;
pub(crate) mod listener_mask;
pub(crate) mod shapes;
