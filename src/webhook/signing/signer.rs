//! The sending half.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use http::header::{CONTENT_TYPE, InvalidHeaderValue};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{ID, MAX_ID, SIGNATURE, SigningSecret, TIMESTAMP, is_id, secrets};
use crate::base64;
use crate::error::{Error, ErrorKind};

/// `v1,` and the base64 of 32 bytes.
const SIGNATURE_LENGTH: usize = 3 + 44;

/// Signs webhooks with every live key, so that a key can be changed while
/// messages are under way: the receiver needs one of them.
///
/// ```
/// use chrono::DateTime;
/// use tripline::webhook::{Signer, SigningSecret};
///
/// let new = SigningSecret::from_bytes(&[1; 32])?;
/// let old = SigningSecret::from_bytes(&[2; 32])?;
/// let signer = Signer::new([new, old])?;
/// let now = DateTime::from_timestamp(1_772_330_400, 0).unwrap();
/// let signature = signer.sign(now, "d_17", b"{}")?;
/// assert_eq!(signature.signatures().split(' ').count(), 2);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Signer {
    secrets: Vec<SigningSecret>,
}

impl Signer {
    /// A signer with these keys, 1 to 16; the newest should come first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] without a key, [`ErrorKind::Limit`] with more than 16.
    ///
    /// ```
    /// use tripline::webhook::Signer;
    /// assert!(Signer::new([]).is_err());
    /// ```
    pub fn new(live: impl IntoIterator<Item = SigningSecret>) -> Result<Self, Error> {
        Ok(Self { secrets: secrets(live)? })
    }

    /// Signs one attempt to send `body` under `id`.
    ///
    /// `id` is the delivery's, the same at every attempt: 1 to 256 characters
    /// of `A-Z a-z 0-9 _ -`. The timestamp is that of the attempt, in whole
    /// seconds. `body` is what goes over the wire, byte for byte.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] where the id is not of this form or `now` is before 1970.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::webhook::{Signer, SigningSecret};
    ///
    /// let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let now = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
    /// let signature =
    ///     Signer::new([secret])?.sign(now, "msg_p5jXN8AQM9LWM0D4loKWxJek", br#"{"test": 2432232314}"#)?;
    /// assert_eq!(signature.signatures(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn sign(&self, now: DateTime<Utc>, id: &str, body: &[u8]) -> Result<Signature, Error> {
        if !is_id(id) {
            let shown: String = id.chars().take(64).collect();
            let message =
                format!("the webhook id {shown:?}: it takes 1 to {MAX_ID} characters of A-Z a-z 0-9 _ -");
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        if now.timestamp() < 0 {
            let message = format!("the time {now:?} is before 1970: a webhook cannot be signed for it");
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        let mut digits = [0; 20];
        let timestamp = header(decimal(now.timestamp().unsigned_abs(), &mut digits))?;
        let mut signatures = String::with_capacity(self.secrets.len() * (SIGNATURE_LENGTH + 1) - 1);
        for secret in &self.secrets {
            if !signatures.is_empty() {
                signatures.push(' ');
            }
            signatures.push_str("v1,");
            base64::push(&mut signatures, &secret.mac(id, timestamp.as_bytes(), body).into_bytes());
        }
        Ok(Signature { id: header(id)?, timestamp, signatures: header(signatures)? })
    }
}

/// What is sent with one attempt: the values of three headers.
///
/// ```
/// # use chrono::DateTime;
/// # use tripline::webhook::{Signer, SigningSecret};
/// # let signer = Signer::new([SigningSecret::from_bytes(&[1; 32])?])?;
/// # let now = DateTime::from_timestamp(1_772_330_400, 0).unwrap();
/// let signature = signer.sign(now, "d_17", b"{}")?;
/// let mut headers = http::HeaderMap::new();
/// signature.insert_into(&mut headers);
/// assert_eq!(headers["webhook-timestamp"], "1772330400");
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    id: HeaderValue,
    timestamp: HeaderValue,
    signatures: HeaderValue,
}

impl Signature {
    /// `webhook-id`: the delivery, whatever the attempt.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::webhook::{Signer, SigningSecret};
    /// # let signer = Signer::new([SigningSecret::from_bytes(&[1; 32])?])?;
    /// assert_eq!(signer.sign(DateTime::UNIX_EPOCH, "d_17", b"")?.id(), "d_17");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn id(&self) -> &str {
        text(&self.id)
    }

    /// `webhook-timestamp`: the attempt's time, in whole seconds since 1970.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::webhook::{Signer, SigningSecret};
    /// # let signer = Signer::new([SigningSecret::from_bytes(&[1; 32])?])?;
    /// assert_eq!(signer.sign(DateTime::UNIX_EPOCH, "d_17", b"")?.timestamp(), "0");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn timestamp(&self) -> &str {
        text(&self.timestamp)
    }

    /// `webhook-signature`: for each key `v1,` and the base64 of the
    /// HMAC-SHA256 of `id.timestamp.body`, separated by spaces.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::webhook::{Signer, SigningSecret};
    /// # let signer = Signer::new([SigningSecret::from_bytes(&[1; 32])?])?;
    /// let signature = signer.sign(DateTime::UNIX_EPOCH, "d_17", b"")?;
    /// assert!(signature.signatures().starts_with("v1,") && signature.signatures().len() == 47);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn signatures(&self) -> &str {
        text(&self.signatures)
    }

    /// Puts the three headers among others; what stood under their names goes.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::webhook::{Signer, SigningSecret};
    /// # let signer = Signer::new([SigningSecret::from_bytes(&[1; 32])?])?;
    /// let mut request = http::Request::post("https://hooks.contoso.example/in").body(b"{}".to_vec())?;
    /// let signature = signer.sign(DateTime::UNIX_EPOCH, "d_17", request.body())?;
    /// signature.insert_into(request.headers_mut());
    /// assert_eq!(request.headers()["webhook-id"], "d_17");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn insert_into(self, headers: &mut HeaderMap) {
        headers.insert(&ID, self.id);
        headers.insert(&TIMESTAMP, self.timestamp);
        headers.insert(&SIGNATURE, self.signatures);
    }
}

impl Signature {
    /// The headers of a message with content of this type, signed so.
    pub(crate) fn into_headers(self, content: HeaderValue) -> HeaderMap {
        let mut headers = SIGNED.clone();
        let mut values = [content, self.id, self.timestamp, self.signatures].map(Some);
        for (name, place) in &mut headers {
            let at = NAMES.iter().position(|other| name == *other);
            if let Some(value) = at.and_then(|at| values[at].take()) {
                *place = value;
            }
        }
        headers
    }
}

/// The names of what a signed message has, and a map of them: a copy of it is made faster than they are put in.
static NAMES: [&HeaderName; 4] = [&CONTENT_TYPE, &ID, &TIMESTAMP, &SIGNATURE];
static SIGNED: LazyLock<HeaderMap> =
    LazyLock::new(|| NAMES.into_iter().map(|name| (name.clone(), HeaderValue::from_static(""))).collect());

/// All three values are of visible ASCII characters and spaces by the time they come here.
fn header<T>(text: T) -> Result<HeaderValue, Error>
where
    HeaderValue: TryFrom<T, Error = InvalidHeaderValue>,
{
    HeaderValue::try_from(text).map_err(|cause| {
        Error::new(ErrorKind::Invalid, "a webhook header cannot be written").caused_by(cause)
    })
}

/// The digits of a number, written into the end of a place that has room for all there can be.
fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[at..];
        }
    }
}

fn text(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret, id and body of the published test of the reference libraries:
    /// <https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/javascript/src/webhook.test.ts>.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const PUBLISHED_ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 999_999_999).unwrap()
    }

    fn signer(count: u8) -> Signer {
        Signer::new((0..count).map(|key| SigningSecret::from_bytes(&[key; 24]).unwrap())).unwrap()
    }

    #[test]
    fn the_published_vector_holds() {
        let signer = Signer::new([SigningSecret::parse(SECRET).unwrap()]).unwrap();
        let signature = signer.sign(at(1_614_265_330), PUBLISHED_ID, BODY).unwrap();
        assert_eq!(signature.signatures(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!((signature.id(), signature.timestamp()), (PUBLISHED_ID, "1614265330"));
    }

    #[test]
    fn each_live_key_signs_in_its_order_and_sixteen_are_the_most() {
        let all = signer(16).sign(at(7), "d", b"x").unwrap();
        let each: Vec<&str> = all.signatures().split(' ').collect();
        assert_eq!(each.len(), 16);
        for (key, entry) in each.iter().enumerate() {
            let alone = Signer::new([SigningSecret::from_bytes(&[key as u8; 24]).unwrap()]).unwrap();
            assert_eq!(alone.sign(at(7), "d", b"x").unwrap().signatures(), *entry);
        }
        let many = (0..17).map(|key| SigningSecret::from_bytes(&[key; 24]).unwrap());
        assert!(Signer::new(many).unwrap_err().is_limit());
        assert_eq!(Signer::new([]).unwrap_err().kind(), ErrorKind::Invalid);
    }

    #[test]
    fn an_id_has_no_point_no_line_break_and_an_end() {
        let longest = "a".repeat(256);
        for id in ["a", "A-z_09", &longest] {
            assert_eq!(signer(1).sign(at(0), id, b"").unwrap().id(), id);
        }
        let longer = "a".repeat(257);
        for id in ["", "a.b", "a b", "a\n", "a\r\nx: y", "a\0", "é", "a/b", "a+b", "a=", &longer] {
            let error = signer(1).sign(at(0), id, b"").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid, "{id:?}");
            assert!(error.to_string().len() < 300 && !error.to_string().contains(['\n', '\0']), "{error}");
        }
    }

    #[test]
    fn a_time_before_1970_is_refused() {
        assert_eq!(signer(1).sign(at(0), "d", b"").unwrap().timestamp(), "0");
        assert_eq!(decimal(u64::MAX, &mut [0; 20]), u64::MAX.to_string().as_bytes());
        let error = signer(1).sign(at(-1), "d", b"").unwrap_err();
        assert!(error.to_string().contains("before 1970"), "{error}");
    }

    #[test]
    fn the_headers_of_a_signed_message_are_those_that_are_put_in_one_by_one() {
        let signature = signer(1).sign(at(7), "d", b"x").unwrap();
        let content = HeaderValue::from_static("text/plain");
        let mut one_by_one = HeaderMap::from_iter([(CONTENT_TYPE, content.clone())]);
        signature.clone().insert_into(&mut one_by_one);
        assert_eq!(signature.into_headers(content), one_by_one);
    }

    #[test]
    fn the_headers_replace_what_stood_there() {
        let mut headers = HeaderMap::new();
        for name in [&ID, &TIMESTAMP, &SIGNATURE] {
            headers.append(name, HeaderValue::from_static("old"));
            headers.append(name, HeaderValue::from_static("older"));
        }
        signer(1).sign(at(7), "d", b"x").unwrap().insert_into(&mut headers);
        assert_eq!(headers.len(), 3);
        assert_eq!((&headers[&ID], &headers[&TIMESTAMP]), (&header("d").unwrap(), &header("7").unwrap()));
    }
}
