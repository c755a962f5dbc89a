//! Hashing for the maps that a peer can fill.

use std::fmt;
use std::hash::{BuildHasher, Hasher};

use siphasher::sip::SipHasher13;

/// The key of every hash map that a peer can fill, 128 bits.
///
/// Room names, namespace names and ids reach the core's maps from clients. Under a key that
/// they cannot guess they cannot choose names that collide (`SipHash` 1-3, as in `std`); and as
/// the key is handed in, a run can be replayed. No result depends on it: the core never
/// iterates in hash order.
#[derive(Clone, Copy)]
pub struct HashKey([u8; 16]);

impl HashKey {
    /// Takes 128 bits that must be unpredictable; one key may serve a whole process.
    pub const fn from_entropy(entropy: [u8; 16]) -> Self {
        Self(entropy)
    }
}

impl BuildHasher for HashKey {
    type Hasher = KeyedHasher;

    fn build_hasher(&self) -> KeyedHasher {
        KeyedHasher(SipHasher13::new_with_key(&self.0))
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(..)")
    }
}

/// The hasher that a [`HashKey`] builds.
#[derive(Clone, Copy)]
pub struct KeyedHasher(SipHasher13);

impl Hasher for KeyedHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    fn write_u8(&mut self, byte: u8) {
        self.0.write_u8(byte);
    }

    fn finish(&self) -> u64 {
        self.0.finish()
    }
}

impl fmt::Debug for KeyedHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedHasher(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_decides_the_hash() {
        let hash = |byte| HashKey::from_entropy([byte; 16]).hash_one("room");
        assert_eq!(hash(1), hash(1));
        assert_ne!(hash(1), hash(2));
    }

    #[test]
    fn every_byte_decides_the_hash() {
        let key = HashKey::from_entropy([1; 16]);
        assert_ne!(key.hash_one("room"), key.hash_one("roof"));
        assert_ne!(key.hash_one(1_u8), key.hash_one(2_u8));
        // A string ends in a byte of its own: or these would be one.
        assert_ne!(key.hash_one(("a", "bc")), key.hash_one(("ab", "c")));
    }

    #[test]
    fn nothing_of_the_key_is_shown() {
        let key = HashKey::from_entropy([7; 16]);
        assert_eq!(format!("{key:?}"), "HashKey(..)");
        assert_eq!(format!("{:?}", key.build_hasher()), "KeyedHasher(..)");
    }
}
