//! The fields of an object: asked for, missing, unknown, repeated.

use std::collections::BTreeMap;

use super::reader::Reader;
use super::tree::{Member, Node, Value, push_name};
use super::words::{cut, is_close};

/// The fields of one object, asked for one by one; what nobody asked for is
/// unknown.
pub(crate) struct Fields<'r, 'n, 't> {
    pub(crate) reader: &'r mut Reader<'t>,
    pub(crate) node: &'n Node<'t>,
    members: &'n [Member<'t>],
    pub(super) asked: Vec<&'static str>,
    elsewhere: Option<(&'static [&'static str], &'static str)>,
}

impl<'t> Reader<'t> {
    /// The fields of an object.
    pub(crate) fn fields<'r, 'n>(&'r mut self, node: &'n Node<'t>) -> Option<Fields<'r, 'n, 't>> {
        match &node.value {
            Value::Object(members) => {
                Some(Fields { reader: self, node, members, asked: Vec::new(), elsewhere: None })
            }
            _ => self.mistyped(node, "an object"),
        }
    }

    /// An object of strings, sorted by name. For a value that is none, which
    /// is noted, some text stands in, so that the others can be judged.
    pub(crate) fn texts_by_name<'n>(&mut self, node: &'n Node<'t>) -> Option<BTreeMap<&'n str, &'n str>> {
        let members = self.fields(node)?.close();
        let mut texts = BTreeMap::new();
        for Member { name, node } in members {
            let text = self.text(node).unwrap_or("-");
            texts.entry(&**name).or_insert(text);
        }
        Some(texts)
    }
}

impl<'n, 't> Fields<'_, 'n, 't> {
    /// Reads the field where it is there.
    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Reader<'t>, &'n Node<'t>) -> Option<T>,
    ) -> Option<T> {
        let node = self.take(name)?;
        read(self.reader, node)
    }

    /// Reads the field; it is a fault where it is missing.
    pub(crate) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Reader<'t>, &'n Node<'t>) -> Option<T>,
    ) -> Option<T> {
        match self.take(name) {
            Some(node) => read(self.reader, node),
            None => {
                self.reader.fault_below(self.node, name, format!("`{name}` is missing"));
                None
            }
        }
    }

    /// The field as it is.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'n Node<'t>> {
        self.asked.push(name);
        self.node.get(name)
    }

    /// Fields that are known in another place, for the message about them.
    pub(crate) fn elsewhere(&mut self, names: &'static [&'static str], place: &'static str) {
        self.elsewhere = Some((names, place));
    }

    /// Notes every field that was not asked for, and every repeated one.
    pub(crate) fn end(self) {
        for Member { name, node } in self.members {
            if self.asked.contains(&&**name) {
                continue;
            }
            let hint = match self.elsewhere {
                Some((names, place)) if names.contains(&&**name) => format!("; it belongs {place}"),
                // Not worth the search where nobody will read it.
                _ if self.reader.is_full() => String::new(),
                _ => match self.asked.iter().find(|known| is_close(known, name)) {
                    Some(known) => format!("; did you mean `{known}`?"),
                    None => String::new(),
                },
            };
            let mut shown = String::new();
            push_name(&mut shown, name);
            self.reader.fault(node, format!("unknown field `{}`{hint}", cut(&shown)));
        }
        self.close();
    }

    /// Notes every repeated field, where any name is allowed or it cannot be
    /// known which are, and gives them all.
    pub(crate) fn close(self) -> &'n [Member<'t>] {
        let mut order: Vec<usize> = (0..self.members.len()).collect();
        order.sort_by_key(|at| (&self.members[*at].name, *at));
        for pair in order.chunk_by(|a, b| self.members[*a].name == self.members[*b].name) {
            let (first, rest) = (&self.members[pair[0]], &pair[1..]);
            for at in rest {
                let message = format!("the field `{}` is repeated", cut(&first.name));
                self.reader.repeated(&self.members[*at].node, &first.node, message);
            }
        }
        self.members
    }
}
