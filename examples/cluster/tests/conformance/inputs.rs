use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cluster::nats::{InputWriter, NatsInputs};
use tripline::ErrorKind;
use tripline::shard::{Input, Inputs};

use crate::world::World;

const CLUSTER: &str = "tests";

fn input(position: u64) -> Vec<u8> {
    format!("input {position} {}", "x".repeat(usize::try_from(position % 300).unwrap())).into_bytes()
}

fn writer(world: &World) -> InputWriter {
    InputWriter::open(&world.link, CLUSTER, 3).unwrap()
}

fn reader(world: &World) -> NatsInputs {
    NatsInputs::open(&world.link, CLUSTER, 3).unwrap()
}

/// All from an offset on.
fn read(inputs: &mut NatsInputs, from: u64) -> Vec<Input> {
    let mut all = Vec::new();
    loop {
        let some = inputs.read(from + all.len() as u64, 100).unwrap();
        if some.is_empty() {
            return all;
        }
        all.extend(some);
    }
}

/// These positions, at the offsets from 0 on.
fn expected(positions: impl IntoIterator<Item = u64>) -> Vec<Input> {
    positions
        .into_iter()
        .enumerate()
        .map(|(offset, position)| Input::new(offset as u64, input(position)))
        .collect()
}

#[test]
fn inputs_are_read_from_anywhere_in_order_and_there_is_nothing_behind_the_last() {
    let Some(world) = World::start("inputs") else { return };
    let mut inputs = reader(&world);
    assert_eq!(inputs.read(0, 10).unwrap(), []);
    assert_eq!(inputs.range().unwrap(), (0, 0));
    let mut writer = writer(&world);
    assert_eq!(writer.position(), None);
    for position in 0..250 {
        assert_eq!(writer.append(position * 3, input(position * 3)).unwrap(), Some(position));
    }
    assert_eq!(writer.flush().unwrap(), 250);
    let all = expected((0..250).map(|number| number * 3));
    assert_eq!(read(&mut inputs, 0), all);
    assert_eq!(read(&mut inputs, 249), all[249..]);
    assert_eq!(inputs.read(7, 2).unwrap(), all[7..9]);
    assert_eq!(inputs.read(9, 2).unwrap(), all[9..11]);
    assert_eq!(inputs.read(3, 1).unwrap(), all[3..4]);
    assert_eq!(inputs.read(250, 5).unwrap(), []);
    writer.append(1000, input(1000)).unwrap();
    writer.flush().unwrap();
    assert_eq!(inputs.read(250, 5).unwrap(), [Input::new(250, input(1000))]);
    assert_eq!(inputs.read(252, 5).unwrap_err().kind(), ErrorKind::Corrupt, "the log has lost its end");
    assert_eq!(inputs.range().unwrap(), (0, 251));
}

#[test]
fn a_feeder_that_begins_anew_goes_on_behind_the_last_position() {
    let Some(world) = World::start("anew") else { return };
    let mut first = writer(&world);
    for position in 10..20 {
        first.append(position, input(position)).unwrap();
    }
    first.flush().unwrap();
    let mut second = writer(&world);
    assert_eq!(second.position(), Some(19));
    for position in 0..25 {
        assert_eq!(second.append(position, input(position)).unwrap().is_some(), position > 19);
    }
    second.flush().unwrap();
    assert_eq!(read(&mut reader(&world), 0), expected(10..25));
    // The first has not seen these: it is fenced, and nothing of it is stored.
    first.append(90, input(90)).unwrap();
    assert!(first.flush().unwrap_err().is_fenced());
    assert_eq!(read(&mut reader(&world), 0), expected(10..25));
}

#[test]
fn what_was_trimmed_is_out_of_range_and_what_is_missing_or_foreign_is_corrupt() {
    let Some(world) = World::start("trimmed") else { return };
    let mut writer = writer(&world);
    for position in 0..20 {
        writer.append(position, input(position)).unwrap();
    }
    writer.flush().unwrap();
    let mut inputs = reader(&world);
    inputs.trim(5).unwrap();
    assert_eq!(inputs.range().unwrap(), (5, 20));
    assert_eq!(inputs.read(4, 10).unwrap_err().kind(), ErrorKind::OutOfRange);
    assert_eq!(inputs.read(5, 1).unwrap(), [Input::new(5, input(5))]);
    world.jetstream(async |context| {
        let stream = context.get_stream("tests_inputs_3").await.unwrap();
        stream.delete_message(11).await.unwrap();
        context.publish("tests.inputs.3", "foreign".into()).await.unwrap().await.unwrap();
    });
    assert_eq!(inputs.read(5, 100).unwrap().len(), 5, "up to the gap");
    let error = inputs.read(10, 100).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::Corrupt, "tests_inputs_3, input 10: it is missing")
    );
    let error = inputs.read(11, 100).unwrap_err();
    assert_eq!(error.to_string(), "tests_inputs_3, input 20: no feeder has written it");
    inputs.trim(1000).unwrap();
    assert_eq!(inputs.range().unwrap(), (20, 21), "the last one stays");
}

#[test]
fn inputs_that_were_sent_while_the_server_was_killed_are_there_once_and_in_order() {
    let Some(mut world) = World::start("kills-inputs") else { return };
    let link = world.link.clone();
    let is_done = AtomicBool::new(false);
    let count = thread::scope(|scope| {
        let feeder = scope.spawn(|| {
            let mut writer = InputWriter::open(&link, CLUSTER, 3).unwrap();
            let mut position = 0;
            while !is_done.load(Ordering::Relaxed) {
                assert_eq!(writer.append(position, input(position)).unwrap(), Some(position));
                position += 1;
                if position % 5000 == 0 {
                    assert_eq!(writer.flush().unwrap(), position);
                }
            }
            writer.flush().unwrap();
            position
        });
        for kill in 0..10 {
            thread::sleep(Duration::from_millis(50 + 23 * kill));
            world.kill_server();
        }
        thread::sleep(Duration::from_millis(200));
        is_done.store(true, Ordering::Relaxed);
        feeder.join().unwrap()
    });
    println!("{count} inputs over 10 kills");
    assert!(count > 2000);
    assert_eq!(read(&mut reader(&world), 0), expected(0..count));
}

#[test]
fn a_hundred_thousand_inputs_of_sixteen_partitions_are_written_and_read_in_seconds() {
    let Some(world) = World::start("many") else { return };
    let began = Instant::now();
    for partition in 0..16 {
        let mut writer = InputWriter::open(&world.link, CLUSTER, partition).unwrap();
        for position in 0..6250 {
            writer.append(position, input(position)).unwrap();
        }
        writer.flush().unwrap();
    }
    let written = began.elapsed();
    let began = Instant::now();
    for partition in 0..16 {
        let mut inputs = NatsInputs::open(&world.link, CLUSTER, partition).unwrap();
        let mut next = 0;
        while next < 6250 {
            let some = inputs.read(next, 512).unwrap();
            assert_eq!(some[0], Input::new(next, input(next)));
            next += some.len() as u64;
        }
    }
    let read = began.elapsed();
    println!("100,000 inputs of 16 partitions: written in {written:.1?}, read in {read:.1?}");
    assert!(read < Duration::from_secs(20) && written < Duration::from_secs(60));
}
