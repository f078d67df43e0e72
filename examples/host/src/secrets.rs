//! The secrets of the host itself: what ids are made from, and what callbacks are sealed with.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use tripline::connector::HostKey;

use crate::Failure;
use crate::vault::Vault;

/// Whoever has these can make ids, states and signatures, and open what the journal holds sealed.
pub struct HostSecrets {
    pub key: HostKey,
    pub vault: Vault,
}

impl HostSecrets {
    /// Reads the file, or where it is not there and may be made, makes it.
    ///
    /// It may be made at the first start alone: what is in a journal was sealed with the one that was there before.
    pub fn open(path: &Path, may_make: bool) -> Result<Self, Failure> {
        let told = |error: Failure| Failure::from(format!("{}: {error}", path.display()));
        let bytes = match fs::read_to_string(path) {
            Ok(text) => bytes_of_hex(text.trim()).ok_or_else(|| told("it is not 64 bytes in hex".into()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound && may_make => {
                let bytes = random::<64>()?;
                write_new(path, &hex_of(&bytes)).map_err(|error| told(error.into()))?;
                bytes
            }
            Err(error) => return Err(told(error.into())),
        };
        Self::from_bytes(&bytes)
    }

    fn from_bytes(bytes: &[u8; 64]) -> Result<Self, Failure> {
        let (key, vault) = bytes.split_at(32);
        Ok(Self { key: HostKey::from_bytes(key)?, vault: Vault::new(vault.try_into()?) })
    }
}

/// Bytes of the system's generator.
pub fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Bytes as hex digits.
pub fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As many bytes as hex digits say, where they say just so many.
pub fn bytes_of_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

/// It is on the disk when this returns, and nobody but its owner may read it.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_as_it_was_written_and_nothing_else_is() {
        let bytes = random::<32>().unwrap();
        assert_eq!(bytes_of_hex(&hex_of(&bytes)), Some(bytes));
        for text in ["", "0", "012", "0g", "+1", "é"] {
            assert_eq!(bytes_of_hex::<1>(text), None, "{text}");
        }
    }

    #[test]
    fn secrets_are_made_once_and_only_where_they_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets");
        assert!(HostSecrets::open(&path, false).is_err());
        assert!(HostSecrets::open(&path, true).is_ok());
        let first = fs::read_to_string(&path).unwrap();
        assert!(HostSecrets::open(&path, true).is_ok());
        assert_eq!(fs::read_to_string(&path).unwrap(), first);
        fs::write(&path, "short").unwrap();
        assert!(HostSecrets::open(&path, true).is_err());
    }
}
