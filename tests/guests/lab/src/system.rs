//! Paths about the command line's world: clocks, randomness, environment, standard streams, files, sockets.

use crate::answers::text;
use crate::bindings::wasi::cli::{environment as env, stderr as err, stdin, stdout as stdio};
use crate::bindings::wasi::cli::{terminal_stderr, terminal_stdin, terminal_stdout};
use crate::bindings::wasi::clocks::{monotonic_clock, wall_clock};
use crate::bindings::wasi::filesystem::preopens;
use crate::bindings::wasi::http::types::ResponseOutparam;
use crate::bindings::wasi::random::{insecure, insecure_seed, random as secure};
use crate::bindings::wasi::sockets::network::IpAddressFamily;
use crate::bindings::wasi::sockets::{
    instance_network, ip_name_lookup, tcp_create_socket, udp_create_socket,
};

const MILLISECOND: u64 = 1_000_000;

pub fn sleep(ms: u64) {
    monotonic_clock::subscribe_duration(ms * MILLISECOND).block();
}

/// Writes `line` to stderr.
pub fn log(line: &str) {
    let _ = err::get_stderr().blocking_write_and_flush(line.as_bytes());
}

pub fn sleep_then_answer(out: ResponseOutparam, ms: u64) {
    sleep(ms);
    text(out, "slept");
}

pub fn environment(out: ResponseOutparam) {
    assert_eq!(env::get_environment(), env::get_environment());
    let variables: Vec<String> = env::get_environment()
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert!(env::get_arguments().is_empty() && env::initial_cwd().is_none());
    text(out, &variables.join("\n"));
}

pub fn stdout(out: ResponseOutparam) {
    let stream = stdio::get_stdout();
    for part in ["one ", "line\nand ", "another\n", "half a line"] {
        stream.blocking_write_and_flush(part.as_bytes()).unwrap();
    }
    text(out, "written");
}

pub fn stderr(out: ResponseOutparam) {
    let stream = err::get_stderr();
    assert!(stream.check_write().unwrap() > 0);
    stream.write(b"to stderr").unwrap();
    stream.flush().unwrap();
    stream.write(&[b'x'; 5000]).unwrap();
    text(out, "written");
}

pub fn print(out: ResponseOutparam) {
    let terminals = terminal_stdin::get_terminal_stdin().is_none()
        && terminal_stdout::get_terminal_stdout().is_none()
        && terminal_stderr::get_terminal_stderr().is_none();
    let input = stdin::get_stdin().blocking_read(1);
    text(out, &format!("no terminals: {terminals}; stdin: {input:?}"));
}

pub fn random(out: ResponseOutparam) {
    let lengths: Vec<usize> = [0, 1, 8, 200, 600, 70_000]
        .map(|len| secure::get_random_bytes(len).len())
        .into();
    assert_eq!(insecure::get_insecure_random_bytes(13).len(), 13);
    let numbers = [
        secure::get_random_u64(),
        insecure::get_insecure_random_u64(),
        insecure_seed::insecure_seed().0,
    ];
    text(out, &format!("{lengths:?} {numbers:x?}"));
}

pub fn clock(out: ResponseOutparam) {
    let before = monotonic_clock::now();
    sleep(2);
    let passed = monotonic_clock::now() - before;
    let past = monotonic_clock::subscribe_instant(before);
    assert!(past.ready());
    past.block();
    assert!(monotonic_clock::subscribe_duration(0).ready());
    assert!(!monotonic_clock::subscribe_duration(u64::MAX).ready());
    let wall = wall_clock::now();
    assert!(monotonic_clock::resolution() > 0 && wall_clock::resolution().nanoseconds > 0);
    text(
        out,
        &format!("{} {}", passed >= 2 * MILLISECOND, wall.seconds),
    );
}

pub fn filesystem(out: ResponseOutparam) {
    text(
        out,
        &format!("{} directories", preopens::get_directories().len()),
    );
}

pub fn sockets(out: ResponseOutparam) {
    let network = instance_network::instance_network();
    let tcp = tcp_create_socket::create_tcp_socket(IpAddressFamily::Ipv4).unwrap_err();
    let udp = udp_create_socket::create_udp_socket(IpAddressFamily::Ipv6).unwrap_err();
    let name = ip_name_lookup::resolve_addresses(&network, "localhost").unwrap_err();
    text(out, &format!("{tcp:?} {udp:?} {name:?}"));
}

pub fn exit(code: u64) {
    log("bye");
    crate::bindings::wasi::cli::exit::exit_with_code(code as u8);
}
