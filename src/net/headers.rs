//! HTTP headers, from and to the lists of names and values that options and errors hold.

use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::option_error::OptionError;

/// Headers as the user gave them under `option`.
pub(crate) fn header_map(option: &str, headers: Vec<(String, String)>) -> Result<HeaderMap, OptionError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let unfit =
            || OptionError::new(option, format!("{name:?} is no HTTP header, or its value cannot be sent"));
        let header = HeaderName::try_from(name.as_str()).map_err(|_| unfit())?;
        map.append(header, HeaderValue::try_from(value).map_err(|_| unfit())?);
    }
    Ok(map)
}
