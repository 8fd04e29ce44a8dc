//! URLs in a `location` header, which holds ASCII alone.

use alloc::format;
use alloc::string::String;

/// Percent-encodes what is not ASCII; browsers read a host that is encoded so, too.
pub fn to_header(url: &str) -> String {
    let mut header = String::with_capacity(url.len());
    for byte in url.bytes() {
        if byte.is_ascii_graphic() {
            header.push(char::from(byte));
        } else {
            header.push_str(&format!("%{byte:02X}"));
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::to_header;

    #[test]
    fn ascii_stays_as_it_is() {
        let url = "https://example.com/a%20b?c=d&e=[f]#g";
        assert_eq!(to_header(url), url);
    }

    #[test]
    fn everything_else_is_encoded() {
        assert_eq!(to_header("https://bücher.example/ß"), "https://b%C3%BCcher.example/%C3%9F");
        assert_eq!(to_header("a\r\nb"), "a%0D%0Ab");
    }
}
