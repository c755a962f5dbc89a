//! A namespace with many sockets in it.

use klatch_core::{ENTROPY_BYTES, HashKey, Namespace, SocketId, SocketKey};

pub(crate) const SOCKETS: usize = 20_000;
/// Coprime to `SOCKETS`: stepping by it meets every socket once, far from the one before.
const STRIDE: usize = 7_919;

pub(crate) struct Crowd {
    pub(crate) namespace: Namespace,
    pub(crate) sockets: Vec<SocketKey>,
}

impl Crowd {
    pub(crate) fn new() -> Self {
        let mut namespace = Namespace::new(HashKey::from_entropy([5; 16]));
        let sockets = (0..SOCKETS)
            .map(|n| {
                let mut entropy = [0; ENTROPY_BYTES];
                entropy[..8].copy_from_slice(&(n as u64).to_le_bytes());
                let id = SocketId::from_entropy(entropy);
                namespace.connect(id).expect("the ids differ")
            })
            .collect();
        Self { namespace, sockets }
    }

    pub(crate) fn fill(&mut self, room: &str, members: impl IntoIterator<Item = usize>) {
        for n in members {
            let joined = self.namespace.join(self.sockets[n], room);
            assert_eq!(joined, Ok(true));
        }
    }
}

/// The `n`th socket of those who come in no order.
pub(crate) const fn scattered(n: usize) -> usize {
    n * STRIDE % SOCKETS
}
