//! What is wrong with a template, told when its flow is defined.

use super::scan::{self, Piece, Token};
use super::{ENGINE, reason};
use crate::event::strict::shown;
use crate::trigger::is_close;

/// What a template can begin a name with.
pub(super) const ROOTS: [&str; 4] = ["trigger", "steps", "flow", "run"];

/// The functions that there are.
const FUNCTIONS: [&str; 2] = ["range", "dict"];

/// The members of a firing.
const TRIGGER: &[&str] = &[
    "id",
    "trigger",
    "type",
    "transition",
    "time",
    "series",
    "source",
    "process",
    "item",
    "outcome",
    "failure",
    "jobId",
    "scope",
    "submission",
    "operation",
    "phases",
    "value",
    "previousValue",
    "condition",
    "crossedAt",
    "dueAt",
    "length",
    "suppressed",
    "event",
    "owners",
];

/// The members of a step.
const STEP: &[&str] = &["output", "outcome", "error"];

/// The members of the flow.
const FLOW: &[&str] = &["id", "name"];

/// The members of the run.
const RUN: &[&str] = &["id", "number", "startedAt", "resubmitOf"];

/// The tags that there are; what they hold is judged.
const TAGS: &[&str] = &["if", "elif", "else", "endif", "for", "endfor", "set", "endset", "with", "endwith"];

/// The filters that there are.
const FILTERS: &[&str] = &[
    "abs",
    "attr",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "count",
    "d",
    "default",
    "dictsort",
    "e",
    "escape",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "urlencode",
    "zip",
];

/// The tests that there are.
const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "even",
    "false",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "int",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sameas",
    "sequence",
    "startingwith",
    "string",
    "true",
    "undefined",
    "upper",
];

/// The steps that a template may speak of.
pub(in crate::flow) trait Names {
    /// Whether there is a step of this name, and whether it has ended before this one runs.
    fn runs_before(&self, step: &str) -> Option<bool>;
}

/// All that is wrong with a template.
pub(in crate::flow) fn faults(source: &str, is_condition: bool, names: &dyn Names) -> Vec<String> {
    if !is_condition && scan::is_plain(source) {
        return Vec::new();
    }
    let expression = format!("{{{{ {} }}}}", expression_of(source));
    let source = if is_condition { &expression } else { source };
    if is_condition && scan::only_expression(source).is_none() {
        return vec!["a condition is one expression and nothing else".to_owned()];
    }
    if let Some(why) = scan::fault_of_size(source) {
        return vec![why];
    }
    let mut faults = unavailable(source);
    if !faults.is_empty() {
        return faults;
    }
    match undeclared(source) {
        Ok(undeclared) => faults.extend(undeclared.iter().filter_map(|name| fault_of_name(name, names))),
        Err(why) => faults.push(format!("this is no template: {why}")),
    }
    faults
}

/// What a condition is, without the braces.
pub(super) fn expression_of(source: &str) -> &str {
    scan::only_expression(source.trim()).unwrap_or(source)
}

fn undeclared(source: &str) -> Result<Vec<String>, String> {
    let template = ENGINE.template_from_named_str("template", source).map_err(|error| reason(&error))?;
    let mut names: Vec<String> = template.undeclared_variables(true).into_iter().collect();
    names.sort_unstable();
    Ok(names)
}

/// The tags, filters and tests that there are not: the engine would find the latter two only when it comes by them.
fn unavailable(source: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut note = |what: &str, name: &str| {
        let fault = format!("there is no {what} `{}`", shown(name));
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    };
    for piece in scan::pieces(source) {
        let inner = match piece {
            Piece::Expression(inner) => inner,
            Piece::Tag(inner) => {
                let tag = scan::first_word(inner);
                if !TAGS.contains(&tag) {
                    note("tag", tag);
                }
                inner
            }
            Piece::Text | Piece::Comment => continue,
        };
        let tokens = scan::tokens(inner);
        for (at, token) in tokens.iter().enumerate() {
            let next = tokens.get(at + 1);
            match (token, next) {
                (Token::Sign('|'), Some(Token::Word(name))) if !FILTERS.contains(name) => {
                    note("filter", name)
                }
                (Token::Word("is"), Some(Token::Word(word))) if is_operator(&tokens, at) => {
                    let name = match (*word, tokens.get(at + 2)) {
                        ("not", Some(Token::Word(name))) => name,
                        (word, _) => word,
                    };
                    if !TESTS.contains(&name) {
                        note("test", name);
                    }
                }
                _ => {}
            }
        }
    }
    faults
}

/// Whether the word there is not the name of a member.
fn is_operator(tokens: &[Token<'_>], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| tokens.get(before)) != Some(&Token::Sign('.'))
}

fn fault_of_name(name: &str, names: &dyn Names) -> Option<String> {
    let mut parts = name.split('.');
    let (root, member, inner) = (parts.next()?, parts.next(), parts.next());
    let (of, members) = match (root, member) {
        ("steps", None) => {
            return Some(
                "`steps` is no value by itself: ask for `steps.NAME.output` or `.outcome`".to_owned(),
            );
        }
        ("steps", Some(step)) => match names.runs_before(step) {
            None => return Some(format!("there is no step `{}`", shown(step))),
            Some(false) => return Some(format!("the step `{step}` does not run before this one")),
            Some(true) => (format!("steps.{step}"), STEP),
        },
        ("trigger", _) => ("trigger".to_owned(), TRIGGER),
        ("flow", _) => ("flow".to_owned(), FLOW),
        ("run", _) => ("run".to_owned(), RUN),
        (function, None) if FUNCTIONS.contains(&function) => return None,
        (other, _) => {
            let other = shown(other);
            return Some(format!("`{other}` is not defined: there are `trigger`, `steps`, `flow` and `run`"));
        }
    };
    let asked = if root == "steps" { inner } else { member }?;
    (!members.contains(&asked)).then(|| match members.iter().find(|known| is_close(known, asked)) {
        Some(known) => format!("`{of}` has no `{}`; did you mean `{known}`?", shown(asked)),
        None => {
            let all: Vec<String> = members.iter().map(|member| format!("`{member}`")).collect();
            format!("`{of}` has no `{}`: it may have {}", shown(asked), all.join(", "))
        }
    })
}
