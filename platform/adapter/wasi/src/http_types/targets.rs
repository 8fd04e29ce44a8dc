//! Where a request goes: the syntax of methods, schemes, authorities and paths, and their names.

use super::fields::is_token;
use crate::bindings::exports::wasi::http::types::{Method, Scheme};

const MAX_SCHEME: usize = 64;

/// Returns the method that `name` stands for.
pub fn parse_method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "CONNECT" => Method::Connect,
        "OPTIONS" => Method::Options,
        "TRACE" => Method::Trace,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

/// Returns the name of `method` as it is sent.
pub fn method_name(method: &Method) -> &str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(other) => other,
    }
}

/// Returns the scheme that `name` stands for.
pub fn parse_scheme(name: &str) -> Scheme {
    match name {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    }
}

/// Returns the name of `scheme` in lower case.
pub fn scheme_name(scheme: &Scheme) -> String {
    match scheme {
        Scheme::Http => "http".into(),
        Scheme::Https => "https".into(),
        Scheme::Other(other) => other.to_ascii_lowercase(),
    }
}

/// Tells whether `method` can be sent.
pub fn is_method(method: &Method) -> bool {
    is_token(method_name(method))
}

/// Tells whether `scheme` is one by RFC 3986 section 3.1.
pub fn is_scheme(scheme: &Scheme) -> bool {
    let Scheme::Other(name) = scheme else {
        return true;
    };
    let is_char = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    name.len() <= MAX_SCHEME
        && name
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphabetic())
        && name.bytes().all(is_char)
}

/// Tells whether `path` is a path and query: empty, or begun by `/` or `?`, without a fragment.
pub fn is_path(path: &str) -> bool {
    let is_char = |byte: u8| byte > b' ' && byte != 127 && !b"#<>`".contains(&byte);
    (path.is_empty() || path.starts_with(['/', '?'])) && path.bytes().all(is_char)
}

/// Tells whether `authority` is one by RFC 3986 section 3.2: a host, perhaps with user information and a port.
pub fn is_authority(authority: &str) -> bool {
    let (user, host_and_port) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (host, port) = match host_and_port.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, "")) => (address, None),
            Some((address, port)) => match port.strip_prefix(':') {
                Some(port) => (address, Some(port)),
                None => return false,
            },
            None => return false,
        },
        None => match host_and_port.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (host_and_port, None),
        },
    };
    let in_brackets = host_and_port.starts_with('[');
    let is_host = if in_brackets {
        is_ip_literal(host)
    } else {
        !host.is_empty() && host.bytes().all(is_name_char)
    };
    let is_user = user.bytes().all(|byte| is_name_char(byte) || byte == b':');
    is_host && is_user && port.is_none_or(is_port)
}

fn is_ip_literal(address: &str) -> bool {
    !address.is_empty()
        && address
            .bytes()
            .all(|byte| is_name_char(byte) || byte == b':')
}

/// Unreserved, percent and sub-delims of RFC 3986.
fn is_name_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(&byte)
}

fn is_port(port: &str) -> bool {
    !port.is_empty()
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_keep_their_names() {
        for name in [
            "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
            "PURGE", "get",
        ] {
            let method = parse_method(name);
            assert_eq!(method_name(&method), name);
            assert!(is_method(&method));
        }
        assert!(matches!(parse_method("get"), Method::Other(_)));
        for name in ["", "A B", "A\r", "Ä"] {
            assert!(!is_method(&Method::Other(name.into())), "{name:?}");
        }
    }

    #[test]
    fn schemes_begin_with_a_letter() {
        assert!(matches!(parse_scheme("http"), Scheme::Http));
        assert!(matches!(parse_scheme("https"), Scheme::Https));
        assert_eq!(scheme_name(&parse_scheme("WS")), "ws");
        for (name, fine) in [
            ("ws+unix", true),
            ("1a", false),
            ("", false),
            ("a:b", false),
            ("a/b", false),
        ] {
            assert_eq!(is_scheme(&Scheme::Other(name.into())), fine, "{name:?}");
        }
    }

    #[test]
    fn paths_are_absolute_and_without_fragment() {
        for path in ["", "/", "/a/b?c=d&e", "?q", "/ä", "/a%20b", "/[1]{2}|\"^"] {
            assert!(is_path(path), "{path:?}");
        }
        for path in [
            "a",
            "*",
            "http://example.com/",
            "/a b",
            "/a\r\nb",
            "/a#b",
            "/\u{7f}",
        ] {
            assert!(!is_path(path), "{path:?}");
        }
    }

    #[test]
    fn authorities_have_a_host_and_a_whole_port() {
        let good = [
            "example.com",
            "example.com:443",
            "127.0.0.1:80",
            "[::1]",
            "[2001:db8::1]:443",
            "me:pw@host:1",
        ];
        for authority in good {
            assert!(is_authority(authority), "{authority:?}");
        }
        let bad = [
            "",
            ":80",
            "example.com:",
            "example.com:abc",
            "example.com:65536",
            "[::1]:abc",
            "[::1",
            "[]",
            "::1",
            "a/b",
            "a b",
            "a\r\nb",
            "a?b",
            "a#b",
            "a@b@",
            "ä.example",
        ];
        for authority in bad {
            assert!(!is_authority(authority), "{authority:?}");
        }
    }
}
