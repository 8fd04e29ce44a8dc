//! What a guest should not do.

use crate::answers::{self, Answer, with_body};
use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::http::types::Fields;
use crate::bindings::wit_stream;
use crate::number;

fn promising(length: &str, body: &'static [u8]) -> Answer {
    let fields = Fields::new();
    fields.append("content-length", length.as_bytes()).unwrap();
    let (mut writer, reader) = wit_stream::new();
    wit_bindgen::spawn_local(async move {
        writer.write_all(body.to_vec()).await;
    });
    Ok(with_body(fields, reader).0)
}

pub fn short() -> Answer {
    promising("10", b"short")
}

pub fn more_than_promised() -> Answer {
    promising("3", b"longer than that")
}

pub fn trap() -> Answer {
    core::arch::wasm32::unreachable()
}

/// Waits for what nobody will do.
pub async fn forever() -> Answer {
    let (writer, reader) = wit_stream::new::<u8>();
    let read = reader.collect().await;
    drop(writer);
    answers::bytes(read)
}

pub fn spin() -> Answer {
    loop {
        core::hint::black_box(0);
    }
}

/// Makes so many streams and drops none.
pub fn leak(query: &str) -> Answer {
    for _ in 0..number(query, 10) {
        let (writer, reader) = wit_stream::new::<u8>();
        core::mem::forget((writer, reader));
    }
    let _ = monotonic_clock::now();
    answers::text("leaked")
}

/// Calls of the runtime with handles that it was never given.
mod built_ins {
    #[link(wasm_import_module = "$root")]
    unsafe extern "C" {
        #[link_name = "[waitable-set-drop]"]
        pub fn waitable_set_drop(set: u32);
        #[link_name = "[waitable-join]"]
        pub fn waitable_join(waitable: u32, set: u32);
        #[link_name = "[subtask-drop]"]
        pub fn subtask_drop(subtask: u32);
        #[link_name = "[subtask-cancel]"]
        pub fn subtask_cancel(subtask: u32) -> u32;
    }
}

pub fn forged(query: &str) -> Answer {
    let handle = 4242;
    // SAFETY: whatever the host answers, the memory of this guest is not touched.
    unsafe {
        match query {
            "set" => built_ins::waitable_set_drop(handle),
            "join" => built_ins::waitable_join(handle, 1),
            "drop" => built_ins::subtask_drop(handle),
            "cancel" => {
                built_ins::subtask_cancel(handle);
            }
            _ => {}
        }
    }
    answers::text("not noticed")
}
