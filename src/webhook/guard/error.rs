//! Why a callback URL or an address is refused.

use std::fmt;

/// Why the guard refused a URL or the addresses of its host.
///
/// The text names what and why. It shows the host at most, and of a long one
/// the beginning: paths and queries may hold a secret, and so may what looks
/// like user information.
///
/// ```
/// use tripline::webhook::{Guard, GuardErrorKind};
///
/// let error = Guard::new().check_url("https://169.254.169.254/latest/meta-data").unwrap_err();
/// assert_eq!(error.kind(), GuardErrorKind::Metadata);
/// assert_eq!(error.to_string(), "169.254.169.254 is the metadata service of a cloud");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardError {
    kind: GuardErrorKind,
    message: String,
}

/// What kind of refusal it is.
///
/// ```
/// use tripline::webhook::{Guard, GuardErrorKind};
///
/// let kind = |url| Guard::new().check_url(url).unwrap_err().kind();
/// assert_eq!(kind("http://contoso.example/"), GuardErrorKind::Scheme);
/// assert_eq!(kind("https://contoso.example:8443/"), GuardErrorKind::Port);
/// assert_eq!(kind("https://0x7f.1/"), GuardErrorKind::OddAddress);
/// assert_eq!(kind("https://10.0.0.7/"), GuardErrorKind::Address);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GuardErrorKind {
    /// The URL has more bytes than the limit.
    TooLong,
    /// A character that a URL cannot hold as it is (white space, a control character, a backslash, one outside
    /// ASCII), a `%` without two hexadecimal digits, or an encoded control character.
    Character,
    /// It does not begin with a scheme, `://` and a host.
    Form,
    /// The scheme is not `https` (or `http`, where that is allowed).
    Scheme,
    /// There is user information before the host (`user:password@`).
    UserInfo,
    /// There is a fragment (`#…`).
    Fragment,
    /// The port is not 443 (80 for an allowed `http`) and not one that was allowed.
    Port,
    /// What follows the host's colon is not a port number from 1 to 65535 in plain digits.
    BadPort,
    /// The host is not a host name or an IP address in brackets: an empty or overlong label, a character that a
    /// name cannot have, a trailing dot, a zone.
    BadHost,
    /// The host has characters outside ASCII; internationalised names are taken in their `xn--` form.
    HostNotAscii,
    /// The host is a number or an IPv4 address spelled otherwise than as four plain decimal numbers.
    OddAddress,
    /// The path has a `.` or `..` segment, which clients resolve in their own ways.
    DotSegment,
    /// The host is a name of the local machine or network, or one that is not in the public DNS.
    LocalName,
    /// The name or address of a cloud's metadata service, which hands out credentials.
    Metadata,
    /// The address is not one of the public Internet's: private, loopback, link-local, multicast, reserved…
    Address,
    /// The host or the address is on the list of what is denied.
    Denied,
    /// There is a list of allowed hosts, and the host is not on it.
    NotAllowed,
    /// The host resolved to no address.
    NoAddress,
}

impl GuardError {
    pub(super) fn new(kind: GuardErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// What kind of refusal it is.
    ///
    /// ```
    /// use tripline::webhook::{Guard, GuardErrorKind};
    /// let error = Guard::new().check_addresses(&[]).unwrap_err();
    /// assert_eq!(error.kind(), GuardErrorKind::NoAddress);
    /// ```
    pub fn kind(&self) -> GuardErrorKind {
        self.kind
    }
}

impl fmt::Display for GuardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for GuardError {}
