//! A silence as bytes.

use crate::error::Error;

use super::super::silence::Silence;
use super::codec::{Sink, Source};

pub(super) fn write_silence(sink: &mut Sink, silence: &Silence) {
    [silence.last, silence.due, silence.fired].into_iter().for_each(|at| sink.instant(at));
}

pub(super) fn read_silence(source: &mut Source<'_>) -> Result<Silence, Error> {
    Ok(Silence { last: source.instant()?, due: source.instant()?, fired: source.instant()? })
}
