//! The receiving half.

use std::time::Duration;

use chrono::{DateTime, Utc};
use hmac::Hmac;
use hmac::digest::CtOutput;
use http::{HeaderMap, HeaderName};
use sha2::Sha256;

use super::error::{VerifyError, Why};
use super::{ID, MAX_SIGNATURES, SIGNATURE, SigningSecret, TIMESTAMP, is_id, secrets};
use crate::base64;
use crate::error::Error;

/// What the reference libraries tolerate.
const TOLERANCE: Duration = Duration::from_secs(300);

/// The most digits that always fit a signed 64-bit number; the 12 of the year 33658 would do.
const MAX_DIGITS: usize = 18;

/// Checks received webhooks: whether a live key signed this id, timestamp and
/// body, and not too long ago.
///
/// The body is taken as it came over the wire: parsing JSON and writing it
/// again gives other bytes, and no signature matches. Comparisons take the same
/// time wherever the difference is. A message that passes may still come
/// twice: keep [`Verified::id`] for as long as the tolerance and drop the second.
///
/// ```
/// use chrono::{DateTime, TimeDelta};
/// use tripline::webhook::{Signer, SigningSecret, Verifier, VerifyErrorKind};
///
/// let secret = SigningSecret::from_bytes(&[1; 32])?;
/// let signed_at = DateTime::from_timestamp(1_772_330_400, 0).unwrap();
/// let mut headers = http::HeaderMap::new();
/// Signer::new([secret.clone()])?.sign(signed_at, "d_17", b"{}")?.insert_into(&mut headers);
///
/// let verifier = Verifier::new([secret])?;
/// let now = signed_at + TimeDelta::seconds(300);
/// assert_eq!(verifier.verify(now, &headers, b"{}")?.id(), "d_17");
/// let refused = verifier.verify(now + TimeDelta::nanoseconds(1), &headers, b"{}").unwrap_err();
/// assert_eq!(refused.kind(), VerifyErrorKind::TooOld);
/// let refused = verifier.verify(now, &headers, b"{ }").unwrap_err();
/// assert_eq!(refused.kind(), VerifyErrorKind::NoMatch);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Verifier {
    secrets: Vec<SigningSecret>,
    tolerance: Duration,
}

impl Verifier {
    /// A verifier with these keys, 1 to 16, that tolerates 300 seconds.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) without a key,
    /// [`ErrorKind::Limit`](crate::ErrorKind::Limit) with more than 16.
    ///
    /// ```
    /// use tripline::webhook::Verifier;
    /// assert!(Verifier::new([]).is_err());
    /// ```
    pub fn new(live: impl IntoIterator<Item = SigningSecret>) -> Result<Self, Error> {
        Ok(Self { secrets: secrets(live)?, tolerance: TOLERANCE })
    }

    /// How far a message's time may be from `now`, in both directions and
    /// inclusive; 300 seconds by default, as in the reference libraries.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tripline::webhook::{SigningSecret, Verifier};
    /// let secret = SigningSecret::from_bytes(&[1; 32])?;
    /// let verifier = Verifier::new([secret])?.with_tolerance(Duration::from_secs(30));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Checks one message. Entries of the signature header that are not `v1,`
    /// and a well-formed signature are passed over, as other versions may stand there.
    ///
    /// # Errors
    ///
    /// A [`VerifyError`]; each reason is a [kind](super::VerifyErrorKind) of its own.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::webhook::{Signer, SigningSecret, Verifier};
    /// # let (old, new) = (SigningSecret::from_bytes(&[1; 32])?, SigningSecret::from_bytes(&[2; 32])?);
    /// # let now = DateTime::from_timestamp(1_772_330_400, 0).unwrap();
    /// # let mut headers = http::HeaderMap::new();
    /// # Signer::new([old.clone()])?.sign(now, "d_17", b"{}")?.insert_into(&mut headers);
    /// let verified = Verifier::new([new, old])?.verify(now, &headers, b"{}")?;
    /// assert_eq!(verified.key(), 1); // the sender still signs with the old one
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify<'h>(
        &self,
        now: DateTime<Utc>,
        headers: &'h HeaderMap,
        body: &[u8],
    ) -> Result<Verified<'h>, VerifyError> {
        let id = single(headers, &ID)?;
        let timestamp = single(headers, &TIMESTAMP)?;
        let given = single(headers, &SIGNATURE)?;
        let id = text(id).filter(|id| is_id(id)).ok_or_else(|| VerifyError::new(Why::BadId))?;
        let timestamp = text(timestamp).ok_or_else(|| VerifyError::new(Why::BadTimestamp))?;
        let signed_at = self.near(now, timestamp)?;
        let signatures = signatures(text(given).ok_or_else(|| VerifyError::new(Why::BadSignature))?)?;
        let mut found = None;
        for (key, secret) in self.secrets.iter().enumerate() {
            let mac = secret.mac(id, timestamp.as_bytes(), body);
            for signature in &signatures {
                // Constant in time; whether an earlier one has matched is no secret.
                if mac == *signature {
                    found = found.or(Some(key));
                }
            }
        }
        let key = found.ok_or_else(|| VerifyError::new(Why::NoMatch))?;
        Ok(Verified { id, signed_at, key })
    }

    /// The time of a timestamp that is near enough to `now`.
    fn near(&self, now: DateTime<Utc>, timestamp: &str) -> Result<DateTime<Utc>, VerifyError> {
        let is_number = timestamp.bytes().all(|byte| byte.is_ascii_digit())
            && (1..=MAX_DIGITS).contains(&timestamp.len())
            && (timestamp.len() == 1 || !timestamp.starts_with('0'));
        let seconds: i64 = is_number
            .then(|| timestamp.parse().ok())
            .flatten()
            .ok_or_else(|| VerifyError::new(Why::BadTimestamp))?;
        let nanos = i128::from(now.timestamp()) * 1_000_000_000 + i128::from(now.timestamp_subsec_nanos())
            - i128::from(seconds) * 1_000_000_000;
        let tolerance = self.tolerance;
        if nanos.unsigned_abs() > tolerance.as_nanos() {
            let by = Duration::from_nanos(u64::try_from(nanos.unsigned_abs()).unwrap_or(u64::MAX));
            let why = if nanos > 0 { Why::TooOld { by, tolerance } } else { Why::TooNew { by, tolerance } };
            return Err(VerifyError::new(why));
        }
        // Only with a tolerance of many thousand years is there no such time.
        DateTime::from_timestamp(seconds, 0).ok_or_else(|| VerifyError::new(Why::BadTimestamp))
    }
}

/// A message that passed.
///
/// ```
/// # use chrono::DateTime;
/// # use tripline::webhook::{Signer, SigningSecret, Verifier};
/// # let secret = SigningSecret::from_bytes(&[1; 32])?;
/// # let now = DateTime::from_timestamp(1_772_330_400, 0).unwrap();
/// # let mut headers = http::HeaderMap::new();
/// # Signer::new([secret.clone()])?.sign(now, "d_17", b"{}")?.insert_into(&mut headers);
/// let verified = Verifier::new([secret])?.verify(now, &headers, b"{}")?;
/// assert_eq!((verified.id(), verified.signed_at(), verified.key()), ("d_17", now, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified<'h> {
    id: &'h str,
    signed_at: DateTime<Utc>,
    key: usize,
}

impl<'h> Verified<'h> {
    /// The id of the delivery: the same when it is sent again, so that a second one can be dropped.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::webhook::{Signer, SigningSecret, Verifier};
    /// # let secret = SigningSecret::from_bytes(&[1; 32])?;
    /// # let mut headers = http::HeaderMap::new();
    /// # Signer::new([secret.clone()])?.sign(DateTime::UNIX_EPOCH, "d_17", b"{}")?.insert_into(&mut headers);
    /// # let verifier = Verifier::new([secret])?;
    /// assert_eq!(verifier.verify(DateTime::UNIX_EPOCH, &headers, b"{}")?.id(), "d_17");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn id(&self) -> &'h str {
        self.id
    }

    /// When it was signed, in whole seconds.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::webhook::{Signer, SigningSecret, Verifier};
    /// # let secret = SigningSecret::from_bytes(&[1; 32])?;
    /// # let mut headers = http::HeaderMap::new();
    /// # Signer::new([secret.clone()])?.sign(DateTime::UNIX_EPOCH, "d_17", b"{}")?.insert_into(&mut headers);
    /// # let verifier = Verifier::new([secret])?;
    /// assert_eq!(verifier.verify(DateTime::UNIX_EPOCH, &headers, b"{}")?.signed_at(), DateTime::UNIX_EPOCH);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn signed_at(&self) -> DateTime<Utc> {
        self.signed_at
    }

    /// Which of the verifier's keys matched, counted from 0 in the order given:
    /// once all senders match the newest, the others can go.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::webhook::{Signer, SigningSecret, Verifier};
    /// # let secret = SigningSecret::from_bytes(&[1; 32])?;
    /// # let mut headers = http::HeaderMap::new();
    /// # Signer::new([secret.clone()])?.sign(DateTime::UNIX_EPOCH, "d_17", b"{}")?.insert_into(&mut headers);
    /// # let verifier = Verifier::new([secret])?;
    /// assert_eq!(verifier.verify(DateTime::UNIX_EPOCH, &headers, b"{}")?.key(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn key(&self) -> usize {
        self.key
    }
}

/// The bytes of a header that is there once.
fn single<'h>(headers: &'h HeaderMap, name: &'static HeaderName) -> Result<&'h [u8], VerifyError> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or_else(|| VerifyError::new(Why::MissingHeader(name.as_str())))?;
    match values.next() {
        Some(_) => Err(VerifyError::new(Why::RepeatedHeader(name.as_str()))),
        None => Ok(value.as_bytes()),
    }
}

fn text(value: &[u8]) -> Option<&str> {
    let is_visible = value.iter().all(|byte| matches!(byte, b' '..=b'~'));
    std::str::from_utf8(value).ok().filter(|_| is_visible)
}

/// The well-formed signatures of version `v1`.
fn signatures(header: &str) -> Result<Vec<CtOutput<Hmac<Sha256>>>, VerifyError> {
    let entries = || header.split(' ').filter(|entry| !entry.is_empty());
    if entries().nth(MAX_SIGNATURES).is_some() {
        return Err(VerifyError::new(Why::TooManySignatures));
    }
    let signature = |entry: &str| {
        let bytes: [u8; 32] = base64::decode(entry.strip_prefix("v1,")?).ok()?.try_into().ok()?;
        Some(CtOutput::new(bytes.into()))
    };
    let found: Vec<_> = entries().filter_map(signature).collect();
    if found.is_empty() { Err(VerifyError::new(Why::NoSignature)) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::super::{Signer, VerifyErrorKind};
    use super::*;

    const BODY: &[u8] = b"{\"n\": 1}\r\n\xff\0";

    fn secret(key: u8) -> SigningSecret {
        SigningSecret::from_bytes(&[key; 32]).unwrap()
    }

    fn verifier(keys: &[u8]) -> Verifier {
        Verifier::new(keys.iter().map(|key| secret(*key))).unwrap()
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn signed(keys: &[u8], seconds: i64) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let signer = Signer::new(keys.iter().map(|key| secret(*key))).unwrap();
        signer.sign(at(seconds), "d_17", BODY).unwrap().insert_into(&mut headers);
        headers
    }

    fn with(name: &HeaderName, value: impl AsRef<[u8]>) -> HeaderMap {
        let mut headers = signed(&[1], 1_000);
        headers.insert(name, http::HeaderValue::from_bytes(value.as_ref()).unwrap());
        headers
    }

    fn refusal(headers: &HeaderMap) -> VerifyErrorKind {
        verifier(&[1]).verify(at(1_000), headers, BODY).unwrap_err().kind()
    }

    #[test]
    fn while_keys_change_one_common_key_is_enough() {
        for (sent, live, key) in
            [(&[1][..], &[1][..], 0), (&[2, 1], &[1], 0), (&[1], &[2, 1], 1), (&[3, 2], &[9, 3, 2], 1)]
        {
            let headers = signed(sent, 1_000);
            let verified = verifier(live).verify(at(1_000), &headers, BODY).unwrap();
            assert_eq!((verified.id(), verified.signed_at(), verified.key()), ("d_17", at(1_000), key));
        }
        let headers = signed(&[1, 2], 1_000);
        let refused = verifier(&[3, 4]).verify(at(1_000), &headers, BODY).unwrap_err();
        assert_eq!(refused.kind(), VerifyErrorKind::NoMatch);
    }

    #[test]
    fn a_changed_bit_of_body_id_or_time_makes_no_match() {
        let headers = signed(&[1], 1_000);
        for bit in 0..BODY.len() * 8 {
            let mut body = BODY.to_vec();
            body[bit / 8] ^= 1 << (bit % 8);
            let refused = verifier(&[1]).verify(at(1_000), &headers, &body).unwrap_err();
            assert_eq!(refused.kind(), VerifyErrorKind::NoMatch);
        }
        for (name, value) in [(&ID, "d_18"), (&ID, "d_1"), (&TIMESTAMP, "1001"), (&TIMESTAMP, "999")] {
            assert_eq!(refusal(&with(name, value)), VerifyErrorKind::NoMatch, "{name}: {value}");
        }
    }

    #[test]
    fn the_tolerance_is_inclusive_in_both_directions_and_can_be_set() {
        let headers = signed(&[1], 10_000);
        let verdict = |verifier: &Verifier, nanos: i64| {
            let now = at(10_000) + chrono::TimeDelta::nanoseconds(nanos);
            verifier.verify(now, &headers, BODY).map(|_| ()).map_err(|error| error.kind())
        };
        for seconds in [300_i64, 7, 0] {
            let verifier = verifier(&[1]).with_tolerance(Duration::from_secs(seconds as u64));
            let edge = seconds * 1_000_000_000;
            assert_eq!(verdict(&verifier, edge), Ok(()));
            assert_eq!(verdict(&verifier, -edge), Ok(()));
            assert_eq!(verdict(&verifier, edge + 1), Err(VerifyErrorKind::TooOld));
            assert_eq!(verdict(&verifier, -edge - 1), Err(VerifyErrorKind::TooNew));
        }
        assert_eq!(verdict(&verifier(&[1]), 300_000_000_001), Err(VerifyErrorKind::TooOld));
    }

    #[test]
    fn a_timestamp_is_a_whole_number_in_ascii_digits() {
        for text in [
            "",
            "-1",
            "+1000",
            "1000.0",
            "1e3",
            " 1000",
            "1000 ",
            "01000",
            "00",
            "0x3e8",
            "1_000",
            "hello",
            "1000,1000",
            "١٠٠٠",
            "１０００",
            "NaN",
            "inf",
            "1000000000000000000",
            "99999999999999999999999",
        ] {
            assert_eq!(refusal(&with(&TIMESTAMP, text)), VerifyErrorKind::BadTimestamp, "{text:?}");
        }
        assert_eq!(refusal(&with(&TIMESTAMP, "999999999999999999")), VerifyErrorKind::TooNew);
        assert_eq!(refusal(&with(&TIMESTAMP, "0")), VerifyErrorKind::TooOld);
        let forever = verifier(&[1]).with_tolerance(Duration::MAX);
        let refused = forever.verify(at(0), &with(&TIMESTAMP, "999999999999999999"), BODY).unwrap_err();
        assert_eq!(refused.kind(), VerifyErrorKind::BadTimestamp);
    }

    #[test]
    fn an_id_that_could_move_the_point_is_refused() {
        let longest = "a".repeat(257);
        for id in ["", "d.17", "d 17", "é", "d/17", "d=", &longest] {
            assert_eq!(refusal(&with(&ID, id)), VerifyErrorKind::BadId, "{id:?}");
        }
    }

    #[test]
    fn a_missing_and_a_repeated_header_are_named() {
        for name in [&ID, &TIMESTAMP, &SIGNATURE] {
            let mut headers = signed(&[1], 1_000);
            headers.append(name, headers[name].clone());
            let error = verifier(&[1]).verify(at(1_000), &headers, BODY).unwrap_err();
            assert_eq!(error.kind(), VerifyErrorKind::RepeatedHeader);
            assert!(error.to_string().contains(name.as_str()), "{error}");
            headers.remove(name);
            let error = verifier(&[1]).verify(at(1_000), &headers, BODY).unwrap_err();
            assert_eq!(error.kind(), VerifyErrorKind::MissingHeader);
            assert!(error.to_string().contains(name.as_str()), "{error}");
        }
    }

    #[test]
    fn what_is_no_signature_of_version_v1_is_passed_over() {
        let good = signed(&[1], 1_000)[&SIGNATURE].to_str().unwrap().to_owned();
        let other = signed(&[2], 1_000)[&SIGNATURE].to_str().unwrap().to_owned();
        for around in [
            format!("{other} {good}"),
            format!("v1a,hnO3f9T8 {good} v2,x"),
            format!("  {good}  "),
            format!("v1 v1, , v1,é {good}").replace('é', "e"),
            format!("{} {good}", "x".repeat(10_000)),
        ] {
            let headers = with(&SIGNATURE, &around);
            assert!(verifier(&[1]).verify(at(1_000), &headers, BODY).is_ok(), "{around}");
        }
        let (body, cut) = (&good[3..], &good[..good.len() - 1]);
        for none in [
            String::new(),
            " ".to_owned(),
            body.to_owned(),
            format!("V1,{body}"),
            format!("v1a,{body}"),
            format!("v1,{body}=").replace("==", "="),
            format!("v1,{}", "A".repeat(44)),
            format!("v1,{}", body.replace(['+', '/', 'A', 'B', 'C', 'D', 'E', 'F'], "-")),
            cut.to_owned(),
            format!("{good}AAAA"),
            good.replace(',', ",,"),
            good.replace(',', "\t"),
            good.replace(' ', "\t"),
        ] {
            if none == good {
                continue;
            }
            let refused = refusal(&with(&SIGNATURE, &none));
            let expected = if none.contains('\t') {
                VerifyErrorKind::BadSignature
            } else {
                VerifyErrorKind::NoSignature
            };
            assert_eq!(refused, expected, "{none:?}");
        }
        assert_eq!(refusal(&with(&SIGNATURE, "v1,\u{e9}")), VerifyErrorKind::BadSignature);
    }

    #[test]
    fn sixteen_signatures_are_looked_at_and_seventeen_refused() {
        let good = signed(&[1], 1_000)[&SIGNATURE].to_str().unwrap().to_owned();
        let with_others = |count: usize| with(&SIGNATURE, format!("{}{good}", "v2,x ".repeat(count)));
        assert!(verifier(&[1]).verify(at(1_000), &with_others(15), BODY).is_ok());
        assert_eq!(refusal(&with_others(16)), VerifyErrorKind::TooManySignatures);
    }

    #[test]
    fn the_published_vector_with_others_around_it_passes() {
        // "multi sig payload" of the reference libraries, with the signature that `sign function works` gives.
        let mut headers = HeaderMap::new();
        headers.insert(&ID, "msg_p5jXN8AQM9LWM0D4loKWxJek".parse().unwrap());
        headers.insert(&TIMESTAMP, "1614265330".parse().unwrap());
        let signatures = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= \
                          v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= \
                          v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= \
                          v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";
        headers.insert(&SIGNATURE, signatures.parse().unwrap());
        let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let verifier = Verifier::new([secret]).unwrap();
        assert!(verifier.verify(at(1_614_265_330), &headers, br#"{"test": 2432232314}"#).is_ok());
    }
}
