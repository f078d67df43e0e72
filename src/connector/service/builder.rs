//! How a service is set up.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, Utc};

use super::callbacks::{Callback, Callbacks};
use super::key::HostKey;
use super::limits::{Counts, Limits};
use super::notify;
use super::record::{Form, NEXT, Record, SUBSCRIPTIONS, Secrets};
use super::sealer::Sealer;
use super::store::Store;
use super::{Access, Base, ConnectorService};
use crate::action::Registry;
use crate::base64;
use crate::error::{Error, ErrorKind};
use crate::pipeline::{Keep, Pipeline};
use crate::time::{instant, nanos_of};
use crate::trigger::Trigger;
use crate::webhook::{Signer, SigningSecret};

/// Sets a [`ConnectorService`] up.
///
/// ```
#[doc = include_str!("../../../docs/snippets/connector.rs")]
/// # let (key, callbacks) = (HostKey::from_bytes(&[7; 32])?, Callbacks::new(Guard::new()));
/// # let mut registry = Registry::new();
/// # registry.add(OverHttp::new(Notify::new(callbacks.clone()), Client))?;
/// # let pipeline = Pipeline::builder(registry).build()?;
/// let service = ConnectorService::builder(key, "https://flows.contoso.example/v1", callbacks, Vault)
///     .with_limits(Limits::default().with_per_principal(20))
///     .build(now, pipeline)?;
/// assert_eq!(service.limits().per_principal(), 20);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct ConnectorServiceBuilder {
    key: HostKey,
    base: String,
    callbacks: Callbacks,
    sealer: Box<dyn Sealer>,
    limits: Limits,
    access: Option<Access>,
    actions: Registry,
    lists: BTreeMap<String, Vec<String>>,
}

impl ConnectorServiceBuilder {
    pub(super) fn new(key: HostKey, base: String, callbacks: Callbacks, sealer: Box<dyn Sealer>) -> Self {
        let instance = || vec!["instance".to_owned()];
        let lists = [
            ("instances", Vec::new()),
            ("datasources", instance()),
            ("segments", instance()),
            ("measures", instance()),
        ];
        Self {
            key,
            base,
            callbacks,
            sealer,
            limits: Limits::default(),
            access: None,
            actions: Registry::new(),
            lists: lists.map(|(name, parameters)| (name.to_owned(), parameters)).into(),
        }
    }

    /// Its bounds.
    ///
    /// ```
    /// # use tripline::connector::Limits;
    /// assert_eq!(Limits::default().with_poll_page(10).poll_page(), 10);
    /// ```
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Who may watch what: a trigger that is refused is answered with 403 and this reason. It is asked for each subscription and
    /// each poll; without it every principal may watch everything that the pipeline is told, those of others among it. An
    /// instance that is filled in as an id without a slash stands for its source as well (`contoso`, `/instances/contoso`), so
    /// both are among the names.
    ///
    /// ```
    /// # use tripline::connector::ConnectorServiceBuilder;
    /// use tripline::trigger::Matcher;
    ///
    /// fn only_own(builder: ConnectorServiceBuilder) -> ConnectorServiceBuilder {
    ///     builder.with_access(|principal, trigger| {
    ///         let own = [format!("/instances/{principal}"), principal.to_owned()];
    ///         let names = trigger.source().and_then(Matcher::names);
    ///         let is_own = names.is_some_and(|mut names| names.all(|name| own.iter().any(|own| own == name)));
    ///         if is_own { Ok(()) } else { Err(format!("{principal} may watch {} alone", own[0])) }
    ///     })
    /// }
    /// ```
    pub fn with_access(
        mut self,
        access: impl Fn(&str, &Trigger) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.access = Some(Box::new(access));
        self
    }

    /// The actions that are offered at `/actions/{name}`. Those of the pipeline's flows are not, unless they are here too.
    ///
    /// ```
    /// # use tripline::action::Registry;
    /// # use tripline::connector::ConnectorServiceBuilder;
    /// fn with_ours(builder: ConnectorServiceBuilder, ours: Registry) -> ConnectorServiceBuilder {
    ///     builder.with_actions(ours)
    /// }
    /// ```
    pub fn with_actions(mut self, actions: Registry) -> Self {
        self.actions = actions;
        self
    }

    /// A further list of choices at `/{name}`, with what has to be known first.
    ///
    /// ```
    /// # use tripline::connector::ConnectorServiceBuilder;
    /// fn with_entities(builder: ConnectorServiceBuilder) -> ConnectorServiceBuilder {
    ///     builder.with_list("entities", ["instance"])
    /// }
    /// ```
    pub fn with_list<'p>(
        mut self,
        name: impl Into<String>,
        parameters: impl IntoIterator<Item = &'p str>,
    ) -> Self {
        self.lists.insert(name.into(), parameters.into_iter().map(str::to_owned).collect());
        self
    }

    /// The service over a pipeline, with the subscriptions that are kept in it. What is half gone, because its flow was taken
    /// out or its receiver switched off, goes with that: batches that this makes are polled as ever.
    ///
    /// A subscription whose secrets do not open stays, is [counted](Counts::unopened), and is told nothing: its deliveries fail.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] where the base is not the URL of a place, or the pipeline's registry has no action
    /// [`Notify`](super::Notify); [`ErrorKind::Corrupt`] where what is kept does not read.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// let pipeline = Pipeline::builder(Registry::new()).build()?;
    /// let builder = ConnectorService::builder(HostKey::from_bytes(&key)?, "https://flows.contoso.example", Callbacks::new(Guard::new()), Vault);
    /// let error = builder.build(now, pipeline).unwrap_err();
    /// assert!(error.to_string().contains("notifySubscriber"), "{error}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn build(self, now: DateTime<Utc>, pipeline: Pipeline) -> Result<ConnectorService, Error> {
        let clock = instant(now)?;
        if pipeline.flows().registry().get(notify::NAME).is_none() {
            let message = format!(
                "the pipeline's registry has no action {:?}: add `Notify` over a transport",
                notify::NAME
            );
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        let mut service = ConnectorService {
            pipeline,
            key: self.key,
            base: Base::read(&self.base)?,
            callbacks: self.callbacks,
            sealer: self.sealer,
            limits: self.limits,
            access: self.access,
            actions: self.actions,
            lists: self.lists,
            counts: Counts::default(),
            store: Store::default(),
            next: 0,
            disabled: 0,
            clock,
            pending: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            effects: VecDeque::new(),
            ready: VecDeque::new(),
            waiting: VecDeque::new(),
        };
        service.load()?;
        Ok(service)
    }
}

impl ConnectorService {
    fn load(&mut self) -> Result<(), Error> {
        self.callbacks.clear();
        let corrupt = |key: &str, why: String| Error::new(ErrorKind::Corrupt, format!("{key}: {why}"));
        if let Some(next) = self.pipeline.kept(NEXT) {
            self.next = next.parse().map_err(|_| corrupt(NEXT, format!("{next:?} is no number")))?;
        }
        let kept = self.pipeline.kept_under(SUBSCRIPTIONS);
        let kept: Vec<(String, String)> = kept.map(|(key, text)| (key.to_owned(), text.to_owned())).collect();
        for (key, text) in kept {
            let record = Record::read(&text).map_err(|why| corrupt(&key, why))?;
            let id = key.strip_prefix(SUBSCRIPTIONS).unwrap_or_default();
            if self.pipeline.flows().flow(id).is_none() {
                // Its flow was taken out, so nothing can come of it any more.
                let _ = self.pipeline.keep(self.now(), &[Keep::remove(&*key)])?;
                continue;
            }
            if let Form::Sealed(sealed) = &record.form {
                match self.open(&key, sealed) {
                    Some(callback) => self.callbacks.put(id, callback),
                    None => self.counts.unopened += 1,
                }
            }
            // It may have been read since that was written down, but not later than now.
            let step = nanos_of(self.limits.activity_step());
            let active = record.active.saturating_add(step).min(self.clock.max(record.active));
            let due = active.saturating_add(nanos_of(self.limits.expiry()));
            self.store.insert(id, record, active, due);
        }
        self.forget_disabled()
    }

    fn open(&self, key: &str, sealed: &str) -> Option<Callback> {
        let bytes = self.sealer.open(key, &base64::decode(sealed).ok()?).ok()?;
        let secrets: Secrets = serde_json::from_slice(&bytes).ok()?;
        let secret = SigningSecret::parse(&secrets.secret).ok()?;
        // Under a stricter guard than when it was made, it is told nothing.
        let url = self.callbacks.guard().check_url(&secrets.url).ok()?;
        Some(Callback { url, signer: Signer::new([secret]).ok()? })
    }
}
