//! Events in from a file or from stdin, a line each.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::time::Duration;

use tripline::event::{Event, Reader};

use crate::args::Input;
use crate::host::{Host, Refusal};

/// Most lines that are handed in at once.
const MOST: usize = 1_000;

/// Reads until the end and hands all in; how many lines were refused, each told on stderr.
///
/// It blocks: on a thread of its own. What is read anew after a restart is dropped, as far as it was seen.
pub fn read(input: &Input, host: &Host, runtime: &tokio::runtime::Handle) -> io::Result<u64> {
    let reader: Box<dyn Read> = match input {
        Input::Stdin => Box::new(io::stdin()),
        Input::File(path) => Box::new(File::open(path)?),
    };
    let mut reader = BufReader::with_capacity(1 << 20, reader);
    let (mut number, mut refused) = (0, 0);
    let mut line = Vec::new();
    loop {
        let mut events = Vec::new();
        // What has arrived goes together; a single line that has does not wait for a second.
        while events.is_empty() || (events.len() < MOST && reader.buffer().contains(&b'\n')) {
            line.clear();
            if reader.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            number += 1;
            if line.trim_ascii().is_empty() {
                continue;
            }
            match Reader::new().with_first_line(number).read(&line) {
                Ok(event) => events.push((number, event.into_owned())),
                Err(error) => {
                    eprintln!("{error}");
                    refused += 1;
                }
            }
        }
        if events.is_empty() {
            return Ok(refused);
        }
        match runtime.block_on(hand_in(host, &events)) {
            Some(more) => refused += more,
            None => return Ok(refused),
        }
    }
}

/// Until they are taken; how many were refused. `None` once the host stops.
async fn hand_in(host: &Host, numbered: &[(u64, Event<'static>)]) -> Option<u64> {
    let events: Vec<Event<'static>> = numbered.iter().map(|(_, event)| event.clone()).collect();
    loop {
        match host.take(events.clone()).await {
            Ok(receipt) => {
                for (place, error) in receipt.refused() {
                    eprintln!("line {}: {error}", numbered[*place].0);
                }
                return Some(receipt.refused().len() as u64);
            }
            Err(Refusal::Pipeline(error)) if !error.is_full() => {
                eprintln!("line {}: {error}", numbered[0].0);
                return Some(numbered.len() as u64);
            }
            Err(Refusal::Stopping) => return None,
            // Deliveries make room.
            Err(Refusal::Busy | Refusal::Pipeline(_)) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}
