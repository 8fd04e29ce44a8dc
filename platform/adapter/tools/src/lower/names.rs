//! The rule by which interfaces are lowered: what the functions are called that stand for asynchronous ones, and for the
//! payloads of streams and futures. `docs/decisions` has the whole of it.

/// What components that were lowered import in place of the canonical built-ins.
pub const RUNTIME: &str = "whorl:adapter/async-runtime@0.1.0";
/// How the export that stands for the handler gets its request and gives the response.
pub const HANDLER: &str = "whorl:adapter/http-handler@0.1.0";
/// How the names of the handler begin whose lift is replaced.
pub const HANDLED: &str = "wasi:http/handler@";
/// The identity of what it returns.
pub const RESPONSE: &str = "result-wasi:http/types/response-wasi:http/types/error-code";
/// Its types.
pub const TYPES: &str = "wasi:http/types@";
/// What the lowered component exports in place of the handler: `func()`.
pub const ENTRY: &str = "handle";

const FUTURE: u32 = 1 << 31;

/// The identity of a type of streams or futures, by its mangled payload.
pub fn kind(payload: &str, is_future: bool) -> u32 {
    let hash = payload.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    (hash & !FUTURE) | if is_future { FUTURE } else { 0 }
}

/// The function that tells the result of an asynchronous function.
pub fn result_of(function: &str) -> String {
    format!("{}-result", plain(function))
}

/// The function that takes the parameters of an asynchronous function as one value.
pub fn spread_of(function: &str) -> String {
    format!("{}-spread", plain(function))
}

/// A function's name as one of the interface itself: `[method]store.get` is `store-get`.
fn plain(function: &str) -> String {
    let name = function.rsplit(']').next().unwrap_or(function);
    name.replace('.', "-")
}

/// The functions that move values out of and into a channel.
pub fn take(payload: &str) -> String {
    format!("take-{payload}")
}

pub fn put(payload: &str) -> String {
    format!("put-{payload}")
}

/// The function that moves bytes as characters of latin1.
pub fn text_of(mover: &str) -> String {
    format!("{mover}{TEXT}")
}

/// How the names of functions of the runtime end whose strings are bytes.
pub const TEXT: &str = "-text";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_functions_of_the_interface() {
        assert_eq!(result_of("[method]store.get"), "store-get-result");
        assert_eq!(spread_of("[static]store.open"), "store-open-spread");
        assert_eq!(result_of("send"), "send-result");
    }

    #[test]
    fn kinds_tell_streams_from_futures() {
        assert_eq!(kind("u8", false), 0x0b42_b2f8);
        assert_eq!(kind("u8", true), kind("u8", false) | 1 << 31);
    }
}
