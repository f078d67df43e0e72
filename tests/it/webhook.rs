//! The guard over a file of URLs, its settings, and what it shows of what it refuses.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;
use tripline::webhook::{Guard, GuardErrorKind};

/// `tests/data/webhook/urls.json`: URLs to refuse, by the kind of the refusal, and URLs to let through, each with
/// the text that is to come out.
pub(crate) struct Urls {
    pub(crate) refused: BTreeMap<String, Vec<String>>,
    pub(crate) accepted: Vec<(String, String)>,
}

pub(crate) fn urls() -> Urls {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/webhook/urls.json");
    let value: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    Urls {
        refused: serde_json::from_value(value["refused"].clone()).unwrap(),
        accepted: serde_json::from_value(value["accepted"].clone()).unwrap(),
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn kind(guard: &Guard, url: &str) -> Result<(), GuardErrorKind> {
    guard.check_url(url).map(|_| ()).map_err(|error| error.kind())
}

#[test]
fn every_url_of_the_file_is_refused_for_its_reason() {
    let refused = urls().refused;
    assert!(refused.values().map(Vec::len).sum::<usize>() > 350);
    let mut faults = Vec::new();
    for (expected, urls) in &refused {
        for url in urls {
            match Guard::new().check_url(url) {
                Ok(checked) => faults.push(format!("{url:?} was let through as {}", checked.as_str())),
                Err(error) if format!("{:?}", error.kind()) != *expected => {
                    faults.push(format!("{url:?} is to be {expected}, but is {:?}: {error}", error.kind()));
                }
                Err(_) => {}
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_other_url_of_the_file_passes_as_the_text_that_is_expected() {
    for (url, expected) in urls().accepted {
        let checked = Guard::new().check_url(&url).unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!(checked.as_str(), expected);
        assert_eq!(Guard::new().check_url(&expected).unwrap(), checked, "{url}");
        // An HTTP client's own parser finds the same host in it.
        let uri: http::Uri = checked.as_str().parse().unwrap();
        assert_eq!((uri.host(), uri.port_u16()), (Some(checked.host()), None));
        assert_eq!(uri.path_and_query().unwrap().as_str(), checked.path_and_query());
    }
}

#[test]
fn no_setting_but_its_own_lets_a_refused_url_through() {
    // Whoever opens all that can be opened still gets no odd spelling, no hidden host and no metadata.
    let open = Guard::new()
        .with_http(true)
        .with_any_port(true)
        .with_loopback(true)
        .with_allowed_network(ip("0.0.0.0"), 0)
        .with_allowed_network(ip("::"), 0)
        .with_max_bytes(usize::MAX);
    for (expected, urls) in &urls().refused {
        for url in urls {
            let verdict = kind(&open, url);
            match expected.as_str() {
                "TooLong" | "Address" | "Port" => assert_eq!(verdict, Ok(()), "{url:?}"),
                "Scheme" if url.to_ascii_lowercase().starts_with("http:") => {
                    assert_eq!(verdict, Ok(()), "{url:?}")
                }
                "LocalName" if url.to_ascii_lowercase().contains("localhost/") && !url.contains("domain") => {
                    assert_eq!(verdict, Ok(()), "{url:?}");
                }
                "LocalName" if url.contains("localhost:") || url.contains("LOCALHOST/") => {}
                _ => {
                    let verdict = verdict.expect_err(url);
                    assert_eq!(format!("{verdict:?}"), *expected, "{url:?}");
                }
            }
        }
    }
}

#[test]
fn no_refusal_shows_a_path_a_query_or_user_information() {
    let secret = "s3cret";
    for url in [
        "https://ana:s3cret@contoso.example/",
        "https://s3cret@contoso.example/",
        "https://contoso.example/s3cret#x",
        "https://contoso.example/s3cret\n",
        "https://contoso.example/s3cret/../x",
        "https://contoso.example/?sig=s3cret%zz",
        "https://contoso.example:99/?sig=s3cret",
        "https://10.0.0.7/s3cret",
        "http://contoso.example/s3cret",
        "https://db.internal/s3cret",
        "https:/contoso.example/s3cret",
    ] {
        let error = Guard::new().check_url(url).unwrap_err();
        assert!(
            !error.to_string().contains(secret) && !format!("{error:?}").contains(secret),
            "{url}: {error}"
        );
    }
    let url = Guard::new().check_url("https://contoso.example/in?sig=s3cret").unwrap();
    assert!(!format!("{url:?} {url}").contains(secret), "{url:?}");
    assert!(url.as_str().contains(secret));
}

#[test]
fn a_refusal_is_one_short_line_whatever_the_url() {
    for url in
        ["https://\u{1b}[31m/", "https://é\u{202e}\u{2028}/", &format!("https://{}/", "a.".repeat(900))]
    {
        let error = Guard::new().check_url(url).unwrap_err().to_string();
        assert!(error.len() < 250 && !error.contains(['\u{1b}', '\u{202e}', '\u{2028}', '\n']), "{error:?}");
    }
}

#[test]
fn the_lists_of_hosts_hold_exact_names_and_names_below() {
    let guard = Guard::new()
        .with_allowed_host("Hooks.contoso.com")
        .with_allowed_host(".fabrikam.com")
        .with_allowed_host("flows.internal")
        .with_allowed_host("93.184.215.14")
        .with_denied_host("bad.fabrikam.com");
    for (host, expected) in [
        ("hooks.contoso.com", Ok(())),
        ("HOOKS.CONTOSO.COM", Ok(())),
        ("a.hooks.contoso.com", Err(GuardErrorKind::NotAllowed)),
        ("contoso.com", Err(GuardErrorKind::NotAllowed)),
        ("a.fabrikam.com", Ok(())),
        ("a.b.fabrikam.com", Ok(())),
        ("fabrikam.com", Err(GuardErrorKind::NotAllowed)),
        ("notfabrikam.com", Err(GuardErrorKind::NotAllowed)),
        ("bad.fabrikam.com", Err(GuardErrorKind::Denied)),
        ("very.bad.fabrikam.com", Ok(())),
        ("flows.internal", Ok(())),
        ("db.internal", Err(GuardErrorKind::NotAllowed)),
        ("localhost", Err(GuardErrorKind::NotAllowed)),
        ("93.184.215.14", Ok(())),
        ("93.184.215.15", Err(GuardErrorKind::NotAllowed)),
    ] {
        assert_eq!(kind(&guard, &format!("https://{host}/in")), expected, "{host}");
    }
    let guard = Guard::new().with_allowed_host("10.0.0.7").with_allowed_host("metadata.google.internal");
    assert_eq!(kind(&guard, "https://10.0.0.7/"), Err(GuardErrorKind::Address));
    assert_eq!(kind(&guard, "https://metadata.google.internal/"), Err(GuardErrorKind::Metadata));
}

#[test]
fn ports_and_http_are_opened_one_by_one() {
    let guard = Guard::new().with_http(true).with_port(8443).with_port(8080);
    for (url, expected) in [
        ("http://contoso.example/", Ok(())),
        ("http://contoso.example:80/", Ok(())),
        ("https://contoso.example:8443/", Ok(())),
        ("http://contoso.example:8080/", Ok(())),
        ("https://contoso.example:80/", Err(GuardErrorKind::Port)),
        ("http://contoso.example:443/", Err(GuardErrorKind::Port)),
        ("ftp://contoso.example/", Err(GuardErrorKind::Scheme)),
    ] {
        assert_eq!(kind(&guard, url), expected, "{url}");
    }
    let url = guard.check_url("http://contoso.example:8080/in").unwrap();
    assert_eq!((url.scheme(), url.port(), url.as_str()), ("http", 8080, "http://contoso.example:8080/in"));
    assert_eq!(guard.check_url("http://contoso.example:80").unwrap().as_str(), "http://contoso.example/");
}

#[test]
fn loopback_opens_the_machine_itself_and_nothing_beside_it() {
    let guard = Guard::new().with_loopback(true);
    for url in ["https://localhost/", "https://app.localhost/", "https://127.8.8.8/", "https://[::1]/"] {
        assert_eq!(kind(&guard, url), Ok(()), "{url}");
    }
    for (url, expected) in [
        ("https://intranet/", GuardErrorKind::LocalName),
        ("https://localhost.localdomain/", GuardErrorKind::LocalName),
        ("https://127.1/", GuardErrorKind::OddAddress),
        ("https://0.0.0.0/", GuardErrorKind::Address),
        ("https://[::ffff:127.0.0.1]/", GuardErrorKind::Address),
        ("https://10.0.0.7/", GuardErrorKind::Address),
    ] {
        assert_eq!(kind(&guard, url), Err(expected), "{url}");
    }
}

#[test]
fn every_answer_of_a_resolver_must_pass() {
    let check = |guard: &Guard, texts: &[&str]| {
        let addresses: Vec<IpAddr> = texts.iter().map(|text| ip(text)).collect();
        guard.check_addresses(&addresses).map_err(|error| error.kind())
    };
    let guard = Guard::new();
    assert_eq!(check(&guard, &["93.184.215.14", "2606:4700::1111"]), Ok(()));
    assert_eq!(check(&guard, &[]), Err(GuardErrorKind::NoAddress));
    for bad in ["10.0.0.7", "::1", "fe80::1", "::ffff:10.0.0.7", "2002:a00:7::1", "64:ff9b::8.8.8.8"] {
        for answers in [[bad, "93.184.215.14"], ["93.184.215.14", bad]] {
            assert_eq!(check(&guard, &answers), Err(GuardErrorKind::Address), "{bad}");
        }
    }
    for bad in ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "168.63.129.16"] {
        assert_eq!(check(&guard, &["93.184.215.14", bad]), Err(GuardErrorKind::Metadata), "{bad}");
    }
}

#[test]
fn an_allowed_network_opens_its_addresses_but_no_metadata_and_what_is_denied_stays_so() {
    let guard = Guard::new()
        .with_allowed_network(ip("10.0.0.0"), 8)
        .with_allowed_network(ip("169.254.0.0"), 16)
        .with_allowed_network(ip("fc00::"), 7)
        .with_allowed_network(ip("64:ff9b::"), 96)
        .with_denied_network(ip("10.9.0.0"), 16)
        .with_denied_network(ip("93.184.215.14"), 32);
    for (address, expected) in [
        ("10.0.0.7", Ok(())),
        ("10.9.0.7", Err(GuardErrorKind::Denied)),
        ("11.0.0.7", Ok(())),
        ("192.168.0.1", Err(GuardErrorKind::Address)),
        ("169.254.1.1", Ok(())),
        ("169.254.169.254", Err(GuardErrorKind::Metadata)),
        ("fd12::1", Ok(())),
        ("fd00:ec2::254", Err(GuardErrorKind::Metadata)),
        ("::ffff:10.0.0.7", Err(GuardErrorKind::Address)),
        ("64:ff9b::8.8.8.8", Ok(())),
        ("64:ff9b::10.0.0.7", Ok(())),
        ("64:ff9b::10.9.0.7", Err(GuardErrorKind::Denied)),
        ("64:ff9b::192.168.0.1", Err(GuardErrorKind::Address)),
        ("64:ff9b::169.254.169.254", Err(GuardErrorKind::Metadata)),
        ("93.184.215.14", Err(GuardErrorKind::Denied)),
        ("64:ff9b::93.184.215.14", Err(GuardErrorKind::Denied)),
    ] {
        let verdict = guard.check_addresses(&[ip(address)]).map_err(|error| error.kind());
        assert_eq!(verdict, expected, "{address}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_guard_panic_and_what_passes_is_printable(
        text in any::<String>(),
        host in r"[a-zé0-9.\[\]:%@-]{0,20}",
        path in r"[/a.%2eé?#&=\\ ]{0,20}",
    ) {
        for text in [text.clone(), format!("https://{text}"), format!("https://{host}{path}"), format!("https://a.b/{text}")] {
            if let Ok(url) = Guard::new().check_url(&text) {
                prop_assert!(url.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert_eq!(Guard::new().check_url(url.as_str()).unwrap(), url);
            }
        }
    }
}
