//! Other people's software, asked through a script of `tests/oracles/`.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// The lines that `script` answers, run with the interpreter that `TRIPLINE_PYTHON` names; `None` where it names none.
pub(crate) fn python(script: &str, arguments: &[&str], input: &str) -> Option<Vec<String>> {
    let Some(interpreter) = std::env::var_os("TRIPLINE_PYTHON") else {
        println!("skipped: TRIPLINE_PYTHON is not set");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles").join(script);
    let mut child = Command::new(interpreter)
        .arg(script)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the oracle failed: its reason is above");
    Some(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect())
}
