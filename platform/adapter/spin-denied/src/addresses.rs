//! What Spin says of an address that a component may not connect to.

/// The refusal of an address as the guest gave it.
pub fn not_permitted(address: &str) -> String {
    ["address ", address, " is not permitted"].concat()
}

/// The refusal of a Postgres address, a URL or `key=value` pairs: host and port alone, without credentials.
pub fn postgres_not_permitted(address: &str) -> String {
    let (host, port) = match address.split_once("://") {
        Some((_, rest)) => from_url(rest),
        None => from_pairs(address),
    };
    match port {
        Some(port) => not_permitted(&["postgres://", host, ":", port].concat()),
        None => not_permitted(&["postgres://", host].concat()),
    }
}

/// The first host and its port in what follows the scheme.
fn from_url(rest: &str) -> (&str, Option<&str>) {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let hosts = authority.rsplit('@').next().unwrap_or_default();
    let first = hosts.split(',').next().unwrap_or_default();
    match first.rsplit_once(':') {
        // A colon within brackets belongs to an IPv6 address.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (first, None),
    }
}

/// The first host and port among `key=value` pairs.
fn from_pairs(pairs: &str) -> (&str, Option<&str>) {
    let value = |name: &str| {
        let mut fields = pairs
            .split_whitespace()
            .filter_map(|pair| pair.split_once('='));
        let (_, values) = fields.find(|(key, _)| *key == name)?;
        values.split(',').next()
    };
    (value("host").unwrap_or("localhost"), value("port"))
}

#[cfg(test)]
mod tests {
    use super::{not_permitted, postgres_not_permitted};

    #[test]
    fn an_address_is_named_as_it_was_given() {
        assert_eq!(
            not_permitted("mysql://spin:spin@localhost:3306/spin_dev"),
            "address mysql://spin:spin@localhost:3306/spin_dev is not permitted"
        );
    }

    #[test]
    fn a_postgres_address_is_named_without_credentials() {
        for (address, named) in [
            ("postgres://localhost:5432", "postgres://localhost:5432"),
            (
                "postgres://u:p@db.example/shop?sslmode=require",
                "postgres://db.example",
            ),
            (
                "postgresql://u:p@ss@[::1]:5433/shop",
                "postgres://[::1]:5433",
            ),
            ("postgres://u@[::1]", "postgres://[::1]"),
            ("postgres://u@one:1,two:2/shop", "postgres://one:1"),
            ("user=u password=p host=db port=5433", "postgres://db:5433"),
            ("user=u", "postgres://localhost"),
            ("", "postgres://localhost"),
            ("postgres://", "postgres://"),
        ] {
            assert_eq!(
                postgres_not_permitted(address),
                format!("address {named} is not permitted")
            );
        }
    }
}
