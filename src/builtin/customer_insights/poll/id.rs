//! Ids of events: functions of what was seen, so that whoever sees it again makes the same.

use sha2::{Digest, Sha256};

use crate::base64::base64url;

/// 22 characters of base64url over the parts, each framed by its length.
pub(super) fn id(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in ["customerInsights.poll.1"].iter().chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    base64url(&hash.finalize()).map(char::from).into_iter().collect()
}

/// The first eight characters of the same, for what is compared with one other and is no name: a cursor stays small.
pub(super) fn digest(parts: &[&str]) -> String {
    let mut digest = id(parts);
    digest.truncate(8);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_lists_of_parts_have_one_id() {
        let all = [&["a", "b"][..], &["ab"], &["a", "b", ""], &["", "a", "b"], &["b", "a"], &[]];
        let distinct: std::collections::BTreeSet<String> = all.iter().map(|parts| id(parts)).collect();
        assert_eq!(distinct.len(), all.len());
        assert_eq!(id(&["a", "b"]), id(&["a", "b"]));
        assert_eq!(id(&["a"]).len(), 22);
    }
}
