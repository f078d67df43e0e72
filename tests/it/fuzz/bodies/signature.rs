//! A webhook's signature: what was signed is verified, and nothing else.

use chrono::DateTime;
use http::{HeaderMap, HeaderName, HeaderValue};
use tripline::webhook::{Signer, SigningSecret, Verifier};

use super::input::{Input, edit};

const NAMES: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

pub(crate) fn body(data: &[u8]) {
    let mut input = Input(data);
    match input.byte() % 3 {
        0 => secret(input.0),
        1 => headers(&mut input),
        _ => signed(&mut input),
    }
}

/// A secret has one spelling.
fn secret(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match SigningSecret::parse(text) {
        Ok(secret) => assert_eq!(secret.expose(), text),
        Err(error) => {
            let shown = error.to_string();
            assert!(!shown.is_empty() && shown.len() < 200);
            assert!(
                text.len() < 12 || !text.starts_with("whsec_") || !shown.contains(text),
                "the secret is shown: {shown}"
            );
        }
    }
}

/// Headers of any bytes, under a key that nobody else has: none is verified.
fn headers(input: &mut Input<'_>) {
    let mut headers = HeaderMap::new();
    while !input.is_empty() {
        let name = HeaderName::from_static(input.pick(&NAMES));
        if let Ok(value) = HeaderValue::from_bytes(input.until(b'\n')) {
            headers.append(name, value);
        }
    }
    let error = verifier().verify(at(), &headers, b"{}").expect_err("nobody has signed it");
    let shown = error.to_string();
    assert!(!shown.is_empty() && shown.len() < 200, "{shown}");
}

/// Signed, then changed as the input says.
fn signed(input: &mut Input<'_>) {
    let id: String = input.until(b'\n').iter().map(|byte| char::from(*byte)).collect();
    let body = input.until(b'\n').to_vec();
    let Ok(signature) = Signer::new([key(1), key(2)]).expect("two keys").sign(at(), &id, &body) else {
        assert!(id.is_empty() || id.len() > 256 || !id.bytes().all(is_of_id) || !id.is_ascii(), "{id:?}");
        return;
    };
    let mut parts = [
        signature.id().as_bytes().to_vec(),
        signature.timestamp().as_bytes().to_vec(),
        signature.signatures().as_bytes().to_vec(),
        body.clone(),
    ];
    let before = parts.clone();
    assert_eq!(verified(&parts), Some(true));
    let which = input.below(4);
    edit(input, &mut parts[which]);
    let Some(is_verified) = verified(&parts) else { return };
    if is_verified {
        assert_eq!((&parts[0], &parts[1], &parts[3]), (&before[0], &before[1], &before[3]));
        let text = String::from_utf8_lossy(&parts[2]).into_owned();
        let mut entries = text.split(' ');
        assert!(entries.any(|entry| signature.signatures().split(' ').any(|whole| whole == entry)), "{text}");
    } else {
        assert_ne!(parts, before);
    }
}

/// `None` where they cannot be headers.
fn verified(parts: &[Vec<u8>; 4]) -> Option<bool> {
    let mut headers = HeaderMap::new();
    for (name, value) in NAMES.iter().zip(parts) {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_bytes(value).ok()?);
    }
    let verifier = verifier();
    let verified = verifier.verify(at(), &headers, &parts[3]);
    if let Ok(verified) = &verified {
        assert_eq!((verified.id().as_bytes(), verified.signed_at()), (&*parts[0], at()));
    }
    Some(verified.is_ok())
}

fn verifier() -> Verifier {
    Verifier::new([key(1), key(3)]).expect("two keys")
}

fn key(number: u8) -> SigningSecret {
    SigningSecret::from_bytes(&[number; 32]).expect("32 bytes")
}

fn at() -> DateTime<chrono::Utc> {
    DateTime::from_timestamp(1_772_330_400, 0).expect("a time")
}

fn is_of_id(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-".contains(&byte)
}
