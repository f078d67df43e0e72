//! Texts with expressions in them: judged when a flow is defined, rendered when a step runs.
//!
//! The language is that of `minijinja`, without everything that reaches beyond
//! the text itself: no includes, no macros, no clock, no randomness, no files.

mod check;
mod json;
mod scan;

use std::cell::OnceCell;
use std::io::{self, Write};
use std::sync::LazyLock;

use minijinja::value::{Value as Given, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};
use serde_json::Value;

use crate::event::push_json_number;

pub(super) use check::{Names, faults};
pub(super) use json::Budget;

/// The most bytes that a template may make (SPEC section 11).
pub(super) const MAX_OUTPUT: usize = 256 << 10;

/// How much work a template may be: an instruction, or 64 bytes made, is one.
const FUEL: u64 = 100_000;

/// What stands for the value of an expression while it is rendered.
const RESULT: &str = "result";

/// How values are made safe for the place that they are put into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    None,
    /// As HTML shows them.
    Html,
    /// As a part of a URI: everything but letters, digits and `- . _ ~` percent-encoded.
    Uri,
}

/// A text, taken apart once so that it is quick to render.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Template {
    /// It means only itself.
    Plain(String),
    /// The value of one name, such as `trigger.series.name`: no engine is needed for it.
    Name(Vec<String>),
    /// The value of an expression, by the name of its template.
    Expression(String, Vec<String>),
    /// A text, by the name of its template.
    Text(String, Vec<String>),
    /// It cannot be rendered, and why.
    Broken(String),
}

/// What a text gives, as far as that is known before it is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    /// Itself.
    Itself,
    /// A string.
    Text,
    /// Anything.
    Anything,
}

impl Gives {
    pub(super) fn of(source: &str) -> Self {
        match scan::only_expression(source) {
            _ if scan::is_plain(source) => Self::Itself,
            Some(_) => Self::Anything,
            None => Self::Text,
        }
    }
}

/// The templates of one flow.
#[derive(Debug)]
pub(super) struct Templates {
    engine: Environment<'static>,
    count: usize,
}

impl Templates {
    pub(super) fn new() -> Self {
        Self { engine: ENGINE.clone(), count: 0 }
    }

    /// Takes a text in. One that is a single expression keeps its type, unless it has to be escaped as HTML.
    pub(super) fn add(&mut self, source: &str, escape: Escape) -> Template {
        if scan::is_plain(source) {
            return Template::Plain(source.to_owned());
        }
        match scan::only_expression(source) {
            Some(expression) if escape != Escape::Html => self.add_expression(expression),
            _ => self.insert(source.to_owned(), escape, Template::Text),
        }
    }

    /// Takes an expression in, with braces around it or without.
    pub(super) fn add_condition(&mut self, source: &str) -> Template {
        self.add_expression(check::expression_of(source))
    }

    fn add_expression(&mut self, expression: &str) -> Template {
        if let Some(name) = plain_name(expression) {
            return Template::Name(name);
        }
        self.insert(format!("{{% set {RESULT} = ({expression}) %}}"), Escape::None, Template::Expression)
    }

    fn insert(
        &mut self,
        source: String,
        escape: Escape,
        template: impl FnOnce(String, Vec<String>) -> Template,
    ) -> Template {
        if let Some(why) = scan::fault_of_size(&source) {
            return Template::Broken(why);
        }
        let ending = match escape {
            Escape::None => "",
            Escape::Html => ".html",
            Escape::Uri => ".uri",
        };
        let name = format!("{}{ending}", self.count);
        self.count += 1;
        match self.engine.add_template_owned(name.clone(), source) {
            Ok(()) => {
                let names = self.engine.get_template(&name).map(|it| it.undeclared_variables(true));
                let mut names: Vec<String> = names.into_iter().flatten().collect();
                names.sort_unstable();
                template(name, names)
            }
            Err(error) => Template::Broken(reason(&error)),
        }
    }

    /// What a template gives, as JSON.
    pub(super) fn render(
        &self,
        template: &Template,
        scope: &Scope<'_>,
        budget: &mut Budget,
    ) -> Result<Value, String> {
        match template {
            Template::Plain(text) => {
                budget.take(text.len() + 2)?;
                Ok(Value::String(text.clone()))
            }
            Template::Name(name) => {
                let value = scope.get(name).ok_or_else(|| format!("{} is missing", name.join(".")))?;
                budget.take_value(value)?;
                Ok(value.clone())
            }
            Template::Expression(name, names) => {
                let given = self.run(name, names, scope, &mut io::sink(), |state| state.lookup(RESULT))?;
                json::to_json(&given.ok_or("the value is missing")?, budget)
            }
            Template::Text(name, names) => {
                let mut text = Bounded(Vec::new());
                self.run(name, names, scope, &mut text, |_| ())?;
                budget.take(text.0.len() + 2)?;
                String::from_utf8(text.0).map(Value::String).map_err(|error| error.to_string())
            }
            Template::Broken(why) => Err(why.clone()),
        }
    }

    fn run<T>(
        &self,
        name: &str,
        names: &[String],
        scope: &Scope<'_>,
        out: &mut impl Write,
        take: impl FnOnce(&State<'_, '_>) -> T,
    ) -> Result<T, String> {
        let template = self.engine.get_template(name).map_err(|error| reason(&error))?;
        match template.render_captured_to(scope.given(), out) {
            Ok(captured) => Ok(take(captured.state())),
            Err(error) => Err(match error.kind() {
                ErrorKind::UndefinedError => missing(names, scope),
                ErrorKind::WriteFailure => json::too_much(),
                ErrorKind::OutOfFuel => format!("it takes too long: it is over the limit of {FUEL} steps"),
                _ => reason(&error),
            }),
        }
    }
}

/// What templates see: `trigger`, `steps`, `flow` and `run`, each made when one first asks for it.
pub(super) struct Scope<'a> {
    make: &'a dyn Fn(&str) -> Option<Value>,
    made: [OnceCell<Option<Value>>; check::ROOTS.len()],
    given: OnceCell<Given>,
}

impl<'a> Scope<'a> {
    pub(super) fn of(make: &'a dyn Fn(&str) -> Option<Value>) -> Self {
        Self { make, made: Default::default(), given: OnceCell::new() }
    }

    fn get(&self, name: &[String]) -> Option<&Value> {
        let (root, members) = name.split_first()?;
        members.iter().try_fold(self.root(root)?, |value, name| value.get(name))
    }

    fn root(&self, name: &str) -> Option<&Value> {
        let at = check::ROOTS.iter().position(|root| *root == name)?;
        self.made[at].get_or_init(|| (self.make)(name)).as_ref()
    }

    /// All of it: the engine finds in it what it needs.
    fn given(&self) -> Given {
        let all = || check::ROOTS.iter().filter_map(|name| Some((*name, json::given(self.root(name)?))));
        self.given.get_or_init(|| Given::from_pairs(all())).clone()
    }
}

/// The engine as every template has it, made once: its tables are shared.
static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(environment);

fn environment() -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_fuel(Some(FUEL));
    engine.set_recursion_limit(64);
    // What shows everything there is, and what keeps state between the turns of a loop.
    for name in ["debug", "namespace"] {
        engine.remove_global(name);
    }
    // The engine's own may indent by as much as it is told, and no fuel stops it.
    engine.add_filter("tojson", |value: Given| {
        let json = json::to_json(&value, &mut Budget::new());
        json.map(|json| json.to_string()).map_err(|why| Error::new(ErrorKind::InvalidOperation, why))
    });
    engine.add_filter("urlencode", |text: String| percent_encoded(&text));
    engine.set_auto_escape_callback(|name| match name.rsplit_once('.') {
        Some((_, "html")) => AutoEscape::Html,
        Some((_, "uri")) => AutoEscape::Custom("uri".into()),
        _ => AutoEscape::None,
    });
    engine.set_formatter(write);
    if let Ok(syntax) = minijinja::syntax::SyntaxConfig::builder().keep_trailing_newline(true).build() {
        engine.set_syntax(syntax);
    }
    engine
}

/// Writes a value into a text.
fn write(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Given) -> Result<(), Error> {
    let refuse = |why: &str| Err(Error::new(ErrorKind::InvalidOperation, why.to_owned()));
    let value = match value.kind() {
        ValueKind::None => return refuse("a null has no place in a text; `default('…', true)` gives one"),
        ValueKind::Number if !value.is_integer() => {
            let float = f64::try_from(value.clone())?;
            if !float.is_finite() {
                return refuse(&format!("{float} is not a finite number"));
            }
            let mut text = String::new();
            push_json_number(&mut text, float);
            Given::from(text)
        }
        _ => value.clone(),
    };
    match state.auto_escape() {
        AutoEscape::Custom(_) if !value.is_safe() => {
            out.write_str(&percent_encoded(&value.to_string())).map_err(Error::from)
        }
        AutoEscape::Custom(_) => out.write_str(value.as_str().unwrap_or_default()).map_err(Error::from),
        _ => minijinja::escape_formatter(out, state, &value),
    }
}

/// A text as a part of a URI (RFC 3986, section 2.3: all that is reserved is encoded).
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The path that an expression is, where it is nothing but one.
fn plain_name(expression: &str) -> Option<Vec<String>> {
    let parts: Vec<&str> = expression.trim().split('.').collect();
    let is_name = |part: &&str| {
        !part.is_empty()
            && !part.starts_with(|c: char| c.is_ascii_digit())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let is_path = parts.iter().all(is_name) && check::ROOTS.contains(&parts[0]);
    is_path.then(|| parts.into_iter().map(str::to_owned).collect())
}

/// Which of the names that a template asks for are missing.
fn missing(names: &[String], scope: &Scope<'_>) -> String {
    let is_missing = |name: &&String| {
        let parts: Vec<String> = name.split('.').map(str::to_owned).collect();
        check::ROOTS.contains(&&*parts[0]) && scope.get(&parts).is_none()
    };
    let all: Vec<&str> = names.iter().filter(is_missing).map(String::as_str).collect();
    match all.as_slice() {
        [] => "a value in it is missing".to_owned(),
        [one] => format!("{one} is missing"),
        many => format!("{} are missing", many.join(", ")),
    }
}

/// What the engine says, without its own places.
fn reason(error: &Error) -> String {
    match error.detail() {
        Some(detail) => detail.to_owned(),
        None => error.kind().to_string(),
    }
}

/// Takes as many bytes as a template may make.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT {
            return Err(io::Error::other("over the limit"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
