//! An outgoing message as the user's code passes it to the session.

/// The JSON text of an outgoing message: an object that has a `type` and does not have the `id` that the session adds.
///
/// The text is what `JSON.stringify` made of the message's body. The session does not parse it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message(String);

impl Message {
    /// Takes the text of a JSON object. Only the braces at both ends are checked.
    ///
    /// # Errors
    /// Returns the text if it does not begin with `{` and end with `}`.
    pub fn new(json: String) -> Result<Self, String> {
        if json.starts_with('{') && json.ends_with('}') { Ok(Self(json)) } else { Err(json) }
    }

    /// The text.
    pub(super) fn into_json(self) -> String {
        self.0
    }

    /// The length of the text in bytes.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
