//! What is written at once.

/// What is written at once: records, in their order, whose bytes mean nothing to a journal.
///
/// All of a batch is there after a crash, or nothing of it.
///
/// It is kept as it is stored: each record with its length before it (LEB128).
///
/// ```
/// use tripline::journal::Batch;
///
/// let mut batch = Batch::new();
/// batch.push(b"observed");
/// batch.push(b"");
/// assert_eq!(batch.records().collect::<Vec<_>>(), [&b"observed"[..], b""]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    count: usize,
}

impl Batch {
    /// One without records. It takes a number as any other does.
    ///
    /// ```
    /// # use tripline::journal::Batch;
    /// assert!(Batch::new().is_empty());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a record behind the others.
    ///
    /// ```
    /// # use tripline::journal::Batch;
    /// let mut batch = Batch::new();
    /// batch.push(b"fired");
    /// assert_eq!(batch.len(), 1);
    /// ```
    pub fn push(&mut self, record: &[u8]) {
        let mut length = record.len();
        while length >= 0x80 {
            self.bytes.push(low_bits(length) | 0x80);
            length >>= 7;
        }
        self.bytes.push(low_bits(length));
        self.bytes.extend_from_slice(record);
        self.count += 1;
    }

    /// The records, in their order.
    ///
    /// ```
    /// # use tripline::journal::Batch;
    /// let mut batch = Batch::new();
    /// batch.push(b"fired");
    /// assert_eq!(batch.records().next(), Some(&b"fired"[..]));
    /// ```
    pub fn records(&self) -> Records<'_> {
        Records { rest: &self.bytes, left: self.count }
    }

    /// How many records it has.
    ///
    /// ```
    /// # use tripline::journal::Batch;
    /// assert_eq!(Batch::new().len(), 0);
    /// ```
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether it has none.
    ///
    /// ```
    /// # use tripline::journal::Batch;
    /// assert!(Batch::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Its bytes as they are stored: every record behind its length.
    ///
    /// ```
    /// # use tripline::journal::Batch;
    /// let mut batch = Batch::new();
    /// batch.push(b"hi");
    /// assert_eq!(batch.as_bytes(), b"\x02hi");
    /// ```
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// From bytes that [`as_bytes`](Self::as_bytes) gave; `None` where they are no batch.
    ///
    /// ```
    /// # use tripline::journal::Batch;
    /// let batch = Batch::from_bytes(b"\x02hi\x00".to_vec()).expect("two records");
    /// assert_eq!(batch.len(), 2);
    /// assert!(Batch::from_bytes(b"\x03hi".to_vec()).is_none());
    /// ```
    pub fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let (mut count, mut rest) = (0, &bytes[..]);
        while !rest.is_empty() {
            (_, rest) = split_record(rest)?;
            count += 1;
        }
        Some(Self { bytes, count })
    }
}

/// The records of a [`Batch`], in their order; made by [`Batch::records`].
#[derive(Debug, Clone)]
pub struct Records<'a> {
    rest: &'a [u8],
    left: usize,
}

impl<'a> Iterator for Records<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let (record, rest) = split_record(self.rest)?;
        (self.rest, self.left) = (rest, self.left - 1);
        Some(record)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Records<'_> {}

/// The first record and what follows it; `None` at the end, and where the bytes are no records.
fn split_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut length, mut at) = (0_u64, 0);
    loop {
        let byte = *bytes.get(at)?;
        let bits = u64::from(byte & 0x7f);
        let shift = 7 * at;
        if shift >= 64 || (bits << shift) >> shift != bits {
            return None;
        }
        length |= bits << shift;
        at += 1;
        if byte & 0x80 == 0 {
            break;
        }
    }
    bytes[at..].split_at_checked(usize::try_from(length).ok()?)
}

#[expect(clippy::cast_possible_truncation, reason = "the low seven bits are what is wanted")]
fn low_bits(length: usize) -> u8 {
    length as u8 & 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_every_length_around_the_steps_of_the_code_come_back() {
        let mut batch = Batch::new();
        let lengths = [0, 1, 127, 128, 129, 16_383, 16_384, 70_000];
        for length in lengths {
            batch.push(&vec![0xa5; length]);
        }
        assert_eq!(batch.records().map(<[u8]>::len).collect::<Vec<_>>(), lengths);
        let again = Batch::from_bytes(batch.as_bytes().to_vec()).unwrap();
        assert_eq!(again, batch);
        assert_eq!(again.records().len(), lengths.len());
    }

    #[test]
    fn bytes_that_are_no_batch_are_refused_at_every_cut() {
        let mut batch = Batch::new();
        batch.push(&[7; 200]);
        let bytes = batch.as_bytes();
        for cut in 1..bytes.len() {
            assert_eq!(Batch::from_bytes(bytes[..cut].to_vec()), None, "{cut}");
        }
        assert_eq!(Batch::from_bytes([0xff; 11].to_vec()), None, "a length of more than 64 bits");
    }
}
