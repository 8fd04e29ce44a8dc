//! How many links a client made in the present window of time.
//!
//! Clients are spread over a fixed number of slots, and a slot keeps the clients of one window only, so what is stored
//! does not grow with the number of clients that ever came. A slot is the window's number (eight bytes,
//! little-endian), then for each client its address (16 bytes) and its count (four bytes, little-endian).

use alloc::vec::Vec;
use core::net::IpAddr;

const HEAD: usize = 8;
const ADDRESS: usize = 16;
const ENTRY: usize = ADDRESS + 4;
const SLOTS: u32 = 256;

/// A client: an IPv4 address, or the 64 leading bits of an IPv6 address, which is what one customer is given.
pub type Client = [u8; ADDRESS];

pub fn client(address: IpAddr) -> Client {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.to_ipv6_mapped().octets(),
            None => {
                let mut octets = v6.octets();
                octets[8..].fill(0);
                octets
            }
        },
    }
}

/// The slot that a client belongs to (FNV-1a).
pub fn slot(client: &Client) -> u32 {
    let hash = client.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    (hash ^ (hash >> 16)) % SLOTS
}

/// The slot with one more link of the client; `None` when it has made `limit` already.
pub fn admit(slot: Option<&[u8]>, client: &Client, window: u64, limit: u32) -> Option<Vec<u8>> {
    let mut updated = slot.filter(|bytes| is_of(bytes, window)).map_or_else(|| window.to_le_bytes().into(), Vec::from);
    let known = updated[HEAD..].chunks_exact_mut(ENTRY).find(|entry| entry.starts_with(client));
    let Some(entry) = known else {
        updated.extend_from_slice(client);
        updated.extend_from_slice(&1u32.to_le_bytes());
        return (limit > 0).then_some(updated);
    };
    let count = entry[ADDRESS..].try_into().map_or(u32::MAX, u32::from_le_bytes);
    if count >= limit {
        return None;
    }
    entry[ADDRESS..].copy_from_slice(&(count + 1).to_le_bytes());
    Some(updated)
}

fn is_of(slot: &[u8], window: u64) -> bool {
    slot.len() % ENTRY == HEAD % ENTRY && slot.starts_with(&window.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::{SLOTS, admit, client, slot};

    fn of(address: &str) -> super::Client {
        client(address.parse().expect("an address"))
    }

    #[test]
    fn a_client_is_refused_beyond_its_limit() {
        let one = of("192.0.2.1");
        let mut stored = None;
        for _ in 0..3 {
            stored = admit(stored.as_deref(), &one, 7, 3);
            assert!(stored.is_some());
        }
        assert_eq!(admit(stored.as_deref(), &one, 7, 3), None);
    }

    #[test]
    fn clients_of_one_slot_are_counted_apart() {
        let (one, other) = (of("192.0.2.1"), of("192.0.2.2"));
        let stored = admit(None, &one, 7, 1);
        assert!(admit(stored.as_deref(), &one, 7, 1).is_none());
        let stored = admit(stored.as_deref(), &other, 7, 1);
        assert!(stored.is_some());
        assert!(admit(stored.as_deref(), &one, 7, 1).is_none());
        assert!(admit(stored.as_deref(), &other, 7, 1).is_none());
    }

    #[test]
    fn a_new_window_forgets_the_old_one() {
        let one = of("192.0.2.1");
        let stored = admit(None, &one, 7, 1);
        let stored = admit(stored.as_deref(), &one, 8, 1).expect("admitted");
        assert_eq!(stored.len(), 8 + 20);
    }

    #[test]
    fn a_slot_of_another_origin_is_replaced() {
        assert!(admit(Some(b"nonsense"), &of("::1"), 7, 1).is_some());
        assert!(admit(Some(b""), &of("::1"), 7, 1).is_some());
    }

    #[test]
    fn one_customer_is_one_client() {
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

    #[test]
    fn clients_are_spread_over_the_slots() {
        let used: std::collections::HashSet<u32> =
            (0..=255u8).flat_map(|low| (0..4u8).map(move |high| slot(&client([10, 0, high, low].into())))).collect();
        assert!(used.iter().all(|number| *number < SLOTS));
        assert!(used.len() > 200, "{}", used.len());
    }
}
