//! The error of an option that the network code cannot use.

/// An option has a value that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{option}: {problem}")]
pub struct OptionError {
    /// The option's name, like `tls.ca`.
    pub option: String,
    /// The reason. Holds no secrets.
    pub problem: String,
}

impl OptionError {
    pub(crate) fn new(option: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { option: option.into(), problem: problem.into() }
    }
}
