//! Which URLs may be shortened: http and https, with a host that can exist, and nothing that could break out of a
//! `location` header or show a reader another host than the one that is visited.

use alloc::format;
use alloc::string::{String, ToString};
use core::net::Ipv6Addr;

const MAX_CHARACTERS: usize = 2048;
const MAX_HOST: usize = 253;

/// Says what is wrong with a URL, if anything is.
pub fn check(url: &str) -> Result<(), String> {
    if url.chars().count() > MAX_CHARACTERS {
        return Err(format!("the URL is longer than {MAX_CHARACTERS} characters"));
    }
    if url.chars().any(|character| character.is_whitespace() || character.is_control()) {
        return Err("the URL contains white space or control characters".to_string());
    }
    let rest = after_scheme(url).ok_or("only URLs that start with http:// or https:// can be shortened")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("the URL carries a user name or a password".to_string());
    }
    let (host, port) = split_port(authority);
    check_host(host)?;
    match port {
        None | Some("") => Ok(()),
        Some(port) if is_port(port) => Ok(()),
        Some(port) => Err(format!("`{port}` is not a port")),
    }
}

fn after_scheme(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    is_web.then_some(rest)
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    let host_end = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    match authority[host_end..].rfind(':') {
        Some(colon) => (&authority[..host_end + colon], Some(&authority[host_end + colon + 1..])),
        None => (authority, None),
    }
}

fn check_host(host: &str) -> Result<(), String> {
    if host.is_empty() {
        return Err("the URL has no host".to_string());
    }
    let is_good = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => is_name(host),
    };
    if is_good { Ok(()) } else { Err(format!("`{host}` is not a host")) }
}

/// A host name or an IPv4 address. Letters of any script: browsers translate them.
fn is_name(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_allowed = |character: char| character.is_alphanumeric() || !character.is_ascii() || "-_".contains(character);
    host.len() <= MAX_HOST && name.split('.').all(|label| !label.is_empty() && label.chars().all(is_allowed))
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn web_addresses_are_accepted() {
        for url in [
            "https://example.com",
            "http://example.com/very/long/path?with=query&and=more#fragment",
            "HTTPS://EXAMPLE.COM.",
            "http://localhost:8080/",
            "http://example.com:/",
            "http://192.168.0.1:80?x",
            "http://[2001:db8::1]:8080/path",
            "http://[::1]",
            "https://bücher.example/straße",
            "https://例え.テスト/パス?キー=値",
            "https://example.com/a@b:c",
            "https://my_host.example/",
        ] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn other_schemes_are_refused() {
        for url in [
            "",
            "example.com",
            "//example.com",
            "ftp://example.com",
            "javascript:alert(1)",
            "javascript://example.com/%0aalert(1)",
            "data:text/html,x",
            "https:example.com",
            "https:/example.com",
            "://example.com",
        ] {
            assert!(check(url).is_err_and(|message| message.contains("http://")), "{url}");
        }
    }

    #[test]
    fn a_missing_host_is_named() {
        for url in ["https://", "https:///path", "http://?query", "http://#fragment", "http://:80/"] {
            assert_eq!(check(url), Err("the URL has no host".into()), "{url}");
        }
    }

    #[test]
    fn hosts_that_cannot_exist_are_refused() {
        for url in [
            "http://a..b",
            "http://.",
            "http://.example.com",
            "http://exa%6dple.com",
            "http://a\\b/",
            "http://[::1",
            "http://[nonsense]/",
            "http://[::1]x/",
            "http://<script>/",
            "http://a:b:80/",
        ] {
            assert!(check(url).is_err_and(|message| message.contains("is not a host")), "{url}");
        }
        assert!(check(&format!("http://{}/", "a.".repeat(127))).is_err());
    }

    #[test]
    fn bad_ports_are_refused() {
        for url in ["http://a:x/", "http://a:65536/", "http://a:+80/", "http://a:-1/"] {
            assert!(check(url).is_err_and(|message| message.contains("is not a port")), "{url}");
        }
    }

    #[test]
    fn a_user_name_is_refused() {
        assert!(check("https://example.com@elsewhere.example/").is_err());
        assert!(check("https://user:password@example.com/").is_err());
    }

    #[test]
    fn what_could_break_a_header_is_refused() {
        for url in
            ["https://a.b/\r\nset-cookie: x=y", "https://a.b/ c", "https://a.b/\t", "https://a.b/\0", " https://a.b"]
        {
            assert!(check(url).is_err_and(|message| message.contains("white space")), "{url:?}");
        }
    }

    #[test]
    fn length_counts_characters_not_bytes() {
        let start = "https://a.b/";
        assert_eq!(check(&format!("{start}{}", "é".repeat(2048 - start.len()))), Ok(()));
        assert!(check(&format!("{start}{}", "a".repeat(2049 - start.len()))).is_err());
    }
}
