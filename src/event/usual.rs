//! Events of the usual shape, read in one pass over their bytes.
//!
//! Fewer texts are taken here than by the reader that takes all (`parse`): no
//! escapes, no exponents, no nulls among the attributes, nothing nested deep.
//! What is not taken is left to that one, which also words every refusal; what
//! is taken both read alike.

use std::borrow::Cow;

use super::attribute::{Member, extension_name_fault};
use super::envelope::Stamp;
use super::fields::Fields;
use super::json::Depth;
use super::scan::Scan;
use super::{Data, Event, ExtensionValue, ValueObserved};

/// How deep values may nest inside the data, and how deep events must be allowed to then.
const LEVELS: usize = 4;

/// Fills in the event that `text` is, where it is of the usual shape; where it
/// is not, the event is as good as none.
pub(super) fn event<'a>(text: &'a str, depth: Depth, event: &mut Event<'a>) -> Option<()> {
    if !depth.has(LEVELS + 2) {
        return None;
    }
    let (mut seen, mut has_version, mut fields) = (0, false, Fields::default());
    let mut scan = Scan::new(text);
    scan.skip_space();
    scan.take(b'{')?;
    scan.skip_space();
    loop {
        let key = scan.key()?;
        let member = Member::named(key);
        if member == Some(Member::Data) {
            let raw = scan.object(LEVELS, |name, raw, shape| fields.note(name, raw, shape))?;
            event.data = Some(Data::Json(Cow::Borrowed(raw)));
        } else {
            let text = scan.string()?;
            match member {
                Some(_) if text.is_empty() => return None,
                Some(Member::SpecVersion) => has_version = text == "1.0",
                Some(Member::Id) => event.id = Cow::Borrowed(text),
                Some(Member::Source) => event.source = Cow::Borrowed(text),
                Some(Member::Type) => event.event_type = Cow::Borrowed(text),
                Some(Member::Time) => event.time = Some(Stamp::read(text).ok()?),
                Some(Member::Subject) => event.subject = Some(Cow::Borrowed(text)),
                Some(Member::DataContentType) => event.content_type = Some(Cow::Borrowed(text)),
                Some(Member::DataSchema) => event.schema = Some(Cow::Borrowed(text)),
                Some(Member::Data | Member::DataBase64) => return None,
                None => {
                    let is_new = event.extensions.iter().all(|(known, _)| known != key);
                    if !is_new || extension_name_fault(key).is_some() {
                        return None;
                    }
                    let value = ExtensionValue::String(Cow::Borrowed(text));
                    event.extensions.push((Cow::Borrowed(key), value));
                }
            }
        }
        if let Some(member) = member {
            if seen & member.bit() != 0 {
                return None;
            }
            seen |= member.bit();
        }
        if !scan.goes_on(b'}')? {
            break;
        }
    }
    let is_whole =
        has_version && [&event.id, &event.source, &event.event_type].iter().all(|text| !text.is_empty());
    scan.skip_space();
    if !is_whole || !scan.is_over() {
        return None;
    }
    if event.event_type == ValueObserved::EVENT_TYPE && event.data.is_some() {
        (event.fields, event.is_plain) = (fields.raw(), !fields.is_odd());
    }
    Some(())
}
