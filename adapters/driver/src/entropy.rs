//! Where random bytes come from: the operating system, and nowhere else.

/// Random bytes that nobody can predict.
///
/// # Panics
///
/// If the operating system has none to give: an id that can be guessed would be worse.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system hands out random bytes");
    bytes
}
