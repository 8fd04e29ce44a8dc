//! What the platform's headers say about where a request came from and how this service is called from outside.

use core::net::SocketAddr;

/// Scheme and authority of a full URL (`spin-full-url`): `http://localhost:3000`.
pub fn origin(full_url: &str) -> Option<&str> {
    let authority = full_url.find("://")? + 3;
    let length = full_url[authority..].find(['/', '?', '#']).unwrap_or(full_url.len() - authority);
    (length > 0).then(|| &full_url[..authority + length])
}

/// The client that `spin-client-addr` names; `None` when another component of this application asks, which the
/// platform writes as `0.0.0.0:0`.
pub fn client(header: &str) -> Option<SocketAddr> {
    let address: SocketAddr = header.parse().ok()?;
    (address.port() != 0 || !address.ip().is_unspecified()).then_some(address)
}

/// Whether the request was made by another component of this application.
pub fn is_chained(header: &str) -> bool {
    header.parse().is_ok_and(|address: SocketAddr| address.port() == 0 && address.ip().is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::{client, is_chained, origin};

    #[test]
    fn an_origin_ends_before_the_path() {
        assert_eq!(origin("http://localhost:3000/api/shorten?x"), Some("http://localhost:3000"));
        assert_eq!(origin("https://s.example"), Some("https://s.example"));
        assert_eq!(origin("http://[::1]:80?q"), Some("http://[::1]:80"));
        assert_eq!(origin("/path"), None);
        assert_eq!(origin("http:///path"), None);
    }

    #[test]
    fn a_client_has_an_address_of_its_own() {
        assert_eq!(client("127.0.0.1:5000").map(|address| address.port()), Some(5000));
        assert!(client("[2001:db8::1]:1").is_some());
        assert_eq!(client("0.0.0.0:0"), None);
        assert_eq!(client("nonsense"), None);
    }

    #[test]
    fn only_the_platforms_mark_means_chained() {
        assert!(is_chained("0.0.0.0:0"));
        assert!(!is_chained("127.0.0.1:0"));
        assert!(!is_chained("0.0.0.0:80"));
        assert!(!is_chained(""));
    }
}
