//! Says which explorer brings the locks and the atomics: see `src/sync.rs` of the driver.

fn main() {
    let explorer = if cfg!(feature = "loom") { "loom" } else { "shuttle" };
    println!("cargo::rustc-cfg=klatch_explore");
    println!("cargo::rustc-cfg=klatch_explore=\"{explorer}\"");
    // What the driver has, and this has not.
    println!("cargo::rustc-check-cfg=cfg(feature, values(\"conformance\", \"metrics\"))");
    println!("cargo::rerun-if-changed=build.rs");
}
