//! A flow, or a list of them, from JSON.

use tripline::flow::{Flow, Flows};

use super::scenario::{at, registry};
use super::told::refused;

pub(crate) fn body(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Flow::from_json(text) {
        Ok(flow) => is_written(&flow),
        Err(error) => refused(&error, text.len()),
    }
    match Flow::list_from_json(text) {
        Ok(flows) => flows.iter().for_each(is_written),
        Err(error) => refused(&error, text.len()),
    }
    match Flow::list_from_json_checked(text, &registry()) {
        Ok(list) => {
            assert_eq!(Flow::list_from_json(text).expect("it is read where less is asked of it"), list);
            let mut flows = Flows::new(registry());
            for flow in &list {
                let _ = flows
                    .define(at(0), flow.clone())
                    .unwrap_or_else(|error| panic!("{}: {error}", flow.to_json()));
            }
            assert!(flows.flows().count() == list.len());
        }
        Err(error) => refused(&error, text.len()),
    }
}

fn is_written(flow: &Flow) {
    let json = flow.to_json();
    let again = Flow::from_json(&json).unwrap_or_else(|error| panic!("{json}: {error}"));
    assert_eq!(again, *flow, "{json}");
    assert_eq!(again.to_json(), json);
    // One arrow for what it runs after, each step on a line, and nothing of a name breaks out of its line.
    let picture = flow.to_mermaid();
    assert!(picture.lines().count() <= 8 + 2 * json.len(), "{picture}");
    assert!(picture.chars().all(|c| c == '\n' || !c.is_control()), "{picture:?}");
}
