//! A pipeline's state as bytes.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Pipeline;
use super::activity::Activity;
use super::builder::PipelineBuilder;
use super::keep::Keep;
use super::record::{Place, check_place};
use crate::error::{Error, ErrorKind};
use crate::firing::FiringRecord;
use crate::flow::Flow;
use crate::journal::Lsn;
use crate::sealed::Sealed;
use crate::time::datetime;

/// The first had nothing kept; a build that reads no other must not lose what is.
const FIRST: u16 = 1;
const WITH_KEPT: u16 = 2;
const OF_A_PARTITION: u16 = 3;
const SEALED: Sealed = Sealed::new("tripline/pipeline", FIRST..=OF_A_PARTITION);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    /// The flows in the order of their triggers.
    flows: Vec<String>,
    counts: Vec<(String, u64)>,
    next_firing: u64,
    firings: Vec<FiringRecord>,
    #[serde(default)]
    activities: Option<Vec<(String, Activity)>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    kept: Vec<Keep>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
    /// How long the parts are that follow: the engine's, the flows', the dispatcher's.
    parts: [usize; 3],
}

impl Pipeline {
    /// The whole state, the flows among it, as bytes that
    /// [`PipelineBuilder::restore`] reads. Inputs of deliveries are in it as they
    /// are, so it is to be kept as they are. Batches that were not polled are not in it.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert!(pipeline.snapshot().starts_with(b"tripline/pipeline"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn snapshot(&self) -> Vec<u8> {
        let parts = [self.engine.snapshot(), self.flows.snapshot(), self.dispatcher.snapshot()];
        let header = Header {
            flows: self.definitions().collect(),
            counts: self.counts.iter().map(|(name, count)| (name.to_owned(), count)).collect(),
            next_firing: self.firings.next(),
            firings: self.firings.records(),
            activities: Some(self.firings.activities.to_list()),
            kept: self.kept.to_list(),
            place: self.place(),
            parts: parts.each_ref().map(Vec::len),
        };
        // Every key in it is a text and every number finite, so it is always written.
        let header = serde_json::to_vec(&header).unwrap_or_default();
        let version = match self.partition() {
            Some(_) => OF_A_PARTITION,
            None if self.kept.is_empty() => FIRST,
            None => WITH_KEPT,
        };
        SEALED.seal(version, |mut bytes| {
            bytes.extend((header.len() as u64).to_le_bytes());
            bytes.extend(header);
            parts.iter().for_each(|part| bytes.extend(part));
            bytes
        })
    }

    /// The flows as JSON, in the order of their triggers.
    fn definitions(&self) -> impl Iterator<Item = String> {
        self.engine.triggers().filter_map(|trigger| self.flows.flow(trigger.id())).map(Flow::to_json)
    }

    /// A digest of the flows.
    pub(super) fn configuration(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        for text in self.definitions() {
            digest.update((text.len() as u64).to_le_bytes());
            digest.update(text);
        }
        digest.finalize().into()
    }
}

impl PipelineBuilder {
    /// A pipeline with the state of a snapshot, taken after this batch. The
    /// actions must be those that its flows run; bounds are the builder's.
    /// [`recover`](super::recover) calls it; it is for hosts whose stores are asynchronous.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Snapshot`] where the bytes are cut, damaged or of another
    /// version or partition; as [`Flow::validate`] where a flow does not fit the actions; as [`build`](Self::build).
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// let after = Pipeline::builder(registry).restore(pipeline.last(), &pipeline.snapshot())?;
    /// assert_eq!((after.last(), after.snapshot()), (pipeline.last(), pipeline.snapshot()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn restore(self, lsn: Lsn, bytes: &[u8]) -> Result<Pipeline, Error> {
        let mut rest = SEALED.open(bytes)?;
        let mut part = |len: usize| {
            let (part, after) = rest.split_at_checked(len).ok_or_else(|| fail("a part is cut short"))?;
            rest = after;
            Ok::<_, Error>(part)
        };
        let len: [u8; 8] = part(8)?.try_into().map_err(|_| fail("it is cut short"))?;
        let len = usize::try_from(u64::from_le_bytes(len)).map_err(|_| fail("its header is too long"))?;
        let header: Header = serde_json::from_slice(part(len)?)
            .map_err(|error| fail("its header does not read").caused_by(error))?;
        let [engine, flows, dispatcher] = header.parts;
        let (engine, flows, dispatcher) = (part(engine)?, part(flows)?, part(dispatcher)?);
        let mut pipeline = self.build()?;
        check_place(header.place, pipeline.place()).map_err(|why| fail(&why))?;
        pipeline.offset = header.place.map_or(0, |place| place.next);
        let epoch = datetime(0);
        for text in &header.flows {
            let flow = Flow::from_json(text)?;
            pipeline.engine.add(epoch, flow.trigger().clone())?;
            pipeline.flows.define(epoch, flow)?;
        }
        pipeline.engine.restore(engine)?;
        pipeline.flows.restore(flows)?;
        pipeline.dispatcher.restore(dispatcher)?;
        pipeline
            .firings
            .read(header.next_firing, header.firings, header.activities)
            .map_err(|why| fail(&why))?;
        header.kept.iter().for_each(|keep| pipeline.kept.apply(keep));
        for (name, count) in &header.counts {
            pipeline.counts.set(name, *count);
        }
        (pipeline.last, pipeline.safe, pipeline.checkpoint) = (lsn, lsn, lsn);
        Ok(pipeline)
    }
}

fn fail(why: &str) -> Error {
    Error::new(ErrorKind::Snapshot, format!("the snapshot cannot be read: {why}"))
}
