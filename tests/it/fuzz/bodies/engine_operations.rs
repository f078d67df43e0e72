//! Sequences of what an engine is asked to do: as the naive model has it, and the same where it is cut off and restored.

use serde_json::{Value, json};

use super::input::Input;
use crate::differential::triggers::{World, number, trigger};
use crate::differential::{compare, left_out};
use crate::model::{Ns, Series, clock};
use crate::properties::restored::restart;
use crate::properties::run::{Run, engine, same_firings, steps_of};
use crate::random::Random;

pub(crate) fn body(data: &[u8]) {
    let (case, cuts) = case(&mut Input(data));
    if left_out::is_left_out(&case) {
        return;
    }
    compare(&case).unwrap_or_else(|why| panic!("{why}\n{case}"));
    let plain = Run::new(&case, engine(7)).through(steps_of(&case));
    let mut run = Run::new(&case, engine(7));
    for (step, is_cut) in steps_of(&case).iter().zip(cuts) {
        let _ = run.give(step);
        if is_cut {
            restart(&mut run, 9).unwrap_or_else(|why| panic!("{why}\n{case}"));
        }
        run.poll();
    }
    same_firings(&plain, &run).unwrap_or_else(|why| panic!("{why}\n{case}"));
}

/// A case in the corpus's form, and behind which steps it is cut off.
fn case(input: &mut Input<'_>) -> (Value, Vec<bool>) {
    let world = World::new(&mut Random(input.byte().into()));
    let mut named = 1 + input.below(4);
    let make = |input: &mut Input<'_>, id: usize| {
        trigger(&mut Random(u64::from(input.u16())), &world, &format!("t{id}"))
    };
    let triggers: Vec<Value> = (0..named).map(|id| make(input, id)).collect();
    let (mut steps, mut cuts, mut now) = (Vec::new(), Vec::new(), 0);
    while !input.is_empty() && steps.len() < 60 {
        let what = input.byte();
        cuts.push(what >= 192);
        steps.push(match what % 16 {
            10 => json!({"tick": moved(input, world.unit, &mut now)}),
            11 => json!({"flush": moved(input, world.unit, &mut now)}),
            12 => {
                let id = input.below(named);
                json!({"replace": make(input, id), "applyNow": what >= 128})
            }
            13 => {
                let id = format!("t{}", input.below(named));
                if what >= 128 { json!({"enable": id}) } else { json!({"disable": id}) }
            }
            14 => {
                named += 1;
                json!({"add": make(input, named - 1)})
            }
            15 => json!({"remove": format!("t{}", input.below(named))}),
            _ => observation(input, &world, &mut now, steps.len()),
        });
    }
    (json!({"name": "bytes", "triggers": triggers, "steps": steps}), cuts)
}

fn observation(input: &mut Input<'_>, world: &World, now: &mut Ns, at: usize) -> Value {
    let series: &Series = &world.series[input.below(world.series.len())];
    let time = moved(input, world.unit, now);
    let value = match input.byte() {
        250.. => Value::Null,
        249 => json!("inf"),
        byte if world.decimal => number(f64::from(byte % 14) / 10.0 - 0.1),
        byte => number(f64::from(byte % 12) - 2.0),
    };
    let how = input.byte();
    let id = if how >= 240 { usize::from(how) - 240 } else { at };
    let mut observed = json!({"source": series.source, "name": series.name, "at": time, "value": value, "id": format!("e{id}")});
    if series.kind != "segment" {
        observed["kind"] = json!(series.kind);
    }
    if !series.dimensions.is_empty() {
        observed["dimensions"] = series.dimensions.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
    }
    if how % 4 == 1 {
        observed["sequence"] = json!(1 + how / 64);
    }
    if how % 8 == 2 {
        observed["subject"] = json!("x");
    }
    json!({"observe": observed})
}

/// A time around the largest one so far.
fn moved(input: &mut Input<'_>, unit: Ns, now: &mut Ns) -> Value {
    let units = input.pick(&[0, 0, 1, 1, 2, 3, 6, 30, -1, -2, -5]);
    let nudge = if input.byte() >= 240 { 1 } else { 0 };
    let time = (*now + Ns::from(units) * unit + nudge).max(0);
    *now = time.max(*now);
    json!(clock::words(time))
}
