//! A guest of WASI 0.3 that does what the path says: each path is one thing that a host may get wrong.

mod answers;
mod bindings;
mod bodies;
mod misbehaving;
mod sending;
mod system;
mod waiting;

use bindings::exports::wasi::http::handler::Guest;
use bindings::wasi::http::types::{ErrorCode, Request, Response};

struct Lab;

bindings::export!(Lab with_types_in bindings);

impl Guest for Lab {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let target = request.get_path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        match path {
            "/hello" => answers::text("Hello, world"),
            "/head" => answers::text(&answers::head(&request)),
            "/fields" => answers::fields(),
            "/trailers" => bodies::trailers(),
            "/request-trailers" => bodies::request_trailers(request).await,
            "/echo" => bodies::echo(request),
            "/whole" => bodies::whole(request).await,
            "/pass" => bodies::pass(request),
            "/count" => bodies::count(request).await,
            "/ignore" => answers::text("ignored"),
            "/long" => bodies::long(query),
            "/sent" => bodies::sent(query).await,
            "/sent-wrong" => bodies::sent_wrong(),
            "/receipt" => bodies::receipt(request).await,
            "/unsent" => sending::unsent(query).await,
            "/sleep" => waiting::sleep(query).await,
            "/drip" => waiting::drip(query),
            "/together" => waiting::together(query).await,
            "/first" => waiting::first(query).await,
            "/own" => waiting::own().await,
            "/own-future" => waiting::own_future().await,
            "/yield" => waiting::yields(query).await,
            "/after" => waiting::after(query),
            "/block" => waiting::block(query),
            "/send" => sending::send(query).await,
            "/relay" => sending::relay(request, query).await,
            "/hidden" => sending::hidden(query).await,
            "/several" => sending::several(query).await,
            "/log" => system::log(query).await,
            "/system" => system::system().await,
            "/fail" => Err(ErrorCode::InternalError(Some("as asked".into()))),
            "/short" => misbehaving::short(),
            "/long-length" => misbehaving::more_than_promised(),
            "/trap" => misbehaving::trap(),
            "/forever" => misbehaving::forever().await,
            "/spin" => misbehaving::spin(),
            "/leak" => misbehaving::leak(query),
            "/forged" => misbehaving::forged(query),
            _ => answers::status(404),
        }
    }
}

/// The number in a query, or another.
fn number(query: &str, other: u64) -> u64 {
    query.parse().unwrap_or(other)
}
