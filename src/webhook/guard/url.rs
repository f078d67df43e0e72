//! A callback URL taken apart, stricter than any client does it, so that none sees another host in it.

use super::error::{GuardError, GuardErrorKind};
use super::host::{self, Host};

/// The parts of a URL whose form is right; whether it may be called is for the guard to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts<'t> {
    /// As it is written.
    pub(super) scheme: &'t str,
    pub(super) host: Host<'t>,
    pub(super) port: Option<u16>,
    /// The path with its query; may be empty.
    pub(super) path_and_query: &'t str,
}

/// Takes a URL apart by RFC 3986, and refuses what clients are known to read in different ways: white space, control
/// characters and backslashes anywhere, missing slashes, user information, fragments, encoded host names, dot segments.
pub(super) fn read(text: &str) -> Result<Parts<'_>, GuardError> {
    // Most URLs have none, and bytes are told faster than characters.
    if text.bytes().any(|byte| !byte.is_ascii_graphic() || byte == b'\\') {
        let is_bad = |c: char| c.is_control() || c == ' ' || c == '\\';
        if let Some((at, c)) = text.char_indices().find(|(_, c)| is_bad(*c)) {
            return Err(character(c, at));
        }
    }
    let (scheme, rest) =
        text.split_once("://").ok_or_else(|| form("the URL does not begin with `https://`"))?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !is_scheme {
        return Err(form("the URL does not begin with `https://`"));
    }
    let (authority, path_and_query) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if path_and_query.contains('#') {
        return refuse(GuardErrorKind::Fragment, "the URL has a fragment (`#`), which is never sent");
    }
    if authority.contains('@') {
        return refuse(GuardErrorKind::UserInfo, "the URL has user information before its host (`@`)");
    }
    if authority.is_empty() {
        return Err(form("the URL has no host"));
    }
    let (host, port) = split_port(authority)?;
    let host = host::read(host)?;
    let port = port.map(read_port).transpose()?;
    check_path(path_and_query, text.len() - path_and_query.len())?;
    Ok(Parts { scheme, host, port, path_and_query })
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), GuardError> {
    // The brackets of an IPv6 address keep its colons to itself.
    let end = if authority.starts_with('[') { authority.find(']').map_or(0, |at| at + 1) } else { 0 };
    let (host, port) = match authority[end..].find(':') {
        Some(at) => (&authority[..end + at], Some(&authority[end + at + 1..])),
        None => (authority, None),
    };
    if port.is_some_and(|port| port.contains(':')) {
        return refuse(
            GuardErrorKind::BadHost,
            "the host has several colons; an IPv6 address stands in brackets",
        );
    }
    Ok((host, port))
}

fn read_port(text: &str) -> Result<u16, GuardError> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let port = text.parse().ok().filter(|_| is_plain);
    port.ok_or_else(|| {
        let message = format!("the port {} is not a number from 1 to 65535", host::shown(text));
        GuardError::new(GuardErrorKind::BadPort, message)
    })
}

/// Path and query hold only what RFC 3986 lets them hold, so that every client sends them as they are.
fn check_path(text: &str, offset: usize) -> Result<(), GuardError> {
    for (at, byte) in text.bytes().enumerate() {
        if is_allowed(byte) {
            continue;
        }
        if byte != b'%' {
            // All before it were ASCII, so a character begins here.
            return Err(character(text[at..].chars().next().unwrap_or_default(), offset + at));
        }
        let code = text.get(at + 1..at + 3).filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let why = match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) if byte.is_ascii_control() => "stands for a control character",
            Some(_) => continue,
            None => "is not followed by two hexadecimal digits",
        };
        let message = format!("the `%` at byte {} of the URL {why}", offset + at);
        return refuse(GuardErrorKind::Character, &message);
    }
    let path = text.split('?').next().unwrap_or_default();
    if path.split('/').any(is_dots) {
        return refuse(GuardErrorKind::DotSegment, "the path has a `.` or `..` segment");
    }
    Ok(())
}

/// What stands for itself in a path or a query: `pchar`, `/` and `?` of RFC 3986, but for the `%`.
fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'@'
                | b'/'
                | b'?'
        )
}

/// Whether clients drop the segment, in whatever spelling: <https://url.spec.whatwg.org/#single-dot-path-segment>.
fn is_dots(segment: &str) -> bool {
    segment.starts_with(['.', '%'])
        && segment.len() <= 6
        && matches!(&*segment.to_ascii_lowercase().replace("%2e", "."), "." | "..")
}

fn character(c: char, at: usize) -> GuardError {
    let message = format!("the character {c:?} at byte {at} of the URL is not allowed in one");
    GuardError::new(GuardErrorKind::Character, message)
}

fn form(message: &str) -> GuardError {
    GuardError::new(GuardErrorKind::Form, message)
}

fn refuse<T>(kind: GuardErrorKind, message: &str) -> Result<T, GuardError> {
    Err(GuardError::new(kind, message))
}
