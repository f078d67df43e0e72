//! Who sends events, and sends them again until they are acknowledged.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use http::{Method, Request, Response};
use notify::Client;
use tripline::action::{AnswerLimits, Transport, TransportError};
use tripline::event::http::Content;
use tripline::event::{Event, ValueObserved};

/// A small generator, so that a run can be repeated.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`: splitmix64.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

/// Events of one source, whose members go up and down.
pub struct Feeder {
    client: Client,
    source: String,
    dice: Dice,
    /// All that was acknowledged, in order.
    pub acknowledged: Vec<Event<'static>>,
    /// Calls that were not acknowledged, and so were made again.
    pub resent: usize,
}

impl Feeder {
    pub fn new(number: u64) -> Self {
        let (client, source) = (Client::new().unwrap(), format!("/instances/{number}"));
        Self { client, source, dice: Dice::new(number), acknowledged: Vec::new(), resent: 0 }
    }

    /// Sends the next few, wherever the service is, until they are acknowledged.
    pub async fn feed(&mut self, address: &Arc<Mutex<Option<SocketAddr>>>) {
        let events: Vec<Event<'static>> = (0..=self.dice.below(4)).map(|more| self.event(more)).collect();
        // Now and then the acknowledgement is not believed.
        let mut times = 1 + usize::from(self.dice.below(20) == 0);
        while times > 0 {
            let to = *address.lock().unwrap();
            if let Some(to) = to {
                let answer = post(&self.client, to, &Content::batch(&events)).await;
                if answer.is_ok_and(|answer| answer.status() == 202) {
                    times -= 1;
                    continue;
                }
                self.resent += 1;
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        self.acknowledged.extend(events);
    }

    fn event(&mut self, more: u64) -> Event<'static> {
        let number = self.acknowledged.len() as u64 + more;
        let members = [900.0, 980.0, 1_020.0, 1_100.0][usize::try_from(self.dice.below(4)).unwrap()];
        let at =
            DateTime::from_timestamp(1_772_330_400, 0).unwrap() + TimeDelta::seconds(number.cast_signed());
        ValueObserved::new("segment", "vip", members)
            .into_event(format!("e-{number}"), self.source.clone())
            .unwrap()
            .with_time(at)
    }
}

pub async fn post(
    client: &Client,
    to: SocketAddr,
    content: &Content,
) -> Result<Response<Vec<u8>>, TransportError> {
    let uri = format!("http://{to}/events").parse().unwrap();
    send(client, content.clone().into_request(Method::POST, uri)).await
}

pub async fn get(client: &Client, to: SocketAddr, path: &str) -> (u16, String) {
    let request = Request::get(format!("http://{to}{path}")).body(Vec::new()).unwrap();
    let response = send(client, request).await.unwrap();
    (response.status().as_u16(), String::from_utf8(response.into_body()).unwrap())
}

async fn send(client: &Client, mut request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
    request.extensions_mut().insert(AnswerLimits::new().with_time(Duration::from_secs(30)));
    client.send(request).await
}
