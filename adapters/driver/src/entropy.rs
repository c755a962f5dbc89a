//! Where random bytes come from: the operating system, and nowhere else.

/// Fills `bytes` with what nobody can predict.
///
/// # Panics
///
/// If the operating system has none to give: an id that can be guessed would be worse.
pub(crate) fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system hands out random bytes");
}

/// As many random bytes as are wanted.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}
