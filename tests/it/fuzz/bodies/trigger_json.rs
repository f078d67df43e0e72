//! A trigger, or a list of them, from JSON.

use tripline::Trigger;
use tripline::engine::Engine;

use super::told::refused;

pub(crate) fn body(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Trigger::from_json(text) {
        Ok(trigger) => is_written(&trigger),
        Err(error) => refused(&error, text.len()),
    }
    match Trigger::list_from_json(text) {
        Ok(triggers) => {
            let mut engine = Engine::new();
            for trigger in triggers {
                is_written(&trigger);
                engine.add(chrono::DateTime::UNIX_EPOCH, trigger).expect("ids are unique in a file");
            }
            let again = engine.triggers().map(Trigger::to_json).collect::<Vec<_>>().join(",");
            let again = Trigger::list_from_json(&format!("[{again}]")).expect("what is written is read");
            assert!(again.iter().eq(engine.triggers()), "the list changes");
        }
        Err(error) => refused(&error, text.len()),
    }
}

/// What is read is written, read again as the same, and written the same.
fn is_written(trigger: &Trigger) {
    let json = trigger.to_json();
    let again = Trigger::from_json(&json).unwrap_or_else(|error| panic!("{json}: {error}"));
    assert_eq!(again, *trigger, "{json}");
    assert_eq!(again.to_json(), json);
}
