//! `POST /track`: what the shortener's face reports after each redirect. No route leads here from outside.

use alloc::format;
use alloc::string::{String, ToString};

use http::{Request, Response};
use serde_json::Value;

use crate::bindings::url_shortener::api::analytics::{self, ClickEvent};

/// The longest report; the client's header fields in it are bounded by the sender. Bytes.
const LIMIT: usize = 64 * 1024;

/// Counts the click that the body reports.
pub fn track(request: &Request) -> Response {
    let Some(event) = request.body(LIMIT).and_then(|body| parse(&body)) else {
        return Response::error(400, "invalid-request", "this is no click");
    };
    match analytics::track_click(&event) {
        Ok(()) => Response::empty(204),
        Err(message) => {
            guest::log(&format!("click of `{}`: {message}", event.url_id));
            Response::error(500, "analytics-failed", &message)
        }
    }
}

fn parse(body: &[u8]) -> Option<ClickEvent> {
    let click: Value = serde_json::from_slice(body).ok()?;
    Some(ClickEvent {
        url_id: click["url_id"].as_str()?.to_string(),
        timestamp: click["timestamp"].as_u64()?,
        ip: text(&click["ip"]),
        user_agent: text(&click["user_agent"]),
        referer: text(&click["referer"]),
    })
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_click_may_leave_the_visitor_out() {
        let event = parse(br#"{"url_id":"aB3xYz9","timestamp":1700000000,"ip":null}"#).expect("a click");
        assert_eq!((event.url_id.as_str(), event.timestamp), ("aB3xYz9", 1_700_000_000));
        assert_eq!((event.ip, event.user_agent, event.referer), (None, None, None));
    }

    #[test]
    fn the_visitor_is_read() {
        let body = br#"{"url_id":"a","timestamp":1,"ip":"::1","user_agent":"\u00e9","referer":"https://a.b/"}"#;
        let event = parse(body).expect("a click");
        assert_eq!(event.ip.as_deref(), Some("::1"));
        assert_eq!(event.user_agent.as_deref(), Some("é"));
        assert_eq!(event.referer.as_deref(), Some("https://a.b/"));
    }

    #[test]
    fn anything_else_is_no_click() {
        for body in [&b""[..], b"[]", b"{}", br#"{"url_id":1,"timestamp":1}"#, br#"{"url_id":"a","timestamp":-1}"#] {
            assert!(parse(body).is_none());
        }
    }
}
