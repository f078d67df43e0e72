//! A failing case made small, greedily.

use serde_json::{Value, json};

use super::triggers::optional;

/// The smallest case that still `fails` and can be reached by leaving things out one after the other.
pub(crate) fn shrink(case: &Value, fails: &mut dyn FnMut(&Value) -> bool) -> Value {
    let mut case = case.clone();
    loop {
        let before = case.to_string().len();
        for list in ["steps", "triggers"] {
            shorten(&mut case, list, fails);
        }
        for pointer in pointers(&case) {
            drop_members(&mut case, &pointer, fails);
        }
        if case.to_string().len() >= before {
            return case;
        }
    }
}

/// Leaves out runs of a list, the long ones first.
fn shorten(case: &mut Value, list: &str, fails: &mut dyn FnMut(&Value) -> bool) {
    let len = |case: &Value| case[list].as_array().map_or(0, Vec::len);
    let mut run = len(case).max(1);
    while run > 0 {
        let mut from = len(case);
        while from > 0 {
            from = from.saturating_sub(run);
            let mut smaller = case.clone();
            let Some(items) = smaller[list].as_array_mut() else { return };
            let to = (from + run).min(items.len());
            items.drain(from..to);
            if fails(&smaller) {
                *case = smaller;
            }
        }
        run /= 2;
    }
}

/// Where in the case triggers and observations stand.
fn pointers(case: &Value) -> Vec<String> {
    let len = |list: &str| case[list].as_array().map_or(0, Vec::len);
    let mut all: Vec<String> = (0..len("triggers")).map(|n| format!("/triggers/{n}")).collect();
    for word in ["add", "replace", "observe"] {
        all.extend((0..len("steps")).map(|n| format!("/steps/{n}/{word}")));
    }
    all.retain(|pointer| case.pointer(pointer).is_some());
    all
}

fn drop_members(case: &mut Value, pointer: &str, fails: &mut dyn FnMut(&Value) -> bool) {
    let Some(found) = case.pointer(pointer).cloned() else { return };
    let members = if pointer.ends_with("observe") {
        ["sequence", "subject", "owners"].map(|name| ("", name.to_owned())).to_vec()
    } else {
        optional(&found)
    };
    for (inside, name) in members {
        let mut smaller = case.clone();
        let Some(object) = smaller.pointer_mut(pointer) else { return };
        let object = if inside.is_empty() { object } else { &mut object[inside] };
        let Some(object) = object.as_object_mut() else { continue };
        if object.remove(&name).is_some() && fails(&smaller) {
            *case = smaller;
        }
    }
    if found["value"].is_number() && found["value"] != json!(0) {
        let mut smaller = case.clone();
        if let Some(o) = smaller.pointer_mut(pointer) {
            o["value"] = json!(0);
        }
        if fails(&smaller) {
            *case = smaller;
        }
    }
}
