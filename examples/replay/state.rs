//! The engine's state in a file between two runs.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tripline::Trigger;
use tripline::engine::{Engine, RestoreReport};

use crate::Stop;

/// An engine for what has happened already: nothing is too far in the future.
pub(crate) fn engine() -> Engine {
    Engine::builder().with_skew(None).build()
}

/// The engine as the file has it, and what is not as it was then; `None` where there is no file, or where no time
/// had been seen when it was written.
pub(crate) fn load(path: &Path, triggers: &[Trigger]) -> Result<Option<(Engine, Vec<String>)>, Stop> {
    folder(path)?;
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Stop::about(path, &error)),
    };
    let damaged = |error: tripline::Error| Stop::failed(format!("{}: {error}", path.display()));
    // A trigger that is new watches from now on, and now is what the clock of the snapshot says. It is read for that
    // first, into an engine without triggers.
    let mut clock = engine();
    clock.restore(&bytes).map_err(damaged)?;
    let Some(now) = clock.clock() else { return Ok(None) };
    let mut engine = engine();
    triggers.iter().try_for_each(|trigger| engine.add(now, trigger.clone())).map_err(damaged)?;
    let report = engine.restore(&bytes).map_err(damaged)?;
    Ok(Some((engine, changes(path, &report))))
}

/// Puts the bytes into the file at once: whoever reads it finds the old state or the new one, never half of one.
pub(crate) fn save(path: &Path, bytes: &[u8]) -> Result<(), Stop> {
    let folder = folder(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let written = write_synced(&draft, bytes).and_then(|()| fs::rename(&draft, path));
    written.map_err(|error| {
        let _ = fs::remove_file(&draft);
        Stop::about(path, &error)
    })?;
    // The new name is on the disk once its folder is; not every system lets a folder be synced.
    let _ = File::open(&folder).and_then(|folder| folder.sync_all());
    Ok(())
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The folder of the file; that it is not there should be known before the events are read.
fn folder(path: &Path) -> Result<PathBuf, Stop> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match path.file_name() {
        Some(_) if folder.is_dir() => Ok(folder.to_owned()),
        Some(_) => Err(Stop::failed(format!("{}: there is no folder {}", path.display(), folder.display()))),
        None => Err(Stop::failed(format!("{}: this is not the name of a file", path.display()))),
    }
}

fn changes(path: &Path, report: &RestoreReport) -> Vec<String> {
    let lists = [
        (report.changed(), "has changed since: its state is carried over"),
        (report.added(), "is not in it: it starts anew"),
        (report.dropped(), "is there no more: its state is dropped"),
    ];
    let line = |id: &String, what: &str| format!("{}: trigger {id} {what}", path.display());
    lists.iter().flat_map(|(ids, what)| ids.iter().map(move |id| line(id, what))).collect()
}
