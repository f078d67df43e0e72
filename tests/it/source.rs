//! The library's source as the rules of the house read it: tokens with their
//! lines, test code taken out. It knows `use` trees and nothing of types.

pub(crate) mod paths;
pub(crate) mod tokens;

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tokens::{Kind, Token};

/// One file under `src/`, without its test code.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// Where it is, from the root of the checkout: `src/engine/mod.rs`.
    pub(crate) path: String,
    /// `["engine"]`; empty for `lib.rs`.
    pub(crate) module: Vec<String>,
    /// The code, and the documentation of it.
    pub(crate) tokens: Vec<Token>,
    /// Children declared as `#[cfg(test)] mod name;`: their files are test code.
    test_modules: Vec<Vec<String>>,
}

impl SourceFile {
    /// Reads one file; `path` is relative to `src/`.
    fn new(path: &str, text: &str) -> Self {
        let mut module: Vec<String> = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if module.last().is_some_and(|last| last == "mod" || last == "lib") {
            module.pop();
        }
        let (tokens, names) = without_tests(tokens::read(text));
        let below = |name: String| module.iter().cloned().chain([name]).collect();
        let test_modules = names.into_iter().map(below).collect();
        Self { path: format!("src/{path}"), module, tokens, test_modules }
    }

    /// What is compiled: no comments, no documentation.
    pub(crate) fn code(&self) -> Vec<&Token> {
        self.tokens.iter().filter(|token| !token.is_doc()).collect()
    }

    /// Lines that hold code; blank lines, comments and tests do not count.
    pub(crate) fn code_lines(&self) -> usize {
        let lines = |token: &&Token| token.line..=token.line + token.text.matches('\n').count();
        self.code().iter().flat_map(lines).collect::<BTreeSet<_>>().len()
    }
}

/// All of `src/`, read from the disk, sorted by path.
pub(crate) fn library() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut texts = Vec::new();
    collect(&root, &root, ".rs", &mut texts);
    let texts: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    files(&texts)
}

/// The same from texts, for planted faults.
pub(crate) fn files(texts: &[(&str, &str)]) -> Vec<SourceFile> {
    let mut files: Vec<SourceFile> = texts.iter().map(|(path, text)| SourceFile::new(path, text)).collect();
    let tests: Vec<Vec<String>> = files.iter().flat_map(|file| file.test_modules.clone()).collect();
    files.retain(|file| !tests.iter().any(|test| file.module.starts_with(test)));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// Every file below `folder` whose name ends in `ending`: its path from `root`, and its text.
pub(crate) fn collect(root: &Path, folder: &Path, ending: &str, into: &mut Vec<(String, String)>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, ending, into);
        } else if path.to_string_lossy().ends_with(ending) {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            into.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The tokens without items under `#[cfg(test)]`, and the names of test modules that are files of their own.
fn without_tests(tokens: Vec<Token>) -> (Vec<Token>, Vec<String>) {
    let mut kept = Vec::with_capacity(tokens.len());
    let mut names = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if starts_with(&tokens[at..], &["#", "[", "cfg", "(", "test", ")", "]"]) {
            let start = after_attributes(&tokens, at);
            if let [a, name, c, ..] = &tokens[start..]
                && a.is("mod")
                && c.is(";")
            {
                names.push(name.text.clone());
            }
            at = after_item(&tokens, start);
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    (kept, names)
}

/// Whether the tokens begin with these words and marks.
pub(crate) fn starts_with<T: Borrow<Token>>(tokens: &[T], texts: &[&str]) -> bool {
    tokens.len() >= texts.len() && tokens.iter().zip(texts).all(|(token, text)| token.borrow().is(text))
}

/// The first token at or after `at` that is neither an attribute nor documentation.
fn after_attributes(tokens: &[Token], mut at: usize) -> usize {
    while at < tokens.len() && (tokens[at].is_doc() || starts_with(&tokens[at..], &["#", "["])) {
        at = if tokens[at].is_doc() { at + 1 } else { after_group(tokens, at + 1) };
    }
    at
}

/// The token after the group (`[…]`, `(…)`, `{…}`) that opens at `at`.
pub(crate) fn after_group(tokens: &[Token], mut at: usize) -> usize {
    let mut depth = 0;
    while at < tokens.len() {
        depth += depth_of(&tokens[at]);
        at += 1;
        if depth <= 0 {
            break;
        }
    }
    at
}

/// The token after the item that starts at `at`: after its `;` or its body.
fn after_item(tokens: &[Token], mut at: usize) -> usize {
    while at < tokens.len() && depth_of(&tokens[at]) >= 0 {
        if tokens[at].is(";") {
            return at + 1;
        }
        let body = tokens[at].is("{");
        at = if depth_of(&tokens[at]) > 0 { after_group(tokens, at) } else { at + 1 };
        if body {
            return at;
        }
    }
    at
}

fn depth_of(token: &Token) -> i32 {
    match token.text.as_str() {
        "(" | "[" | "{" if token.kind == Kind::Mark => 1,
        ")" | "]" | "}" if token.kind == Kind::Mark => -1,
        _ => 0,
    }
}

#[test]
fn test_items_are_taken_out_and_what_stands_below_them_stays() {
    let text = "fn a() {}
        #[cfg(test)]
        #[allow(dead_code)]
        fn hidden(x: [u8; 3]) { secret() }
        #[cfg(test)]
        use crate::{hidden::secret};
        fn b() {}
        #[cfg(test)] mod tests { secret!(); }
        #[cfg(any(test, unix))] fn c() {}";
    let file = &files(&[("x.rs", text)])[0];
    let words: Vec<&str> = file.code().iter().map(|token| token.text.as_str()).collect();
    assert!(["a", "b", "c"].iter().all(|name| words.contains(name)), "{words:?}");
    assert!(!words.contains(&"secret"), "{words:?}");
}

#[test]
fn a_test_module_in_a_file_of_its_own_is_test_code() {
    let texts = [
        ("engine/mod.rs", "mod index; #[cfg(test)] mod tests;"),
        ("engine/index.rs", ""),
        ("engine/tests.rs", "use super::*;"),
        ("engine/tests/more.rs", "use super::*;"),
    ];
    let paths: Vec<String> = files(&texts).into_iter().map(|file| file.path).collect();
    assert_eq!(paths, ["src/engine/index.rs", "src/engine/mod.rs"]);
}

#[test]
fn code_lines_leave_out_blank_lines_comments_documentation_and_tests() {
    let text = "//! About.\n\n/// Doc.\nfn a() { // why\n    \"two\nlines\";\n}\n\n// note\n#[cfg(test)]\nmod tests {\n}\n";
    assert_eq!(files(&[("x.rs", text)])[0].code_lines(), 4);
}
