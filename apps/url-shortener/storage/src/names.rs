//! File names for keys: any key has one, no two keys share one, and none leaves the folder.

use alloc::format;
use alloc::string::String;

/// Letters, digits, `-` and `_` stand for themselves, every other byte is `%` and two hexadecimal digits.
pub fn file_name(key: &str) -> String {
    let mut name = String::with_capacity(key.len() + 4);
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02x}"));
        }
    }
    name
}

/// The largest number for which `is_taken` holds, when it holds for 1 up to that number; 0 when it holds for none.
/// Asks about twice the logarithm of the answer.
pub fn highest<E>(mut is_taken: impl FnMut(u64) -> Result<bool, E>) -> Result<u64, E> {
    let mut free = 1;
    while is_taken(free)? {
        free *= 2;
    }
    let mut taken = free / 2;
    while free - taken > 1 {
        let middle = taken + (free - taken) / 2;
        if is_taken(middle)? {
            taken = middle;
        } else {
            free = middle;
        }
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::{file_name, highest};

    #[test]
    fn a_name_never_leaves_the_folder() {
        assert_eq!(file_name("link/aB3"), "link%2faB3");
        assert_eq!(file_name("../.."), "%2e%2e%2f%2e%2e");
        assert_eq!(file_name("é\0"), "%c3%a9%00");
    }

    #[test]
    fn different_keys_have_different_names() {
        assert_ne!(file_name("a/b"), file_name("a%2fb"));
    }

    #[test]
    fn the_highest_number_taken_is_found() {
        for count in 0..70 {
            assert_eq!(highest(|number| Ok::<_, ()>(number <= count)), Ok(count));
        }
    }

    #[test]
    fn a_failure_while_asking_is_passed_on() {
        assert_eq!(highest(|_| Err("disk")), Err("disk"));
    }
}
