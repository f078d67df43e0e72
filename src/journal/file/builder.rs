//! The bounds of a journal in a folder.

/// The bounds of a [`FileJournal`](super::FileJournal); made by [`FileJournal::builder`](super::FileJournal::builder).
#[derive(Debug, Clone, Default)]
#[must_use = "it opens nothing until `open` is called"]
pub struct FileJournalBuilder {
    pub(super) options: Options,
}

/// What can be chosen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    pub(super) segment_bytes: u64,
    pub(super) batch_bytes: u32,
}

impl FileJournalBuilder {
    /// How long a segment is made, in bytes: 16 MiB by default. A journal is trimmed by whole segments. A batch that
    /// does not fit gets a longer one.
    ///
    /// ```
    /// use tripline::journal::FileJournal;
    /// let builder = FileJournal::builder().with_segment_bytes(64 * 1024 * 1024);
    /// ```
    pub fn with_segment_bytes(mut self, bytes: u64) -> Self {
        self.options.segment_bytes = bytes;
        self
    }

    /// The most bytes that a batch may have, 256 MiB by default; over it an append fails with
    /// [`Limit`](crate::ErrorKind::Limit).
    ///
    /// ```
    /// use tripline::journal::FileJournal;
    /// let builder = FileJournal::builder().with_batch_bytes(1024 * 1024);
    /// ```
    pub fn with_batch_bytes(mut self, bytes: u32) -> Self {
        self.options.batch_bytes = bytes;
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes: 16 * 1024 * 1024, batch_bytes: 256 * 1024 * 1024 }
    }
}
