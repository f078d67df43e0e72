//! Bytes made from those of a corpus.

use crate::random::Random;

/// What readers of texts stumble over.
const TOKENS: [&[u8]; 40] = [
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"null",
    b"true",
    b"-",
    b"1e999",
    b"0",
    b"9223372036854775808",
    b"18446744073709551615",
    b"-0.0",
    b"0.1",
    b"\0",
    b"\n",
    b"\r\n",
    b"\t",
    b" ",
    b"@",
    b"//",
    b"#",
    b"%",
    b"%2e",
    b"..",
    b"127.0.0.1",
    b"[::1]",
    b"{{",
    b"}}",
    b"{%",
    b"\xff",
    b"\xc3\xa9",
    b"\xe2\x80\xa8",
    b"\xf0\x9f\x98\x80",
    b"\xef\xbb\xbf",
];

pub(super) struct Mutator<'c> {
    corpus: &'c [Vec<u8>],
    /// The words of the corpus.
    words: Vec<&'c [u8]>,
    r: Random,
}

impl<'c> Mutator<'c> {
    pub(super) fn new(corpus: &'c [Vec<u8>], r: Random) -> Self {
        let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let words = corpus.iter().flat_map(|data| data.split(move |byte| !is_of_word(byte)));
        let mut words: Vec<_> = words.filter(|word| (1..=32).contains(&word.len())).collect();
        words.sort_unstable();
        words.dedup();
        Self { corpus, words, r }
    }

    pub(super) fn next(&mut self) -> Vec<u8> {
        let mut data = self.r.pick(self.corpus);
        for _ in 0..1 + self.r.below(5) {
            self.change(&mut data);
        }
        data.truncate(1 << 16);
        data
    }

    fn change(&mut self, data: &mut Vec<u8>) {
        let at = self.r.below(data.len() + 1);
        let end = (at + 1 + self.r.below(16)).min(data.len());
        match self.r.below(10) {
            0 if at < data.len() => data[at] ^= 1 << self.r.below(8),
            1 if at < data.len() => data[at] = self.r.next() as u8,
            2 => drop(data.drain(at..end)),
            3 => data.truncate(at),
            4 => {
                let again = data[at..end].to_vec();
                data.splice(at..at, again);
            }
            5 => {
                // The front of this and the back of another.
                let other = self.r.pick(self.corpus);
                let from = self.r.below(other.len() + 1);
                data.truncate(at);
                data.extend(&other[from..]);
            }
            6 | 7 => {
                let token = self.r.pick(&TOKENS);
                data.splice(at..at, token.iter().copied());
            }
            8 if !self.words.is_empty() => {
                let word = self.r.pick(&self.words);
                data.splice(at..end, word.iter().copied());
            }
            _ => {
                let new: Vec<u8> = (0..1 + self.r.below(8)).map(|_| self.r.next() as u8).collect();
                data.splice(at..at, new);
            }
        }
    }
}
