//! An instance as people say it: by its source, or by its id, which is the source's last part.

/// Whether a source is the instance that is meant. `contoso` means `/instances/contoso` as well, as the connector's profiles have it.
pub fn is_meant(source: &str, said: &str) -> bool {
    let id = source.strip_prefix("/instances/").filter(|id| !id.is_empty() && !id.contains('/'));
    source == said || id == Some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_meant_by_its_source_and_by_its_id() {
        for (source, said, wanted) in [
            ("/instances/contoso", "/instances/contoso", true),
            ("/instances/contoso", "contoso", true),
            ("contoso", "contoso", true),
            ("contoso", "/instances/contoso", false),
            ("/instances/contoso", "fabrikam", false),
            ("/instances/a/b", "a/b", false),
            ("/instances/", "", false),
        ] {
            assert_eq!(is_meant(source, said), wanted, "{source} {said}");
        }
    }
}
