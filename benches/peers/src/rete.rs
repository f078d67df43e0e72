//! rust-rule-engine: nodes of its rule network that a host asks itself, and the
//! whole incremental engine with its working memory and agenda.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use rust_rule_engine::rete::network::{ReteUlNode, TypedReteUlRule, evaluate_rete_ul_node_typed};
use rust_rule_engine::rete::propagation::{IncrementalEngine, ReteCustomFunction};
use rust_rule_engine::rete::{AlphaNode, FactHandle, FactValue, TypedFacts};

use crate::Failure;
use crate::data::Record;
use crate::host::{Language, Watcher};
use crate::meter::{Sample, measure};
use crate::peer::{Ended, Move, Peer};

fn alpha(field: &str, operator: &str, value: FactValue) -> ReteUlNode {
    ReteUlNode::UlAlpha(AlphaNode::with_typed_value(field.to_owned(), operator.to_owned(), value))
}

fn above(previous: &str, value: &str, bound: f64) -> ReteUlNode {
    let was_not = alpha(previous, "<=", FactValue::Float(bound));
    let is = alpha(value, ">", FactValue::Float(bound));
    ReteUlNode::UlAnd(Box::new(was_not), Box::new(is))
}

/// Typed nodes, asked one by one with the facts of the event.
pub(crate) struct Node {
    facts: TypedFacts,
    functions: std::collections::HashMap<String, ReteCustomFunction>,
}

impl Node {
    pub(crate) fn new() -> Self {
        Self { facts: TypedFacts::new(), functions: std::collections::HashMap::new() }
    }

    fn ask(&self, watchers: &[Watcher<ReteUlNode>], mut fired: impl FnMut(u32)) {
        for Watcher { trigger, condition } in watchers {
            if evaluate_rete_ul_node_typed(condition, &self.facts, &self.functions) {
                fired(*trigger);
            }
        }
    }
}

impl Language for Node {
    type Number = f64;
    type Condition = ReteUlNode;

    fn number(value: f64) -> Result<f64, Failure> {
        Ok(value)
    }

    fn above(&mut self, bound: f64) -> Result<ReteUlNode, Failure> {
        Ok(above("previous", "value", bound))
    }

    fn outcome(&mut self, failed: bool) -> Result<ReteUlNode, Failure> {
        Ok(alpha("failed", "==", FactValue::Boolean(failed)))
    }

    fn on_move(
        &mut self,
        previous: f64,
        value: f64,
        watchers: &[Watcher<ReteUlNode>],
        fired: impl FnMut(u32),
    ) -> Result<(), Failure> {
        self.facts.set("previous", previous);
        self.facts.set("value", value);
        self.ask(watchers, fired);
        Ok(())
    }

    fn on_outcome(
        &mut self,
        failed: bool,
        watchers: &[Watcher<ReteUlNode>],
        fired: impl FnMut(u32),
    ) -> Result<(), Failure> {
        self.facts.set("failed", failed);
        self.ask(watchers, fired);
        Ok(())
    }
}

/// A fact of the working memory, and the last value of a series.
struct Known {
    handle: FactHandle,
    previous: f64,
}

/// The incremental engine: every series or item is a type of fact of its own
/// with one fact, so that an update concerns only the rules that name it.
pub(crate) struct Network {
    engine: IncrementalEngine,
    series: HashMap<Box<str>, Known, RandomState>,
    items: HashMap<Box<str>, FactHandle, RandomState>,
}

impl Network {
    pub(crate) fn new() -> Self {
        Self { engine: IncrementalEngine::new(), series: HashMap::default(), items: HashMap::default() }
    }

    fn rule(&mut self, trigger: u32, node: ReteUlNode, fact: &str) {
        let rule = TypedReteUlRule {
            name: trigger.to_string(),
            node,
            priority: 0,
            no_loop: false,
            action: Arc::new(|_, _| {}),
        };
        self.engine.add_rule(rule, vec![fact.to_owned()]);
    }
}

/// Nothing that anyone waits for.
fn ended(failed: Option<bool>) -> TypedFacts {
    let mut facts = TypedFacts::with_capacity(1);
    facts.set("failed", failed.map_or(FactValue::Null, FactValue::Boolean));
    facts
}

fn moved(previous: f64, value: f64) -> TypedFacts {
    let mut facts = TypedFacts::with_capacity(2);
    facts.set("previous", previous);
    facts.set("value", value);
    facts
}

/// What the update has put on the agenda. `fire_all` would run the actions
/// besides, and for each of them copy the whole working memory and judge every
/// rule again.
fn drain(engine: &mut IncrementalEngine, mut fired: impl FnMut(u32)) -> Result<(), Failure> {
    while let Some(activation) = engine.agenda_mut().get_next_activation() {
        fired(activation.rule_name.parse()?);
    }
    Ok(())
}

impl Peer for Network {
    fn watch(&mut self, series: &str, value: f64, triggers: &[(u32, f64)]) -> Result<(), Failure> {
        for &(trigger, bound) in triggers {
            let node = above(&format!("{series}.previous"), &format!("{series}.value"), bound);
            self.rule(trigger, node, series);
        }
        let handle = self.engine.insert(series.to_owned(), moved(value, value));
        self.series.insert(series.into(), Known { handle, previous: value });
        Ok(())
    }

    fn watch_outcome(&mut self, item: &str, trigger: u32, failed: bool) -> Result<(), Failure> {
        let node = alpha(&format!("{item}.failed"), "==", FactValue::Boolean(failed));
        self.rule(trigger, node, item);
        if !self.items.contains_key(item) {
            let handle = self.engine.insert(item.to_owned(), ended(None));
            self.items.insert(item.into(), handle);
        }
        Ok(())
    }

    fn judge(&mut self, moves: &[Move<'_>], fired: &mut Vec<Record>) -> Result<Sample, Failure> {
        let Self { engine, series, .. } = self;
        let (done, sample) = measure(moves.len(), || moves_of(engine, series, moves, fired));
        done?;
        Ok(sample)
    }

    fn skip(&mut self, moves: &[Move<'_>]) {
        for of in moves {
            if let Some(known) = self.series.get_mut(of.series) {
                known.previous = of.value;
            }
        }
    }

    fn judge_outcomes(&mut self, ended: &[Ended<'_>], fired: &mut Vec<Record>) -> Result<Sample, Failure> {
        let Self { engine, items, .. } = self;
        let (done, sample) = measure(ended.len(), || outcomes_of(engine, items, ended, fired));
        done?;
        Ok(sample)
    }
}

#[inline(never)]
fn moves_of(
    engine: &mut IncrementalEngine,
    series: &mut HashMap<Box<str>, Known, RandomState>,
    moves: &[Move<'_>],
    fired: &mut Vec<Record>,
) -> Result<(), Failure> {
    for of in moves {
        let Some(known) = series.get_mut(of.series) else { continue };
        engine.update(known.handle, moved(known.previous, of.value))?;
        known.previous = of.value;
        drain(engine, |trigger| fired.push(Record { trigger, time: of.at }))?;
    }
    Ok(())
}

#[inline(never)]
fn outcomes_of(
    engine: &mut IncrementalEngine,
    items: &HashMap<Box<str>, FactHandle, RandomState>,
    tasks: &[Ended<'_>],
    fired: &mut Vec<Record>,
) -> Result<(), Failure> {
    for task in tasks {
        for &handle in [items.get(task.id), items.get(task.name)].into_iter().flatten() {
            engine.update(handle, ended(Some(task.failed)))?;
        }
        drain(engine, |trigger| fired.push(Record { trigger, time: task.at }))?;
    }
    Ok(())
}
