//! The throttle held against a list of all calls ever made.

use std::time::Duration;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use tripline::action::{Rate, Slot, Throttle};

/// Remembers everything and looks at all of it, by the words of the documentation.
#[derive(Default)]
struct Model {
    latest: i64,
    calls: Vec<(u8, i64)>,
    holds: Vec<(u8, i64)>,
}

impl Model {
    fn take(&mut self, now: i64, key: u8, (max, per, spacing): (u32, i64, i64)) -> Result<(), i64> {
        self.latest = self.latest.max(now);
        let now = self.latest;
        let may = |at: i64| {
            let mine = || self.calls.iter().filter(|call| call.0 == key);
            let counted = mine().filter(|call| call.1 > at - per).count();
            let is_spaced = mine().all(|call| call.1 <= at - spacing);
            counted < max as usize && is_spaced && self.holds.iter().all(|hold| hold.0 != key || hold.1 <= at)
        };
        // Some call or hold must end for anything to change; the latest of them is the end of all.
        match (now..=now + 500).find(|at| may(*at)) {
            Some(at) if at == now => {
                self.calls.push((key, now));
                Ok(())
            }
            Some(at) => Err(at),
            None => panic!("no call is ever possible"),
        }
    }
}

fn at(nanos: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_nanos(nanos)
}

#[derive(Debug, Clone)]
enum Step {
    Take(i64, u8),
    Hold(i64, u8, i64),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (-20..30_i64, 0..4_u8).prop_map(|(by, key)| Step::Take(by, key)),
        2 => (-20..30_i64, 0..4_u8, -5..60_i64).prop_map(|(by, key, until)| Step::Hold(by, key, until)),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_throttle_grants_what_the_list_of_all_calls_grants(
        steps in prop::collection::vec(step(), 1..120),
        max in 1..6_u32,
        per in 1..200_i64,
        spacing in prop::option::of(1..60_i64),
    ) {
        let mut rate = Rate::new(max, Duration::from_nanos(per as u64)).unwrap();
        if let Some(spacing) = spacing {
            rate = rate.with_spacing(Duration::from_nanos(spacing as u64)).unwrap();
        }
        // Keys are forgotten all the time, and none is ever refused.
        let new = || Throttle::new(rate).with_max_keys(4);
        let (mut throttle, mut model, mut now) = (new(), Model::default(), 1_000);
        for step in steps {
            match step {
                Step::Take(by, key) => {
                    now += by;
                    let name = format!("k{key}");
                    let expected = model.take(now, key, (max, per, spacing.unwrap_or(0)));
                    let earliest = throttle.not_before(at(now), &name).unwrap();
                    prop_assert_eq!(earliest, at(expected.err().unwrap_or(model.latest)));
                    let slot = throttle.take(at(now), &name).unwrap();
                    prop_assert_eq!(slot, expected.map_or_else(|later| Slot::NotBefore(at(later)), |()| Slot::Granted));
                }
                Step::Hold(by, key, until) => {
                    now += by;
                    model.latest = model.latest.max(now);
                    model.holds.push((key, model.latest + until));
                    throttle.hold_back(at(now), &format!("k{key}"), at(model.latest + until)).unwrap();
                }
                Step::Restart => {
                    let text = serde_json::to_string(&throttle.snapshot()).unwrap();
                    throttle = new();
                    throttle.restore(serde_json::from_str(&text).unwrap()).unwrap();
                }
            }
        }
    }

    #[test]
    fn few_places_for_keys_change_no_answer_but_refusals(
        steps in prop::collection::vec((0..40_i64, 0..6_u8), 1..120),
    ) {
        let rate = Rate::new(2, Duration::from_nanos(50)).unwrap();
        let (mut few, mut many) = (Throttle::new(rate).with_max_keys(3), Throttle::new(rate));
        let mut now = 0;
        for (by, key) in steps {
            now += by;
            let name = format!("k{key}");
            match few.take(at(now), &name) {
                Ok(slot) => prop_assert_eq!(slot, many.take(at(now), &name).unwrap()),
                Err(error) => prop_assert!(error.is_limit() && few.keys() == 3),
            }
            prop_assert!(few.keys() <= 3);
        }
    }
}
