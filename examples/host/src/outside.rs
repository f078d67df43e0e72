//! What the connector needs of the world: the clock, the disk, names resolved, choices, logins.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tripline::action::{ActionError, Choice, async_trait};
use tripline::connector::{BoxError, Choose, Ports, Resolver, Run};
use tripline::journal::Lsn;
use tripline::pipeline::Persist;

use crate::actions::Environment;
use crate::catalogue::Catalogue;
use crate::disk::Disk;
use crate::host::Wake;

/// The ports of the connector's handler.
#[derive(Debug)]
pub struct Outside {
    pub disk: Disk,
    pub dns: Dns,
    pub wake: Wake,
    pub catalogue: Catalogue,
}

#[async_trait]
impl Resolver for Outside {
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, BoxError> {
        self.dns.resolve(host).await
    }
}

#[async_trait]
impl Ports for Outside {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn persist(&self, batches: &[Persist]) -> Result<Lsn, BoxError> {
        let lsn = self.disk.append(batches)?;
        // There may be work now, or another time to wake up at.
        self.wake.wake();
        Ok(lsn)
    }

    async fn choose(&self, choose: &Choose) -> Result<Vec<Choice>, ActionError> {
        Ok(self.catalogue.choices(choose.principal(), choose.list(), choose.parameter("instance")))
    }

    async fn prepare(&self, run: Run) -> Result<Run, ActionError> {
        let subscriber = run.principal().to_owned();
        Ok(run.with_secrets(Environment { subscriber }))
    }
}

/// The resolver of the system.
#[derive(Debug, Clone)]
pub struct Dns;

/// Shorter than the connector waits for it.
const PATIENCE: Duration = Duration::from_secs(8);

#[async_trait]
impl Resolver for Dns {
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, BoxError> {
        // The port is of no concern; the function wants one.
        let found = tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host, 443))).await??;
        Ok(found.map(|address| address.ip()).collect())
    }
}
