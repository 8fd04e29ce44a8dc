//! `GET /api/stats/:id`.

use alloc::format;
use alloc::string::{String, ToString};

use http::Response;
use http::json::Object;

use crate::bindings::url_shortener::api::analytics::{self, UrlStats};
use crate::bindings::url_shortener::api::shortener::{self, ResolveError};

/// The figures of a link. Whether there is such a link is for the shortener to say: one that has expired still has
/// figures, and one that nobody has clicked has only zeros.
pub fn answer(id: &str) -> Response {
    if matches!(shortener::resolve(id), Err(ResolveError::NotFound)) {
        return Response::error(404, "not-found", "there is no such link");
    }
    match analytics::get_stats(id) {
        Ok(stats) => Response::json(200, to_json(&stats)),
        Err(message) => {
            guest::log(&format!("figures of `{id}`: {message}"));
            Response::error(500, "analytics-failed", "the figures cannot be read now")
        }
    }
}

fn to_json(stats: &UrlStats) -> Object {
    Object::new()
        .text("url_id", &stats.url_id)
        .number("total_clicks", stats.total_clicks)
        .number("unique_clicks", stats.unique_clicks)
        .raw("clicks_by_hour", &pairs(&stats.clicks_by_hour))
}

fn pairs(hours: &[(u64, u64)]) -> String {
    let mut json = "[".to_string();
    for (index, (start, clicks)) in hours.iter().enumerate() {
        let separator = if index == 0 { "" } else { "," };
        json.push_str(&format!("{separator}[{start},{clicks}]"));
    }
    json.push(']');
    json
}

#[cfg(test)]
mod tests {
    use super::{UrlStats, to_json};

    fn stats(clicks_by_hour: Vec<(u64, u64)>) -> UrlStats {
        UrlStats { url_id: "aB3xYz9".into(), total_clicks: 5, unique_clicks: 2, clicks_by_hour }
    }

    #[test]
    fn figures_have_the_contracts_form() {
        let expected =
            r#"{"url_id":"aB3xYz9","total_clicks":5,"unique_clicks":2,"clicks_by_hour":[[3600,2],[7200,3]]}"#;
        assert_eq!(to_json(&stats(vec![(3600, 2), (7200, 3)])).finish(), expected);
    }

    #[test]
    fn a_link_without_clicks_has_no_hours() {
        assert!(to_json(&stats(Vec::new())).finish().ends_with(r#""clicks_by_hour":[]}"#));
    }
}
