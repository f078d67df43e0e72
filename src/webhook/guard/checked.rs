//! A URL that passed.

use std::fmt;
use std::net::IpAddr;
use std::ops::Range;

/// A callback URL that the guard let through: what it judged is what a client is to be given.
///
/// The text differs from what came in by this much: scheme and host are in
/// lower case, an IPv6 address is in its shortest form, the scheme's own port
/// is left out, an empty path is `/`. `Debug` and `Display` show scheme, host
/// and port only, for path and query may hold a secret; [`as_str`](Self::as_str) shows all.
///
/// ```
/// use tripline::webhook::Guard;
///
/// let url = Guard::new().check_url("HTTPS://Hooks.Contoso.Example:443?sig=s3cret")?;
/// assert_eq!(url.as_str(), "https://hooks.contoso.example/?sig=s3cret");
/// assert_eq!(url.to_string(), "https://hooks.contoso.example");
/// # Ok::<(), tripline::webhook::GuardError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct CheckedUrl {
    text: String,
    scheme: &'static str,
    /// Where the host stands in the text, brackets included.
    host: Range<usize>,
    ip: Option<IpAddr>,
    port: u16,
    /// Where the path begins.
    path: usize,
}

impl CheckedUrl {
    pub(super) fn new(
        scheme: &'static str,
        host: &str,
        ip: Option<IpAddr>,
        port: u16,
        path_and_query: &str,
    ) -> Self {
        let mut text = format!("{scheme}://");
        let start = text.len();
        text.push_str(host);
        let end = text.len();
        if port != default_port(scheme) {
            text.push_str(&format!(":{port}"));
        }
        let path = text.len();
        if !path_and_query.starts_with('/') {
            text.push('/');
        }
        text.push_str(path_and_query);
        Self { text, scheme, host: start..end, ip, port, path }
    }

    /// The whole URL, secrets included: for the request, not for a log.
    ///
    /// ```
    /// # use tripline::webhook::Guard;
    /// let url = Guard::new().check_url("https://hooks.contoso.example/in?id=7")?;
    /// assert_eq!(url.as_str(), "https://hooks.contoso.example/in?id=7");
    /// # Ok::<(), tripline::webhook::GuardError>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `https`, or `http` where the guard allows it.
    ///
    /// ```
    /// # use tripline::webhook::Guard;
    /// let url = Guard::new().check_url("https://hooks.contoso.example/in")?;
    /// assert_eq!(url.scheme(), "https");
    /// # Ok::<(), tripline::webhook::GuardError>(())
    /// ```
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// The host as it stands in the URL: a name in lower case, or an address;
    /// an IPv6 address is in brackets.
    ///
    /// ```
    /// # use tripline::webhook::Guard;
    /// let url = Guard::new().check_url("https://Hooks.contoso.example/in")?;
    /// assert_eq!(url.host(), "hooks.contoso.example");
    /// # Ok::<(), tripline::webhook::GuardError>(())
    /// ```
    pub fn host(&self) -> &str {
        &self.text[self.host.clone()]
    }

    /// The host's address where the URL names one itself; nothing is to be
    /// resolved then, and it was judged already.
    ///
    /// ```
    /// # use tripline::webhook::Guard;
    /// let url = Guard::new().check_url("https://93.184.215.14/in")?;
    /// assert_eq!(url.ip(), Some("93.184.215.14".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ip(&self) -> Option<IpAddr> {
        self.ip
    }

    /// The port: the one given, or the scheme's own.
    ///
    /// ```
    /// # use tripline::webhook::Guard;
    /// let url = Guard::new().check_url("https://hooks.contoso.example/in")?;
    /// assert_eq!(url.port(), 443);
    /// # Ok::<(), tripline::webhook::GuardError>(())
    /// ```
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path and, after a `?`, the query; they may hold a secret.
    ///
    /// ```
    /// # use tripline::webhook::Guard;
    /// let url = Guard::new().check_url("https://hooks.contoso.example/in?id=7")?;
    /// assert_eq!(url.path_and_query(), "/in?id=7");
    /// # Ok::<(), tripline::webhook::GuardError>(())
    /// ```
    pub fn path_and_query(&self) -> &str {
        &self.text[self.path..]
    }
}

impl fmt::Display for CheckedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text[..self.path])
    }
}

impl fmt::Debug for CheckedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CheckedUrl({self}/[redacted])")
    }
}

pub(super) fn default_port(scheme: &str) -> u16 {
    if scheme == "http" { 80 } else { 443 }
}
