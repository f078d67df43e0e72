//! Everything put together, from the command line to what can be started.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::http::Uri;
use chrono::Utc;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tripline::action::Registry;
use tripline::connector::{BoxError, Callbacks, ConnectorService, Handler, ResolvedCallbacks};
use tripline::pipeline::{Pipeline, Recovery};
use tripline::webhook::Guard;

use crate::Failure;
use crate::actions;
use crate::args::Args;
use crate::catalogue::Catalogue;
use crate::disk::Disk;
use crate::host::{Host, Inbox, Options, Start};
use crate::intake::Intake;
use crate::keys::Keys;
use crate::outside::{Dns, Outside};
use crate::secrets::{HostSecrets, hex_of, random};
use crate::server::App;
use crate::watch::Watch;
use crate::{demo, feed};

/// A host that is ready to be started.
pub struct Setup {
    handler: Arc<Handler<Outside>>,
    inbox: Inbox,
    callbacks: Callbacks,
    registry: Registry,
    disk: Disk,
    intake: Intake,
    keys: Keys,
    base: String,
    options: Options,
    is_open: bool,
    is_explained: bool,
    /// The folder of a demo, which goes with it.
    pub folder: Option<TempDir>,
}

impl Setup {
    /// As the command line says; `local` is where it listens.
    pub async fn new(args: &Args, local: SocketAddr) -> Result<Self, Failure> {
        let is_demo = args.journal.is_none();
        check(args, local)?;
        let keys = keys(args)?;
        let base_url = args.base_url.clone().unwrap_or_else(|| format!("http://{local}/v1"));
        let base = base_url.parse::<Uri>()?.path().trim_end_matches('/').to_owned();
        let (folder, journal) = match &args.journal {
            Some(journal) => (None, journal.clone()),
            None => {
                let folder = tempfile::Builder::new().prefix("tripline-host-").tempdir()?;
                let journal = folder.path().join("journal");
                (Some(folder), journal)
            }
        };
        let callbacks = Callbacks::new(guard(args));
        let http = actions::http()?;
        let registry = actions::of_flows(&callbacks, Arc::clone(&http))?;
        let disk = Disk::open(&journal)?;
        let (pipeline, recovery) = disk.recover(Pipeline::builder(registry.clone()))?;
        eprintln!("{}", found(&recovery));
        let secrets = args.secrets.clone().unwrap_or_else(|| beside(&journal));
        let secrets = HostSecrets::open(&secrets, recovery.is_fresh())?;
        let access = keys.access();
        let catalogue = Catalogue::of(&pipeline, access.clone());
        let intake = Intake { watch: Watch::of(&pipeline), catalogue: catalogue.clone() };
        let service = ConnectorService::builder(secrets.key, base_url, callbacks.clone(), secrets.vault)
            .with_actions(actions::of_connector(&args.customer_insights, &args.graph, &http)?)
            .with_access(move |subscriber, trigger| access.check(subscriber, trigger))
            .build(Utc::now(), pipeline)?;
        let unopened = service.counts().unopened();
        if unopened > 0 {
            eprintln!("{unopened} subscriptions cannot be opened with these secrets, and are told nothing");
        }
        let inbox = Inbox::new();
        let outside = Outside { disk: disk.clone(), dns: Dns, wake: inbox.wake(), catalogue };
        let handler = Arc::new(Handler::new(service, outside));
        let grace = Duration::try_from_secs_f64(args.grace)?;
        let options = Options { checkpoint: args.checkpoint, grace };
        let is_open = args.open || (is_demo && local.ip().is_loopback());
        let is_explained = args.explain || is_demo;
        let this = Self {
            handler,
            inbox,
            callbacks,
            registry,
            disk,
            intake,
            keys,
            base,
            options,
            is_open,
            is_explained,
            folder,
        };
        this.begin(args).await?;
        Ok(this)
    }

    /// What is watched and handed in from the beginning.
    async fn begin(&self, args: &Args) -> Result<(), Failure> {
        let is_demo = args.journal.is_none();
        let triggers = match &args.triggers {
            Some(path) => read(path)?,
            None if is_demo => demo::TRIGGERS.to_owned(),
            None => "[]".to_owned(),
        };
        let flows = actions::printing(&triggers)?;
        self.handler.with(|service| {
            service.pipeline_mut().set_explain(self.is_explained);
            service.set_flows(Utc::now(), flows)
        })??;
        if is_demo {
            demo::begin(&self.handler, &self.intake, &self.base).await?;
        }
        if let Some(path) = &args.events {
            let text = read(path)?;
            feed::feed(&self.handler, &self.intake, &feed::read_lines(&text)?)?;
        }
        Ok(())
    }

    /// How long what is under way may take at the end.
    pub fn grace(&self) -> Duration {
        self.options.grace
    }

    /// Starts it on the runtime that this is called within; the handle ends when it has stopped.
    pub fn start(self) -> (App, JoinHandle<Result<(), BoxError>>) {
        let Self { handler, disk, intake, .. } = self;
        let prepare = ResolvedCallbacks::new(self.callbacks, Dns);
        let start = Start {
            handler: Arc::clone(&handler),
            disk: disk.clone(),
            intake: intake.clone(),
            registry: self.registry,
        };
        let (host, ended) = Host::start(start, self.inbox, prepare, self.options);
        let app = App {
            handler,
            host,
            keys: Arc::new(self.keys),
            watch: intake.watch,
            disk,
            is_open: self.is_open,
            is_explained: self.is_explained,
            base: self.base.into(),
        };
        (app, ended)
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// What goes together, and what does not.
fn check(args: &Args, local: SocketAddr) -> Result<(), Failure> {
    let is_loopback = local.ip().is_loopback();
    if args.open && !is_loopback {
        return Err(format!("--open: {local} is no loopback address").into());
    }
    if args.journal.is_none() && !is_loopback {
        return Err(format!(
            "{local} is no loopback address, and a demo is for this machine alone: give it a --journal"
        )
        .into());
    }
    if args.base_url.is_none() && local.ip().is_unspecified() {
        return Err(format!("--base-url is needed: nobody finds {local}").into());
    }
    Ok(())
}

/// Those of the file; in a demo one of each kind, told on stderr.
fn keys(args: &Args) -> Result<Keys, Failure> {
    if let Some(path) = &args.keys {
        let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        return Ok(Keys::read(&read(path)?).map_err(|error| told(&error))?);
    }
    let (demo, host) = (hex_of(&random::<16>()?), hex_of(&random::<16>()?));
    eprintln!("the key of the subscriber demo: {demo}");
    eprintln!("the host's key: {host}");
    Keys::read(&format!("subscriber {} {demo}\nhost ops {host}", demo::SUBSCRIBER))
}

fn guard(args: &Args) -> Guard {
    // The receiver of a demo is on this machine.
    let is_local = args.allow_loopback || args.journal.is_none();
    let guard = Guard::new().with_loopback(is_local).with_http(is_local).with_any_port(is_local);
    args.callback_hosts.iter().fold(guard, Guard::with_allowed_host)
}

fn beside(journal: &Path) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(".secrets");
    PathBuf::from(name)
}

/// What the last run has left.
fn found(recovery: &Recovery) -> String {
    if recovery.is_fresh() {
        return "found nothing: a new journal".to_owned();
    }
    let since =
        recovery.snapshot().map_or("the beginning".to_owned(), |lsn| format!("the snapshot at {lsn}"));
    let mut told = vec![
        format!("found {} batches after {since}, with {} firings", recovery.batches(), recovery.firings()),
        format!("{} attempts were under way", recovery.cut_off()),
    ];
    told.extend(match (recovery.found().tail(), recovery.tail_lost()) {
        (Some(tail), _) => {
            Some(format!("cut {tail}: no loss after a crash, maybe one after damage to the disk"))
        }
        (None, Some(lsn)) => Some(format!("LOST what was acknowledged, from batch {lsn} on")),
        (None, None) => None,
    });
    told.extend(recovery.damaged().iter().map(|damage| format!("passed over a damaged snapshot: {damage}")));
    told.join("; ")
}
