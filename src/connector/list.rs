//! The lists that drop-downs are filled from.

/// A list that drop-downs are filled from: `GET /{name}` gives its entries, each with an id and a name.
///
/// The lists of the triggers' fields are [there already](ChoiceList::built_in).
///
/// ```
/// use tripline::connector::ChoiceList;
///
/// let entities = ChoiceList::new("entities", "entities").with_parameter("instance");
/// assert!(entities.parameters().eq(["instance"]));
/// assert_eq!(entities.operation(), "ListEntities");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChoiceList {
    name: String,
    title: String,
    parameters: Vec<String>,
}

impl ChoiceList {
    /// A list, and what is in it, in words: "data sources".
    ///
    /// ```
    /// # use tripline::connector::ChoiceList;
    /// assert_eq!(ChoiceList::new("datasources", "data sources").name(), "datasources");
    /// ```
    pub fn new(name: impl Into<String>, title: impl Into<String>) -> Self {
        Self { name: name.into(), title: title.into(), parameters: Vec::new() }
    }

    /// The lists of the triggers' fields: `instances`, and for an instance `datasources`, `segments`, `measures`.
    ///
    /// ```
    /// # use tripline::connector::ChoiceList;
    /// let names = ChoiceList::built_in().map(|list| list.name().to_owned());
    /// assert_eq!(names, ["instances", "datasources", "segments", "measures"]);
    /// ```
    pub fn built_in() -> [Self; 4] {
        let of_instance = |name: &str, title: &str| Self::new(name, title).with_parameter("instance");
        [
            Self::new("instances", "instances"),
            of_instance("datasources", "data sources"),
            of_instance("segments", "segments"),
            of_instance("measures", "business measures"),
        ]
    }

    /// The same for one value more that has to be known first; it stands in the query.
    ///
    /// ```
    /// # use tripline::connector::ChoiceList;
    /// assert_eq!(ChoiceList::new("entities", "entities").with_parameter("instance").parameters().count(), 1);
    /// ```
    #[must_use]
    pub fn with_parameter(mut self, name: impl Into<String>) -> Self {
        self.parameters.push(name.into());
        self
    }

    /// Its name, which is also its path.
    ///
    /// ```
    /// # use tripline::connector::ChoiceList;
    /// assert_eq!(ChoiceList::new("entities", "entities").name(), "entities");
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is in it, in words.
    ///
    /// ```
    /// # use tripline::connector::ChoiceList;
    /// assert_eq!(ChoiceList::built_in()[1].title(), "data sources");
    /// ```
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What has to be known first, in the order in which it was declared.
    ///
    /// ```
    /// # use tripline::connector::ChoiceList;
    /// assert!(ChoiceList::built_in()[2].parameters().eq(["instance"]));
    /// ```
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().map(String::as_str)
    }

    /// The id of the operation that gives it.
    ///
    /// ```
    /// # use tripline::connector::ChoiceList;
    /// assert_eq!(ChoiceList::built_in()[1].operation(), "ListDatasources");
    /// ```
    pub fn operation(&self) -> String {
        format!("List{}", capitalised(&self.name))
    }
}

/// A name of ASCII letters as an operation id: its first letter a capital one.
pub(super) fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
