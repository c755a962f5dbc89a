//! What the compiler says of handlers.

use std::process::Command;

#[test]
fn handlers() {
    let tests = trybuild::TestCases::new();
    tests.pass("tests/ui/handlers.rs");
    if is_oldest_promised() {
        tests.compile_fail("tests/ui/wrong_handler.rs");
    } else {
        println!("wrong_handler.rs is left out: its text is the wording of another compiler");
    }
}

/// Each compiler words its errors its own way; what is pinned down is that of the one in CI.
fn is_oldest_promised() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().expect("a compiler built this test");
    let version = String::from_utf8_lossy(&output.stdout);
    version.starts_with(concat!("rustc ", env!("CARGO_PKG_RUST_VERSION"), "."))
}
