//! Waiting, alone and for several things at once.

use crate::answers::{self, Answer, with_body};
use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::http::types::{ErrorCode, Fields};
use crate::bindings::{wit_future, wit_stream};
use crate::{number, system};
use futures::FutureExt;
use futures::future::{join_all, select_all};

const MILLISECOND: u64 = 1_000_000;

/// So many milliseconds.
pub async fn sleep(query: &str) -> Answer {
    monotonic_clock::wait_for(number(query, 10) * MILLISECOND).await;
    answers::text("slept")
}

/// Five pieces, with so many milliseconds between them.
pub fn drip(query: &str) -> Answer {
    let pause = number(query, 10) * MILLISECOND;
    let (mut writer, body) = wit_stream::new();
    wit_bindgen::spawn_local(async move {
        for piece in 0..5 {
            if !writer.write_all(format!("{piece}\n").into_bytes()).await.is_empty() {
                return;
            }
            monotonic_clock::wait_for(pause).await;
        }
    });
    Ok(with_body(Fields::new(), body).0)
}

/// So many waits of 20 ms at once.
pub async fn together(query: &str) -> Answer {
    let begun = monotonic_clock::now();
    let waits = (0..number(query, 10)).map(|_| monotonic_clock::wait_for(20 * MILLISECOND));
    join_all(waits).await;
    let passed = (monotonic_clock::now() - begun) / MILLISECOND;
    answers::text(if passed < 20 { "too early" } else { "together" })
}

/// The first of several waits; the others are cancelled.
pub async fn first(query: &str) -> Answer {
    let longest = number(query, 3_600_000) * MILLISECOND;
    let waits = [longest, 5 * MILLISECOND, longest];
    let waits = waits.map(|time| monotonic_clock::wait_for(time).boxed_local());
    let (_, first, _) = select_all(waits).await;
    answers::text(&first.to_string())
}

/// Streams with both ends here.
pub async fn own() -> Answer {
    let (mut writer, reader) = wit_stream::new::<u8>();
    let read = async move { String::from_utf8(reader.collect().await).unwrap() };
    let written = async move {
        for word in ["to ", "and ", "fro"] {
            writer.write_all(word.into()).await;
        }
    };
    let (text, ()) = futures::join!(read, written);
    let (writer, reader) = wit_stream::new::<u8>();
    drop(reader);
    let mut writer = writer;
    let left = writer.write_all(b"nobody".to_vec()).await;
    answers::text(&format!("{text} {}", left.len()))
}

/// A future with both ends here that carries more than a number: not allowed yet, by the canonical ABI.
pub async fn own_future() -> Answer {
    let (_, never) = wit_future::new::<Result<(), ErrorCode>>(|| Ok(()));
    answers::text(&format!("{:?}", never.await))
}

pub async fn yields(query: &str) -> Answer {
    for _ in 0..number(query, 100) {
        wit_bindgen::yield_async().await;
    }
    answers::text("yielded")
}

/// Answers at once, and works on for so many milliseconds.
pub fn after(query: &str) -> Answer {
    let pause = number(query, 20) * MILLISECOND;
    wit_bindgen::spawn_local(async move {
        monotonic_clock::wait_for(pause).await;
        system::print("worked on\n").await;
    });
    answers::text("answered")
}

/// Waits without giving the instance to others.
pub fn block(query: &str) -> Answer {
    let pause = number(query, 10) * MILLISECOND;
    wit_bindgen::block_on(async move { monotonic_clock::wait_for(pause).await });
    answers::text("blocked")
}
