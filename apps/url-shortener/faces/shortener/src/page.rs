//! The web page: files that stand in the component itself.

use alloc::borrow::Cow;
use alloc::format;

use http::{Request, Response};

/// Nothing from elsewhere, and no script but the page's own.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A file of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    Page,
    Style,
    Script,
    Icon,
}

impl File {
    /// The file under a path without slashes around it.
    pub fn find(path: &str) -> Option<Self> {
        match path {
            "" => Some(Self::Page),
            "app.css" => Some(Self::Style),
            "app.js" => Some(Self::Script),
            "icon.svg" => Some(Self::Icon),
            _ => None,
        }
    }

    const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Page => include_bytes!("../../../web/index.html"),
            Self::Style => include_bytes!("../../../web/app.css"),
            Self::Script => include_bytes!("../../../web/app.js"),
            Self::Icon => include_bytes!("../../../web/icon.svg"),
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Page => "text/html; charset=utf-8",
            Self::Style => "text/css; charset=utf-8",
            Self::Script => "text/javascript; charset=utf-8",
            Self::Icon => "image/svg+xml",
        }
    }

    const fn version(self) -> u64 {
        const VERSIONS: [u64; 4] =
            [hash(File::Page.bytes()), hash(File::Style.bytes()), hash(File::Script.bytes()), hash(File::Icon.bytes())];
        VERSIONS[self as usize]
    }
}

/// The file, or 304 when the browser has it already.
pub fn answer(request: &Request, file: File) -> Response {
    let tag = format!("\"{:016x}\"", file.version());
    let is_known = request.header("if-none-match").is_some_and(|known| known.contains(&tag));
    let response = if is_known {
        Response::empty(304)
    } else {
        Response::with_body(200, file.content_type(), Cow::Borrowed(file.bytes()))
            .header("content-security-policy", POLICY)
            .header("x-content-type-options", "nosniff")
            .header("referrer-policy", "same-origin")
    };
    response.header("etag", tag).header("cache-control", "no-cache")
}

/// FNV-1a, computed when the component is compiled.
const fn hash(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0100_0000_01b3);
        index += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::{File, hash};

    #[test]
    fn every_file_has_a_version_of_its_own() {
        let files = [File::Page, File::Style, File::Script, File::Icon];
        for file in files {
            assert_eq!(file.version(), hash(file.bytes()));
            assert_eq!(files.iter().filter(|other| other.version() == file.version()).count(), 1);
        }
    }

    #[test]
    fn the_page_asks_for_files_that_exist() {
        let page = String::from_utf8_lossy(File::Page.bytes()).into_owned();
        for reference in page.split(['"', '\'']).filter(|text| text.starts_with('/')) {
            assert!(File::find(reference.trim_matches('/')).is_some(), "{reference}");
        }
    }

    #[test]
    fn the_page_needs_nothing_from_elsewhere() {
        for file in [File::Page, File::Style, File::Script] {
            let text = String::from_utf8_lossy(file.bytes()).into_owned();
            let outside = text.replace("http://www.w3.org/2000/svg", "").replace("https://example.com", "");
            assert!(!outside.contains("http://") && !outside.contains("https://"), "{file:?}");
        }
    }
}
