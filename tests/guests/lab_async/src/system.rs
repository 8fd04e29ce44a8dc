//! Clocks, random numbers, the environment and what is printed.

use crate::answers::{self, Answer};
use crate::bindings::wasi::cli::{environment, stdin, stdout};
use crate::bindings::wasi::clocks::{monotonic_clock, system_clock};
use crate::bindings::wasi::filesystem::preopens;
use crate::bindings::wasi::random::random;
use crate::bindings::wit_stream;

/// Writes to stdout, and waits until that is done.
pub async fn print(text: &str) {
    let (mut writer, body) = wit_stream::new();
    let done = stdout::write_via_stream(body);
    writer.write_all(text.as_bytes().to_vec()).await;
    drop(writer);
    let _ = done.await;
}

pub async fn log(query: &str) -> Answer {
    print(&format!("{query}\n")).await;
    answers::text("logged")
}

pub async fn system() -> Answer {
    let (input, ended) = stdin::read_via_stream();
    let input = input.collect().await;
    let now = system_clock::now();
    let lines = [
        format!("{:?}", environment::get_environment()),
        format!("{:?}", environment::get_arguments().len()),
        format!("{} {:?}", input.len(), ended.await),
        format!("{}", random::get_random_bytes(16).len()),
        format!("{}", random::get_random_u64() != random::get_random_u64()),
        format!("{}", now.seconds > 1_700_000_000),
        format!("{}", monotonic_clock::now() > 0),
        format!("{}", preopens::get_directories().len()),
    ];
    answers::text(&lines.join("\n"))
}
