//! cel: a compiled program per condition; the variables are lent by a resolver,
//! so that none is copied and no name is allocated.

use cel::common::types::{CelBool, CelDouble};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::{Context, Program, Value};

use crate::Failure;
use crate::host::{Language, Watcher};

pub(crate) struct Cel {
    /// The functions, made once.
    context: Context<'static, 'static>,
}

impl Cel {
    pub(crate) fn new() -> Self {
        Self { context: Context::default() }
    }

    fn ask(
        &self,
        variables: &impl VariableResolver,
        watchers: &[Watcher<Program>],
        mut fired: impl FnMut(u32),
    ) -> Result<(), Failure> {
        let mut scope = self.context.new_inner_scope();
        scope.set_variable_resolver(variables);
        for Watcher { trigger, condition } in watchers {
            match condition.execute(&scope)? {
                Value::Bool(true) => fired(*trigger),
                Value::Bool(false) => {}
                other => return Err(format!("{other:?} is no answer").into()),
            }
        }
        Ok(())
    }
}

impl Language for Cel {
    type Number = CelDouble;
    type Condition = Program;

    fn number(value: f64) -> Result<CelDouble, Failure> {
        Ok(value.into())
    }

    fn above(&mut self, bound: f64) -> Result<Program, Failure> {
        Ok(Program::compile(&format!("previous <= {bound:?} && value > {bound:?}"))?)
    }

    fn outcome(&mut self, failed: bool) -> Result<Program, Failure> {
        Ok(Program::compile(if failed { "failed" } else { "!failed" })?)
    }

    fn on_move(
        &mut self,
        previous: CelDouble,
        value: CelDouble,
        watchers: &[Watcher<Program>],
        fired: impl FnMut(u32),
    ) -> Result<(), Failure> {
        self.ask(&Moved { previous, value }, watchers, fired)
    }

    fn on_outcome(
        &mut self,
        failed: bool,
        watchers: &[Watcher<Program>],
        fired: impl FnMut(u32),
    ) -> Result<(), Failure> {
        self.ask(&Ended { failed: failed.into() }, watchers, fired)
    }
}

struct Moved {
    previous: CelDouble,
    value: CelDouble,
}

impl VariableResolver for Moved {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let value: &dyn Val = match variable {
            "previous" => &self.previous,
            "value" => &self.value,
            _ => return None,
        };
        Some(CowVal::Borrowed(value))
    }
}

struct Ended {
    failed: CelBool,
}

impl VariableResolver for Ended {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        (variable == "failed").then_some(CowVal::Borrowed(&self.failed))
    }
}
