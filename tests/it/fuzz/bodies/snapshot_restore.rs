//! Changed snapshots, their checksums made to fit: what is restored is whole, or refused with nothing changed.

use sha2::{Digest, Sha256};
use tripline::dispatch::Dispatcher;
use tripline::engine::Engine;
use tripline::flow::{Flow, Flows};
use tripline::journal::Lsn;
use tripline::pipeline::Pipeline;
use tripline::{Error, ErrorKind};

use super::input::{Input, edit};
use super::scenario::{FLOWS, SCENARIO, at, builder, registry};

const DIGEST: usize = 32;

pub(crate) fn body(data: &[u8]) {
    let mut input = Input(data);
    let what = input.byte();
    let made = &*SCENARIO;
    match what % 4 {
        0 => machine(&mut input, &made.engine, &engine, Engine::snapshot, Engine::restore, run_engine),
        1 => machine(&mut input, &made.flows, &flows, Flows::snapshot, Flows::restore, run_flows),
        2 => {
            let new = || Dispatcher::builder().build().expect("the defaults fit");
            machine(
                &mut input,
                &made.dispatcher,
                &new,
                Dispatcher::snapshot,
                Dispatcher::restore,
                run_dispatcher,
            );
        }
        _ => pipeline(&mut input, &made.snapshot),
    }
}

/// The checksum is made to fit in most cases: else nothing behind it would ever be read.
fn changed(input: &mut Input<'_>, whole: &[u8]) -> Vec<u8> {
    let is_sealed = input.byte() % 8 != 7;
    let mut bytes = whole.to_vec();
    if is_sealed {
        bytes.truncate(bytes.len() - DIGEST);
        edit(input, &mut bytes);
        let digest = Sha256::digest(&bytes);
        bytes.extend(&digest[..]);
    } else {
        edit(input, &mut bytes);
    }
    bytes
}

fn machine<M, R>(
    input: &mut Input<'_>,
    whole: &[u8],
    new: &dyn Fn() -> M,
    snapshot: fn(&M) -> Vec<u8>,
    restore: fn(&mut M, &[u8]) -> Result<R, Error>,
    run: fn(&mut M),
) {
    let bytes = changed(input, whole);
    let mut machine = new();
    let before = snapshot(&machine);
    match restore(&mut machine, &bytes) {
        Ok(_) => {
            let taken = snapshot(&machine);
            assert!(bytes != whole || taken == whole, "what is restored unchanged differs");
            let mut again = new();
            assert!(restore(&mut again, &taken).is_ok(), "what it writes it does not read");
            assert!(snapshot(&again) == taken, "what it writes it reads as something else");
            run(&mut machine);
            run(&mut again);
            assert!(snapshot(&machine) == snapshot(&again), "it goes on another way");
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Snapshot, "{error}");
            assert!(!error.to_string().is_empty() && bytes != whole, "{error}");
            assert!(snapshot(&machine) == before, "a refusal changes it");
        }
    }
}

fn pipeline(input: &mut Input<'_>, whole: &[u8]) {
    let bytes = changed(input, whole);
    match builder().restore(Lsn::new(7), &bytes) {
        Ok(mut pipeline) => {
            let taken = pipeline.snapshot();
            assert!(bytes != whole || taken == whole, "what is restored unchanged differs");
            let mut again = builder().restore(Lsn::new(7), &taken).expect("what it writes it reads");
            assert!(again.snapshot() == taken, "what it writes it reads as something else");
            run_pipeline(&mut pipeline);
            run_pipeline(&mut again);
            assert!(pipeline.snapshot() == again.snapshot(), "it goes on another way");
        }
        Err(error) => assert!(!error.to_string().is_empty() && bytes != whole, "{error}"),
    }
}

fn engine() -> Engine {
    let mut engine = Engine::new();
    for flow in Flow::list_from_json(FLOWS).expect("flows of ours") {
        engine.add(at(0), flow.trigger().clone()).expect("triggers of ours");
    }
    engine
}

fn flows() -> Flows {
    let mut flows = Flows::new(registry());
    for flow in Flow::list_from_json(FLOWS).expect("flows of ours") {
        let _ = flows.define(at(0), flow).expect("flows of ours");
    }
    flows
}

fn run_engine(engine: &mut Engine) {
    for _ in 0..20 {
        let Some(due) = engine.poll_timeout() else { break };
        let _ = engine.handle_timeout(due);
        while engine.poll_firing().is_some() {}
    }
}

fn run_flows(flows: &mut Flows) {
    for _ in 0..20 {
        while flows.poll_delivery().is_some() {}
        while flows.poll_call_off().is_some() {}
        let Some(due) = flows.poll_timeout() else { break };
        let _ = flows.handle_timeout(due);
    }
}

fn run_dispatcher(dispatcher: &mut Dispatcher) {
    for _ in 0..20 {
        while let Some(work) = dispatcher.poll_work() {
            let _ = dispatcher.complete(at(100), work.lease(), Ok(serde_json::Value::Null));
        }
        while dispatcher.poll_outcome().is_some() {}
        let Some(due) = dispatcher.poll_timeout() else { break };
        let _ = dispatcher.handle_timeout(due);
    }
}

fn run_pipeline(pipeline: &mut Pipeline) {
    let _ = pipeline.handle_restart(at(100));
    for _ in 0..20 {
        while let Some(persist) = pipeline.poll_persist() {
            pipeline.persisted(persist.lsn());
        }
        while let Some(work) = pipeline.poll_send() {
            let _ = pipeline.complete(at(100), work.lease(), Ok(serde_json::Value::Null));
        }
        let Some(due) = pipeline.poll_timeout() else { break };
        let _ = pipeline.handle_timeout(due);
    }
}
