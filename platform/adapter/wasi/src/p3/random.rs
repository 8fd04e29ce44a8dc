//! `wasi:random`: the generators of 0.2. As many bytes as are asked for, though fewer would be allowed.

use super::bindings::exports::wasi::random::{insecure, insecure_seed, random};
use crate::bindings::Adapter;
use crate::random as generators;

impl random::Guest for Adapter {
    fn get_random_bytes(max_len: u64) -> Vec<u8> {
        generators::bytes(max_len)
    }

    fn get_random_u64() -> u64 {
        generators::word()
    }
}

impl insecure::Guest for Adapter {
    fn get_insecure_random_bytes(max_len: u64) -> Vec<u8> {
        generators::insecure_bytes(max_len)
    }

    fn get_insecure_random_u64() -> u64 {
        generators::insecure_word()
    }
}

impl insecure_seed::Guest for Adapter {
    fn get_insecure_seed() -> (u64, u64) {
        (generators::word(), generators::word())
    }
}
