//! `wasi:cli`: environment, exit, the standard streams, and terminals, of which there are none.

use crate::bindings::Adapter;
use crate::bindings::exports::wasi::cli::{
    environment, exit, stderr, stdin, stdout, terminal_input, terminal_output, terminal_stderr,
    terminal_stdin, terminal_stdout,
};
use crate::bindings::exports::wasi::io::streams::{InputStream, OutputStream};
use crate::bindings::whorl::host::cli as host;
use crate::io_streams::{Input, Output};
use crate::log_streams::{self, LogStream};
use core::cell::OnceCell;

thread_local! {
    /// Name, NUL, value, NUL for each variable; asked for once.
    static ENVIRONMENT: OnceCell<String> = const { OnceCell::new() };
}

/// The variables of the component.
pub fn variables() -> Vec<(String, String)> {
    ENVIRONMENT.with(|text| {
        let mut parts = text.get_or_init(host::environment).split('\0');
        let mut variables = Vec::new();
        while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
            variables.push((name.to_owned(), value.to_owned()));
        }
        variables
    })
}

impl environment::Guest for Adapter {
    fn get_environment() -> Vec<(String, String)> {
        variables()
    }

    fn get_arguments() -> Vec<String> {
        Vec::new()
    }

    fn initial_cwd() -> Option<String> {
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

/// Ends the instance, as the guest wishes.
pub fn leave(code: u32) -> ! {
    log_streams::deliver();
    host::exit(code);
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    std::process::exit(code as i32)
}

impl stdin::Guest for Adapter {
    fn get_stdin() -> InputStream {
        InputStream::new(Input::Empty)
    }
}

impl stdout::Guest for Adapter {
    fn get_stdout() -> OutputStream {
        OutputStream::new(Output::Log(LogStream::Stdout))
    }
}

impl stderr::Guest for Adapter {
    fn get_stderr() -> OutputStream {
        OutputStream::new(Output::Log(LogStream::Stderr))
    }
}

/// A terminal: none can be made.
pub enum Terminal {}

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
