//! Which names a trigger means.

use std::collections::BTreeMap;

use super::words::quoted;
use crate::error::Fault;

/// Which names are meant: one, any, or those of a certain form.
///
/// In JSON a string is one name, `"*"` is any, and `{"prefix":…}`,
/// `{"suffix":…}`, `{"oneOf":[…]}` are the others. Names are compared byte for
/// byte: case counts.
///
/// ```
/// use tripline::trigger::Matcher;
///
/// assert!(Matcher::from("vip").matches("vip"));
/// assert!(Matcher::from("*").matches("whatever"));
/// assert!(Matcher::prefix("vip-").matches("vip-emea"));
/// assert!(!Matcher::one_of(["vip", "gold"]).matches("VIP"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Matcher {
    /// Every name.
    Any,
    /// This one name.
    Exact(Box<str>),
    /// Names that begin so.
    Prefix(Box<str>),
    /// Names that end so.
    Suffix(Box<str>),
    /// One of these names.
    OneOf(Box<[Box<str>]>),
}

impl Matcher {
    /// This one name, even where it is `*`.
    ///
    /// ```
    /// use tripline::trigger::Matcher;
    /// assert!(!Matcher::exact("*").matches("vip"));
    /// ```
    pub fn exact(name: impl Into<Box<str>>) -> Self {
        Self::Exact(name.into())
    }

    /// Names that begin with `prefix`.
    ///
    /// ```
    /// use tripline::trigger::Matcher;
    /// assert!(Matcher::prefix("/instances/").matches("/instances/contoso"));
    /// ```
    pub fn prefix(prefix: impl Into<Box<str>>) -> Self {
        Self::Prefix(prefix.into())
    }

    /// Names that end with `suffix`.
    ///
    /// ```
    /// use tripline::trigger::Matcher;
    /// assert!(Matcher::suffix("-emea").matches("vip-emea"));
    /// ```
    pub fn suffix(suffix: impl Into<Box<str>>) -> Self {
        Self::Suffix(suffix.into())
    }

    /// One of these names.
    ///
    /// ```
    /// use tripline::trigger::Matcher;
    /// assert!(Matcher::one_of(["vip", "gold"]).matches("gold"));
    /// ```
    pub fn one_of<N: Into<Box<str>>>(names: impl IntoIterator<Item = N>) -> Self {
        Self::OneOf(names.into_iter().map(Into::into).collect())
    }

    /// Whether the name is meant.
    ///
    /// ```
    /// use tripline::trigger::Matcher;
    /// assert!(Matcher::Any.matches(""));
    /// ```
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(this) => **this == *name,
            Self::Prefix(prefix) => name.starts_with(&**prefix),
            Self::Suffix(suffix) => name.ends_with(&**suffix),
            Self::OneOf(names) => names.iter().any(|this| **this == *name),
        }
    }

    /// The one name, where only one is meant.
    ///
    /// ```
    /// use tripline::trigger::Matcher;
    /// assert_eq!(Matcher::from("vip").as_exact(), Some("vip"));
    /// assert_eq!(Matcher::from("*").as_exact(), None);
    /// ```
    pub fn as_exact(&self) -> Option<&str> {
        match self {
            Self::Exact(name) => Some(name),
            Self::OneOf(names) => match &**names {
                [name] => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    /// The names, where these alone are meant: what a check of who may watch what asks for.
    ///
    /// ```
    /// use tripline::trigger::Matcher;
    /// let names = |matcher: &Matcher| Some(matcher.names()?.map(str::to_owned).collect::<Vec<_>>());
    /// assert_eq!(names(&Matcher::one_of(["vip", "gold"])).unwrap(), ["vip", "gold"]);
    /// assert_eq!(names(&Matcher::from("vip")).unwrap(), ["vip"]);
    /// assert_eq!((names(&Matcher::from("*")), names(&Matcher::prefix("vip"))), (None, None));
    /// ```
    pub fn names(&self) -> Option<impl Iterator<Item = &str>> {
        let names = match self {
            Self::Exact(name) => std::slice::from_ref(name),
            Self::OneOf(names) => names,
            Self::Any | Self::Prefix(_) | Self::Suffix(_) => return None,
        };
        Some(names.iter().map(|name| &**name))
    }

    /// What is wrong with it, the path being relative to it.
    pub(super) fn faults(&self) -> Vec<Fault> {
        let empty = |path: &str| vec![Fault::new(path, "the text is empty")];
        match self {
            Self::Exact(name) if name.is_empty() => empty(""),
            Self::Prefix(text) if text.is_empty() => empty("prefix"),
            Self::Suffix(text) if text.is_empty() => empty("suffix"),
            Self::OneOf(names) if names.is_empty() => {
                vec![Fault::new("oneOf", "the list is empty: nothing would match")]
            }
            Self::OneOf(names) => faults_of_list(names),
            _ => Vec::new(),
        }
    }

    /// The one form for what can be said in two: a literal star cannot be
    /// written as a string, which would mean any.
    pub(super) fn normalised(self) -> Self {
        match self {
            Self::Exact(name) if &*name == "*" => Self::one_of([name]),
            other => other,
        }
    }
}

fn faults_of_list(names: &[Box<str>]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut seen = BTreeMap::new();
    for (i, name) in names.iter().enumerate() {
        let first = *seen.entry(name).or_insert(i);
        if name.is_empty() {
            faults.push(Fault::new(format!("oneOf[{i}]"), "the text is empty"));
        } else if first < i {
            let message = format!("{} stands at oneOf[{first}] already", quoted(name));
            faults.push(Fault::new(format!("oneOf[{i}]"), message));
        }
    }
    faults
}

impl From<&str> for Matcher {
    /// `"*"` is any name, anything else that name.
    fn from(name: &str) -> Self {
        if name == "*" { Self::Any } else { Self::exact(name) }
    }
}

impl From<String> for Matcher {
    fn from(name: String) -> Self {
        if name == "*" { Self::Any } else { Self::exact(name) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_matches_the_names_it_means_and_no_others() {
        let names = ["vip", "vip-emea", "emea-vip", "VIP", ""];
        let meant = |matcher: Matcher| names.map(|name| matcher.matches(name));
        assert_eq!(meant(Matcher::Any), [true; 5]);
        assert_eq!(meant(Matcher::from("vip")), [true, false, false, false, false]);
        assert_eq!(meant(Matcher::prefix("vip")), [true, true, false, false, false]);
        assert_eq!(meant(Matcher::suffix("vip")), [true, false, true, false, false]);
        assert_eq!(meant(Matcher::one_of(["VIP", "vip"])), [true, false, false, true, false]);
    }

    #[test]
    fn a_star_is_any_name_unless_it_is_said_to_be_exact() {
        assert_eq!(Matcher::from("*"), Matcher::Any);
        assert_eq!(Matcher::from("*".to_owned()), Matcher::Any);
        let star = Matcher::exact("*").normalised();
        assert_eq!((star.matches("*"), star.matches("vip"), star.as_exact()), (true, false, Some("*")));
    }

    #[test]
    fn empty_texts_and_repeated_names_are_faults_at_their_place() {
        let places = |matcher: Matcher| {
            matcher.faults().iter().map(|fault| fault.path().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(places(Matcher::from("")), [""]);
        assert_eq!(places(Matcher::prefix("")), ["prefix"]);
        assert_eq!(places(Matcher::suffix("")), ["suffix"]);
        assert_eq!(places(Matcher::one_of::<&str>([])), ["oneOf"]);
        assert_eq!(places(Matcher::one_of(["a", "", "b", "a"])), ["oneOf[1]", "oneOf[3]"]);
        assert!(places(Matcher::one_of(["a", "b"])).is_empty());
    }
}
