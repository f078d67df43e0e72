//! What a host has kept for it, with its inputs or alone.

use chrono::{DateTime, Utc};

use super::Pipeline;
use super::keep::Keep;
use super::receipt::Receipt;
use super::record::{Input, Other};
use crate::engine::Replace;
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::flow::Flow;
use crate::time::instant;

/// The most bytes of a key.
const MAX_KEY: usize = 512;

impl Pipeline {
    /// Changes what is kept, as one input.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for a key that is empty or longer than 512 bytes, or given twice;
    /// [`ErrorKind::Limit`] over the bounds on [one value](super::Limits::kept_value),
    /// on [how many](super::Limits::kept) there are and on [their bytes](super::Limits::kept_bytes), which what
    /// only lets go of values never is; [`ErrorKind::Full`] where too much waits and a value is put. Nothing has changed then.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// use tripline::pipeline::Keep;
    /// let _ = pipeline.keep(now, &[Keep::put("owner", "ana"), Keep::put("since", "March")])?;
    /// let _ = pipeline.keep(now, &[Keep::remove("since")])?;
    /// assert_eq!((pipeline.kept("owner"), pipeline.kept("since")), (Some("ana"), None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn keep(&mut self, now: DateTime<Utc>, keeps: &[Keep]) -> Result<Receipt, Error> {
        if keeps.is_empty() {
            return Ok(Receipt::default());
        }
        self.check_keeps(keeps)?;
        if keeps.iter().any(|keep| keep.value().is_some()) {
            self.refuse_where_full()?;
        }
        self.take(instant(now)?, Input::Other(Other::Keep), keeps)
    }

    /// [`handle_events`](Self::handle_events), and what is kept changes in the same batch: whatever becomes of
    /// each event, also of a single one, is in the receipt. There may be no event.
    ///
    /// # Errors
    ///
    /// As [`handle_events`](Self::handle_events) and [`keep`](Self::keep); no event has been looked at then.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// use tripline::pipeline::Keep;
    /// let early = ValueObserved::new("segment", "vip", 998.0).into_event("t-16", "/s")?;
    /// let far = early.clone().with_time(now + chrono::TimeDelta::days(30));
    /// let receipt = pipeline.handle_events_keeping(now, &[far], &[Keep::put("cursor", "t-16")])?;
    /// assert_eq!((receipt.refused().len(), pipeline.kept("cursor")), (1, Some("t-16")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle_events_keeping(
        &mut self,
        now: DateTime<Utc>,
        events: &[Event<'_>],
        keeps: &[Keep],
    ) -> Result<Receipt, Error> {
        if events.is_empty() {
            return self.keep(now, keeps);
        }
        self.check_keeps(keeps)?;
        self.check_events(events)?;
        self.take(instant(now)?, Input::Events(events), keeps)
    }

    /// [`define`](Self::define), and what is kept changes in the same batch.
    ///
    /// # Errors
    ///
    /// As [`define`](Self::define) and [`keep`](Self::keep).
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// use tripline::{engine::Replace, pipeline::Keep};
    /// let flow = pipeline.flows().flow("vip-1000").unwrap().clone();
    /// let _ = pipeline.define_keeping(now, flow, Replace::Quiet, &[Keep::put("owner/vip-1000", "ana")])?;
    /// assert_eq!(pipeline.kept("owner/vip-1000"), Some("ana"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn define_keeping(
        &mut self,
        now: DateTime<Utc>,
        flow: Flow,
        how: Replace,
        keeps: &[Keep],
    ) -> Result<Receipt, Error> {
        self.check_keeps(keeps)?;
        self.refuse_where_full()?;
        self.take(instant(now)?, Input::Define(&flow, how), keeps)
    }

    /// [`remove`](Self::remove), and what is kept changes in the same batch.
    ///
    /// # Errors
    ///
    /// As [`remove`](Self::remove), and as [`keep`](Self::keep) but for want of room to wait.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// use tripline::pipeline::Keep;
    /// let _ = pipeline.keep(now, &[Keep::put("owner/vip-1000", "ana")])?;
    /// let _ = pipeline.remove_keeping(now, "vip-1000", &[Keep::remove("owner/vip-1000")])?;
    /// assert!(pipeline.kept("owner/vip-1000").is_none() && pipeline.flows().flow("vip-1000").is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove_keeping(&mut self, now: DateTime<Utc>, id: &str, keeps: &[Keep]) -> Result<Receipt, Error> {
        if self.flows.flow(id).is_none() {
            return Err(Error::new(ErrorKind::UnknownFlow, format!("there is no flow {id:?}")));
        }
        self.check_keeps(keeps)?;
        self.take(instant(now)?, Input::Other(Other::Remove { id: id.to_owned() }), keeps)
    }

    /// The value that is kept under a key.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert_eq!(pipeline.kept("cursor"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn kept(&self, key: &str) -> Option<&str> {
        self.kept.get(key)
    }

    /// All that is kept under keys that begin so, each with its key, in the order of the keys.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// use tripline::pipeline::Keep;
    /// let _ = pipeline.keep(now, &[Keep::put("b", "2"), Keep::put("a/2", "1"), Keep::put("a/1", "0")])?;
    /// assert_eq!(pipeline.kept_under("a/").collect::<Vec<_>>(), [("a/1", "0"), ("a/2", "1")]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn kept_under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.kept.under(prefix)
    }

    /// Bounds are judged before an input is taken, not when it is handled again: they may be others then.
    fn check_keeps(&mut self, keeps: &[Keep]) -> Result<(), Error> {
        let fault = self.fault_of(keeps);
        self.counts.refused += u64::from(fault.as_ref().is_err_and(Error::is_limit));
        fault
    }

    fn fault_of(&self, keeps: &[Keep]) -> Result<(), Error> {
        let refuse = |kind, message: String| Err(Error::new(kind, message));
        let (mut count, mut bytes) = (self.kept.len(), self.kept.bytes());
        let mut keys: Vec<&str> = keeps.iter().map(Keep::key).collect();
        keys.sort_unstable();
        if let Some(twice) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
            return refuse(ErrorKind::Invalid, format!("the key {:?} is given twice", twice[0]));
        }
        for keep in keeps {
            if keep.key().is_empty() || keep.key().len() > MAX_KEY {
                let message = format!("a key of {} bytes: it takes 1 to {MAX_KEY}", keep.key().len());
                return refuse(ErrorKind::Invalid, message);
            }
            let (length, most) = (keep.value().map_or(0, str::len), self.limits.kept_value());
            if length > most {
                let message =
                    format!("the value of {:?} has {length} bytes, the limit is {most}", keep.key());
                return refuse(ErrorKind::Limit, message);
            }
            let old = self.kept.get(keep.key());
            count = count + usize::from(keep.value().is_some()) - usize::from(old.is_some());
            bytes = bytes + keep.bytes() - old.map_or(0, |old| keep.key().len() + old.len());
        }
        if count > self.limits.kept().max(self.kept.len()) {
            let message = format!("{count} values would be kept, the limit is {}", self.limits.kept());
            return refuse(ErrorKind::Limit, message);
        }
        if bytes > self.limits.kept_bytes().max(self.kept.bytes()) {
            let most = self.limits.kept_bytes();
            return refuse(ErrorKind::Limit, format!("{bytes} bytes would be kept, the limit is {most}"));
        }
        Ok(())
    }
}
