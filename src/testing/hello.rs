//! The first message of TLS, as far as it says whom the client wants.

/// The name of the server in a `ClientHello` (RFC 8446 section 4.1.2, RFC 6066 section 3), if that is what
/// the bytes begin with and it has one.
pub(super) fn server_name(bytes: &[u8]) -> Option<&str> {
    let mut record = Reader(bytes);
    // A handshake in a record of the protocol's layer, whatever its version.
    (record.number(1)? == 22).then_some(())?;
    record.take(2)?;
    let mut handshake = record.vector(2)?;
    (handshake.number(1)? == 1).then_some(())?;
    let mut hello = handshake.vector(3)?;
    // The version and what is random.
    hello.take(2 + 32)?;
    // The session, the cipher suites and the ways to compress.
    [1, 2, 1].into_iter().try_for_each(|width| hello.vector(width).map(drop))?;
    let mut extensions = hello.vector(2)?;
    loop {
        let kind = extensions.number(2)?;
        let mut extension = extensions.vector(2)?;
        if kind == 0 {
            let mut names = extension.vector(2)?;
            // The only kind of name that there is.
            (names.number(1)? == 0).then_some(())?;
            return std::str::from_utf8(names.vector(2)?.0).ok();
        }
    }
}

struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, width: usize) -> Option<usize> {
        Some(self.take(width)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    /// What follows its length, which is a number of so many bytes.
    fn vector(&mut self, width: usize) -> Option<Self> {
        let length = self.number(width)?;
        self.take(length).map(Reader)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn vector(width: usize, content: &[u8]) -> Vec<u8> {
        let length = content.len().to_be_bytes();
        [&length[length.len() - width..], content].concat()
    }

    /// A hello with an extension that says nothing of names, and one that does.
    pub(in super::super) fn hello(name: Option<&str>) -> Vec<u8> {
        let mut extensions = [&[0, 43][..], &vector(2, &[2, 3, 4])].concat();
        if let Some(name) = name {
            let names = vector(2, &[&[0][..], &vector(2, name.as_bytes())].concat());
            extensions.extend([&[0, 0][..], &vector(2, &names)].concat());
        }
        let body = [
            &[3, 3][..],
            &[7; 32],
            &vector(1, &[9; 32]),
            &vector(2, &[0x13, 1]),
            &vector(1, &[0]),
            &vector(2, &extensions),
        ]
        .concat();
        let handshake = [&[1][..], &vector(3, &body)].concat();
        [&[22, 3, 1][..], &vector(2, &handshake)].concat()
    }

    #[test]
    fn the_name_is_found_where_there_is_one_and_a_cut_hello_has_none() {
        let whole = hello(Some("hooks.contoso.example"));
        assert_eq!(server_name(&whole), Some("hooks.contoso.example"));
        assert_eq!(server_name(&hello(None)), None);
        assert_eq!(server_name(b"POST /hook HTTP/1.1\r\n"), None);
        assert!((0..whole.len()).all(|length| server_name(&whole[..length]).is_none()));
    }
}
