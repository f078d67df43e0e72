//! The host's time.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// The host's clock, and how to wait on its runtime.
///
/// # Contract
///
/// 1. `now` is the host's clock. It may be put back; the dispatcher then goes on with the latest time seen.
/// 2. `sleep_until` ends at that time or soon after. Ending too early costs a
///    turn of the loop; ending much too late delivers late and loses attempts late.
/// 3. Dropping the future ends the wait, and nothing stays behind: the loop
///    makes a new one at every turn and drops it.
/// 4. It must not block the thread.
///
/// Wrong and right, side by side:
///
/// ```
/// use chrono::{DateTime, TimeDelta, Utc};
/// use tripline::action::async_trait;
/// use tripline::dispatch::Timer;
/// # mod runtime {
/// #     pub fn now() -> chrono::DateTime<chrono::Utc> { chrono::DateTime::UNIX_EPOCH }
/// #     pub async fn sleep(_: std::time::Duration) {}
/// # }
///
/// struct Wrong;
///
/// #[async_trait]
/// impl Timer for Wrong {
///     fn now(&self) -> DateTime<Utc> {
///         runtime::now()
///     }
///     async fn sleep_until(&self, at: DateTime<Utc>) {
///         let pause = (at - self.now()).to_std().unwrap_or_default();
///         let (send, wait) = std::sync::mpsc::channel::<()>();
///         let _ = wait.recv_timeout(pause); // blocks the thread, and with it every attempt (4)
/// #       ; let _ = send;
///     }
/// }
///
/// struct Right;
///
/// #[async_trait]
/// impl Timer for Right {
///     fn now(&self) -> DateTime<Utc> {
///         runtime::now()
///     }
///     async fn sleep_until(&self, at: DateTime<Utc>) {
///         runtime::sleep((at - self.now()).to_std().unwrap_or_default()).await // none where it has passed
///     }
/// }
#[doc = include_str!("../../../docs/snippets/block_on.rs")]
/// # block_on(Right.sleep_until(DateTime::UNIX_EPOCH + TimeDelta::seconds(1)));
/// # block_on(Wrong.sleep_until(DateTime::UNIX_EPOCH));
/// ```
#[async_trait]
pub trait Timer: Send + Sync {
    /// What time it is.
    fn now(&self) -> DateTime<Utc>;

    /// Ends at that time; at once where it has passed.
    async fn sleep_until(&self, at: DateTime<Utc>);
}
