//! A callback URL before the guard.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use tripline::webhook::{CheckedUrl, Guard};

pub(crate) fn body(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let guard = Guard::new();
    let open = &*OPEN;
    match guard.check_url(&text) {
        Ok(url) => {
            passed(&guard, &url);
            assert_eq!(url.port(), 443);
            assert!(open.check_url(&text).is_ok_and(|other| other == url), "an open guard refuses {url}");
            if let Some(ip) = ip_of(&url) {
                assert!(is_public(ip), "{ip} is let through");
                assert!(guard.check_addresses(&[ip]).is_ok());
            }
        }
        Err(error) => {
            let shown = error.to_string();
            assert!(
                !shown.is_empty() && shown.chars().count() < 250 && shown.chars().all(|c| !c.is_control()),
                "{shown:?}"
            );
        }
    }
    if let Ok(url) = open.check_url(&text) {
        passed(open, &url);
        let host = url.host();
        assert!(!METADATA.iter().any(|address| ip_of(&url) == address.parse().ok()), "{host} is let through");
    }
}

/// What holds of every URL that is let through.
fn passed(guard: &Guard, url: &CheckedUrl) {
    let text = url.as_str();
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\#".contains(&byte)), "{text:?}");
    assert_eq!(guard.check_url(text).as_ref(), Ok(url), "{text}");
    let (host, port) = host_and_port(text);
    assert_eq!(host, url.host(), "{text}");
    assert_eq!(port.unwrap_or(if url.scheme() == "http" { 80 } else { 443 }), url.port(), "{text}");
    assert_eq!(ip_of(url), url.ip(), "{text}");
    // A client's own parser sees the same.
    let uri: http::Uri = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(
        (uri.scheme_str(), uri.host(), uri.port_u16()),
        (Some(url.scheme()), Some(url.host()), port),
        "{text}"
    );
    let path = url.path_and_query().split('?').next().unwrap_or_default();
    assert!(!path.split('/').any(|part| part == ".."), "{text}");
}

/// Between `://` and the next of `/?#`, after the last `@`, up to the last colon behind the brackets.
fn host_and_port(url: &str) -> (&str, Option<u16>) {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()),
        _ => (authority, None),
    }
}

fn ip_of(url: &CheckedUrl) -> Option<IpAddr> {
    let (host, _) = host_and_port(url.as_str());
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(host) => Some(IpAddr::V6(host.parse().expect("what stands in brackets is an address"))),
        None => host.parse().ok(),
    }
}

/// By the words of the standard library, and what it keeps unstable written out.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_testing = a == 198 && (18..20).contains(&b);
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_documentation()
        || ip.is_multicast()
        || ip.is_unspecified()
        || is_shared
        || is_testing
        || a == 0
        || a >= 240)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    !(ip.is_loopback()
        || ip.is_unspecified()
        || ip.is_multicast()
        || ip.is_unique_local()
        || ip.is_unicast_link_local()
        || ip.to_ipv4().is_some())
}

const METADATA: [&str; 4] = ["169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254"];

static OPEN: LazyLock<Guard> = LazyLock::new(|| {
    Guard::new()
        .with_http(true)
        .with_any_port(true)
        .with_loopback(true)
        .with_allowed_network(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0)
        .with_allowed_network(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0)
});
