//! How a connection says who it is.

/// How a connection says who it is.
///
/// ```
/// use tripline::connector::Authentication;
/// let key = Authentication::api_key("X-Api-Key");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Authentication {
    /// It does not: the host knows by other means, or everybody is one.
    None,
    /// A key in a header of this name, which whoever makes the connection types in.
    ApiKey(String),
    /// A user name and a password (RFC 7617), which whoever makes the connection types in.
    Basic,
    /// A token that the platform gets by the authorization code grant of OAuth 2.0 (RFC 6749, section 4.1).
    OAuth2(OAuth2),
}

impl Authentication {
    /// A key in a header.
    ///
    /// ```
    /// # use tripline::connector::Authentication;
    /// assert_eq!(Authentication::api_key("X-Api-Key"), Authentication::ApiKey("X-Api-Key".to_owned()));
    /// ```
    pub fn api_key(header: impl Into<String>) -> Self {
        Self::ApiKey(header.into())
    }
}

impl From<OAuth2> for Authentication {
    fn from(settings: OAuth2) -> Self {
        Self::OAuth2(settings)
    }
}

/// Where and for what the platform gets a token. The client's secret is not
/// among it: whoever uploads the connector types that in.
///
/// ```
/// use tripline::connector::{Authentication, OAuth2};
///
/// let settings = OAuth2::new("https://login.contoso.example/authorize", "https://login.contoso.example/token")
///     .with_client_id("tripline")
///     .with_scope("flows", "Subscribe to triggers and run actions.");
/// let authentication = Authentication::from(settings);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuth2 {
    authorization_url: String,
    token_url: String,
    refresh_url: Option<String>,
    client_id: Option<String>,
    scopes: Vec<(String, String)>,
}

impl OAuth2 {
    /// Where a person agrees, and where the platform gets and renews the token.
    ///
    /// ```
    /// # use tripline::connector::OAuth2;
    /// let settings = OAuth2::new("https://login.contoso.example/authorize", "https://login.contoso.example/token");
    /// assert_eq!(settings.token_url(), settings.refresh_url());
    /// ```
    pub fn new(authorization_url: impl Into<String>, token_url: impl Into<String>) -> Self {
        Self {
            authorization_url: authorization_url.into(),
            token_url: token_url.into(),
            refresh_url: None,
            client_id: None,
            scopes: Vec::new(),
        }
    }

    /// The same, renewing tokens elsewhere.
    ///
    /// ```
    /// # use tripline::connector::OAuth2;
    /// let settings = OAuth2::new("https://a.example/", "https://t.example/").with_refresh_url("https://r.example/");
    /// assert_eq!(settings.refresh_url(), "https://r.example/");
    /// ```
    #[must_use]
    pub fn with_refresh_url(mut self, url: impl Into<String>) -> Self {
        self.refresh_url = Some(url.into());
        self
    }

    /// The same with the id under which the platform is registered there.
    ///
    /// ```
    /// # use tripline::connector::OAuth2;
    /// let settings = OAuth2::new("https://a.example/", "https://t.example/").with_client_id("tripline");
    /// assert_eq!(settings.client_id(), Some("tripline"));
    /// ```
    #[must_use]
    pub fn with_client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = Some(id.into());
        self
    }

    /// The same asking for one scope more, with what it allows, in words.
    ///
    /// ```
    /// # use tripline::connector::OAuth2;
    /// let settings = OAuth2::new("https://a.example/", "https://t.example/").with_scope("flows", "Run flows.");
    /// assert!(settings.scopes().eq([("flows", "Run flows.")]));
    /// ```
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<String>, description: impl Into<String>) -> Self {
        self.scopes.push((scope.into(), description.into()));
        self
    }

    /// Where a person agrees.
    ///
    /// ```
    /// # use tripline::connector::OAuth2;
    /// assert_eq!(OAuth2::new("https://a.example/", "https://t.example/").authorization_url(), "https://a.example/");
    /// ```
    pub fn authorization_url(&self) -> &str {
        &self.authorization_url
    }

    /// Where the platform gets the token.
    ///
    /// ```
    /// # use tripline::connector::OAuth2;
    /// assert_eq!(OAuth2::new("https://a.example/", "https://t.example/").token_url(), "https://t.example/");
    /// ```
    pub fn token_url(&self) -> &str {
        &self.token_url
    }

    /// Where the platform renews it; where it got it, unless something else was said.
    ///
    /// ```
    /// # use tripline::connector::OAuth2;
    /// assert_eq!(OAuth2::new("https://a.example/", "https://t.example/").refresh_url(), "https://t.example/");
    /// ```
    pub fn refresh_url(&self) -> &str {
        self.refresh_url.as_deref().unwrap_or(&self.token_url)
    }

    /// The id under which the platform is registered there, if it is known already.
    ///
    /// ```
    /// # use tripline::connector::OAuth2;
    /// assert_eq!(OAuth2::new("https://a.example/", "https://t.example/").client_id(), None);
    /// ```
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// The scopes, each with what it allows.
    ///
    /// ```
    /// # use tripline::connector::OAuth2;
    /// assert_eq!(OAuth2::new("https://a.example/", "https://t.example/").scopes().count(), 0);
    /// ```
    pub fn scopes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.scopes.iter().map(|(scope, description)| (&**scope, &**description))
    }
}
