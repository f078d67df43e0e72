//! The command line.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::Failure;

pub const USAGE: &str = "\
cluster demo
    a nats-server in a temporary folder, three workers, one of them killed; the same as by one process, or what differs
cluster worker --server HOST:PORT --id N --workers N --receiver HOST:PORT [--checkpoint N] [--at-once N] [--keep]
    works until its stdin ends
cluster feed --server HOST:PORT --reporters N --instances N --rounds N --twice PERCENT --seed N [--a-second N]
    puts the quickstart's data, so many times over, into the logs of the partitions; goes on where they end";

/// What a command is told.
pub struct Args {
    values: BTreeMap<String, String>,
}

impl Args {
    /// Options, each with a value but for `--keep`.
    pub fn parse(mut given: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut values = BTreeMap::new();
        while let Some(name) = given.next() {
            let value = match name.as_str() {
                "--keep" => "yes".to_owned(),
                _ => given.next().ok_or_else(|| format!("{name} wants a value"))?,
            };
            values.insert(name, value);
        }
        Ok(Self { values })
    }

    /// What an option says; it is taken out.
    pub fn take<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, Failure>
    where
        T::Err: std::fmt::Display,
    {
        let Some(value) = self.values.remove(name) else { return Ok(None) };
        value.parse().map(Some).map_err(|error| format!("{name} {value}: {error}").into())
    }

    /// What an option says that must be there.
    pub fn need<T: FromStr>(&mut self, name: &str) -> Result<T, Failure>
    where
        T::Err: std::fmt::Display,
    {
        self.take(name)?.ok_or_else(|| format!("{name} is missing").into())
    }

    /// Nothing may be left that nobody knows.
    pub fn end(self) -> Result<(), Failure> {
        self.values.keys().next().map_or(Ok(()), |name| Err(format!("{name} is no option here").into()))
    }
}
