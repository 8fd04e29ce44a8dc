//! Telling the analytics component of a visit, after the visitor has been sent on.

use alloc::format;

use http::json::Object;
use http::{Request, addresses, post};

use crate::bindings::wasi::clocks::wall_clock;

/// Where the analytics component answers inside of this application.
const ANALYTICS: &str = "analytics.spin.internal";
/// The most that is kept of a header field; characters.
const LONGEST_FIELD: usize = 1024;

/// Reports the visit that the request was. A click that cannot be counted is logged: nobody waits for it.
pub fn report(request: &Request) {
    let id = request.path.trim_matches('/');
    let address = request.header("spin-client-addr").and_then(|header| addresses::client(&header));
    let ip = address.map(|address| format!("{}", address.ip()));
    let click = Object::new()
        .text("url_id", id)
        .number("timestamp", wall_clock::now().seconds)
        .optional_text("ip", ip.as_deref())
        .optional_text("user_agent", request.header("user-agent").as_deref().map(shortened))
        .optional_text("referer", request.header("referer").as_deref().map(shortened))
        .finish();
    match post(ANALYTICS, "/track", &click) {
        Ok(204) => {}
        Ok(status) => guest::log(&format!("a click of `{id}` was not counted: status {status}")),
        Err(error) => guest::log(&format!("a click of `{id}` was not counted: {error}")),
    }
}

fn shortened(field: &str) -> &str {
    field.char_indices().nth(LONGEST_FIELD).map_or(field, |(end, _)| &field[..end])
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_FIELD, shortened};

    #[test]
    fn a_long_field_is_cut_between_characters() {
        assert_eq!(shortened("short"), "short");
        assert_eq!(shortened(&"é".repeat(LONGEST_FIELD + 5)), "é".repeat(LONGEST_FIELD));
    }
}
