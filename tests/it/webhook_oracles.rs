//! The guard and the signatures held against what others make of them: Python's `ipaddress`, Node's `URL`, and the
//! reference libraries of Standard Webhooks for Python and JavaScript.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::{Value, json};
use tripline::webhook::{CheckedUrl, Guard, GuardErrorKind};

use crate::oracle;
use crate::random::Random;
use crate::webhook::urls;

// Addresses.

/// Where the guard is stricter than Python's newest: blocks that Python calls global. Older versions of Python know
/// less of the registries and call more of these global.
const STRICTER: &[(&str, u8, &str)] = &[
    ("168.63.129.16", 32, "Azure's own services on every Azure machine"),
    ("192.0.0.0", 24, "anycast (PCP, TURN) and rows that older versions of Python do not know"),
    ("192.31.196.0", 24, "AS112: anycast, answered by the nearest network"),
    ("192.52.193.0", 24, "AMT: anycast"),
    ("192.88.99.0", 24, "6to4 relays: anycast, given up in RFC 7526"),
    ("192.175.48.0", 24, "AS112: anycast"),
    ("224.0.0.0", 4, "multicast: Python has a property of its own for it"),
    (
        "::",
        3,
        "not given out to anybody but for special purposes: translation, mapped and compatible addresses",
    ),
    ("2001::", 23, "protocol assignments: anycast, AMT, ORCHID"),
    ("2002::", 16, "6to4: stands for an IPv4 address; older versions of Python call it global"),
    ("2620:4f:8000::", 48, "AS112: anycast"),
    ("3fff::", 20, "documentation since RFC 9637; older versions of Python do not know"),
    ("4000::", 2, "not given out"),
    ("8000::", 1, "not given out, site-local use, multicast"),
];

/// The blocks at whose edges a mistake would be; written once more, apart from the guard's own table.
const EDGES: &[(&str, u8)] = &[
    ("0.0.0.0", 8),
    ("10.0.0.0", 8),
    ("100.64.0.0", 10),
    ("127.0.0.0", 8),
    ("169.254.0.0", 16),
    ("172.16.0.0", 12),
    ("192.0.0.0", 24),
    ("192.0.0.0", 29),
    ("192.0.0.8", 31),
    ("192.0.0.170", 31),
    ("192.0.2.0", 24),
    ("192.168.0.0", 16),
    ("198.18.0.0", 15),
    ("198.51.100.0", 24),
    ("203.0.113.0", 24),
    ("240.0.0.0", 4),
    ("255.255.255.255", 32),
    ("::", 128),
    ("::1", 128),
    ("::ffff:0:0", 96),
    ("::", 96),
    ("64:ff9b::", 96),
    ("64:ff9b:1::", 48),
    ("100::", 64),
    ("100:0:0:1::", 64),
    ("2000::", 3),
    ("2001::", 32),
    ("2001:1::1", 128),
    ("2001:2::", 48),
    ("2001:3::", 32),
    ("2001:4:112::", 48),
    ("2001:10::", 28),
    ("2001:20::", 28),
    ("2001:30::", 28),
    ("2001:db8::", 32),
    ("3ffe::", 16),
    ("5f00::", 16),
    ("fc00::", 7),
    ("fe80::", 10),
    ("fec0::", 10),
    ("ff00::", 8),
];

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn first_and_last(address: &str, prefix: u8) -> (IpAddr, IpAddr) {
    match ip(address) {
        IpAddr::V4(first) => {
            let rest = u32::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
            (first.into(), Ipv4Addr::from_bits(first.to_bits() | rest).into())
        }
        IpAddr::V6(first) => {
            let rest = u128::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
            (first.into(), Ipv6Addr::from_bits(first.to_bits() | rest).into())
        }
    }
}

fn neighbours(address: IpAddr) -> [IpAddr; 3] {
    match address {
        IpAddr::V4(middle) => {
            [-1, 0, 1].map(|by| Ipv4Addr::from_bits(middle.to_bits().wrapping_add_signed(by)).into())
        }
        IpAddr::V6(middle) => {
            [-1, 0, 1].map(|by| Ipv6Addr::from_bits(middle.to_bits().wrapping_add_signed(by)).into())
        }
    }
}

fn addresses() -> Vec<IpAddr> {
    let blocks = STRICTER.iter().map(|(address, prefix, _)| (*address, *prefix)).chain(EDGES.iter().copied());
    let mut all: Vec<IpAddr> = blocks
        .flat_map(|(address, prefix)| {
            let (first, last) = first_and_last(address, prefix);
            [neighbours(first), neighbours(last)].concat()
        })
        .collect();
    let mut random = Random(0x00C0_FFEE);
    for first in 0..=255 {
        for _ in 0..40 {
            let rest = random.next() as u32 & 0x00ff_ffff;
            all.push(Ipv4Addr::from_bits(first << 24 | rest).into());
        }
    }
    for _ in 0..10_000 {
        let mut bits = u128::from(random.next()) << 64 | u128::from(random.next());
        // Half of them within what is given out, and a tenth with few bits set, where the special ones are.
        if random.below(2) == 0 {
            bits = bits >> 3 | 1 << 125;
        }
        if random.below(10) == 0 {
            bits &= u128::from(random.next() & random.next()) << 96 | u128::from(random.next());
        }
        all.push(Ipv6Addr::from_bits(bits).into());
    }
    all
}

#[test]
fn every_address_that_passes_is_global_to_python_and_every_other_difference_is_explained() {
    let addresses = addresses();
    let input: String = addresses.iter().map(|address| format!("{address}\n")).collect();
    let Some(answers) = oracle::python("ip_addresses.py", &[], &input) else { return };
    assert_eq!(answers.len(), addresses.len());
    let (mut passed, mut stricter) = (0, vec![0; STRICTER.len()]);
    for (address, answer) in addresses.iter().zip(&answers) {
        let is_global = answer == "true";
        if Guard::new().check_addresses(&[*address]).is_ok() {
            assert!(is_global, "{address} passes, and is not global to Python");
            passed += 1;
        } else if is_global {
            let explained = STRICTER.iter().position(|(block, prefix, _)| {
                let (first, last) = first_and_last(block, *prefix);
                (first..=last).contains(address)
            });
            let place = explained.unwrap_or_else(|| panic!("{address} is refused, and is global to Python"));
            stricter[place] += 1;
        }
    }
    assert!(passed > 10_000, "only {passed} of {} pass", addresses.len());
    // What no version of Python knows must differ, or the oracle was not asked.
    for block in ["168.63.129.16", "224.0.0.0", "192.52.193.0", "4000::"] {
        let place = STRICTER.iter().position(|(other, ..)| *other == block).unwrap();
        assert!(stricter[place] > 0, "{block}: {}", STRICTER[place].2);
    }
}

// URLs.

/// URLs of the file with a few random changes: the characters that parsers disagree about, put anywhere.
fn mutants() -> Vec<String> {
    const PIECES: &[&str] = &[
        "/",
        "\\",
        "@",
        ":",
        "#",
        "?",
        ".",
        "..",
        "%",
        "%2e",
        "%00",
        "[",
        "]",
        "0x",
        "0",
        "1",
        "127.0.0.1",
        "localhost",
        "xn--",
        "\u{ff0e}",
        "\u{3002}",
        "\t",
        "\n",
        " ",
        "\u{0}",
        "é",
        "\u{ad}",
        ":443",
        ":80",
        "//",
        "'",
        "\"",
        "<",
        "|",
        "^",
        "{",
        "}",
        "`",
        "&",
        "=",
        "+",
        "~",
        "!",
        "*",
        "_",
        "-",
        "A",
        "Z",
        "%41",
        "%7f",
        "%zz",
        ";",
        ",",
        "$",
    ];
    let urls = urls();
    let bases: Vec<&String> =
        urls.accepted.iter().flat_map(|(url, _)| [url; 4]).chain(urls.refused.values().flatten()).collect();
    let mut random = Random(0x00DE_C0DE);
    let mut all = Vec::new();
    while all.len() < 60_000 {
        let mut letters: Vec<char> = bases[random.below(bases.len())].chars().take(200).collect();
        for _ in 0..=random.below(3) {
            let at = random.below(letters.len() + 1);
            match random.below(3) {
                0 if at < letters.len() => drop(letters.remove(at)),
                1 if at < letters.len() => {
                    letters.splice(at..=at, PIECES[random.below(PIECES.len())].chars());
                }
                _ => drop(letters.splice(at..at, PIECES[random.below(PIECES.len())].chars())),
            }
        }
        all.push(letters.into_iter().collect());
    }
    all
}

/// What a client sees in the text that came in must be what the guard saw in it.
fn assert_same(text: &str, url: &CheckedUrl, seen: &Value) {
    if seen.is_null() {
        // It also looks into `xn--` labels, and takes those only that the tables of Unicode allow.
        assert!(
            url.host().split('.').any(|label| label.starts_with("xn--")),
            "Node finds no URL in {text:?}"
        );
        return;
    }
    let default = if url.scheme() == "https" { 443 } else { 80 };
    let port = if url.port() == default { String::new() } else { url.port().to_string() };
    let (path, query) = url.path_and_query().split_once('?').unwrap_or((url.path_and_query(), ""));
    // The one character that RFC 3986 lets stand in a query and the WHATWG standard encodes.
    let query = query.replace('\'', "%27");
    let query = if query.is_empty() { query } else { format!("?{query}") };
    let expected = json!({
        "protocol": format!("{}:", url.scheme()), "username": "", "password": "", "hostname": url.host(),
        "port": port, "pathname": path, "search": query, "hash": "",
    });
    assert_eq!(*seen, expected, "{text:?}");
}

#[test]
fn a_url_that_passes_is_the_same_to_node() {
    let guards = [Guard::new(), Guard::new().with_http(true).with_any_port(true).with_loopback(true)];
    let urls = urls();
    let accepted = urls.accepted.iter().flat_map(|(url, text)| [url.clone(), text.clone()]);
    let texts: Vec<String> = accepted.chain(urls.refused.into_values().flatten()).chain(mutants()).collect();
    let input: String = texts.iter().map(|text| Value::from(text.as_str()).to_string() + "\n").collect();
    let Some(lines) = oracle::node("url.js", &[], &input) else { return };
    assert_eq!(lines.len(), texts.len());
    let mut passed = 0;
    for (text, line) in texts.iter().zip(&lines) {
        let seen: Value = serde_json::from_str(line).unwrap();
        for guard in &guards {
            if let Ok(url) = guard.check_url(text) {
                assert_same(text, &url, &seen);
                passed += 1;
            }
        }
    }
    assert!(passed > 5_000, "only {passed} of {} pass", texts.len());
}

#[test]
fn whatever_node_takes_for_an_address_inside_is_refused() {
    let texts = mutants();
    let input: String = texts.iter().map(|text| Value::from(text.as_str()).to_string() + "\n").collect();
    let Some(lines) = oracle::node("url.js", &[], &input) else { return };
    let mut inside = 0;
    for (text, line) in texts.iter().zip(&lines) {
        let seen: Value = serde_json::from_str(line).unwrap();
        let host = seen["hostname"].as_str().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let is_inside = address.is_ok_and(|address| Guard::new().check_addresses(&[address]).is_err());
        if is_inside || host == "localhost" || host.ends_with(".internal") {
            assert!(Guard::new().check_url(text).is_err(), "{text:?} passes, and leads to {host}");
            inside += 1;
        }
    }
    assert!(inside > 1_000, "only {inside}");
    let error = Guard::new().check_url("https://127.0.0.1/").unwrap_err();
    assert_eq!(error.kind(), GuardErrorKind::Address);
}

// Signatures.

#[cfg(feature = "signing")]
mod signatures {
    use chrono::{DateTime, Utc};
    use http::HeaderMap;
    use serde_json::{Value, json};
    use tripline::webhook::{Signer, SigningSecret, Verifier, VerifyErrorKind};

    use super::{Random, oracle};

    /// Asks one of the two libraries.
    type Ask = fn(&[&str], &str) -> Option<Vec<String>>;

    fn python(arguments: &[&str], input: &str) -> Option<Vec<String>> {
        oracle::python("standard_webhooks.py", arguments, input)
    }

    fn node(arguments: &[&str], input: &str) -> Option<Vec<String>> {
        oracle::has_node_package("standardwebhooks")
            .then(|| oracle::node("standard_webhooks.js", arguments, input))?
    }

    struct Case {
        secret: SigningSecret,
        other: SigningSecret,
        id: String,
        body: String,
    }

    /// Secrets of every length, ids of many, bodies that are JSON, since the libraries read what they have verified.
    fn cases() -> Vec<Case> {
        let mut random = Random(0x0051_6E00);
        let mut secret = |length: usize| {
            let bytes: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
            SigningSecret::from_bytes(&bytes).unwrap()
        };
        let bodies = [
            r#"{"trigger":"vip-1000","value":1004}"#.to_owned(),
            "{ \"spaced\" :\r\n [1.0, 1e3, \"\\u00e9\"] }\n".to_owned(),
            r#"{"é":"😀\u0000","lone":"\\ud800"}"#.to_owned(),
            "[]".to_owned(),
            "17".to_owned(),
            json!({"long": "x".repeat(30_000)}).to_string(),
        ];
        let ids = ["d_17", "A-z_09", "-", "msg_p5jXN8AQM9LWM0D4loKWxJek"].map(str::to_owned);
        (24..=64)
            .flat_map(|length| {
                let (secret, other) = (secret(length), secret(88 - length));
                let (id, body) = (ids[length % 4].clone(), bodies[length % 6].clone());
                let longest = Case {
                    secret: other.clone(),
                    other: secret.clone(),
                    id: "x".repeat(256),
                    body: body.clone(),
                };
                [Case { secret, other, id, body }, longest]
            })
            .collect()
    }

    fn now(ask: Ask) -> Option<DateTime<Utc>> {
        let answer = ask(&["now"], "")?;
        DateTime::from_timestamp(answer[0].parse().unwrap(), 0)
    }

    fn request(secret: &SigningSecret, headers: &HeaderMap, body: &str) -> String {
        let headers: serde_json::Map<String, Value> = headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().into()))
            .collect();
        json!({"secret": secret.expose(), "headers": headers, "body": body}).to_string() + "\n"
    }

    fn they_verify_what_is_signed_here(ask: Ask) {
        let Some(now) = now(ask) else { return };
        let (mut input, mut expected) = (String::new(), Vec::new());
        let mut case = |secret: &SigningSecret, headers: &HeaderMap, body: &str, is_good: bool| {
            input.push_str(&request(secret, headers, body));
            expected.push(is_good);
        };
        for Case { secret, other, id, body } in cases() {
            let mut headers = HeaderMap::new();
            let one = Signer::new([secret.clone()]).unwrap();
            one.sign(now, &id, body.as_bytes()).unwrap().insert_into(&mut headers);
            case(&secret, &headers, &body, true);
            case(&other, &headers, &body, false);
            case(&secret, &headers, &format!("{body} "), false);
            for (name, value) in
                [("webhook-id", "d_18"), ("webhook-timestamp", "1"), ("webhook-signature", "v1,AAAA")]
            {
                let mut changed = headers.clone();
                changed.insert(name, value.parse().unwrap());
                case(&secret, &changed, &body, false);
            }
            let both = Signer::new([other.clone(), secret.clone()]).unwrap();
            both.sign(now, &id, body.as_bytes()).unwrap().insert_into(&mut headers);
            case(&secret, &headers, &body, true);
            case(&other, &headers, &body, true);
        }
        let answers = ask(&["verify"], &input).unwrap();
        assert_eq!(answers.len(), expected.len());
        for (at, (answer, is_good)) in answers.iter().zip(&expected).enumerate() {
            assert_eq!(answer == "ok", *is_good, "case {at}: {answer}");
        }
    }

    fn what_they_sign_is_verified_here(ask: Ask) {
        let now = DateTime::from_timestamp(1_772_330_400, 0).unwrap();
        let mut input = String::new();
        for Case { secret, other, id, body } in cases() {
            for secret in [secret, other] {
                let case =
                    json!({"secret": secret.expose(), "id": id, "timestamp": now.timestamp(), "body": body});
                input.push_str(&(case.to_string() + "\n"));
            }
        }
        let Some(signed) = ask(&["sign"], &input) else { return };
        let cases = cases();
        assert_eq!(signed.len(), cases.len() * 2);
        for (Case { secret, other, id, body }, theirs) in cases.into_iter().zip(signed.chunks(2)) {
            let ours = Signer::new([secret.clone(), other.clone()]).unwrap();
            let ours = ours.sign(now, &id, body.as_bytes()).unwrap();
            assert_eq!(ours.signatures(), theirs.join(" "), "{id}");
            let mut headers = HeaderMap::new();
            ours.insert_into(&mut headers);
            let verifier = Verifier::new([secret]).unwrap();
            for (signatures, is_good) in [
                (theirs[0].clone(), true),
                (theirs[1].clone(), false),
                (theirs.join(" "), true),
                (format!("{} {}", theirs[1], theirs[0]), true),
            ] {
                headers.insert("webhook-signature", signatures.parse().unwrap());
                let verdict =
                    verifier.verify(now, &headers, body.as_bytes()).map(|verified| verified.id().to_owned());
                let expected = if is_good { Ok(id.clone()) } else { Err(VerifyErrorKind::NoMatch) };
                assert_eq!(verdict.map_err(|error| error.kind()), expected);
            }
        }
    }

    #[test]
    fn the_python_library_verifies_what_is_signed_here() {
        they_verify_what_is_signed_here(python);
    }

    #[test]
    fn the_javascript_library_verifies_what_is_signed_here() {
        they_verify_what_is_signed_here(node);
    }

    #[test]
    fn what_the_python_library_signs_is_verified_here() {
        what_they_sign_is_verified_here(python);
    }

    #[test]
    fn what_the_javascript_library_signs_is_verified_here() {
        what_they_sign_is_verified_here(node);
    }
}
