//! Who is there, by name.

use std::fmt;

use crate::{ENTROPY_BYTES, SocketId};

/// Alphabetical, so that the first letter says which one it is.
const NAMES: [&str; 26] = [
    "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "karl",
    "lena", "mallory", "nina", "oscar", "peggy", "quinn", "rosa", "sybil", "trent", "ursula",
    "victor", "walter", "xenia", "yves", "zoe",
];

/// Somebody with a client, which may be in several namespaces at once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Person(u8);

impl Person {
    /// How many people there can be: as many as there are letters.
    pub const COUNT: u8 = NAMES.len() as u8;
    /// The first of them.
    pub const ALICE: Self = Self(0);
    /// The second.
    pub const BOB: Self = Self(1);
    /// The third.
    pub const CAROL: Self = Self(2);
    /// The fourth.
    pub const DAVE: Self = Self(3);

    /// The person of a number, from 0: alice, bob, carol and so on.
    ///
    /// # Panics
    ///
    /// If there are not so many: see [`COUNT`](Self::COUNT).
    pub const fn nth(n: u8) -> Self {
        assert!(n < Self::COUNT, "there are 26 people");
        Self(n)
    }

    /// Who is called so.
    pub fn called(name: &str) -> Option<Self> {
        let nth = NAMES.iter().position(|other| *other == name)?;
        Some(Self(nth as u8))
    }

    /// What the person is called.
    pub const fn name(self) -> &'static str {
        NAMES[self.0 as usize]
    }

    /// Whoever of so many stands in for this one, where they are all who play.
    pub(super) const fn among_first(self, count: u8) -> Self {
        Self(self.0 % count)
    }

    /// The person's socket in a namespace.
    pub const fn at(self, namespace: &'static str) -> Member {
        Member { person: self, namespace }
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One person in one namespace: what a socket stands for, in whichever of its lives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member {
    /// Who it is.
    pub person: Person,
    /// Where, with the leading slash.
    pub namespace: &'static str,
}

impl Member {
    /// An id for its socket, always the same: for systems that are to be told. It differs from
    /// that of the same person in another namespace.
    pub fn id(self) -> SocketId {
        // FNV-1a. What the names of two namespaces are worth is not a matter of security here.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in self.namespace.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let mut entropy = [0; ENTROPY_BYTES];
        entropy[0] = self.person.0;
        entropy[1..9].copy_from_slice(&hash.to_be_bytes());
        SocketId::from_entropy(entropy)
    }
}

/// `alice`, or `alice in /red` where it is not the namespace `/`.
impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.person)?;
        if self.namespace != "/" {
            write!(f, " in {}", self.namespace)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: FNV-1a of 64 bits, the test vectors of its authors.
    #[test]
    fn an_id_is_of_the_person_and_of_the_namespace_by_its_hash() {
        for (namespace, hash) in [
            ("", 0xcbf2_9ce4_8422_2325_u64),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ] {
            let mut entropy = [0; ENTROPY_BYTES];
            entropy[0] = 2;
            entropy[1..9].copy_from_slice(&hash.to_be_bytes());
            assert_eq!(Person::CAROL.at(namespace).id(), SocketId::from_entropy(entropy));
        }
    }
}
