//! `wasi:cli`: environment, exit, the standard streams, and terminals, of which there are none.

use super::bindings::exports::wasi::cli::{
    environment, exit, stderr, stdin, stdout, terminal_input, terminal_output, terminal_stderr,
    terminal_stdin, terminal_stdout, types,
};
use super::runtime::{STANDARD_OUTCOME, checked};
use super::{incoming, logs, promises};
use crate::bindings::Adapter;
use crate::cli::{Terminal, leave, variables};
use crate::log_streams::LogStream;
use crate::traps::trap;

impl environment::Guest for Adapter {
    fn get_environment() -> Vec<(String, String)> {
        variables()
    }

    fn get_arguments() -> Vec<String> {
        Vec::new()
    }

    fn get_initial_cwd() -> Option<String> {
        None
    }
}

impl exit::Guest for Adapter {
    fn exit(status: Result<(), ()>) {
        leave(u32::from(status.is_err()));
    }

    fn exit_with_code(code: u8) {
        leave(code.into());
    }
}

type Outcome = Result<(), types::ErrorCode>;

fn take(end: u32, count: u32) -> Vec<Outcome> {
    let outcome = promises::take_outcome(end, STANDARD_OUTCOME, count);
    vec![outcome.map_err(|_| types::ErrorCode::Io)]
}

/// The guest has no future of this type that the adapter reads.
fn put(end: u32, values: &[Outcome]) {
    checked(|runtime| runtime.put(end, STANDARD_OUTCOME, values.len() as u32));
    trap("a result was written that nobody takes");
}

impl stdin::Guest for Adapter {
    fn read_via_stream() -> (u32, u32) {
        let stream = incoming::give_empty_stream();
        let (channel, done) = promises::standard_outcome();
        promises::resolve_outcome(channel, Ok(()));
        (stream, done)
    }

    fn take_result_none_error_code(end: u32, count: u32) -> Vec<Outcome> {
        take(end, count)
    }

    fn put_result_none_error_code(end: u32, values: Vec<Outcome>) {
        put(end, &values);
    }
}

impl stdout::Guest for Adapter {
    fn write_via_stream(data: u32) -> u32 {
        logs::write(LogStream::Stdout, data)
    }

    fn take_result_none_error_code(end: u32, count: u32) -> Vec<Outcome> {
        take(end, count)
    }

    fn put_result_none_error_code(end: u32, values: Vec<Outcome>) {
        put(end, &values);
    }
}

impl stderr::Guest for Adapter {
    fn write_via_stream(data: u32) -> u32 {
        logs::write(LogStream::Stderr, data)
    }

    fn take_result_none_error_code(end: u32, count: u32) -> Vec<Outcome> {
        take(end, count)
    }

    fn put_result_none_error_code(end: u32, values: Vec<Outcome>) {
        put(end, &values);
    }
}

impl terminal_input::Guest for Adapter {
    type TerminalInput = Terminal;
}

impl terminal_input::GuestTerminalInput for Terminal {}

impl terminal_output::Guest for Adapter {
    type TerminalOutput = Terminal;
}

impl terminal_output::GuestTerminalOutput for Terminal {}

impl terminal_stdin::Guest for Adapter {
    fn get_terminal_stdin() -> Option<terminal_stdin::TerminalInput> {
        None
    }
}

impl terminal_stdout::Guest for Adapter {
    fn get_terminal_stdout() -> Option<terminal_stdout::TerminalOutput> {
        None
    }
}

impl terminal_stderr::Guest for Adapter {
    fn get_terminal_stderr() -> Option<terminal_stderr::TerminalOutput> {
        None
    }
}
