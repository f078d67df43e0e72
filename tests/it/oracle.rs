//! Other people's software, asked through a script of `tests/oracles/`.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// The lines that `script` answers, run with the interpreter that `TRIPLINE_PYTHON` names; `None` where it names none.
/// All of `input` is written before an answer is read: a script whose answer is long reads to the end first.
pub(crate) fn python(script: &str, arguments: &[&str], input: &str) -> Option<Vec<String>> {
    let Some(interpreter) = std::env::var_os("TRIPLINE_PYTHON") else {
        println!("skipped: TRIPLINE_PYTHON is not set");
        return None;
    };
    Some(answer(Command::new(interpreter), script, arguments, input))
}

/// The same with Node.js; `None` where it is not installed.
pub(crate) fn node(script: &str, arguments: &[&str], input: &str) -> Option<Vec<String>> {
    if Command::new("node").arg("--version").stdout(Stdio::null()).status().is_err() {
        println!("skipped: node is not installed");
        return None;
    }
    Some(answer(Command::new("node"), script, arguments, input))
}

/// Whether `package` is in the folder that `TRIPLINE_NODE_MODULES` names.
pub(crate) fn has_node_package(package: &str) -> bool {
    let modules = std::env::var_os("TRIPLINE_NODE_MODULES");
    let is_there = modules.is_some_and(|modules| Path::new(&modules).join(package).is_dir());
    if !is_there {
        println!("skipped: {package} is not installed where TRIPLINE_NODE_MODULES says");
    }
    is_there
}

fn answer(mut interpreter: Command, script: &str, arguments: &[&str], input: &str) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles").join(script);
    let mut child =
        interpreter.arg(script).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the oracle failed: its reason is above");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}
