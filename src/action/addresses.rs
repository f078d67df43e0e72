//! Addresses that a guard has found fit to connect to.

use std::net::IpAddr;
use std::sync::Arc;

/// The addresses that a request may be sent to, because a guard has checked every one.
///
/// A target that a stranger names (a callback URL) is resolved once, every
/// address is judged, and the transport then connects to one of *these*,
/// instead of asking for the name again and getting another answer. They travel
/// in the [context](super::ActionContext::with_checked_addresses), and from there
/// in the request's extensions.
///
/// ```
/// use std::net::IpAddr;
/// use tripline::action::CheckedAddresses;
///
/// let mut request = http::Request::post("https://example.com/hook").body(Vec::<u8>::new())?;
/// assert!(CheckedAddresses::of(&request).is_none(), "this target is not guarded");
///
/// request.extensions_mut().insert(CheckedAddresses::new([IpAddr::from([203, 0, 113, 7])]));
/// assert_eq!(CheckedAddresses::of(&request).unwrap().as_slice(), [IpAddr::from([203, 0, 113, 7])]);
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedAddresses(Arc<[IpAddr]>);

impl CheckedAddresses {
    /// Addresses that somebody has checked. None at all means that nothing may be connected to.
    ///
    /// ```
    /// # use tripline::action::CheckedAddresses;
    /// assert!(CheckedAddresses::new([]).as_slice().is_empty());
    /// ```
    pub fn new(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        Self(addresses.into_iter().collect())
    }

    /// The addresses of a request; `None` where its target is not guarded, and
    /// its name is the transport's to resolve.
    ///
    /// ```
    /// # use tripline::action::CheckedAddresses;
    /// let request = http::Request::get("https://example.com/").body(Vec::<u8>::new())?;
    /// assert_eq!(CheckedAddresses::of(&request), None);
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn of<B>(request: &http::Request<B>) -> Option<&Self> {
        request.extensions().get()
    }

    /// The addresses, in the order in which they were given.
    ///
    /// ```
    /// # use std::net::IpAddr;
    /// # use tripline::action::CheckedAddresses;
    /// let address = IpAddr::from([203, 0, 113, 7]);
    /// assert_eq!(CheckedAddresses::new([address]).as_slice(), [address]);
    /// ```
    pub fn as_slice(&self) -> &[IpAddr] {
        &self.0
    }
}
