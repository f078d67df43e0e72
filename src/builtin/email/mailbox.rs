//! To whom, and from whom.

use std::fmt;
use std::str::FromStr;

use crate::builtin::notice::is_odd;
use crate::error::{Error, ErrorKind};

/// The longest address (RFC 5321, section 4.5.3.1.3, without its brackets).
const MAX_ADDRESS: usize = 254;
/// The longest part before the `@` (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL: usize = 64;
/// The longest name.
const MAX_NAME: usize = 200;

/// An e-mail address, and the name of whoever reads what comes there.
///
/// The address is a plain one of RFC 5322, section 3.4.1: `dot-atom@domain`,
/// in ASCII, without quotes, comments and literals. An international domain is written in its
/// `xn--` form. So nothing in it can end a header or a command.
///
/// ```
/// use tripline::builtin::email::Mailbox;
///
/// let ana: Mailbox = "Ana Müller <ana@contoso.example>".parse()?;
/// assert_eq!((ana.name(), ana.address()), (Some("Ana Müller"), "ana@contoso.example"));
/// assert!("ana@contoso.example\r\nBcc: eve@evil.example".parse::<Mailbox>().is_err());
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mailbox {
    name: Option<String>,
    address: String,
}

impl Mailbox {
    /// An address without a name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] where it is not one, with the address.
    ///
    /// ```
    /// # use tripline::builtin::email::Mailbox;
    /// assert!(Mailbox::new("ana@contoso.example").is_ok());
    /// assert_eq!(Mailbox::new("ana").unwrap_err().to_string(), "the e-mail address \"ana\" has no @");
    /// ```
    pub fn new(address: impl Into<String>) -> Result<Self, Error> {
        let address = address.into();
        match fault_of_address(&address) {
            None => Ok(Self { name: None, address }),
            Some(fault) => {
                let shown: String = address.chars().take(80).collect();
                Err(Error::new(ErrorKind::Invalid, format!("the e-mail address {shown:?} {fault}")))
            }
        }
    }

    /// The same with a name, in any script.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] where the name holds a control character or more than 200 characters.
    ///
    /// ```
    /// # use tripline::builtin::email::Mailbox;
    /// let ana = Mailbox::new("ana@contoso.example")?;
    /// assert!(ana.clone().with_name("Ana\r\nBcc: eve@evil.example").is_err());
    /// assert_eq!(ana.with_name("Ana Müller")?.to_string(), "Ana Müller <ana@contoso.example>");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn with_name(mut self, name: impl Into<String>) -> Result<Self, Error> {
        let name = name.into();
        if let Some(odd) = name.chars().find(|c| is_odd(*c)) {
            let message =
                format!("the name of a mailbox holds the control character U+{:04X}", u32::from(odd));
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        let length = name.chars().count();
        if length > MAX_NAME {
            let message = format!("the name of a mailbox has {length} characters, the limit is {MAX_NAME}");
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        self.name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
        Ok(self)
    }

    /// The address.
    ///
    /// ```
    /// # use tripline::builtin::email::Mailbox;
    /// assert_eq!(Mailbox::new("ana@contoso.example")?.address(), "ana@contoso.example");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The name, if there is one.
    ///
    /// ```
    /// # use tripline::builtin::email::Mailbox;
    /// assert_eq!(Mailbox::new("ana@contoso.example")?.name(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

/// `ana@contoso.example`, or `Ana <ana@contoso.example>`.
impl FromStr for Mailbox {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
            Some((name, address)) => {
                let name = name.trim_matches(' ');
                let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
                Self::new(address)?.with_name(name)
            }
            None => Self::new(text),
        }
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.address),
            None => f.write_str(&self.address),
        }
    }
}

fn fault_of_address(address: &str) -> Option<&'static str> {
    let is_atom = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
    };
    let is_label = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    if address.len() > MAX_ADDRESS {
        return Some("has more than 254 bytes");
    }
    let Some((local, domain)) = address.rsplit_once('@') else { return Some("has no @") };
    if !address.is_ascii() {
        return Some("holds a character outside ASCII: a domain is written with xn--");
    }
    if local.len() > MAX_LOCAL || !local.split('.').all(is_atom) {
        return Some("is not of the form name@domain before the @");
    }
    (!domain.split('.').all(is_label)).then_some("has no domain after the @")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_plain_one_or_none() {
        for good in ["a@b", "ana.m+x@mail.contoso.example", "o'hara@xn--mnchen-3ya.example", "a=b@c.d"] {
            assert_eq!(good.parse::<Mailbox>().unwrap().address(), good);
        }
        for bad in [
            "",
            "@",
            "a",
            "a@",
            "@b",
            "a b@c",
            "a@b c",
            "a@b@c",
            ".a@b",
            "a.@b",
            "a..b@c",
            "a@.b",
            "a@b.",
            "a@-b",
            "a@b-",
            "\"a\"@b",
            "a@[127.0.0.1]",
            "a@b,c@d",
            "a@b;c",
            "(x)a@b",
            "a@b\n",
            "a\0@b",
            "a@b\r\nRCPT TO:<e@f>",
            "ä@b",
            "a@münchen.example",
            "<a@b>>",
            "a@b>",
            "<a@b",
            "a<a@b>x",
        ] {
            assert!(bad.parse::<Mailbox>().is_err(), "{bad:?}");
        }
        assert!(Mailbox::new(format!("{}@b", "a".repeat(65))).is_err());
        assert!(Mailbox::new(format!("a@{}", "b.".repeat(130) + "c")).is_err());
    }

    #[test]
    fn a_name_may_stand_before_it() {
        for (text, name) in [
            ("Ana <a@b>", Some("Ana")),
            ("\"Ana, M.\" <a@b>", Some("Ana, M.")),
            ("<a@b>", None),
            ("アナ <a@b>", Some("アナ")),
        ] {
            assert_eq!(text.parse::<Mailbox>().unwrap().name(), name, "{text}");
        }
    }
}
