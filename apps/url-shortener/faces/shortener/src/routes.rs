//! Which path is what.

use crate::page::File;

const ID_LENGTH: usize = 7;

/// What a path stands for.
#[derive(Debug, PartialEq, Eq)]
pub enum Route<'a> {
    File(File),
    Shorten,
    Resolve(&'a str),
    Link(&'a str),
    Visit(&'a str),
    Nothing,
}

impl Route<'_> {
    /// The methods that the path answers to, as `allow` names them.
    pub fn methods(&self) -> &'static str {
        match self {
            Self::Shorten => "POST",
            Self::Link(_) => "DELETE",
            Self::File(_) | Self::Resolve(_) | Self::Visit(_) | Self::Nothing => "GET, HEAD",
        }
    }
}

/// The route of a path; a slash at its end does not matter.
pub fn find(path: &str) -> Route<'_> {
    let path = path.trim_matches('/');
    if let Some(file) = File::find(path) {
        return Route::File(file);
    }
    match path.split_once('/') {
        None if is_id(path) => Route::Visit(path),
        Some(("api", "shorten")) => Route::Shorten,
        Some(("api", rest)) => match rest.split_once('/') {
            Some(("resolve", id)) => Route::Resolve(id),
            Some(("urls", id)) => Route::Link(id),
            _ => Route::Nothing,
        },
        _ => Route::Nothing,
    }
}

fn is_id(segment: &str) -> bool {
    segment.len() == ID_LENGTH && segment.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::{File, Route, find};

    #[test]
    fn every_path_of_the_contract_has_its_route() {
        assert_eq!(find("/"), Route::File(File::Page));
        assert_eq!(find("/app.js"), Route::File(File::Script));
        assert_eq!(find("/api/shorten"), Route::Shorten);
        assert_eq!(find("/api/shorten/"), Route::Shorten);
        assert_eq!(find("/api/resolve/aB3xYz9"), Route::Resolve("aB3xYz9"));
        assert_eq!(find("/api/urls/aB3xYz9"), Route::Link("aB3xYz9"));
        assert_eq!(find("/aB3xYz9"), Route::Visit("aB3xYz9"));
    }

    #[test]
    fn other_paths_are_nothing() {
        for path in ["/short", "/aB3xYz9/more", "/aB3-Yz9", "/api", "/api/other/x", "/track", "/index.html"] {
            assert_eq!(find(path), Route::Nothing, "{path}");
        }
    }
}
