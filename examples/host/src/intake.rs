//! Events as they are taken in: handed to the pipeline with the names that are new in them, and remembered for those who look.

use chrono::Utc;
use tripline::Error;
use tripline::event::Event;
use tripline::pipeline::{Pipeline, Receipt};

use crate::catalogue::Catalogue;
use crate::watch::Watch;

/// A clone is the same one.
#[derive(Debug, Clone)]
pub struct Intake {
    pub watch: Watch,
    pub catalogue: Catalogue,
}

impl Intake {
    /// Hands events in.
    pub fn take(&self, pipeline: &mut Pipeline, events: &[Event<'_>]) -> Result<Receipt, Error> {
        let now = Utc::now();
        let news = self.catalogue.news(events);
        let receipt = pipeline.handle_events_keeping(now, events, &news)?;
        self.catalogue.took(&news);
        self.watch.took(events, &receipt, now, pipeline);
        Ok(receipt)
    }
}
