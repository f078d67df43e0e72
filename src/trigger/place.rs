//! Where something stands in a text, as a person counts.

/// Line and column of offsets that come in ascending order, both counted from
/// one and the column in characters; all together in one pass.
pub(crate) struct Lines<'t> {
    text: &'t str,
    offset: usize,
    line: usize,
    column: usize,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, offset: 0, line: 1, column: 1 }
    }

    pub(crate) fn place(&mut self, offset: usize) -> (usize, usize) {
        for (at, c) in self.text[self.offset..].char_indices() {
            if self.offset + at >= offset {
                self.offset += at;
                return (self.line, self.column);
            }
            if c == '\n' {
                (self.line, self.column) = (self.line + 1, 1);
            } else {
                self.column += 1;
            }
        }
        self.offset = self.text.len();
        (self.line, self.column)
    }
}

/// The line and column of one offset, as an error's place.
pub(crate) fn place(text: &str, offset: usize) -> String {
    let (line, column) = Lines::new(text).place(offset);
    format!("{line}:{column}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_columns_count_characters() {
        let text = "a\r\n\té=b\n";
        let mut lines = Lines::new(text);
        let places: Vec<_> = [0, 1, 3, 4, 6, 7, 8, 9, 99].map(|offset| lines.place(offset)).into();
        assert_eq!(places, [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (2, 4), (2, 5), (3, 1), (3, 1)]);
        assert_eq!(place(text, 6), "2:3");
    }
}
