//! JSON objects written member by member, in the order given.

use crate::event::{push_json_number, push_json_string};

/// One object as a document.
pub(super) fn document(write: impl FnOnce(&mut Object<'_>)) -> String {
    let mut out = String::new();
    write_object(&mut out, write);
    out
}

pub(super) fn write_object(out: &mut String, write: impl FnOnce(&mut Object<'_>)) {
    out.push('{');
    write(&mut Object { out, is_empty: true });
    out.push('}');
}

/// The members of one object, so far.
pub(super) struct Object<'o> {
    out: &'o mut String,
    is_empty: bool,
}

impl Object<'_> {
    /// Writes the name, which is this library's own and needs no escapes; the value is to follow.
    pub(super) fn member(&mut self, name: &'static str) -> &mut String {
        self.out.push_str(if self.is_empty { "\"" } else { ",\"" });
        self.is_empty = false;
        self.out.push_str(name);
        self.out.push_str("\":");
        self.out
    }

    pub(super) fn text(&mut self, name: &'static str, text: &str) {
        push_json_string(self.member(name), text);
    }

    pub(super) fn boolean(&mut self, name: &'static str, value: bool) {
        self.member(name).push_str(if value { "true" } else { "false" });
    }

    pub(super) fn number(&mut self, name: &'static str, number: f64) {
        push_json_number(self.member(name), number);
    }

    pub(super) fn object(&mut self, name: &'static str, write: impl FnOnce(&mut Object<'_>)) {
        write_object(self.member(name), write);
    }

    pub(super) fn array<T>(&mut self, name: &'static str, items: &[T], write: impl Fn(&mut String, &T)) {
        let out = self.member(name);
        for (i, item) in items.iter().enumerate() {
            out.push(if i == 0 { '[' } else { ',' });
            write(out, item);
        }
        out.push_str(if items.is_empty() { "[]" } else { "]" });
    }
}
