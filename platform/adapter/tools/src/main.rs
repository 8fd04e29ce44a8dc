//! The component tools: one command per run, files in, files or JSON out.
//!
//! Built for `wasm32-wasip1` and run in process by the platform, so that nothing has to be installed to deploy a
//! component. An error is one line on stderr and exit code 1.

mod bridge;
mod caller;
mod componentize;
mod compose;
mod core_module;
mod describe;
mod input;
mod latin1;
mod lower;
mod merge;
mod renumbering;
mod spaces;
mod validate;
mod wit;

use anyhow::{Result, bail};
use std::process::ExitCode;

const USAGE: &str = "usage: bridge PLAN OUT | caller PLAN OUT | componentize IN OUT | compose PLAN OUT | describe IN | merge IN OUT | validate IN | wit IN";

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("{}", one_line(&format!("internal error: {panic}")))
    }));
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(output) => {
            print!("{output}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}", one_line(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

/// Runs one command; what it returns goes to stdout.
fn run(arguments: &[&str]) -> Result<String> {
    match arguments {
        ["bridge", plan, output] => bridge::run(plan, output),
        ["caller", plan, output] => caller::run(plan, output),
        ["componentize", input, output] => componentize::run(input, output),
        ["compose", plan, output] => compose::run(plan, output),
        ["describe", input] => describe::run(input),
        ["merge", input, output] => merge::run(input, output),
        ["validate", input] => validate::run(input),
        ["wit", input] => wit::run(input),
        _ => bail!("{USAGE}"),
    }
}

fn one_line(message: &str) -> String {
    let lines: Vec<&str> = message
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_several_lines_becomes_one() {
        assert_eq!(
            one_line("it broke:\n  here\n\nand there\n"),
            "it broke:; here; and there"
        );
    }

    #[test]
    fn an_unknown_command_names_the_known_ones() {
        assert!(
            run(&["decompose"])
                .unwrap_err()
                .to_string()
                .starts_with("usage: bridge")
        );
    }
}
