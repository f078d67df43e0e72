//! rhai: a compiled AST per condition, or a compiled program of its bytecode VM.

use rhai::grain::{Compiler, Program, Vm};
use rhai::{AST, Engine, Scope};

use crate::Failure;
use crate::host::{Language, Watcher};

fn above(bound: f64) -> String {
    format!("previous <= {bound:?} && value > {bound:?}")
}

fn outcome(failed: bool) -> &'static str {
    if failed { "failed" } else { "!failed" }
}

/// The variables, set anew for every event and never dropped.
struct Variables {
    moved: Scope<'static>,
    ended: Scope<'static>,
}

impl Variables {
    fn new() -> Self {
        let (mut moved, mut ended) = (Scope::new(), Scope::new());
        moved.push("previous", 0.0).push("value", 0.0);
        ended.push("failed", false);
        Self { moved, ended }
    }

    fn moved(&mut self, previous: f64, value: f64) -> &mut Scope<'static> {
        self.moved.set_value("previous", previous).set_value("value", value)
    }

    fn ended(&mut self, failed: bool) -> &mut Scope<'static> {
        self.ended.set_value("failed", failed)
    }
}

/// The interpreter, which walks the syntax tree.
pub(crate) struct Tree {
    engine: Engine,
    variables: Variables,
}

impl Tree {
    pub(crate) fn new() -> Self {
        Self { engine: Engine::new_raw(), variables: Variables::new() }
    }
}

impl Language for Tree {
    type Number = f64;
    type Condition = AST;

    fn number(value: f64) -> Result<f64, Failure> {
        Ok(value)
    }

    fn above(&mut self, bound: f64) -> Result<AST, Failure> {
        Ok(self.engine.compile_expression(above(bound))?)
    }

    fn outcome(&mut self, failed: bool) -> Result<AST, Failure> {
        Ok(self.engine.compile_expression(outcome(failed))?)
    }

    fn on_move(
        &mut self,
        previous: f64,
        value: f64,
        watchers: &[Watcher<AST>],
        fired: impl FnMut(u32),
    ) -> Result<(), Failure> {
        walk(&self.engine, self.variables.moved(previous, value), watchers, fired)
    }

    fn on_outcome(
        &mut self,
        failed: bool,
        watchers: &[Watcher<AST>],
        fired: impl FnMut(u32),
    ) -> Result<(), Failure> {
        walk(&self.engine, self.variables.ended(failed), watchers, fired)
    }
}

fn walk(
    engine: &Engine,
    scope: &mut Scope<'static>,
    watchers: &[Watcher<AST>],
    mut fired: impl FnMut(u32),
) -> Result<(), Failure> {
    for Watcher { trigger, condition } in watchers {
        if engine.eval_ast_with_scope::<bool>(scope, condition)? {
            fired(*trigger);
        }
    }
    Ok(())
}

/// The bytecode VM (feature `grain`).
pub(crate) struct Grain {
    /// Lives as long as the process: the VM borrows it.
    engine: &'static Engine,
    vm: Vm<'static>,
    variables: Variables,
}

impl Grain {
    pub(crate) fn new() -> Self {
        let engine: &'static Engine = Box::leak(Box::new(Engine::new_raw()));
        Self { engine, vm: Vm::new(engine), variables: Variables::new() }
    }

    fn compile(&self, text: &str) -> Result<Program<'static>, Failure> {
        let program = Compiler::new().compile(&self.engine.compile_expression(text)?);
        match program.residual_count() {
            0 => Ok(program),
            left => Err(format!("{left} pieces of {text:?} are left to the interpreter").into()),
        }
    }
}

impl Language for Grain {
    type Number = f64;
    type Condition = Program<'static>;

    fn number(value: f64) -> Result<f64, Failure> {
        Ok(value)
    }

    fn above(&mut self, bound: f64) -> Result<Program<'static>, Failure> {
        self.compile(&above(bound))
    }

    fn outcome(&mut self, failed: bool) -> Result<Program<'static>, Failure> {
        self.compile(outcome(failed))
    }

    fn on_move(
        &mut self,
        previous: f64,
        value: f64,
        watchers: &[Watcher<Program<'static>>],
        fired: impl FnMut(u32),
    ) -> Result<(), Failure> {
        execute(&mut self.vm, self.variables.moved(previous, value), watchers, fired)
    }

    fn on_outcome(
        &mut self,
        failed: bool,
        watchers: &[Watcher<Program<'static>>],
        fired: impl FnMut(u32),
    ) -> Result<(), Failure> {
        execute(&mut self.vm, self.variables.ended(failed), watchers, fired)
    }
}

fn execute(
    vm: &mut Vm<'static>,
    scope: &mut Scope<'static>,
    watchers: &[Watcher<Program<'static>>],
    mut fired: impl FnMut(u32),
) -> Result<(), Failure> {
    for Watcher { trigger, condition } in watchers {
        let held = vm.eval_with_scope(scope, condition)?;
        if held.as_bool()? {
            fired(*trigger);
        }
    }
    Ok(())
}
