//! A guest that does, by path, everything a guest may do with WASI, and much that it may not.
//!
//! Most paths answer with a text that says what they saw. Parameters are in the query: `/sleep?50`.
//!
//! | path | what it does |
//! |---|---|
//! | `/hello` | the plainest answer: `blocking-write-and-flush`, drop, finish |
//! | `/hello-sdk` | the same as SDKs do it: `check-write`, `write`, `flush`, `check-write` |
//! | `/big?n` | n bytes of text by `blocking-write-and-flush` in pieces of 4096 |
//! | `/bytes?n` | n bytes that are not UTF-8 |
//! | `/echo` | the request's body, piece by piece; `content-type` too |
//! | `/splice` | the same by `splice` |
//! | `/late` | reads the whole body, then answers with the number of bytes and of reads |
//! | `/skip?n` | skips n bytes, answers with the rest |
//! | `/ignore-body` | drops the input stream after one byte |
//! | `/request-trailers` | the trailers of the request |
//! | `/head`, `/head/...` | method, scheme, authority and path of the request |
//! | `/headers` | the headers of the request, a line each |
//! | `/status?n` | answers with this status |
//! | `/sleep?ms` | sleeps, then answers |
//! | `/stream?n` | n chunks, 20 ms apart, without a flush |
//! | `/flush?n` | n chunks, each flushed, with nothing but computing in between |
//! | `/early-finish` | writes and finishes the body before it sets the response |
//! | `/early-write?n` | writes n bytes before it sets the response |
//! | `/after?ms` | answers, goes on working, then writes to stderr |
//! | `/inform?status` | sends early hints, tries this status ahead of the response, then says what came of it |
//! | `/no-body` | sets a response whose body it never asked for |
//! | `/zeroes`, `/unasked?n` | writes zeroes; writes n bytes without asking what is permitted |
//! | `/trap`, `/spin`, `/eat`, `/none`, `/exit?code` | ways not to answer |
//! | `/error` | gives an error code in place of a response |
//! | `/error-after?ms` | the same, goes on working, then writes to stderr |
//! | `/drop-outparam` | drops the outparam |
//! | `/unfinished`, `/leak` | starts a body, drops or keeps it without finishing |
//! | `/unfinished-late` | the same after a chunk has been sent |
//! | `/short`, `/long` | writes less or more than `content-length` says |
//! | `/trailers` | a response with trailers |
//! | `/out?url`, `/out-post?url`, `/out-stream?url` | sends a request and gives its response back |
//! | `/out-drop?url`, `/out-unfinished?url`, `/out-early?url` | drops the future or the body, or finishes before it sends |
//! | `/out-two?url` | two requests at once |
//! | `/out-invalid` | requests that cannot be sent |
//! | `/env`, `/stdout`, `/stderr`, `/print`, `/random`, `/clock`, `/fs`, `/sockets` | the other interfaces |
//! | `/keep`, `/stale-handles` | keeps handles of one request, uses them in a later one |
//! | `/forbidden-header`, `/immutable`, `/fields`, `/big-head?n`, `/too-many-headers` | headers |
//! | `/raw-write?address,size`, `/raw-read?address,size` | write memory, or read to it, as it lies at an address |
//! | `/pieces?size,first` | writes so many bytes in pieces from odd and even addresses; the smallest is `first` |
//! | `/poll`, `/poll-nothing`, `/poll-empty`, `/over-permit`, `/drop-order` | polling and rules that trap |

mod answers;
mod bindings;
mod headers;
mod incoming;
mod misbehaving;
mod outgoing;
mod polling;
mod raw;
mod responding;
mod stale;
mod system;

use bindings::exports::wasi::http::incoming_handler::Guest;
use bindings::wasi::http::types::{IncomingRequest, ResponseOutparam};

struct Lab;

bindings::export!(Lab with_types_in bindings);

impl Guest for Lab {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let number = query.parse().unwrap_or(0);
        match path {
            "/echo" => incoming::echo(request, out),
            "/splice" => incoming::splice(request, out),
            "/late" => incoming::late(request, out),
            "/skip" => incoming::skip(request, out, number),
            "/ignore-body" => incoming::ignore_body(request, out),
            "/request-trailers" => incoming::trailers(request, out),
            path if path == "/head" || path.starts_with("/head/") => incoming::head(request, out),
            "/headers" => headers::echo(request, out),
            "/immutable" => headers::immutable(request, out),
            "/forbidden-header" => headers::forbidden(out),
            "/fields" => headers::fields(out),
            "/big-head" => headers::big_head(out, number),
            "/too-many-headers" => headers::too_many(),
            "/sleep" => system::sleep_then_answer(out, number),
            "/env" => system::environment(out),
            "/stdout" => system::stdout(out),
            "/stderr" => system::stderr(out),
            "/print" => system::print(out),
            "/random" => system::random(out),
            "/clock" => system::clock(out),
            "/fs" => system::filesystem(out),
            "/sockets" => system::sockets(out),
            "/exit" => system::exit(number),
            "/trap" => misbehaving::trap(),
            "/spin" => misbehaving::spin(),
            "/eat" => misbehaving::eat(),
            "/none" => misbehaving::none(out),
            "/drop-outparam" => drop(out),
            "/error" => misbehaving::error(out),
            "/error-after" => misbehaving::error_after(out, number),
            "/unfinished" => misbehaving::unfinished(out),
            "/unfinished-late" => misbehaving::unfinished_late(out),
            "/leak" => misbehaving::leak(out),
            "/short" => misbehaving::short(out),
            "/long" => misbehaving::long(out),
            "/over-permit" => misbehaving::over_permit(out),
            "/drop-order" => misbehaving::drop_order(out),
            "/raw-write" => raw::write(out, query),
            "/raw-read" => raw::read(request, out, query),
            "/pieces" => raw::pieces(out, query),
            "/out" => outgoing::get(out, query),
            "/out-post" => outgoing::post(request, out, query),
            "/out-stream" => outgoing::stream(request, out, query),
            "/out-early" => outgoing::early(out, query),
            "/out-drop" => outgoing::drop_future(out, query),
            "/out-unfinished" => outgoing::unfinished(out, query),
            "/out-two" => outgoing::two(out, query),
            "/out-invalid" => outgoing::invalid(out),
            "/poll" => polling::several(out),
            "/poll-nothing" => polling::nothing(),
            "/poll-empty" => polling::empty(),
            "/keep" => stale::keep(request, out),
            "/stale-handles" => stale::use_kept(request, out),
            _ => responding::answer(path, out, number),
        }
    }
}
