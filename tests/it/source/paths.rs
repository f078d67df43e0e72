//! The paths that code names, in `use` trees and in the open.

use std::collections::BTreeSet;

use super::SourceFile;
use super::tokens::{Kind, Token};

/// A path that code names: `crate::event::Event`, `super::index`, `child::Thing`.
pub(crate) struct Named {
    pub(crate) segments: Vec<String>,
    /// What it is called here, where a `use` brings it in.
    pub(crate) alias: Option<String>,
    /// The modules written out in the file (`mod name { … }`) around it.
    pub(crate) inside: Vec<String>,
    pub(crate) glob: bool,
    pub(crate) line: usize,
}

/// Every `use` leaf, and every path in code that starts with `crate`, `super` or `self`.
pub(crate) fn named_paths(file: &SourceFile) -> Vec<Named> {
    let code = file.code();
    let mut found = Vec::new();
    let mut inside: Vec<(String, usize)> = Vec::new();
    let mut depth = 0;
    let mut at = 0;
    while at < code.len() {
        let around = || inside.iter().map(|(name, _)| name.clone()).collect::<Vec<String>>();
        let after_path = at > 0 && code[at - 1].is("::");
        if code[at].is("{") {
            depth += 1;
            if at > 1 && code[at - 2].is("mod") {
                inside.push((code[at - 1].text.clone(), depth));
            }
        } else if code[at].is("}") {
            inside.retain(|(_, opened)| *opened < depth);
            depth = depth.saturating_sub(1);
        } else if code[at].is("use") && !code[at + 1..].first().is_some_and(|next| next.is("<")) {
            at = use_tree(&code, at + 1, &[], &around(), &mut found);
            continue;
        } else if !after_path && ["crate", "super", "self"].iter().any(|word| code[at].is(word)) {
            let line = code[at].line;
            let mut segments = vec![code[at].text.clone()];
            while code.len() > at + 2 && code[at + 1].is("::") && code[at + 2].kind == Kind::Word {
                segments.push(code[at + 2].text.clone());
                at += 2;
            }
            if segments.len() > 1 {
                found.push(Named { segments, alias: None, inside: around(), glob: false, line });
            }
        }
        at += 1;
    }
    found
}

/// Reads the tree at `at` and gives the token after it.
fn use_tree(
    code: &[&Token],
    mut at: usize,
    prefix: &[String],
    inside: &[String],
    found: &mut Vec<Named>,
) -> usize {
    let mut segments = prefix.to_vec();
    while let Some(token) = code.get(at) {
        if token.is("{") {
            at += 1;
            while code.get(at).is_some_and(|token| !token.is("}")) {
                at = use_tree(code, at, &segments, inside, found);
                at += usize::from(code.get(at).is_some_and(|token| token.is(",")));
            }
            return at + 1;
        }
        if token.is(",") || token.is(";") || token.is("}") || token.is("as") {
            break;
        }
        if !token.is("::") && !token.is("$") {
            segments.push(token.text.clone());
        }
        at += 1;
    }
    let line = code.get(at.saturating_sub(1)).map_or(0, |token| token.line);
    let glob = segments.last().is_some_and(|last| last == "*");
    if glob || (segments.len() > 1 && segments.last().is_some_and(|last| last == "self")) {
        segments.pop();
    }
    let mut alias = segments.last().cloned();
    if code.get(at).is_some_and(|token| token.is("as")) {
        alias = code.get(at + 1).map(|token| token.text.clone());
        at += 2;
    }
    found.push(Named { segments, alias, inside: inside.to_vec(), glob, line });
    at
}

/// The path from the root of the crate, or nothing where it leads into another crate.
pub(crate) fn absolute(
    file: &SourceFile,
    named: &Named,
    modules: &BTreeSet<Vec<String>>,
) -> Option<Vec<String>> {
    let mut base: Vec<String> = file.module.iter().chain(&named.inside).cloned().collect();
    let mut segments = named.segments.as_slice();
    if named.segments.first().is_some_and(|first| first == "crate") {
        base.clear();
        segments = &segments[1..];
    } else if named.segments.first().is_some_and(|first| first == "self" || first == "super") {
        while let Some(first) = segments.first().filter(|first| *first == "self" || *first == "super") {
            if first == "super" {
                base.pop();
            }
            segments = &segments[1..];
        }
    } else {
        let child: Vec<String> = base.iter().chain(named.segments.first()).cloned().collect();
        if !modules.contains(&child) {
            return None;
        }
    }
    base.extend_from_slice(segments);
    Some(base)
}
