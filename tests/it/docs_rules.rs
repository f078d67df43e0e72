//! What the documentation owes its readers: an example that runs on nine
//! public functions of ten, `# Errors` on every one that can fail.

use std::path::Path;

use crate::source::tokens::{Kind, Token};
use crate::source::{self, SourceFile};

/// Of a hundred public functions, how many must show an example that runs.
const WITH_EXAMPLE: usize = 90;

#[test]
fn nine_public_functions_of_ten_show_an_example_that_runs() {
    let functions = public_functions(&source::library());
    assert!(
        functions.len() > 50,
        "only {} public functions were found: does the reader still see?",
        functions.len()
    );
    let faults = without_example(&functions, WITH_EXAMPLE);
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_public_function_that_can_fail_says_how() {
    let functions = public_functions(&source::library());
    assert!(
        functions.iter().any(|function| function.can_fail),
        "no public function can fail: does the reader still see?"
    );
    let faults = without_errors(&functions);
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn no_example_is_left_out_of_the_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    source::collect(root, &root.join("src"), ".rs", &mut texts);
    for folder in ["docs", "examples"].map(|name| root.join(name)).iter().filter(|folder| folder.is_dir()) {
        source::collect(root, folder, ".md", &mut texts);
        source::collect(root, folder, ".rs", &mut texts);
    }
    for name in ["README.md", "CONTRIBUTING.md"] {
        texts.push((name.to_owned(), std::fs::read_to_string(root.join(name)).unwrap()));
    }
    let faults: Vec<String> = texts.iter().flat_map(|(path, text)| ignored_fences(path, text)).collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_promise_names_tests_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    // A package has no examples but its own.
    for folder in ["src", "tests", "examples"].map(|name| root.join(name)).iter().filter(|one| one.is_dir()) {
        source::collect(root, folder, ".rs", &mut texts);
    }
    let has = |name: &str| texts.iter().any(|(_, text)| text.contains(&format!("fn {name}(")));
    let page = std::fs::read_to_string(root.join("docs/guarantees.md")).unwrap();
    let promises = promised(&page);
    assert!(promises.len() > 15, "only {} promises were found: does the reader still see?", promises.len());
    for (promise, tests) in promises {
        assert!(
            !tests.is_empty() || promise.starts_with("A receiver that drops"),
            "{promise}: no test shows it"
        );
        for test in tests {
            assert!(
                has(test) || !root.join("examples/service").is_dir(),
                "{promise}: there is no test {test}"
            );
        }
    }
}

/// What each line of the table promises, and the tests that it names.
fn promised(page: &str) -> Vec<(&str, Vec<&str>)> {
    let lines = page.lines().filter(|line| line.starts_with("| ") && line.matches('|').count() == 4);
    lines.filter_map(promise_of).filter(|(promise, _)| *promise != "what").collect()
}

fn promise_of(line: &str) -> Option<(&str, Vec<&str>)> {
    let mut cells = line.trim_matches('|').split('|');
    let promise = cells.next()?.trim();
    let tests = cells.nth(1)?.split('`').skip(1).step_by(2);
    Some((promise, tests.filter(|test| test.matches('_').count() > 2).collect()))
}

/// A `pub fn` outside tests; `pub(crate)` and the like are not public.
#[derive(Debug)]
struct Function {
    /// `src/file.rs:12: name`
    place: String,
    has_example: bool,
    has_errors: bool,
    can_fail: bool,
}

fn public_functions(files: &[SourceFile]) -> Vec<Function> {
    let mut functions = Vec::new();
    for file in files {
        let tokens = &file.tokens;
        let mut docs: Vec<&str> = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            if tokens[at].kind == Kind::Doc {
                docs.push(tokens[at].text.trim_start_matches('/').trim());
                at += 1;
            } else if source::starts_with(&tokens[at..], &["#", "["]) {
                at = source::after_group(tokens, at + 1);
            } else {
                if let Some(name) = public_function(&tokens[at..]) {
                    let signature = &tokens[at + name..];
                    functions.push(Function {
                        place: format!("{}:{}: {}", file.path, signature[0].line, signature[0].text),
                        has_example: has_running_example(&docs),
                        has_errors: docs.contains(&"# Errors"),
                        can_fail: returns_result(signature),
                    });
                }
                docs.clear();
                at += 1;
            }
        }
    }
    functions
}

/// How far from `pub` the name stands, where a public function starts here.
fn public_function(tokens: &[Token]) -> Option<usize> {
    if !tokens.first()?.is("pub") {
        return None;
    }
    let qualifier = |token: &&Token| {
        ["const", "async", "extern"].iter().any(|word| token.is(word)) || token.text.starts_with('"')
    };
    let fn_at = 1 + tokens[1..].iter().take_while(qualifier).count();
    let named = tokens.get(fn_at)?.is("fn") && tokens.get(fn_at + 1)?.kind == Kind::Word;
    named.then_some(fn_at + 1)
}

/// Whether the function whose name comes first gives a `Result` (of any crate).
fn returns_result(signature: &[Token]) -> bool {
    let mut angles = 0;
    let mut at = 0;
    while at < signature.len() && !(angles == 0 && signature[at].is("(")) {
        angles += i32::from(signature[at].is("<")) - i32::from(signature[at].is(">"));
        at += 1;
    }
    let after = source::after_group(signature, at).min(signature.len());
    if !source::starts_with(&signature[after..], &["->"]) {
        return false;
    }
    let path = signature[after + 1..].iter().take_while(|token| token.kind == Kind::Word || token.is("::"));
    path.last().is_some_and(|last| last.is("Result"))
}

/// What stands behind the backticks of every fence that opens; `docs` line by line.
fn fences<'a>(docs: &[&'a str]) -> Vec<(usize, &'a str)> {
    let marks = docs.iter().enumerate().filter_map(|(at, line)| Some((at, line.trim().strip_prefix("```")?)));
    marks.step_by(2).map(|(at, info)| (at, info.trim())).collect()
}

fn has_running_example(docs: &[&str]) -> bool {
    fences(docs).iter().any(|(_, info)| matches!(*info, "" | "rust" | "should_panic"))
}

fn without_example(functions: &[Function], of_a_hundred: usize) -> Vec<String> {
    let bare: Vec<&Function> = functions.iter().filter(|function| !function.has_example).collect();
    if (functions.len() - bare.len()) * 100 >= functions.len() * of_a_hundred {
        return Vec::new();
    }
    let count = format!("{} of {} public functions show no example that runs:", bare.len(), functions.len());
    [count].into_iter().chain(bare.iter().map(|function| function.place.clone())).collect()
}

fn without_errors(functions: &[Function]) -> Vec<String> {
    let silent = functions.iter().filter(|function| function.can_fail && !function.has_errors);
    silent.map(|function| format!("{} gives a Result and has no `# Errors`", function.place)).collect()
}

/// Fences that rustdoc would skip, in documentation comments (`.rs`) or in a page (`.md`).
fn ignored_fences(path: &str, text: &str) -> Vec<String> {
    let comments = ["///", "//!"];
    let line = |line: &'_ str| -> Option<String> {
        let line = line.trim_start();
        if path.ends_with(".md") {
            return Some(line.to_owned());
        }
        comments.iter().find_map(|mark| line.strip_prefix(mark)).map(str::to_owned)
    };
    let docs: Vec<String> = text.lines().map(|text| line(text).unwrap_or_default()).collect();
    let docs: Vec<&str> = docs.iter().map(String::as_str).collect();
    let ignored = fences(&docs).into_iter().filter(|(_, info)| info.contains("ignore"));
    ignored.map(|(at, info)| format!("{path}:{}: a fence marked {info}", at + 1)).collect()
}

#[test]
fn what_microsoft_documents_has_its_page_and_what_is_our_own_says_where_it_is_decided() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/power_automate.md")).unwrap();
    let (said, faults) = attributed(&page);
    assert!(said > 25, "only {said} statements were found: does the reader still see?");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// How many statements of a page say whose they are, and what is wrong with them: those marked *Microsoft:* name a source of the
/// table below `## Sources`, by its title and address; those marked *Ours:* say where that is decided, or what the semantics are;
/// in no other is a source, tables aside; and there is no source without a statement.
fn attributed(page: &str) -> (usize, Vec<String>) {
    let (text, table) = page.split_once("\n## Sources\n").unwrap_or((page, ""));
    let rows =
        table.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix("> |")?.split_once(" | <"));
    let sources: Vec<(&str, &str)> = rows.collect();
    let (mut said, mut faults, mut cited) = (0, Vec::new(), Vec::new());
    for paragraph in text.split("\n\n") {
        let links: Vec<(&str, &str)> = links(paragraph).collect();
        let from: Vec<_> = links.iter().filter(|(_, to)| to.contains("learn.microsoft.com")).collect();
        let is_decided = links
            .iter()
            .any(|(_, to)| to.contains("/docs/decisions/") || to.starts_with("crate::_documentation"));
        let (is_theirs, is_ours) = (paragraph.starts_with("*Microsoft:*"), paragraph.starts_with("*Ours:*"));
        let start: String = paragraph.chars().take(60).collect();
        said += usize::from(is_theirs || is_ours);
        if is_theirs && from.is_empty() {
            faults.push(format!("{start:?} names no source"));
        }
        if is_ours && !is_decided {
            faults.push(format!("{start:?} does not say where it is decided"));
        }
        if !from.is_empty() && !is_theirs && !paragraph.trim_start().starts_with('|') {
            faults.push(format!("{start:?} has a source and is not marked as Microsoft's"));
        }
        faults.extend(
            from.iter().filter(|link| !sources.contains(link)).map(|link| format!("{link:?} is no source")),
        );
        cited.extend(from.into_iter().copied());
    }
    faults.extend(
        sources
            .iter()
            .filter(|source| !cited.contains(source))
            .map(|source| format!("{source:?} is not cited")),
    );
    (said, faults)
}

/// The text and the target of each link.
fn links(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.match_indices("](").filter_map(|(at, _)| {
        let start = text[..at].rfind('[')? + 1;
        let end = at + 2 + text[at + 2..].find(')')?;
        Some((&text[start..at], &text[at + 2..end]))
    })
}

// Planted faults: each must be caught, and its honest neighbour must not.

fn planted(text: &str) -> Vec<Function> {
    public_functions(&source::files(&[("engine.rs", text)]))
}

const HONEST: &str = "impl X {
    /// Does it.
    ///
    /// # Errors
    ///
    /// Never.
    ///
    /// ```
    /// x();
    /// ```
    #[must_use]
    #[doc(alias = \"x\")]
    pub const fn honest<F: Fn(u32) -> (u32, u32)>(&self, f: impl Fn() -> u8) -> io::Result<()> { pub_fn() }
}";

#[test]
fn an_honest_function_is_seen_with_all_it_has() {
    let [function] = &planted(HONEST)[..] else { panic!("one function") };
    assert_eq!(function.place, "src/engine.rs:13: honest");
    assert!(function.has_example && function.has_errors && function.can_fail, "{function:?}");
}

#[test]
fn only_public_functions_outside_tests_count() {
    let text = "pub(crate) fn a() {} fn b() {} pub struct S { pub f: fn() } pub(in x) fn c() {}
        #[cfg(test)] mod tests { pub fn d() {} } // pub fn e() {}
        pub fn f() {} pub async fn g() {} pub const fn h() {} pub extern \"C\" fn i() {} pub const J: u8 = 0;";
    let names: Vec<String> = planted(text)
        .into_iter()
        .map(|function| function.place.rsplit(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["f", "g", "h", "i"]);
}

#[test]
fn a_function_that_can_fail_without_saying_how_is_caught() {
    for text in [
        "pub fn f() -> Result<(), Error> {}",
        "pub fn f<T>(x: Vec<(T, u8)>) -> Result<T, Error> where T: Clone {}",
        "/// Errors: none\n#[must_use]\npub fn f() -> std::io::Result<()> {}",
        "/// # Errors\n///\n/// Of the struct, not of the function.\npub struct S; pub fn f(&self) -> Result<()> {}",
    ] {
        assert_eq!(without_errors(&planted(text)).len(), 1, "{text}");
    }
    for text in [
        "pub fn f() -> Option<Result<(), Error>> {}",
        "pub fn f(g: impl Fn() -> Result<(), Error>) {}",
        "pub fn f() -> ResultSet {}",
        "/// # Errors\npub fn f() -> Result<()> {}",
    ] {
        assert_eq!(without_errors(&planted(text)), [""; 0], "{text}");
    }
}

#[test]
fn one_function_too_many_without_an_example_is_caught() {
    let with = "/// ```\n/// x();\n/// ```\npub fn with() {}\n".repeat(9);
    assert_eq!(without_example(&planted(&(with.clone() + "pub fn a() {}")), 90), [""; 0]);
    let faults = without_example(&planted(&(with + "pub fn a() {}\npub fn b() {}")), 90);
    assert_eq!(faults[0], "2 of 11 public functions show no example that runs:");
    assert_eq!(faults[1..], ["src/engine.rs:37: a", "src/engine.rs:38: b"]);
}

#[test]
fn an_example_that_does_not_run_is_no_example() {
    for info in ["ignore", "text", "json", "no_run", "compile_fail"] {
        let text = format!("/// ```{info}\n/// x\n/// ```\npub fn f() {{}}");
        assert!(!planted(&text)[0].has_example, "{info}");
    }
    let both = "/// ```json\n/// {}\n/// ```\n///\n/// ```\n/// x();\n/// ```\npub fn f() {}";
    assert!(planted(both)[0].has_example);
}

#[test]
fn an_ignored_fence_is_caught_in_comments_and_in_pages() {
    let rust = "//! ```ignore\n//! ```\nfn f() {}\n    /// ```rust,ignore\n    /// ```\n    /// ```\n    /// ignore\n    /// ```";
    let faults = ignored_fences("src/x.rs", rust);
    assert_eq!(faults, ["src/x.rs:1: a fence marked ignore", "src/x.rs:4: a fence marked rust,ignore"]);
    assert_eq!(ignored_fences("src/x.rs", "\"```ignore\"; // ```ignore"), [""; 0]);
    assert_eq!(ignored_fences("README.md", "text\n```rust,ignore\n```").len(), 1);
    assert_eq!(ignored_fences("README.md", "```rust\n```\nignore"), [""; 0]);
}

#[test]
fn a_statement_without_its_page_or_its_decision_is_caught() {
    let sources =
        "\n## Sources\n\n| title | address |\n|---|---|\n| A page | <https://learn.microsoft.com/a> |\n";
    let page = "([A page](https://learn.microsoft.com/a))";
    let decision =
        "[7](https://github.com/tripline/tripline/blob/main/docs/decisions/0007-callback-guard.md)";
    let faults = |text: &str| attributed(&format!("{text}{sources}")).1;
    let honest =
        format!("*Microsoft:* so it is\n{page}.\n\n*Ours:* so be it ({decision}).\n\n| x | {page} |");
    assert_eq!(attributed(&format!("{honest}{sources}")), (2, Vec::new()));
    for (text, caught) in [
        ("*Microsoft:* so it is.", "names no source"),
        ("*Ours:* so be it.", "does not say where it is decided"),
        (&format!("So it is {page}."), "is not marked as Microsoft's"),
        ("*Microsoft:* ([Another](https://learn.microsoft.com/a))", "is no source"),
        ("*Microsoft:* ([A page](https://learn.microsoft.com/b))", "is no source"),
        ("Nothing.", "is not cited"),
    ] {
        assert!(faults(text).iter().any(|fault| fault.ends_with(caught)), "{text}: {:?}", faults(text));
    }
}
