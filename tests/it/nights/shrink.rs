//! A failing night made small, greedily.

use serde_json::Value;

/// The smallest night that still `fails` and can be reached by leaving things out one after the other.
pub(crate) fn shrink(night: &Value, fails: &mut dyn FnMut(&Value) -> bool) -> Value {
    let mut night = night.clone();
    loop {
        let before = night.to_string().len();
        for list in ["/steps", "/triggers"] {
            shorten(&mut night, list, fails);
        }
        for list in ["/steps", "/triggers"] {
            for n in 0..night.pointer(list).and_then(Value::as_array).map_or(0, Vec::len) {
                thin(&mut night, &format!("{list}/{n}"), fails);
            }
        }
        if night.to_string().len() >= before {
            return night;
        }
    }
}

/// Leaves out runs of a list, the long ones first.
fn shorten(night: &mut Value, list: &str, fails: &mut dyn FnMut(&Value) -> bool) {
    let len = |night: &Value| night.pointer(list).and_then(Value::as_array).map_or(0, Vec::len);
    let mut run = len(night).max(1);
    while run > 0 {
        let mut from = len(night);
        while from > 0 {
            from = from.saturating_sub(run);
            let mut smaller = night.clone();
            let Some(items) = smaller.pointer_mut(list).and_then(Value::as_array_mut) else { return };
            items.drain(from..(from + run).min(items.len()));
            if fails(&smaller) {
                *night = smaller;
            }
        }
        run /= 2;
    }
}

/// Leaves out members of an object, and of those inside it.
fn thin(night: &mut Value, place: &str, fails: &mut dyn FnMut(&Value) -> bool) {
    let Some(object) = night.pointer(place).and_then(Value::as_object).cloned() else { return };
    for name in object.keys() {
        let mut smaller = night.clone();
        if let Some(object) = smaller.pointer_mut(place).and_then(Value::as_object_mut) {
            object.remove(name);
        }
        if fails(&smaller) {
            *night = smaller;
        } else {
            thin(night, &format!("{place}/{name}"), fails);
        }
    }
}
