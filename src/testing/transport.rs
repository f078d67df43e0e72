//! A transport that does to every request what a script says.

use std::collections::VecDeque;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use http::header::RETRY_AFTER;
use http::{Request, Response, StatusCode};

use super::World;
use crate::action::{AnswerLimits, CheckedAddresses, Transport, TransportError, Truncated};

/// How long a request, and its answer, are under way where nobody says otherwise.
const USUAL_LATENCY: Duration = Duration::from_millis(10);

/// A [`Transport`] in a [`World`]: a service answers what arrives, a [`Fate`]
/// for each request says what happens on the way, and everything is recorded.
///
/// It keeps the contract of a transport: limits, deadline, checked addresses,
/// cancellation. A clone is the same transport.
///
/// ```
/// use http::{Request, Response};
/// use tripline::action::Transport;
/// use tripline::testing::{Fate, ScriptedTransport, World};
///
/// let world = World::new(7);
/// let transport = ScriptedTransport::new(&world, |_| Response::new(b"posted".to_vec()));
/// transport.script([Fate::not_sent(), Fate::lost_reply()]);
/// let send = || world.block_on(transport.send(Request::post("https://example.com/").body(b"hi".to_vec()).unwrap()));
///
/// assert!(!send().unwrap_err().is_outcome_unknown(), "it did not leave");
/// assert!(send().unwrap_err().is_outcome_unknown(), "it arrived, and the answer was lost");
/// assert_eq!(send()?.body(), b"posted", "the script is at its end");
/// assert_eq!(transport.sent().iter().filter(|sent| sent.is_executed()).count(), 2);
/// # Ok::<(), tripline::action::TransportError>(())
/// ```
#[derive(Clone)]
pub struct ScriptedTransport {
    world: World,
    script: Arc<Mutex<Script>>,
}

type Service = Box<dyn FnMut(&Request<Vec<u8>>) -> Response<Vec<u8>> + Send>;
type Weather = Box<dyn FnMut(&Request<Vec<u8>>) -> Fate + Send>;

struct Script {
    service: Service,
    fates: VecDeque<Fate>,
    weather: Option<Weather>,
    sent: Vec<Sent>,
}

impl ScriptedTransport {
    /// A transport over which everything arrives at this service.
    ///
    /// ```
    /// # use http::Response;
    /// # use tripline::testing::{ScriptedTransport, World};
    /// let transport = ScriptedTransport::new(&World::new(7), |_| Response::new(Vec::new()));
    /// assert!(transport.sent().is_empty());
    /// ```
    pub fn new(
        world: &World,
        service: impl FnMut(&Request<Vec<u8>>) -> Response<Vec<u8>> + Send + 'static,
    ) -> Self {
        let service = Box::new(service);
        let script = Script { service, fates: VecDeque::new(), weather: None, sent: Vec::new() };
        Self { world: world.clone(), script: Arc::new(Mutex::new(script)) }
    }

    /// What happens to the next requests, one fate for each, after those that
    /// are scripted already.
    ///
    /// ```
    /// # use http::Response;
    /// # use tripline::testing::{Fate, ScriptedTransport, World};
    /// # let transport = ScriptedTransport::new(&World::new(7), |_| Response::new(Vec::new()));
    /// transport.script([Fate::lost_request(), Fate::silent()]);
    /// ```
    pub fn script(&self, fates: impl IntoIterator<Item = Fate>) {
        self.lock().fates.extend(fates);
    }

    /// What happens to a request that the script says nothing of. It may look
    /// at the request and ask the world for a [random](World::random) number.
    ///
    /// ```
    /// # use http::Response;
    /// # use tripline::testing::{Fate, ScriptedTransport, World};
    /// let world = World::new(7);
    /// let transport = ScriptedTransport::new(&world, |_| Response::new(Vec::new()));
    /// transport.set_weather(move |_| if world.below(10) == 0 { Fate::lost_reply() } else { Fate::delivered() });
    /// ```
    pub fn set_weather(&self, weather: impl FnMut(&Request<Vec<u8>>) -> Fate + Send + 'static) {
        self.lock().weather = Some(Box::new(weather));
    }

    /// Everything that was given to it to send, in order.
    ///
    /// ```
    /// # use http::Response;
    /// # use tripline::testing::{ScriptedTransport, World};
    /// # let transport = ScriptedTransport::new(&World::new(7), |_| Response::new(Vec::new()));
    /// assert_eq!(transport.sent().len(), 0);
    /// ```
    pub fn sent(&self) -> Vec<Sent> {
        self.lock().sent.clone()
    }

    /// Writes the request down and draws its fate.
    fn begin(&self, request: &Request<Vec<u8>>) -> (usize, Fate) {
        let scripted = self.lock().fates.pop_front();
        let fate = match scripted {
            Some(fate) => fate,
            None => {
                // Taken out while it is asked, since it may ask this transport something.
                let mut weather = self.lock().weather.take();
                let fate = weather.as_mut().map_or_else(Fate::delivered, |weather| weather(request));
                let mut script = self.lock();
                script.weather = script.weather.take().or(weather);
                fate
            }
        };
        let mut script = self.lock();
        let request = request.clone();
        script.sent.push(Sent { request, at: self.world.now(), executed_at: None, ended_at: None });
        (script.sent.len() - 1, fate)
    }

    fn execute(&self, at: usize, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        let mut script = self.lock();
        script.sent[at].executed_at = Some(self.world.now());
        (script.service)(request)
    }

    async fn exchange(
        &self,
        at: usize,
        fate: Fate,
        request: &Request<Vec<u8>>,
        limits: AnswerLimits,
    ) -> Result<Response<Vec<u8>>, TransportError> {
        self.world.sleep(fate.latency).await;
        let answer = match &fate.end {
            End::NotSent => return Err(TransportError::not_sent("the connection was refused")),
            End::LostRequest => return Err(TransportError::no_answer("the connection broke")),
            End::Answered(answer) => (**answer).clone(),
            End::Delivered | End::LostReply | End::Silent | End::BrokenOff => self.execute(at, request),
        };
        self.world.sleep(fate.latency).await;
        match &fate.end {
            End::Silent => std::future::pending().await,
            End::LostReply => return Err(TransportError::no_answer("the connection broke")),
            End::BrokenOff => return Err(TransportError::no_answer("the answer broke off")),
            End::Delivered | End::Answered(_) | End::NotSent | End::LostRequest => {}
        }
        self.read(answer, fate.drip, limits).await
    }

    async fn read(
        &self,
        mut answer: Response<Vec<u8>>,
        drip: Duration,
        limits: AnswerLimits,
    ) -> Result<Response<Vec<u8>>, TransportError> {
        let most = limits.max_bytes();
        if !drip.is_zero() {
            for _ in 0..answer.body().len().min(most) {
                self.world.sleep(drip).await;
            }
        }
        if answer.body().len() > most {
            answer.body_mut().truncate(most);
            Truncated::mark(&mut answer);
        }
        Ok(answer)
    }

    fn lock(&self) -> MutexGuard<'_, Script> {
        // A service that panicked has left nothing half done in here.
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Transport for ScriptedTransport {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let limits = AnswerLimits::of(&request);
        let (at, fate) = self.begin(&request);
        let result = if let Some(why) = refusal(&request) {
            Err(TransportError::refused(why))
        } else {
            let exchange = self.exchange(at, fate, &request, limits);
            let late = || Err(TransportError::no_answer("it took too long"));
            self.world.within(limits.time(), exchange).await.unwrap_or_else(late)
        };
        self.lock().sent[at].ended_at = Some(self.world.now());
        result
    }
}

/// Why a guarded request goes nowhere.
fn refusal(request: &Request<Vec<u8>>) -> Option<&'static str> {
    let checked = CheckedAddresses::of(request)?.as_slice();
    let host = request.uri().host().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    match literal {
        _ if checked.is_empty() => Some("no address of the target is allowed"),
        Some(address) if !checked.contains(&address) => Some("the URL's address is not one of those checked"),
        _ => None,
    }
}

impl fmt::Debug for ScriptedTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedTransport").field("sent", &self.lock().sent.len()).finish_non_exhaustive()
    }
}

/// What happens to one request on its way, and to its answer.
///
/// ```
/// use std::time::Duration;
/// use tripline::testing::Fate;
///
/// let slow_and_lost = Fate::lost_reply().with_latency(Duration::from_secs(3));
/// ```
#[derive(Debug, Clone)]
pub struct Fate {
    end: End,
    latency: Duration,
    drip: Duration,
}

#[derive(Debug, Clone)]
enum End {
    Delivered,
    NotSent,
    LostRequest,
    LostReply,
    Silent,
    BrokenOff,
    Answered(Box<Response<Vec<u8>>>),
}

impl Fate {
    fn new(end: End) -> Self {
        Self { end, latency: USUAL_LATENCY, drip: Duration::ZERO }
    }

    /// It arrives, is carried out, and the answer comes back.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/fate.rs")]
    /// let (answer, sent) = under(Fate::delivered());
    /// assert!(answer.unwrap().body() == b"ok" && sent.is_executed());
    /// ```
    #[must_use]
    pub fn delivered() -> Self {
        Self::new(End::Delivered)
    }

    /// It does not leave, for sure.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/fate.rs")]
    /// let (answer, sent) = under(Fate::not_sent());
    /// assert!(!answer.unwrap_err().is_outcome_unknown() && !sent.is_executed());
    /// ```
    #[must_use]
    pub fn not_sent() -> Self {
        Self::new(End::NotSent)
    }

    /// It leaves and does not arrive: the sender cannot tell it from a lost answer.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/fate.rs")]
    /// let (answer, sent) = under(Fate::lost_request());
    /// assert!(answer.unwrap_err().is_outcome_unknown() && !sent.is_executed());
    /// ```
    #[must_use]
    pub fn lost_request() -> Self {
        Self::new(End::LostRequest)
    }

    /// It is carried out, and the answer is lost: the connection breaks.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/fate.rs")]
    /// let (answer, sent) = under(Fate::lost_reply());
    /// assert!(answer.unwrap_err().is_outcome_unknown() && sent.is_executed());
    /// ```
    #[must_use]
    pub fn lost_reply() -> Self {
        Self::new(End::LostReply)
    }

    /// It is carried out, and no answer ever comes: the deadline ends it.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/fate.rs")]
    /// let (answer, sent) = under(Fate::silent());
    /// assert!(answer.unwrap_err().is_outcome_unknown() && sent.is_executed());
    /// assert_eq!((sent.ended_at().unwrap() - sent.at()).num_seconds(), 20);
    /// ```
    #[must_use]
    pub fn silent() -> Self {
        Self::new(End::Silent)
    }

    /// It is carried out, and the answer breaks off in its midst.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/fate.rs")]
    /// let (answer, sent) = under(Fate::broken_off());
    /// assert!(answer.unwrap_err().is_outcome_unknown() && sent.is_executed());
    /// ```
    #[must_use]
    pub fn broken_off() -> Self {
        Self::new(End::BrokenOff)
    }

    /// Somebody on the way answers, and the service never sees it.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/fate.rs")]
    /// let (answer, sent) = under(Fate::answered(Response::builder().status(502).body(Vec::new())?));
    /// assert!(answer.unwrap().status() == 502 && !sent.is_executed());
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn answered(response: Response<Vec<u8>>) -> Self {
        Self::new(End::Answered(Box::new(response)))
    }

    /// It is refused with 429 and a `Retry-After` in whole seconds.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/fate.rs")]
    /// let (answer, sent) = under(Fate::throttled(Duration::from_secs(60)));
    /// assert!(answer.unwrap().headers()["retry-after"] == "60" && !sent.is_executed());
    /// ```
    #[must_use]
    pub fn throttled(pause: Duration) -> Self {
        let mut response = Response::new(Vec::new());
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        response.headers_mut().insert(RETRY_AFTER, pause.as_secs().into());
        Self::answered(response)
    }

    /// The same with another time that the request, and then the answer, is
    /// under way; 10 milliseconds each where nobody says otherwise.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/fate.rs")]
    /// let (_, sent) = under(Fate::delivered().with_latency(Duration::from_secs(1)));
    /// assert_eq!((sent.ended_at().unwrap() - sent.at()).num_seconds(), 2);
    /// ```
    #[must_use]
    pub fn with_latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// The same with a pause before every byte of the answer's body.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/fate.rs")]
    /// let (_, sent) = under(Fate::delivered().with_drip(Duration::from_secs(1))); // two bytes, and 20 milliseconds on the way
    /// assert_eq!((sent.ended_at().unwrap() - sent.at()).num_milliseconds(), 2_020);
    /// ```
    #[must_use]
    pub fn with_drip(mut self, pause: Duration) -> Self {
        self.drip = pause;
        self
    }
}

/// A request that was given to a [`ScriptedTransport`], and what became of it.
///
/// ```
/// # use http::{Request, Response};
/// use tripline::action::Transport;
/// use tripline::testing::{ScriptedTransport, World};
///
/// let world = World::new(7);
/// let transport = ScriptedTransport::new(&world, |_| Response::new(Vec::new()));
/// world.block_on(transport.send(Request::get("https://example.com/a").body(Vec::new())?))?;
/// let sent = &transport.sent()[0];
/// assert_eq!(sent.request().uri(), "https://example.com/a");
/// assert!(sent.is_executed() && sent.ended_at() == Some(world.now()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sent {
    request: Request<Vec<u8>>,
    at: DateTime<Utc>,
    executed_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

impl Sent {
    /// The request, with its extensions.
    ///
    /// ```
    /// # use tripline::testing::Sent;
    /// fn is_for_the_board(sent: &Sent) -> bool {
    ///     sent.request().uri().host() == Some("board.example.com")
    /// }
    /// ```
    pub fn request(&self) -> &Request<Vec<u8>> {
        &self.request
    }

    /// When it was given to the transport.
    ///
    /// ```
    /// # use tripline::testing::{Sent, World};
    /// fn is_new(world: &World, sent: &Sent) -> bool {
    ///     sent.at() == world.now()
    /// }
    /// ```
    pub fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// When the service carried it out, if it did.
    ///
    /// ```
    /// # use tripline::testing::Sent;
    /// fn has_arrived(sent: &Sent) -> bool {
    ///     sent.executed_at().is_some()
    /// }
    /// ```
    pub fn executed_at(&self) -> Option<DateTime<Utc>> {
        self.executed_at
    }

    /// Whether the service carried it out.
    ///
    /// ```
    /// # use tripline::testing::Sent;
    /// fn effects(all: &[Sent]) -> usize {
    ///     all.iter().filter(|sent| sent.is_executed()).count()
    /// }
    /// ```
    pub fn is_executed(&self) -> bool {
        self.executed_at.is_some()
    }

    /// When the sender had an answer or an error; `None` while it waits, and
    /// for ever if it stopped waiting.
    ///
    /// ```
    /// # use tripline::testing::Sent;
    /// fn was_given_up(sent: &Sent) -> bool {
    ///     sent.ended_at().is_none()
    /// }
    /// ```
    pub fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.ended_at
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn request() -> Request<Vec<u8>> {
        let mut request = Request::post("https://example.com/").body(Vec::new()).unwrap();
        let limits = AnswerLimits::new().with_max_bytes(4).with_time(Duration::from_secs(5));
        request.extensions_mut().insert(limits);
        request
    }

    fn under(fate: Fate) -> (Result<Response<Vec<u8>>, TransportError>, Sent, Duration) {
        let world = World::new(0);
        let began = world.now();
        let transport = ScriptedTransport::new(&world, |_| Response::new(b"1234".to_vec()));
        transport.script([fate]);
        let result = world.block_on(transport.send(request()));
        (result, transport.sent().remove(0), (world.now() - began).to_std().unwrap())
    }

    #[test]
    fn every_fate_says_what_is_known_and_what_was_done() {
        for (fate, is_executed, is_unknown) in [
            (Fate::not_sent(), false, false),
            (Fate::lost_request(), false, true),
            (Fate::lost_reply(), true, true),
            (Fate::silent(), true, true),
            (Fate::broken_off(), true, true),
        ] {
            let shown = format!("{fate:?}");
            let (result, sent, _) = under(fate);
            assert_eq!(
                (sent.is_executed(), result.unwrap_err().is_outcome_unknown()),
                (is_executed, is_unknown),
                "{shown}"
            );
        }
        let (result, sent, _) = under(Fate::throttled(Duration::from_secs(60)));
        let response = result.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (429, &"60".parse().unwrap())
        );
        assert!(!sent.is_executed());
    }

    #[test]
    fn one_deadline_is_over_latency_silence_and_drip() {
        let second = Duration::from_secs(1);
        for fate in [
            Fate::delivered().with_latency(second * 3),
            Fate::silent(),
            Fate::delivered().with_drip(second * 2),
        ] {
            let (result, _, took) = under(fate);
            assert!(result.unwrap_err().is_outcome_unknown());
            assert_eq!(took, second * 5);
        }
        let (result, _, took) = under(Fate::delivered().with_drip(second));
        assert!(result.is_ok());
        assert_eq!(took, second * 4 + USUAL_LATENCY * 2);
    }

    #[test]
    fn what_is_too_long_is_cut_and_what_is_dropped_never_ends() {
        let world = World::new(0);
        let transport = ScriptedTransport::new(&world, |_| Response::new(b"12345".to_vec()));
        let cut = world.block_on(transport.send(request())).unwrap();
        assert!(cut.body() == b"1234" && Truncated::is_marked(&cut));

        let dropped = world.within(Duration::from_millis(15), transport.send(request()));
        assert!(world.block_on(dropped).is_none());
        let sent = transport.sent().remove(1);
        assert!(sent.is_executed() && sent.ended_at().is_none());
    }

    #[test]
    fn a_guarded_target_without_addresses_is_refused() {
        let world = World::new(0);
        let transport = ScriptedTransport::new(&world, |_| Response::new(Vec::new()));
        let guarded = |addresses: &[IpAddr]| {
            let mut request = request();
            request.extensions_mut().insert(CheckedAddresses::new(addresses.iter().copied()));
            world.block_on(transport.send(request))
        };
        assert!(guarded(&[]).unwrap_err().is_refused());
        assert!(guarded(&[IpAddr::from([203, 0, 113, 7])]).is_ok());
        assert!(!transport.sent()[0].is_executed());
    }
}
