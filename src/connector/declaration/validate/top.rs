//! What a declaration says of the connector as a whole.

use super::{Findings, REFERENCE, quoted, texts};
use crate::connector::{Authentication, Connector, Contact, OAuth2};

/// The categories that Microsoft's certification knows.
const CATEGORIES: [&str; 19] = [
    "AI",
    "Business Management",
    "Business Intelligence",
    "Collaboration",
    "Commerce",
    "Communication",
    "Content and Files",
    "Finance",
    "Data",
    "Human Resources",
    "Internet of Things",
    "IT Operations",
    "Lifestyle and Entertainment",
    "Marketing",
    "Productivity",
    "Sales and CRM",
    "Security",
    "Social Media",
    "Website",
];

/// Colours that are taken: the platform's own, and white, on which nothing is seen.
const COLORS: [&str; 2] = ["#007ee5", "#ffffff"];

pub(super) fn check(connector: &Connector, findings: &mut Findings) {
    texts::title(&connector.title, findings);
    description(&connector.description, findings);
    if connector.version.trim().is_empty() {
        findings.add("version", "is missing", "write a version such as 1.0.0");
    }
    host(&connector.host, findings);
    base_path(&connector.base_path, findings);
    contact(connector.contact.as_ref(), findings);
    for (place, text) in [("website", &connector.website), ("privacyPolicy", &connector.privacy_policy)] {
        url(place, text, findings);
    }
    categories(&connector.categories, findings);
    let owner = connector.stack_owner.as_ref().unwrap_or(&connector.publisher);
    for (place, text) in [("publisher", &connector.publisher), ("stackOwner", owner)] {
        if text.trim().is_empty() {
            findings.add(place, "is missing", "name the company or the person");
        }
    }
    icon_color(&connector.icon_color, findings);
    authentication(&connector.authentication, findings);
    for (at, limit) in connector.limits.iter().enumerate() {
        let place = format!("limits[{at}]");
        if limit.name.trim().is_empty() {
            findings.add(&place, "has no name", "say what is counted");
        }
        if limit.calls == 0 || limit.per.is_zero() {
            let what = format!("allows {} calls in {:?}", limit.calls, limit.per);
            findings.add(&place, what, "allow one call at least, in more than no time");
        }
    }
}

fn description(text: &str, findings: &mut Findings) {
    let length = text.chars().count();
    if !(30..=500).contains(&length) {
        let what = format!("has {length} characters, it takes 30 to 500");
        findings.add("description", what, "say in a few sentences what it is for");
    }
    texts::products("description", text, findings);
}

fn host(text: &str, findings: &mut Findings) {
    let (name, port) = text.split_once(':').unwrap_or((text, "443"));
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
    let is_port = is_port && port.parse::<u16>().is_ok_and(|port| port > 0);
    if name.is_empty() || !name.chars().all(is_name) || !is_port {
        let remedy = "write the name alone, such as hooks.contoso.example, with a port where it needs one";
        findings.add("host", format!("{} is not the name of a host", quoted(text)), remedy);
    } else if ["localhost", "127.", "0.0.0.0"].iter().any(|own| text.starts_with(own)) {
        let what = format!("{} cannot be reached from where flows run", quoted(text));
        findings.add("host", what, "name a host that the internet knows");
    }
}

fn base_path(text: &str, findings: &mut Findings) {
    let is_plain = |c: char| c.is_ascii_graphic() && !"{}?#*\"<>\\^`|".contains(c);
    if !text.starts_with('/') || !text.chars().all(is_plain) || (text.ends_with('/') && text != "/") {
        let remedy = "write a path such as /v1, with a slash before it and none behind";
        findings.add("basePath", format!("{} is not such a path", quoted(text)), remedy);
    }
}

fn contact(contact: Option<&Contact>, findings: &mut Findings) {
    let Some(contact) = contact else {
        findings.add("contact", "is missing", "name who is asked, with a page and an address");
        return;
    };
    if contact.name().trim().is_empty() {
        findings.add("contact.name", "is missing", "name a person or a team");
    }
    url("contact.url", contact.url(), findings);
    if !is_email(contact.email()) {
        let what = format!("{} is not an address", quoted(contact.email()));
        findings.add("contact.email", what, "write an address such as data@contoso.example");
    }
}

fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let Some((domain, top)) = host.rsplit_once('.') else { return false };
    let is_visible = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    let is_top = top.len() >= 2 && top.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_visible(local) && is_visible(domain) && is_top
}

fn url(place: &str, text: &str, findings: &mut Findings) {
    if !is_url(text, &["https://", "http://"]) {
        let what =
            if text.is_empty() { "is missing".to_owned() } else { format!("{} is no URL", quoted(text)) };
        findings.add(place, what, "write a URL that starts with https://");
    }
}

fn is_url(text: &str, schemes: &[&str]) -> bool {
    let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty()
            && rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte))
    })
}

fn categories(names: &[String], findings: &mut Findings) {
    if names.is_empty() || names.len() > 2 {
        findings.add("categories", format!("there are {}", names.len()), "choose one or two");
    }
    for (at, name) in names.iter().enumerate().filter(|(at, name)| names[..*at].contains(name)) {
        findings.add(
            &format!("categories[{at}]"),
            format!("{} is there twice", quoted(name)),
            "take one of them away",
        );
    }
    for name in names.iter().filter(|name| !CATEGORIES.contains(&name.as_str())) {
        let what = format!("{} is none that is known", quoted(name));
        findings.add("categories", what, format!("choose from {}", CATEGORIES.join(", ")));
    }
}

fn icon_color(text: &str, findings: &mut Findings) {
    let digits = text.strip_prefix('#').unwrap_or_default();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let what = format!("{} is not a colour", quoted(text));
        findings.add("iconColor", what, "write # and six hexadecimal digits, such as #0f6cbd");
    } else if COLORS.iter().any(|taken| taken.eq_ignore_ascii_case(text)) {
        findings.add("iconColor", format!("{text} is not allowed"), "choose another colour");
    }
}

fn authentication(authentication: &Authentication, findings: &mut Findings) {
    match authentication {
        Authentication::None | Authentication::Basic => {}
        Authentication::ApiKey(header) => {
            if header.is_empty() || !header.bytes().all(is_token) {
                let what = format!("{} is not the name of a header", quoted(header));
                findings.add("authentication.header", what, "write a name such as X-Api-Key");
            }
        }
        Authentication::OAuth2(settings) => oauth2(settings, findings),
    }
}

fn oauth2(settings: &OAuth2, findings: &mut Findings) {
    for (part, text) in [
        ("authorizationUrl", settings.authorization_url()),
        ("tokenUrl", settings.token_url()),
        ("refreshUrl", settings.refresh_url()),
    ] {
        if !is_url(text, &["https://"]) {
            let what = format!("{} is no URL over https", quoted(text));
            findings.add(&format!("authentication.{part}"), what, "write a URL that starts with https://");
        }
    }
    let scopes: Vec<&str> = settings.scopes().map(|(scope, _)| scope).collect();
    for (at, scope) in scopes.iter().enumerate() {
        let place = format!("authentication.scopes[{at}]");
        // RFC 6749, section 3.3.
        if scope.is_empty() || !scope.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte))
        {
            let what = format!("{} is no scope", quoted(scope));
            findings.add(&place, what, "write visible ASCII characters but \" and \\");
        }
        if *scope == REFERENCE {
            findings.add(&place, "would be read as a reference", "give the scope another name");
        }
        if scopes[..at].contains(scope) {
            findings.add(&place, format!("{} is there twice", quoted(scope)), "take one of them away");
        }
    }
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
