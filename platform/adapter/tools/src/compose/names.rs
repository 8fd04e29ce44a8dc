//! Names of imports and exports: which export can satisfy which import, and what the key of a wiring means.

/// An interface name taken apart: `wasi:http/types@0.2.6` has the path `wasi:http/types` and the version `0.2.6`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Name<'a> {
    path: &'a str,
    version: Option<&'a str>,
}

impl<'a> Name<'a> {
    pub fn new(name: &'a str) -> Self {
        match name.split_once('@') {
            Some((path, version)) => Self {
                path,
                version: Some(version),
            },
            None => Self {
                path: name,
                version: None,
            },
        }
    }

    /// Everything that is compatible by semantic versioning is on one track: `1` of 1.2.3, `0.2` of 0.2.6.
    /// A pre-release, 0.0.x, and a name without a version are compatible with themselves alone.
    fn track(self) -> Option<(&'a str, &'a str)> {
        let version = self.version?;
        let version = version
            .split_once('+')
            .map_or(version, |(version, _)| version);
        let numbers = numbers(version)?;
        let length = match numbers {
            (0, 0, _) => return None,
            (0, ..) => version.match_indices('.').nth(1)?.0,
            _ => version.find('.')?,
        };
        Some((self.path, &version[..length]))
    }

    fn newness(self) -> Option<(u64, u64, u64)> {
        numbers(self.version?.split('+').next()?)
    }
}

fn numbers(version: &str) -> Option<(u64, u64, u64)> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    let numbers = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(numbers)
}

/// The release candidate of WASI 0.3.0 that published tools build for: its interfaces are those of 0.3.0.
const CANDIDATE: &str = "@0.3.0-rc-2026-03-15";

/// The name that an interface of WASI has in the release, if `import` is of the candidate that is accepted for it.
pub fn final_release(import: &str) -> Option<String> {
    let path = import.strip_suffix(CANDIDATE)?;
    path.starts_with("wasi:").then(|| format!("{path}@0.3.0"))
}

/// The newest of `exports` that is on the semver track of `import`.
pub fn on_same_track<'a>(import: &str, exports: &'a [String]) -> Option<&'a str> {
    let track = Name::new(import).track()?;
    exports
        .iter()
        .map(String::as_str)
        .filter(|export| Name::new(export).track() == Some(track))
        .max_by_key(|export| Name::new(export).newness())
}

/// How exactly a key of a wiring names an import, if it does: the import itself (3), its interface without the version
/// (2), its package with the version (1), its package without (0).
pub fn precision(key: &str, import: &str) -> Option<u8> {
    if key == import {
        return Some(3);
    }
    let (key, import) = (Name::new(key), Name::new(import));
    let package = import.path.split_once('/').map(|(package, _)| package);
    match key.version {
        None if key.path == import.path => Some(2),
        None if Some(key.path) == package => Some(0),
        Some(_) if Some(key.path) == package && versions_agree(key, import) => Some(1),
        _ => None,
    }
}

/// A version may be given in full or only as far as its track: `1`, `1.0` or `1.0.0`.
fn versions_agree(key: Name<'_>, import: Name<'_>) -> bool {
    let (Some(wanted), Some(version)) = (key.version, import.version) else {
        return false;
    };
    wanted == version
        || version
            .strip_prefix(wanted)
            .is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracked(import: &str, exports: &[&str]) -> Option<String> {
        let exports: Vec<String> = exports.iter().map(ToString::to_string).collect();
        on_same_track(import, &exports).map(str::to_owned)
    }

    #[test]
    fn any_patch_of_a_minor_version_below_1_satisfies_any_other() {
        assert_eq!(
            tracked("a:b/c@0.2.0", &["a:b/c@0.2.6"]).as_deref(),
            Some("a:b/c@0.2.6")
        );
        assert_eq!(
            tracked("a:b/c@0.2.12", &["a:b/c@0.2.6"]).as_deref(),
            Some("a:b/c@0.2.6")
        );
        assert_eq!(
            tracked("a:b/c@0.2.0", &["a:b/c@0.3.0", "a:b/d@0.2.0", "a:b/c"]),
            None
        );
    }

    #[test]
    fn any_minor_of_a_major_version_satisfies_any_other() {
        assert_eq!(
            tracked("a:b/c@2.0.0", &["a:b/c@2.1.0"]).as_deref(),
            Some("a:b/c@2.1.0")
        );
        assert_eq!(tracked("a:b/c@2.0.0", &["a:b/c@21.0.0"]), None);
    }

    #[test]
    fn a_pre_release_satisfies_itself_alone() {
        assert_eq!(
            tracked("a:b/c@0.2.0-draft2", &["a:b/c@0.2.0", "a:b/c@0.2.0-draft"]),
            None
        );
        assert_eq!(tracked("a:b/c@0.2.0", &["a:b/c@0.2.0-draft2"]), None);
    }

    #[test]
    fn a_version_below_0_1_satisfies_itself_alone() {
        assert_eq!(tracked("a:b/c@0.0.1", &["a:b/c@0.0.2"]), None);
    }

    #[test]
    fn one_candidate_stands_for_the_release() {
        let release = final_release("wasi:http/types@0.3.0-rc-2026-03-15");
        assert_eq!(release.as_deref(), Some("wasi:http/types@0.3.0"));
        for import in [
            "wasi:http/types@0.3.0-rc-2025-09-16",
            "wasi:http/types@0.3.0",
            "a:b/c@0.3.0-rc-2026-03-15",
        ] {
            assert_eq!(final_release(import), None, "{import}");
        }
    }

    #[test]
    fn the_newest_of_a_track_is_taken() {
        let exports = ["a:b/c@0.2.9", "a:b/c@0.2.12", "a:b/c@0.2.6"];
        assert_eq!(
            tracked("a:b/c@0.2.0", &exports).as_deref(),
            Some("a:b/c@0.2.12")
        );
    }

    #[test]
    fn a_wiring_names_an_import_its_interface_or_its_package() {
        let import = "a:b/c@1.2.0";
        let precisions = ["a:b/c@1.2.0", "a:b/c", "a:b@1.2", "a:b@1.2.0", "a:b"]
            .map(|key| precision(key, import));
        assert_eq!(precisions, [Some(3), Some(2), Some(1), Some(1), Some(0)]);
    }

    #[test]
    fn a_wiring_of_something_else_names_nothing() {
        for key in ["a:b/d", "a:bb", "a:b@1.3", "a:b@1.20", "a", "a:b/c@1.2.1"] {
            assert_eq!(precision(key, "a:b/c@1.2.0"), None, "{key}");
        }
        assert_eq!(precision("run", "run"), Some(3));
    }
}
