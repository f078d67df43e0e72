//! Virtual time, in milliseconds from its beginning.

use chrono::{DateTime, TimeDelta, Utc};

pub(super) fn at(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_330_400, 0).unwrap() + TimeDelta::milliseconds(millis)
}

/// The first whole millisecond that is not before a time.
pub(super) fn millis(time: DateTime<Utc>) -> i64 {
    let past = time - at(0);
    past.num_milliseconds() + i64::from(past > TimeDelta::milliseconds(past.num_milliseconds()))
}
