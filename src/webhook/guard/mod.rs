//! The guard that judges where a callback may go.

mod checked;
mod error;
mod host;
mod network;
mod url;

pub use checked::CheckedUrl;
pub use error::{GuardError, GuardErrorKind};

use std::net::IpAddr;

use checked::default_port;
use host::Host;
use network::Network;

const MAX_BYTES: usize = 2_048;

/// Judges callback URLs, which come from strangers, and the addresses that
/// their hosts resolved to.
///
/// The default lets through what a receiver on the public Internet needs, and
/// nothing else: `https` on port 443, a name of the public DNS or a public IP
/// address in its usual spelling, no user information, no fragment. It takes
/// the text, because parsers drop what they do not like, and is stricter than
/// they are, so that no client sees another host in what has passed.
///
/// A name may lead anywhere, and elsewhere the next time. So the host does this
/// before it subscribes, and again before *each* attempt:
///
/// 1. [`check_url`](Self::check_url) on the text.
/// 2. Resolve [`CheckedUrl::host`], unless the URL names an [address](CheckedUrl::ip).
/// 3. [`check_addresses`](Self::check_addresses) on all the answers.
/// 4. Connect to exactly these addresses; do not resolve again, follow no
///    redirect, use no proxy.
///
/// Looking up nothing, it is a pure function of its settings and what it is given.
///
/// ```
/// use tripline::webhook::{Guard, GuardErrorKind};
///
/// let guard = Guard::new();
/// let url = guard.check_url("https://hooks.contoso.example/in?id=7")?;
/// assert_eq!((url.host(), url.port()), ("hooks.contoso.example", 443));
///
/// // One bad answer refuses all.
/// let answers = ["93.184.215.14".parse()?, "10.0.0.7".parse()?];
/// let refused = guard.check_addresses(&answers).unwrap_err();
/// assert_eq!(refused.kind(), GuardErrorKind::Address);
/// assert_eq!(refused.to_string(), "10.0.0.7 is not a public address: 10.0.0.0/8 is for private use (RFC 1918)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Guard {
    http: bool,
    loopback: bool,
    any_port: bool,
    ports: Vec<u16>,
    allowed_hosts: Vec<String>,
    denied_hosts: Vec<String>,
    allowed_networks: Vec<Network>,
    denied_networks: Vec<Network>,
    max_bytes: usize,
}

impl Guard {
    /// The strictest: the public Internet over `https` on port 443, URLs of at most 2,048 bytes.
    ///
    /// ```
    /// use tripline::webhook::Guard;
    /// assert!(Guard::new().check_url("https://hooks.contoso.example/in").is_ok());
    /// assert!(Guard::new().check_url("https://hooks.contoso.example:8443/in").is_err());
    /// ```
    pub fn new() -> Self {
        Self {
            http: false,
            loopback: false,
            any_port: false,
            ports: Vec::new(),
            allowed_hosts: Vec::new(),
            denied_hosts: Vec::new(),
            allowed_networks: Vec::new(),
            denied_networks: Vec::new(),
            max_bytes: MAX_BYTES,
        }
    }

    /// Whether `http` is allowed too, and with it port 80. Anyone on the way can read and change such a request.
    ///
    /// ```
    /// use tripline::webhook::Guard;
    /// assert!(Guard::new().with_http(true).check_url("http://hooks.contoso.example/in").is_ok());
    /// ```
    #[must_use]
    pub fn with_http(mut self, allowed: bool) -> Self {
        self.http = allowed;
        self
    }

    /// Allows a port beside the scheme's own; can be said several times.
    ///
    /// ```
    /// use tripline::webhook::Guard;
    /// let guard = Guard::new().with_port(8443);
    /// assert!(guard.check_url("https://hooks.contoso.example:8443/in").is_ok());
    /// assert!(guard.check_url("https://hooks.contoso.example/in").is_ok());
    /// ```
    #[must_use]
    pub fn with_port(mut self, port: u16) -> Self {
        self.ports.push(port);
        self
    }

    /// Whether every port is allowed: a stranger can then try the ports of any public machine from here.
    ///
    /// ```
    /// use tripline::webhook::Guard;
    /// let guard = Guard::new().with_any_port(true);
    /// assert!(guard.check_url("https://hooks.contoso.example:9000/in").is_ok());
    /// ```
    #[must_use]
    pub fn with_any_port(mut self, allowed: bool) -> Self {
        self.any_port = allowed;
        self
    }

    /// Allows only the hosts that are named; can be said several times.
    /// `hooks.contoso.com` is that one, `.contoso.com` every host below it.
    ///
    /// A name that would be taken for one of the local network is let through
    /// where it is on this list; its addresses are judged all the same, see
    /// [`with_allowed_network`](Self::with_allowed_network).
    ///
    /// ```
    /// use tripline::webhook::{Guard, GuardErrorKind};
    /// let guard = Guard::new().with_allowed_host(".contoso.example").with_allowed_host("flows.internal");
    /// assert!(guard.check_url("https://hooks.contoso.example/in").is_ok());
    /// assert!(guard.check_url("https://flows.internal/in").is_ok());
    /// let error = guard.check_url("https://hooks.fabrikam.example/in").unwrap_err();
    /// assert_eq!(error.kind(), GuardErrorKind::NotAllowed);
    /// ```
    #[must_use]
    pub fn with_allowed_host(mut self, host: impl Into<String>) -> Self {
        self.allowed_hosts.push(host.into().to_ascii_lowercase());
        self
    }

    /// Refuses a host, or with a dot before it every host below it; can be said several times, and goes before
    /// what is allowed.
    ///
    /// ```
    /// use tripline::webhook::{Guard, GuardErrorKind};
    /// let guard = Guard::new().with_denied_host(".contoso.example");
    /// let error = guard.check_url("https://hooks.contoso.example/in").unwrap_err();
    /// assert_eq!(error.kind(), GuardErrorKind::Denied);
    /// assert!(guard.check_url("https://contoso.example/in").is_ok());
    /// ```
    #[must_use]
    pub fn with_denied_host(mut self, host: impl Into<String>) -> Self {
        self.denied_hosts.push(host.into().to_ascii_lowercase());
        self
    }

    /// Allows the addresses of a network that is not public, such as the one
    /// in which receivers of one's own stand; can be said several times.
    /// Addresses of metadata services stay refused.
    ///
    /// On a network that has IPv6 only, DNS64 answers with `64:ff9b::/96` for
    /// hosts that have IPv4 only. With that network allowed, the IPv4 address
    /// inside is judged.
    ///
    /// ```
    /// use tripline::webhook::Guard;
    /// let guard = Guard::new().with_allowed_network("10.20.0.0".parse()?, 16);
    /// assert!(guard.check_addresses(&["10.20.3.4".parse()?]).is_ok());
    /// assert!(guard.check_addresses(&["10.21.0.1".parse()?]).is_err());
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    #[must_use]
    pub fn with_allowed_network(mut self, address: IpAddr, prefix: u8) -> Self {
        self.allowed_networks.push(Network::new(address, prefix));
        self
    }

    /// Refuses the addresses of a network, such as one's own public one; can
    /// be said several times, and goes before what is allowed.
    ///
    /// ```
    /// use tripline::webhook::{Guard, GuardErrorKind};
    /// let guard = Guard::new().with_denied_network("93.184.215.0".parse()?, 24);
    /// let error = guard.check_addresses(&["93.184.215.14".parse()?]).unwrap_err();
    /// assert_eq!(error.kind(), GuardErrorKind::Denied);
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    #[must_use]
    pub fn with_denied_network(mut self, address: IpAddr, prefix: u8) -> Self {
        self.denied_networks.push(Network::new(address, prefix));
        self
    }

    /// Whether `localhost`, 127.0.0.0/8 and `::1` are allowed: for tests and
    /// development. Ports and `http` are allowed apart from it.
    ///
    /// ```
    /// use tripline::webhook::Guard;
    /// let guard = Guard::new().with_loopback(true).with_http(true).with_any_port(true);
    /// assert!(guard.check_url("http://localhost:3000/in").is_ok());
    /// assert!(guard.check_addresses(&["::1".parse()?, "127.0.0.1".parse()?]).is_ok());
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    #[must_use]
    pub fn with_loopback(mut self, allowed: bool) -> Self {
        self.loopback = allowed;
        self
    }

    /// The most bytes of a URL; 2,048 by default.
    ///
    /// ```
    /// use tripline::webhook::{Guard, GuardErrorKind};
    /// let error = Guard::new().with_max_bytes(20).check_url("https://contoso.example/").unwrap_err();
    /// assert_eq!(error.kind(), GuardErrorKind::TooLong);
    /// ```
    #[must_use]
    pub fn with_max_bytes(mut self, most: usize) -> Self {
        self.max_bytes = most;
        self
    }

    /// Judges the text of a URL, and gives what a client is to be handed.
    ///
    /// # Errors
    ///
    /// A [`GuardError`]; each reason is a [kind](GuardErrorKind) of its own. Where there are several, it is one of them.
    ///
    /// ```
    /// use tripline::webhook::{Guard, GuardErrorKind};
    ///
    /// let kind = |text| Guard::new().check_url(text).unwrap_err().kind();
    /// assert_eq!(kind("https://good.example@10.0.0.7/"), GuardErrorKind::UserInfo);
    /// assert_eq!(kind("https://good.example\\@10.0.0.7/"), GuardErrorKind::Character);
    /// assert_eq!(kind("https://2130706433/"), GuardErrorKind::OddAddress);
    /// assert_eq!(kind("https://printer.local/"), GuardErrorKind::LocalName);
    /// ```
    pub fn check_url(&self, text: &str) -> Result<CheckedUrl, GuardError> {
        if text.len() > self.max_bytes {
            let message = format!("the URL has {} bytes, the limit is {}", text.len(), self.max_bytes);
            return refuse(GuardErrorKind::TooLong, message);
        }
        let parts = url::read(text)?;
        let scheme = self.check_scheme(parts.scheme)?;
        let port = parts.port.unwrap_or(default_port(scheme));
        if port != default_port(scheme) && !self.any_port && !self.ports.contains(&port) {
            return refuse(GuardErrorKind::Port, format!("the port {port} is not allowed"));
        }
        let (host, ip) = match parts.host {
            Host::Name(name) => (name.to_ascii_lowercase(), None),
            Host::V4(address) => (address.to_string(), Some(IpAddr::V4(address))),
            Host::V6(address) => (format!("[{address}]"), Some(IpAddr::V6(address))),
        };
        self.check_host(&host, ip)?;
        Ok(CheckedUrl::new(scheme, &host, ip, port, parts.path_and_query))
    }

    /// Judges every address that a host resolved to. All must pass, for a
    /// client takes whichever it likes.
    ///
    /// # Errors
    ///
    /// A [`GuardError`] about the first that does not pass, or
    /// [`NoAddress`](GuardErrorKind::NoAddress) where there is none.
    ///
    /// ```
    /// use tripline::webhook::{Guard, GuardErrorKind};
    ///
    /// let guard = Guard::new();
    /// assert!(guard.check_addresses(&["2606:4700::1111".parse()?, "93.184.215.14".parse()?]).is_ok());
    /// for inside in ["::ffff:10.0.0.7", "64:ff9b::a00:7", "2002:a00:7::1"] {
    ///     let error = guard.check_addresses(&[inside.parse()?]).unwrap_err();
    ///     assert_eq!(error.kind(), GuardErrorKind::Address);
    /// }
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    pub fn check_addresses(&self, addresses: &[IpAddr]) -> Result<(), GuardError> {
        if addresses.is_empty() {
            return refuse(GuardErrorKind::NoAddress, "the host has no address");
        }
        addresses.iter().try_for_each(|address| self.check_address(*address))
    }

    fn check_scheme(&self, scheme: &str) -> Result<&'static str, GuardError> {
        if scheme.eq_ignore_ascii_case("https") {
            Ok("https")
        } else if self.http && scheme.eq_ignore_ascii_case("http") {
            Ok("http")
        } else {
            let allowed = if self.http { "https and http" } else { "https" };
            let message = format!("the scheme {} is not allowed, only {allowed}", host::shown(scheme));
            refuse(GuardErrorKind::Scheme, message)
        }
    }

    /// `host` as the URL is to have it.
    fn check_host(&self, host: &str, ip: Option<IpAddr>) -> Result<(), GuardError> {
        let is_listed = |list: &[String]| list.iter().any(|entry| is_covered(host, entry));
        if ip.is_none() && host::is_metadata(host) {
            return refuse(GuardErrorKind::Metadata, format!("{host} is the metadata service of a cloud"));
        }
        if is_listed(&self.denied_hosts) {
            return refuse(GuardErrorKind::Denied, format!("the host {host} is denied"));
        }
        let is_allowed = is_listed(&self.allowed_hosts);
        if !self.allowed_hosts.is_empty() && !is_allowed {
            return refuse(
                GuardErrorKind::NotAllowed,
                format!("the host {host} is not one of those allowed"),
            );
        }
        if let Some(address) = ip {
            return self.check_address(address);
        }
        let is_own = self.loopback && host::is_localhost(host);
        if host::is_local(host) && !is_own && !is_allowed {
            let message = format!("the host {host} is not a name of the public DNS");
            return refuse(GuardErrorKind::LocalName, message);
        }
        Ok(())
    }

    fn check_address(&self, address: IpAddr) -> Result<(), GuardError> {
        let inside = match address {
            IpAddr::V6(address) => network::embedded(address).map(IpAddr::V4),
            IpAddr::V4(_) => None,
        };
        let is_in = |list: &[Network], address: IpAddr| list.iter().any(|network| network.contains(address));
        if [Some(address), inside].into_iter().flatten().any(network::is_metadata) {
            return refuse(GuardErrorKind::Metadata, format!("{address} is the metadata service of a cloud"));
        }
        if [Some(address), inside].into_iter().flatten().any(|each| is_in(&self.denied_networks, each)) {
            return refuse(GuardErrorKind::Denied, format!("the address {address} is denied"));
        }
        if self.loopback && address.is_loopback() {
            return Ok(());
        }
        if is_in(&self.allowed_networks, address) {
            return inside.map_or(Ok(()), |inside| self.check_address(inside));
        }
        if let Some(block) = network::special(address) {
            let message =
                format!("{address} is not a public address: {} is for {}", block.text(), block.purpose);
            return refuse(GuardErrorKind::Address, message);
        }
        match address {
            IpAddr::V6(address) if !network::is_global_unicast(address) => {
                let message =
                    format!("{address} is not a public address: outside 2000::/3 none is given out");
                refuse(GuardErrorKind::Address, message)
            }
            _ => Ok(()),
        }
    }
}

impl Default for Guard {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether an entry of a list is this host or, with a dot before it, above it.
fn is_covered(host: &str, entry: &str) -> bool {
    match entry.strip_prefix('.') {
        Some(domain) => host != domain && host::is_within(host, domain),
        None => host == entry,
    }
}

fn refuse<T>(kind: GuardErrorKind, message: impl Into<String>) -> Result<T, GuardError> {
    Err(GuardError::new(kind, message))
}
