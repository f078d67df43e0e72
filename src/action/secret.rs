//! What must not be seen: secrets, URLs that hold one, and where they come from.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer};

use crate::error::{Error, ErrorKind};

/// A password, a token, a key: what must never be seen.
///
/// It can be read from JSON and not written to it, `Debug` prints
/// `[redacted]`, and there is no `Display`. Whoever needs the text says
/// [`expose`](Self::expose), which is easy to find in a review. The memory is
/// not wiped when it is dropped; that needs code that this library forbids itself.
///
/// ```
/// use tripline::action::Secret;
///
/// let token = Secret::new("s3cr3t");
/// assert_eq!(format!("{token:?}"), "[redacted]");
/// assert_eq!(token.expose(), "s3cr3t");
/// ```
///
/// Neither this nor anything that holds it can be written as JSON:
///
/// ```compile_fail
/// # use tripline::action::Secret;
/// serde_json::to_string(&Secret::new("s3cr3t"));
/// ```
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Hides a text.
    ///
    /// ```
    /// # use tripline::action::Secret;
    /// let key = Secret::new(String::from("k-1"));
    /// ```
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself. What is done with it is the caller's responsibility.
    ///
    /// ```
    /// # use tripline::action::Secret;
    /// assert_eq!(Secret::new("k-1").expose(), "k-1");
    /// ```
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // What serde says about a value of another type holds the value.
        let text = String::deserialize(deserializer)
            .map_err(|_| serde::de::Error::custom("the secret is not a string"))?;
        Ok(Self::new(text))
    }
}

/// A URL that is a secret itself, as a webhook's is whose path or query holds its key.
///
/// `Debug` and `Display` show its scheme and host alone. As [`Secret`] it can
/// be read from JSON and not written to it.
///
/// ```
/// use tripline::action::SecretUrl;
///
/// let url = SecretUrl::new("https://prod-12.example.com:443/workflows/9f/invoke?sig=s3cr3t")?;
/// assert_eq!(url.to_string(), "https://prod-12.example.com");
/// assert_eq!(format!("{url:?}"), "https://prod-12.example.com");
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Clone)]
pub struct SecretUrl(Secret);

impl SecretUrl {
    /// Hides a URL.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) where it is not an
    /// absolute `http` or `https` URL with a host, or holds a space, a control
    /// character or anything outside ASCII. The message does not show it.
    ///
    /// ```
    /// # use tripline::action::SecretUrl;
    /// assert!(SecretUrl::new("https://example.com/\r\nx-evil: 1").is_err());
    /// assert!(SecretUrl::new("/hooks/1").is_err());
    /// ```
    pub fn new(url: impl Into<Arc<str>>) -> Result<Self, Error> {
        let url = url.into();
        match fault_of_url(&url) {
            Some(fault) => Err(Error::new(ErrorKind::Invalid, format!("the URL {fault}"))),
            None => Ok(Self(Secret(url))),
        }
    }

    /// The URL itself. What is done with it is the caller's responsibility.
    ///
    /// ```
    /// # use tripline::action::SecretUrl;
    /// assert_eq!(SecretUrl::new("https://example.com/?sig=1")?.expose(), "https://example.com/?sig=1");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&scheme_and_host(self.expose()))
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'de> Deserialize<'de> for SecretUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let url = Secret::deserialize(deserializer)
            .map_err(|_| serde::de::Error::custom("the URL is not a string"))?;
        Self::new(url.0).map_err(serde::de::Error::custom)
    }
}

/// Where an action's secrets come from, by name.
///
/// # Contract
///
/// 1. The answer is at hand: what a vault holds is fetched before the attempt, not during it.
/// 2. The same name gives the same secret for as long as the attempt runs.
/// 3. A name that is not known gives `None`, never an empty secret.
///
/// A map is one. Wrong is a vault that is asked on the spot, since this blocks
/// the thread that all attempts share:
///
/// ```
/// use tripline::action::{Secret, Secrets};
///
/// struct Vault;
/// # impl Vault { fn fetch_and_wait(&self, _: &str) -> String { String::new() } }
///
/// struct Wrong(Vault);
/// impl Secrets for Wrong {
///     fn secret(&self, name: &str) -> Option<Secret> {
///         Some(self.0.fetch_and_wait(name).into()) // blocks, and an unknown name is an empty secret
///     }
/// }
///
/// struct Right(std::collections::BTreeMap<String, Secret>); // filled when the connection was set up
/// impl Secrets for Right {
///     fn secret(&self, name: &str) -> Option<Secret> {
///         self.0.get(name).cloned()
///     }
/// }
/// # let right = Right([("token".to_owned(), Secret::new("s3cr3t"))].into());
/// # assert!(right.secret("token").is_some() && right.secret("other").is_none());
/// ```
pub trait Secrets: Send + Sync {
    /// The secret of this name.
    fn secret(&self, name: &str) -> Option<Secret>;
}

impl Secrets for BTreeMap<String, Secret> {
    fn secret(&self, name: &str) -> Option<Secret> {
        self.get(name).cloned()
    }
}

impl<S: Secrets + ?Sized> Secrets for Arc<S> {
    fn secret(&self, name: &str) -> Option<Secret> {
        (**self).secret(name)
    }
}

/// There are none.
impl Secrets for () {
    fn secret(&self, _: &str) -> Option<Secret> {
        None
    }
}

/// What may be shown of a URL: not its user, port, path, query or fragment.
pub(crate) fn scheme_and_host(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "[redacted]".to_owned() };
    let authority = &rest[..rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len())];
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // The port is what follows the last colon outside the brackets of an IPv6 address.
    let host = match host.rsplit_once(':') {
        Some((before, port)) if !port.contains(']') => before,
        _ => host,
    };
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain(scheme) && is_plain(host) { format!("{scheme}://{host}") } else { "[redacted]".to_owned() }
}

/// What can be wrong with a URL that something is to be sent to, without showing it.
const URL_FAULTS: [&str; 3] = [
    "does not start with https:// or http://",
    "holds a space, a control character or a character outside ASCII",
    "has no host",
];

/// Whether a text is one that [`SecretUrl`] refuses a value with: it holds no value.
pub(super) fn is_own_message(text: &str) -> bool {
    text.strip_prefix("the URL ").is_some_and(|fault| URL_FAULTS.contains(&fault))
}

/// What is wrong with a URL, if anything is.
pub(super) fn fault_of_url(url: &str) -> Option<&'static str> {
    let [scheme, character, host] = URL_FAULTS;
    let rest = ["https://", "http://"].iter().find_map(|scheme| {
        let (start, rest) = url.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    let Some(rest) = rest else { return Some(scheme) };
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some(character);
    }
    (rest.is_empty() || rest.starts_with(['/', '?', '#', ':', '\\'])).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_shows_its_scheme_and_host_alone() {
        for (url, shown) in [
            ("https://example.com/hook?sig=KEY", "https://example.com"),
            ("https://KEY:KEY@example.com:8443/KEY#KEY", "https://example.com"),
            ("https://example.com?KEY", "https://example.com"),
            ("https://example.com\\KEY", "https://example.com"),
            ("http://[2001:db8::1]:8080/KEY", "http://[2001:db8::1]"),
            ("http://[2001:db8::1]/KEY", "http://[2001:db8::1]"),
            ("https://KEY@KEY@host/", "https://host"),
            ("KEY", "[redacted]"),
            ("https://ho\nst/KEY", "[redacted]"),
            ("https://", "https://"),
        ] {
            assert_eq!(scheme_and_host(url), shown, "{url}");
        }
    }

    #[test]
    fn what_cannot_be_sent_to_is_no_url_and_is_not_shown() {
        for url in [
            "",
            "KEY",
            "ftp://KEY",
            "https://",
            "https:///KEY",
            "https://?KEY",
            "https://:443/KEY",
            "https://a/KEY KEY",
            "https://a/KEY\r\nx: y",
            "https://a/KEY\0",
            "https://KEYé/",
            "é",
        ] {
            let error = SecretUrl::new(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid, "{url:?}");
            assert!(!error.to_string().contains("KEY"), "{error}");
        }
        assert!(SecretUrl::new("HTTPS://example.com").is_ok());
    }

    #[test]
    fn secrets_are_read_and_what_is_none_is_not_shown() {
        let secret: Secret = serde_json::from_str("\"KEY\"").unwrap();
        assert_eq!((secret.expose(), format!("{secret:?}").as_str()), ("KEY", "[redacted]"));
        let url: SecretUrl = serde_json::from_str("\"https://a/KEY\"").unwrap();
        assert_eq!(url.expose(), "https://a/KEY");
        let number = serde_json::json!({"KEY": 4711});
        for error in [
            serde_json::from_value::<Secret>(number.clone()).unwrap_err(),
            serde_json::from_value::<SecretUrl>(number).unwrap_err(),
            serde_json::from_str::<SecretUrl>("\"KEY\"").unwrap_err(),
        ] {
            assert!(!error.to_string().contains("KEY") && !error.to_string().contains("4711"), "{error}");
        }
    }
}
