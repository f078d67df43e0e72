//! The suite that every transport is held against.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use http::{Method, Request, Response};

use super::hello::server_name;
use super::{CANARY, Check, Report};
use crate::action::{AnswerLimits, CheckedAddresses, TransportError, Truncated};

/// The time that an exchange may take in the cases in which it takes too long.
const TIME: Duration = Duration::from_millis(500);

/// A name that no resolver knows.
const GUARDED_HOST: &str = "tripline-guarded.invalid";

/// An address that is nobody's (RFC 5737).
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// The most bytes of an answer's body that may be read.
const MAX_BYTES: usize = 4_096;

/// One exchange that a transport is held against: what it is to send, and what
/// a server of the author's does with it.
///
/// ```
/// use tripline::testing::{Peer, TransportCase};
///
/// let all = TransportCase::all();
/// assert!(all.iter().any(|case| case.peer() == Peer::Silent));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransportCase {
    name: &'static str,
    peer: Peer,
    addresses: Addresses,
    wanted: Wanted,
}

/// What the server does in a [`TransportCase`].
///
/// ```
/// # use tripline::testing::Peer;
/// let written = match Peer::Redirects {
///     Peer::Redirects => "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
///     _ => "",
/// };
/// assert!(written.contains("302"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Peer {
    /// Answers 200 with the body `ok`.
    Answers,
    /// Answers 503 with the body `ok`.
    AnswersUnavailable,
    /// Answers 302 with `Location: /elsewhere`, and 200 to whatever comes after.
    Redirects,
    /// Answers 200 with a body of 64 KiB.
    AnswersAtLength,
    /// Is not there: nothing listens at the address.
    IsAbsent,
    /// Reads the request and closes the connection.
    HangsUp,
    /// Answers 200 with `Content-Length: 100`, writes ten bytes and closes the connection.
    BreaksOff,
    /// Reads the request and never answers.
    Silent,
    /// Answers 200 with `Content-Length: 100`, a byte every 100 milliseconds.
    Drips,
    /// Reads the first message of TLS, which no request has come before, and closes the connection.
    HangsUpOnTls,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Addresses {
    Unguarded,
    /// The server's, for a name that no resolver knows.
    Checked,
    /// One that is not the server's, while the URL has the server's for its host.
    Foreign,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Status(u16),
    Cut,
    NotSent,
    NoAnswer,
    InTime,
    Refused,
    /// An error, whatever it says, and nothing arrives.
    Nothing,
    /// As [`Nothing`](Self::Nothing), once the name has been asked for in TLS.
    NameInTls,
}

const CASES: &[TransportCase] = &[
    case("an answer", Peer::Answers, Addresses::Unguarded, Wanted::Status(200)),
    case("an answer that says no", Peer::AnswersUnavailable, Addresses::Unguarded, Wanted::Status(503)),
    case("a redirect", Peer::Redirects, Addresses::Unguarded, Wanted::Status(302)),
    case("an answer that is too long", Peer::AnswersAtLength, Addresses::Unguarded, Wanted::Cut),
    case("nobody listens", Peer::IsAbsent, Addresses::Unguarded, Wanted::NotSent),
    case("the connection is closed", Peer::HangsUp, Addresses::Unguarded, Wanted::NoAnswer),
    case("the answer breaks off", Peer::BreaksOff, Addresses::Unguarded, Wanted::NoAnswer),
    case("no answer comes", Peer::Silent, Addresses::Unguarded, Wanted::InTime),
    case("the answer drips in", Peer::Drips, Addresses::Unguarded, Wanted::InTime),
    case("a checked address", Peer::Answers, Addresses::Checked, Wanted::Status(200)),
    case("a checked address under TLS", Peer::HangsUpOnTls, Addresses::Checked, Wanted::NameInTls),
    case("an address in the URL that was not checked", Peer::Answers, Addresses::Foreign, Wanted::Nothing),
    case("no address is allowed", Peer::Answers, Addresses::None, Wanted::Refused),
];

const fn case(name: &'static str, peer: Peer, addresses: Addresses, wanted: Wanted) -> TransportCase {
    TransportCase { name, peer, addresses, wanted }
}

impl TransportCase {
    /// All cases there are.
    ///
    /// ```
    /// # use tripline::testing::TransportCase;
    /// assert!(TransportCase::all().len() > 10);
    /// ```
    pub fn all() -> &'static [Self] {
        CASES
    }

    /// What the server is to do.
    ///
    /// ```
    /// # use tripline::testing::{Peer, TransportCase};
    /// assert_eq!(TransportCase::all()[0].peer(), Peer::Answers);
    /// ```
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// The request for a server at this address and port. Where the target is
    /// guarded, its name is one that no resolver knows, so that only a
    /// transport that goes by the checked address arrives.
    ///
    /// ```
    /// # use tripline::testing::TransportCase;
    /// let request = TransportCase::all()[0].request([127, 0, 0, 1].into(), 8080);
    /// assert_eq!(request.uri().host(), Some("127.0.0.1"));
    /// ```
    pub fn request(&self, address: IpAddr, port: u16) -> Request<Vec<u8>> {
        let host = match (self.addresses, address) {
            (Addresses::Checked | Addresses::None, _) => GUARDED_HOST.to_owned(),
            (_, IpAddr::V4(_)) => address.to_string(),
            (_, IpAddr::V6(_)) => format!("[{address}]"),
        };
        let scheme = if self.peer == Peer::HangsUpOnTls { "https" } else { "http" };
        let mut request = Request::new(b"hello".to_vec());
        *request.method_mut() = Method::POST;
        // Made of an address and a number, it is always a URL.
        *request.uri_mut() =
            format!("{scheme}://{host}:{port}/hook?sig={CANARY}").parse().unwrap_or_default();
        let limits = AnswerLimits::new().with_max_bytes(MAX_BYTES).with_time(TIME);
        request.extensions_mut().insert(limits);
        match self.addresses {
            Addresses::Unguarded => None,
            Addresses::Checked => request.extensions_mut().insert(CheckedAddresses::new([address])),
            Addresses::Foreign => request.extensions_mut().insert(CheckedAddresses::new([ELSEWHERE])),
            Addresses::None => request.extensions_mut().insert(CheckedAddresses::new([])),
        };
        request
    }

    fn faults(&self, seen: &Exchanged) -> Vec<(Check, String)> {
        let mut faults = Vec::new();
        let mut fault = |check, message: String| faults.push((check, message));
        let told = match &seen.result {
            Ok(response) => format!("status {}", response.status().as_u16()),
            Err(error) if error.is_refused() => "a refusal".to_owned(),
            Err(error) if error.is_outcome_unknown() => "no answer".to_owned(),
            Err(_) => "not sent".to_owned(),
        };
        let (check, wanted) = match self.wanted {
            Wanted::Status(302) => (Check::Redirects, "status 302".to_owned()),
            Wanted::Status(status) => (Check::Statuses, format!("status {status}")),
            Wanted::Cut => (Check::Output, "status 200".to_owned()),
            Wanted::NotSent => (Check::Outcome, "not sent".to_owned()),
            Wanted::NoAnswer => (Check::Outcome, "no answer".to_owned()),
            Wanted::InTime => (Check::Deadline, "no answer".to_owned()),
            Wanted::Refused => (Check::Addresses, "a refusal".to_owned()),
            // Which of the errors it is, depends on how far the client came.
            Wanted::Nothing | Wanted::NameInTls if seen.result.is_err() => (Check::Addresses, told.clone()),
            Wanted::Nothing | Wanted::NameInTls => (Check::Addresses, "an error".to_owned()),
        };
        let check = if self.addresses == Addresses::Unguarded { check } else { Check::Addresses };
        if told != wanted {
            fault(check, format!("it ends in {told}, wanted: {wanted}"));
        }
        if let Some(message) = self.name_fault(&seen.heard) {
            fault(Check::Addresses, message);
        }
        let is_sent =
            !matches!(self.wanted, Wanted::NotSent | Wanted::Refused | Wanted::Nothing | Wanted::NameInTls);
        let most = usize::from(is_sent);
        if seen.requests > most {
            let check = if self.wanted == Wanted::Status(302) { Check::Redirects } else { Check::OneAttempt };
            fault(check, format!("{} requests arrived, wanted: {most}", seen.requests));
        }
        if self.wanted == Wanted::InTime && seen.took > TIME * 2 {
            fault(Check::Deadline, format!("it took {:?}, the limit was {TIME:?}", seen.took));
        }
        match &seen.result {
            Ok(response) if response.body().len() > MAX_BYTES => {
                let length = response.body().len();
                fault(Check::Output, format!("it read {length} bytes, the limit was {MAX_BYTES}"));
            }
            Ok(response) if self.wanted == Wanted::Cut && !Truncated::is_marked(response) => {
                fault(Check::Output, "the answer was cut, and is not marked".to_owned());
            }
            Err(error) if shown(error).contains(CANARY) => {
                fault(Check::Secrets, "the error shows more of the URL than scheme and host".to_owned());
            }
            _ => {}
        }
        faults
    }

    /// What is wrong with the name that the server was called by.
    fn name_fault(&self, heard: &[u8]) -> Option<String> {
        let (what, name) = match (self.addresses, self.wanted) {
            (Addresses::Checked, Wanted::NameInTls) => ("the name in TLS", server_name(heard)),
            (Addresses::Checked, _) => ("`Host`", host(heard)),
            _ => return None,
        };
        match name {
            Some(GUARDED_HOST) => None,
            Some(_) => Some(format!("{what} is not the URL's")),
            None if heard.is_empty() => {
                Some(format!("nobody says what the server heard, so {what} is unknown"))
            }
            None => Some(format!("the server was not told {what}")),
        }
    }
}

/// What became of one [`TransportCase`].
///
/// ```
/// use std::time::Duration;
/// use tripline::action::TransportError;
/// use tripline::testing::Exchanged;
/// let seen = Exchanged::new(Err(TransportError::not_sent("refused")), 0, Duration::from_millis(3));
/// ```
#[derive(Debug)]
pub struct Exchanged {
    result: Result<Response<Vec<u8>>, TransportError>,
    requests: usize,
    took: Duration,
    heard: Vec<u8>,
}

impl Exchanged {
    /// What the transport gave, how many requests the server has read, and how
    /// long it took.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::testing::Exchanged;
    /// let seen = Exchanged::new(Ok(http::Response::new(b"ok".to_vec())), 1, Duration::from_millis(3));
    /// ```
    pub fn new(result: Result<Response<Vec<u8>>, TransportError>, requests: usize, took: Duration) -> Self {
        Self { result, requests, took, heard: Vec::new() }
    }

    /// The same with what the server read first: the request's head, or the
    /// first message of TLS. Where the target is guarded, it has to be there:
    /// it says by which name the server was called.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::testing::Exchanged;
    /// # let seen = Exchanged::new(Ok(http::Response::new(b"ok".to_vec())), 1, Duration::from_millis(3));
    /// let seen = seen.with_heard(*b"POST /hook HTTP/1.1\r\nhost: tripline-guarded.invalid:8080\r\n\r\n");
    /// ```
    #[must_use]
    pub fn with_heard(mut self, heard: impl Into<Vec<u8>>) -> Self {
        self.heard = heard.into();
        self
    }
}

/// Holds a transport against everything that a
/// [`Transport`](crate::action::Transport) promises.
///
/// It opens no socket: for every [`TransportCase`], `exchange` starts a server
/// that does what the case's [`Peer`] says, sends the case's
/// [request](TransportCase::request) with the transport, and says what it saw.
/// What it cannot see is whether the work ends when the future is dropped.
///
/// ```
/// use std::time::Duration;
/// use http::Response;
/// use tripline::action::TransportError;
/// use tripline::testing::{Check, Exchanged, transport_conformance};
///
/// // A transport that takes everything for unsent.
/// let report = transport_conformance("wrong", |case| {
///     let error = TransportError::not_sent(format!("{}", case.request([127, 0, 0, 1].into(), 80).uri()));
///     Exchanged::new(Err(error), 0, Duration::ZERO)
/// });
/// let found: Vec<Check> = report.findings().iter().map(|finding| finding.check()).collect();
/// assert!([Check::Statuses, Check::Outcome, Check::Secrets].iter().all(|check| found.contains(check)));
/// ```
pub fn transport_conformance(name: &str, mut exchange: impl FnMut(&TransportCase) -> Exchanged) -> Report {
    let mut report = Report::new(name);
    for case in CASES {
        for check in [Check::Statuses, Check::Redirects, Check::Output, Check::Outcome, Check::OneAttempt] {
            report.looked_at(check);
        }
        for check in [Check::Deadline, Check::Secrets, Check::Addresses] {
            report.looked_at(check);
        }
        for (check, message) in case.faults(&exchange(case)) {
            report.found(check, format!("{case}: {message}"));
        }
    }
    report.sort();
    report
}

impl fmt::Display for TransportCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The host that the head of a request names, without its port.
fn host(head: &[u8]) -> Option<&str> {
    let mut lines = std::str::from_utf8(head).ok()?.lines();
    let (_, value) = lines.find_map(|line| line.split_once(':').filter(is_host))?;
    let value = value.trim();
    Some(value.rsplit_once(':').map_or(value, |(host, _)| host))
}

fn is_host((name, _): &(&str, &str)) -> bool {
    name.eq_ignore_ascii_case("host")
}

/// An error with its causes, however they are shown.
fn shown(error: &TransportError) -> String {
    let mut text = format!("{error} {error:?}");
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text.push_str(&format!(" {cause} {cause:?}"));
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Transport;
    use crate::testing::hello::tests::hello;
    use crate::testing::{Fate, ScriptedTransport, World};

    /// What is done to a right transport to make it wrong.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Fault {
        None,
        Follows,
        ReadsAll,
        ForgetsTheMark,
        SaysUnsent,
        SaysUnknown,
        TriesAgain,
        IsLate,
        ShowsTheUrl,
        ForgetsTheAddresses,
        HidesTheStatus,
        NamesTheAddress,
        NamesTheAddressInTls,
        NamesNothing,
        GoesByTheUrl,
    }

    fn response(status: u16, length: usize) -> Response<Vec<u8>> {
        Response::builder().status(status).body(vec![b'x'; length]).unwrap()
    }

    fn exchange(fault: Fault, case: &TransportCase) -> Exchanged {
        let world = World::new(0);
        let (peer, mut count) = (case.peer(), 0);
        let transport = ScriptedTransport::new(&world, move |_| {
            count += 1;
            match peer {
                Peer::AnswersUnavailable => response(503, 2),
                Peer::Redirects if count == 1 => response(302, 0),
                Peer::AnswersAtLength => response(200, 64 << 10),
                Peer::Drips => response(200, 100),
                _ => response(200, 2),
            }
        });
        let mut fate = match peer {
            Peer::IsAbsent | Peer::HangsUpOnTls => Fate::not_sent(),
            Peer::HangsUp => Fate::lost_reply(),
            Peer::BreaksOff => Fate::broken_off(),
            Peer::Silent => Fate::silent(),
            Peer::Drips => Fate::delivered().with_drip(Duration::from_millis(100)),
            _ => Fate::delivered(),
        };
        let mut request = case.request([127, 0, 0, 1].into(), 8080);
        let limits = AnswerLimits::of(&request);
        match fault {
            Fault::IsLate => drop(request.extensions_mut().insert(limits.with_time(TIME * 40))),
            Fault::ReadsAll => drop(request.extensions_mut().insert(limits.with_max_bytes(1 << 20))),
            Fault::ForgetsTheAddresses => drop(request.extensions_mut().remove::<CheckedAddresses>()),
            Fault::GoesByTheUrl if case.addresses == Addresses::Foreign => {
                drop(request.extensions_mut().remove::<CheckedAddresses>());
            }
            Fault::TriesAgain if peer == Peer::AnswersUnavailable => fate = Fate::lost_reply(),
            _ => {}
        }
        transport.script([fate]);
        let began = world.now();
        let mut result = world.block_on(transport.send(request.clone()));
        let again = match fault {
            Fault::Follows => result.as_ref().is_ok_and(|response| response.status() == 302),
            Fault::TriesAgain => result.as_ref().is_err_and(TransportError::is_outcome_unknown),
            _ => false,
        };
        if again {
            result = world.block_on(transport.send(request.clone()));
        }
        result = match (fault, result) {
            (Fault::ForgetsTheMark, Ok(response)) => Ok(Response::new(response.into_body())),
            (Fault::HidesTheStatus, Ok(_)) => Ok(response(200, 2)),
            (Fault::SaysUnsent, Err(error)) if !error.is_refused() => Err(TransportError::not_sent("no")),
            (Fault::SaysUnknown, Err(error)) if !error.is_refused() => Err(TransportError::no_answer("no")),
            (Fault::ShowsTheUrl, Err(error)) => Err(error.with_source(request.uri().to_string())),
            (_, result) => result,
        };
        let requests = transport.sent().iter().filter(|sent| sent.is_executed()).count();
        let name = if fault == Fault::NamesTheAddress { "127.0.0.1" } else { GUARDED_HOST };
        let in_tls = if fault == Fault::NamesTheAddressInTls { None } else { Some(name) };
        let heard = match (fault, peer) {
            (Fault::NamesNothing, _) => Vec::new(),
            (_, Peer::HangsUpOnTls) => hello(in_tls),
            _ => {
                format!("POST /hook HTTP/1.1\r\ncontent-length: 5\r\nHost: {name}:8080\r\n\r\n").into_bytes()
            }
        };
        Exchanged::new(result, requests, (world.now() - began).to_std().unwrap()).with_heard(heard)
    }

    #[test]
    fn the_scripted_transport_is_right_and_every_fault_planted_in_it_is_caught() {
        transport_conformance("scripted", |case| exchange(Fault::None, case)).assert();
        for (fault, check) in [
            (Fault::Follows, Check::Redirects),
            (Fault::ReadsAll, Check::Output),
            (Fault::ForgetsTheMark, Check::Output),
            (Fault::SaysUnsent, Check::Outcome),
            (Fault::SaysUnknown, Check::Outcome),
            (Fault::TriesAgain, Check::OneAttempt),
            (Fault::IsLate, Check::Deadline),
            (Fault::ShowsTheUrl, Check::Secrets),
            (Fault::ForgetsTheAddresses, Check::Addresses),
            (Fault::HidesTheStatus, Check::Statuses),
            (Fault::NamesTheAddress, Check::Addresses),
            (Fault::NamesTheAddressInTls, Check::Addresses),
            (Fault::NamesNothing, Check::Addresses),
            (Fault::GoesByTheUrl, Check::Addresses),
        ] {
            let report = transport_conformance("planted", |case| exchange(fault, case));
            assert!(report.findings().iter().any(|finding| finding.check() == check), "{fault:?}: {report}");
            assert!(!report.to_string().contains(CANARY), "{report}");
        }
    }
}
