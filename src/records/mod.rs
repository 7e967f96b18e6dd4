//! Events as records: a binary form that JavaScript reads faster than JSON text. Does not use napi values.

pub(crate) mod decode;
pub(crate) mod event_types;
pub(crate) mod format;
pub(crate) mod listener_mask;
pub(crate) mod shapes;
