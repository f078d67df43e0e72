//! The host of a callback URL: an address, or a name of the public DNS.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::error::{GuardError, GuardErrorKind};

/// The most characters of a name and of a label (RFC 1035, 2.3.4).
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// Top-level names that are not in the public DNS, or lead to the network's own machines: the special-use domain
/// names (<https://www.iana.org/assignments/special-use-domain-names/>) and `internal`, which ICANN reserved for
/// private use in 2024; and those that RFC 6762, appendix G, found in private use. `arpa` holds `home.arpa` (RFC 8375)
/// and the network's other own names. `example` leads nowhere and is left, so that examples can be tried.
const LOCAL: [&str; 14] = [
    "alt",
    "arpa",
    "corp",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
    "test",
];

/// Public names of metadata services; those that end in `internal` or have no dot are local names anyway.
const METADATA: [&str; 8] = [
    "instance-data",
    "instance-data.ec2.internal",
    "metadata",
    "metadata.azure.internal",
    "metadata.goog",
    "metadata.google.internal",
    "metadata.platformequinix.com",
    "metadata.tencentyun.com",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Host<'t> {
    /// As it is written; upper case is still to be lowered.
    Name(&'t str),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

/// Reads what stands between the `//` and the port.
pub(super) fn read(text: &str) -> Result<Host<'_>, GuardError> {
    if let Some(inner) = text.strip_prefix('[') {
        return v6(text, inner.strip_suffix(']').unwrap_or(inner));
    }
    if !text.is_ascii() {
        let why = "has characters outside ASCII; write an internationalised name in its `xn--` form";
        return refuse(GuardErrorKind::HostNotAscii, text, why);
    }
    let bad = |why: &str| refuse(GuardErrorKind::BadHost, text, why);
    if text.len() > MAX_NAME {
        return bad(&format!("is longer than the limit of {MAX_NAME} characters"));
    }
    if text.contains('%') {
        return bad("has a `%`: nothing is encoded in a host name");
    }
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if let Some(letter) = text.bytes().find(|byte| !is_letter(*byte)) {
        return bad(&format!("has a {:?}, which no host name has", char::from(letter)));
    }
    if text.ends_with('.') {
        return bad("ends with a dot");
    }
    for label in text.split('.') {
        if label.is_empty() {
            return bad("has an empty label");
        }
        if label.len() > MAX_LABEL {
            return bad(&format!("has a label longer than the limit of {MAX_LABEL} characters"));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return bad("has a label that begins or ends with a hyphen");
        }
    }
    if ends_in_a_number(text) { v4(text) } else { Ok(Host::Name(text)) }
}

/// Whether the name, in lower case, is one that must not be called from outside. `name` has been read.
pub(super) fn is_local(name: &str) -> bool {
    let top = name.rsplit('.').next().unwrap_or(name);
    // A name without a dot is looked up in the network's own domain.
    top == name || LOCAL.contains(&top)
}

/// `localhost` itself, or a name below it (RFC 6761, 6.3).
pub(super) fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

pub(super) fn is_metadata(name: &str) -> bool {
    METADATA.iter().any(|known| is_within(name, known))
}

/// Whether `name` is `domain` or below it.
pub(super) fn is_within(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// A name that clients take for an IPv4 address, or fail on: the WHATWG URL standard's "ends in a number".
/// <https://url.spec.whatwg.org/#ends-in-a-number-checker>
fn ends_in_a_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let digits = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    last.bytes().all(|byte| byte.is_ascii_digit())
        || digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn v4(text: &str) -> Result<Host<'_>, GuardError> {
    // Takes four decimal numbers without leading zeros, and nothing else.
    let Ok(address) = text.parse() else {
        let why = "is a number or an odd spelling of an IPv4 address; write four decimal numbers";
        return refuse(GuardErrorKind::OddAddress, text, why);
    };
    Ok(Host::V4(address))
}

fn v6<'t>(text: &str, inner: &str) -> Result<Host<'t>, GuardError> {
    if inner.contains('%') {
        return refuse(GuardErrorKind::BadHost, text, "has a zone, which is of one machine only");
    }
    match inner.parse() {
        Ok(address) if text.ends_with(']') => Ok(Host::V6(address)),
        _ => refuse(GuardErrorKind::BadHost, text, "is not an IPv6 address in brackets"),
    }
}

fn refuse<T>(kind: GuardErrorKind, host: &str, why: &str) -> Result<T, GuardError> {
    Err(GuardError::new(kind, format!("the host {} {why}", shown(host))))
}

/// The host as a message shows it: escaped, and cut.
pub(super) fn shown(host: &str) -> String {
    const MOST: usize = 80;
    match host.char_indices().nth(MOST) {
        Some((end, _)) => format!("{:?}…", &host[..end]),
        None => format!("{host:?}"),
    }
}
