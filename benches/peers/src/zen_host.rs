//! zen-expression: compiled bytecode per condition, one VM and one scope for all.

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use zen_expression::expression::Standard;
use zen_expression::vm::VM;
use zen_expression::{Expression, Isolate, Scope, Variable};

use crate::Failure;
use crate::host::{Language, Watcher};

pub(crate) struct Zen {
    compiler: Isolate,
    vm: VM,
    /// Each around one object, whose members are set in place.
    moved: Scope,
    ended: Scope,
}

impl Zen {
    pub(crate) fn new() -> Self {
        let scope = || Scope::new(Variable::empty_object());
        Self { compiler: Isolate::new(), vm: VM::new(), moved: scope(), ended: scope() }
    }
}

fn set(scope: &Scope, name: &'static str, value: Variable) {
    if let Variable::Object(members) = scope.base() {
        members.borrow_mut().insert(name.into(), value);
    }
}

impl Language for Zen {
    /// Its numbers are decimals; a host that means to use it reads them as such.
    type Number = Decimal;
    type Condition = Expression<Standard>;

    fn number(value: f64) -> Result<Decimal, Failure> {
        Decimal::from_f64(value).ok_or_else(|| format!("{value} is no decimal").into())
    }

    fn above(&mut self, bound: f64) -> Result<Expression<Standard>, Failure> {
        Ok(self.compiler.compile_standard(&format!("previous <= {bound} and value > {bound}"))?)
    }

    fn outcome(&mut self, failed: bool) -> Result<Expression<Standard>, Failure> {
        Ok(self.compiler.compile_standard(if failed { "failed" } else { "not failed" })?)
    }

    fn on_move(
        &mut self,
        previous: Decimal,
        value: Decimal,
        watchers: &[Watcher<Expression<Standard>>],
        fired: impl FnMut(u32),
    ) -> Result<(), Failure> {
        set(&self.moved, "previous", Variable::Number(previous));
        set(&self.moved, "value", Variable::Number(value));
        ask(&mut self.vm, &self.moved, watchers, fired)
    }

    fn on_outcome(
        &mut self,
        failed: bool,
        watchers: &[Watcher<Expression<Standard>>],
        fired: impl FnMut(u32),
    ) -> Result<(), Failure> {
        set(&self.ended, "failed", Variable::Bool(failed));
        ask(&mut self.vm, &self.ended, watchers, fired)
    }
}

fn ask(
    vm: &mut VM,
    scope: &Scope,
    watchers: &[Watcher<Expression<Standard>>],
    mut fired: impl FnMut(u32),
) -> Result<(), Failure> {
    for Watcher { trigger, condition } in watchers {
        match condition.evaluate_with_scope(scope, vm)? {
            Variable::Bool(true) => fired(*trigger),
            Variable::Bool(false) => {}
            other => return Err(format!("{other} is no answer").into()),
        }
    }
    Ok(())
}
