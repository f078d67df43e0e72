//! Who is asked about a connector.

/// Who is asked about a connector: a name, a page for support, and an address.
///
/// Certification wants all three.
///
/// ```
/// use tripline::connector::Contact;
/// let contact = Contact::new("Contoso Data", "https://contoso.example/support", "data@contoso.example");
/// assert_eq!(contact.email(), "data@contoso.example");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    name: String,
    url: String,
    email: String,
}

impl Contact {
    /// A name, the URL of a page for support, and an address.
    ///
    /// ```
    /// # use tripline::connector::Contact;
    /// let contact = Contact::new("Contoso Data", "https://contoso.example/support", "data@contoso.example");
    /// ```
    pub fn new(name: impl Into<String>, url: impl Into<String>, email: impl Into<String>) -> Self {
        Self { name: name.into(), url: url.into(), email: email.into() }
    }

    /// The name of a person or a team.
    ///
    /// ```
    /// # use tripline::connector::Contact;
    /// assert_eq!(Contact::new("Contoso Data", "", "").name(), "Contoso Data");
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The URL of a page for support.
    ///
    /// ```
    /// # use tripline::connector::Contact;
    /// assert_eq!(Contact::new("", "https://contoso.example/support", "").url(), "https://contoso.example/support");
    /// ```
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address.
    ///
    /// ```
    /// # use tripline::connector::Contact;
    /// assert_eq!(Contact::new("", "", "data@contoso.example").email(), "data@contoso.example");
    /// ```
    pub fn email(&self) -> &str {
        &self.email
    }
}
