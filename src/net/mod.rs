//! The network: host names, TCP, proxies, TLS, HTTP upgrades, and the Node.js error codes of network errors.
//!
//! This module imports neither `session` nor `driver`.

pub(crate) mod connector;
pub(crate) mod dns;
pub(crate) mod error_code;
pub(crate) mod headers;
pub(crate) mod http_client;
pub(crate) mod http_upgrade;
pub(crate) mod option_error;
pub(crate) mod proxy;
pub(crate) mod stream;
pub(crate) mod target;
pub(crate) mod tcp;
pub(crate) mod tls;
