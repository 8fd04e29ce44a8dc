//! The body of `POST /api/shorten`.

use alloc::string::{String, ToString};

use serde_json::Value;

/// A hundred years: longer is a mistake in the unit.
const LONGEST_TTL: u64 = 100 * 365 * 24 * 3600;

/// What the client wants shortened. Whether the URL is a good one is for the shortener to say.
#[derive(Debug, PartialEq, Eq)]
pub struct NewLink {
    pub url: String,
    pub ttl_seconds: Option<u64>,
}

impl NewLink {
    /// Says what is wrong with a body that asks for nothing.
    pub fn parse(body: &[u8]) -> Result<Self, &'static str> {
        let value: Value = serde_json::from_slice(body).map_err(|_| "the body is not JSON")?;
        let object = value.as_object().ok_or("the body is not a JSON object")?;
        let url = match object.get("url") {
            Some(Value::String(url)) => url.to_string(),
            Some(_) => return Err("`url` is not a string"),
            None => return Err("`url` is missing"),
        };
        let ttl_seconds = object.get("ttl_seconds").map_or(Ok(None), parse_ttl)?;
        Ok(Self { url, ttl_seconds })
    }
}

fn parse_ttl(value: &Value) -> Result<Option<u64>, &'static str> {
    if value.is_null() {
        return Ok(None);
    }
    match value.as_u64() {
        Some(seconds) if seconds <= LONGEST_TTL => Ok(Some(seconds)),
        Some(_) => Err("`ttl_seconds` is longer than a hundred years"),
        None => Err("`ttl_seconds` is not a whole number of seconds, zero or more"),
    }
}

#[cfg(test)]
mod tests {
    use super::NewLink;

    #[test]
    fn the_time_to_live_may_be_left_out() {
        let link = |ttl_seconds| Ok(NewLink { url: "https://a.b/é".into(), ttl_seconds });
        assert_eq!(NewLink::parse(r#"{"url":"https://a.b/é"}"#.as_bytes()), link(None));
        assert_eq!(NewLink::parse(br#"{"url":"https://a.b/\u00e9","ttl_seconds":null}"#), link(None));
        assert_eq!(NewLink::parse(br#"{"ttl_seconds":60,"url":"https://a.b/\u00e9","more":[{}]}"#), link(Some(60)));
    }

    #[test]
    fn a_body_that_is_not_an_object_is_refused() {
        for body in [&b""[..], b"{", b"nonsense", b"\xff", br#"{"url":"a"} x"#] {
            assert_eq!(NewLink::parse(body), Err("the body is not JSON"));
        }
        for body in [&b"[]"[..], b"null", br#""https://a.b""#] {
            assert_eq!(NewLink::parse(body), Err("the body is not a JSON object"));
        }
    }

    #[test]
    fn a_missing_url_is_named() {
        assert_eq!(NewLink::parse(b"{}"), Err("`url` is missing"));
        assert_eq!(NewLink::parse(br#"{"url":null}"#), Err("`url` is not a string"));
        assert_eq!(NewLink::parse(br#"{"url":["https://a.b"]}"#), Err("`url` is not a string"));
    }

    #[test]
    fn a_bad_time_to_live_is_named() {
        for ttl in ["-1", "1.5", "\"60\"", "true", "[]", "1e3", "18446744073709551616", "18446744073709551615"] {
            let body = format!(r#"{{"url":"https://a.b","ttl_seconds":{ttl}}}"#);
            assert!(NewLink::parse(body.as_bytes()).is_err_and(|message| message.contains("`ttl_seconds`")), "{ttl}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_not_followed() {
        assert!(NewLink::parse("[".repeat(100_000).as_bytes()).is_err());
    }
}
