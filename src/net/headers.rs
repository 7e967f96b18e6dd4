//! Converts HTTP headers from and to the lists of names and values in options, errors and agents' requests.

use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::option_error::OptionError;

/// Converts the headers of an option. `option` is its name for the error.
pub(crate) fn header_map(option: &str, headers: Vec<(String, String)>) -> Result<HeaderMap, OptionError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        // The error does not show the value, which may be a cookie.
        let invalid = || {
            let problem =
                format!("invalid HTTP header {name:?}: a character in its name or value is not allowed");
            OptionError::new(option, problem)
        };
        let header = HeaderName::try_from(name.as_str()).map_err(|_| invalid())?;
        map.append(header, HeaderValue::try_from(value).map_err(|_| invalid())?);
    }
    Ok(map)
}

/// The headers as names in lower case and values, in their order.
pub(crate) fn header_list(headers: &HeaderMap) -> Vec<(String, String)> {
    let to_text = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    headers.iter().map(to_text).collect()
}
