//! The steps of `cargo xtask test`, in order.

use std::path::Path;

use crate::Outcome;
use crate::args::RUNTIMES;
use crate::command::Line;
use crate::step::{Record, Step};
use crate::{
    advisories, count, dependencies, differential, hosts, layout, links, load, node, package,
    proving, python, threads, toolchain,
};

const CLIENTS: &str = "tests/e2e/clients";
const BROWSER: &str = "tests/e2e/browser";
const PAGE: &str = "examples/chat/page";

/// All steps; what a later one needs, an earlier one made.
pub(crate) const STEPS: &[Step] = &[
    quick("needs", needs),
    quick("packages", packages),
    quick("links", |record| links::check(&layout::root(), record)),
    quick("fmt", |record| cargo(record, "fmt --all --check")),
    quick("clippy", |record| cargo(record, "clippy --all-targets --all-features -- -D warnings")),
    quick("core", core),
    quick("dependencies", |record| dependencies::check(&layout::root(), record)),
    quick("advisories", |record| advisories::check(&layout::root(), record)),
    quick("features", features),
    quick("tests", |record| cargo(record, "test --all-features")),
    quick("threads", threads::check),
    slow("counts", count::check),
    slow("docs", docs),
    quick("fuzz", fuzz),
    quick("page", page),
    quick("proving", proving::check),
    quick("examples", |record| cargo(record, "build --examples --all-features")),
    slow("load", |record| load::check(&layout::root(), record)),
    quick("clients-tokio", clients),
    quick("clients-async-std", clients),
    quick("clients-smol", clients),
    quick("differential", differential),
    slow("python-tokio", python),
    slow("python-async-std", python),
    slow("python-smol", python),
    slow("hosts", hosts::check),
    slow("package", package::check),
    slow("browser-tokio", browser),
    slow("browser-async-std", browser),
    slow("browser-smol", browser),
];

const fn quick(name: &'static str, act: fn(&mut Record) -> Outcome) -> Step {
    Step { name, slow: false, act }
}

const fn slow(name: &'static str, act: fn(&mut Record) -> Outcome) -> Step {
    Step { name, slow: true, act }
}

fn cargo(record: &mut Record, rest: &str) -> Outcome {
    record.cargo(&layout::root(), rest).map(drop)
}

fn needs(record: &mut Record) -> Outcome {
    let root = layout::root();
    let cargo = Line::new(&root, "cargo --version").read()?;
    record.note(cargo.trim());
    record.note(toolchain::check(&root)?);
    record.note(node::check(&root)?);
    if record.quick {
        return Ok(());
    }
    python::need(&root, record)?;
    if node::browser().is_none() {
        for line in node::install_browser(&root)? {
            record.run(line)?;
        }
    }
    let browser = node::browser().ok_or("the package `chromium` brought no browser")?;
    record.note(browser.display().to_string());
    Ok(())
}

fn packages(record: &mut Record) -> Outcome {
    for dir in ["tests/e2e", differential::TESTS, PAGE] {
        if let Some(install) = node::install(&layout::existing(dir)?)? {
            record.run(install)?;
        }
    }
    if record.quick { Ok(()) } else { python::packages(record) }
}

/// The core must build and pass by itself, without what other crates switch on in it.
fn core(record: &mut Record) -> Outcome {
    let result = cargo(record, "test -p klatch-core");
    // The step `tests` runs them again: they count there.
    record.tally = crate::tally::Tally::default();
    result
}

fn features(record: &mut Record) -> Outcome {
    cargo(record, "check -p klatch --no-default-features")?;
    for runtime in RUNTIMES {
        cargo(record, &format!("check -p klatch --no-default-features --features {runtime}"))?;
    }
    cargo(record, "check -p klatch --all-features")
}

fn docs(record: &mut Record) -> Outcome {
    let line = Line::new(&layout::root(), "cargo doc --no-deps --all-features");
    record.run(line.env("RUSTDOCFLAGS", "-D warnings")).map(drop)
}

fn fuzz(record: &mut Record) -> Outcome {
    layout::existing("fuzz/Cargo.toml")?;
    cargo(record, "check --manifest-path fuzz/Cargo.toml")
}

fn page(record: &mut Record) -> Outcome {
    let page = layout::existing(PAGE)?;
    record.run(Line::new(&page, "npm run check"))?;
    record.run(Line::new(&page, "npm run build")).map(drop)
}

fn clients(record: &mut Record) -> Outcome {
    let runtime = record.runtime()?;
    apps(record)?;
    // Most of their time they wait.
    let line = node_tests(&layout::existing(CLIENTS)?, runtime, "--test-concurrency=3")?;
    record.run(line.env("KLATCH_APPS", layout::apps()?)).map(drop)
}

fn differential(record: &mut Record) -> Outcome {
    apps(record)?;
    differential::check(record)
}

fn python(record: &mut Record) -> Outcome {
    apps(record)?;
    python::test(record)
}

/// Builds the apps, unless the developer chose others.
fn apps(record: &mut Record) -> Outcome {
    match layout::chosen_apps() {
        Some(_) => Ok(()),
        None => cargo(record, "build --example apps --all-features"),
    }
}

fn browser(record: &mut Record) -> Outcome {
    let runtime = record.runtime()?;
    cargo(record, "build --examples --all-features")?;
    let chromium = node::browser().ok_or("no Chromium found: see `--only needs`")?;
    let line = node_tests(&layout::existing(BROWSER)?, runtime, "")?;
    let line = line
        .env("KLATCH_CHROMIUM", chromium)
        .env("KLATCH_CHAT", layout::example("chat")?)
        .env("KLATCH_PAGE", layout::existing(PAGE)?.join("dist"));
    record.run(line).map(drop)
}

/// Node's test runner over a folder's tests. The files are named one by one, since the meaning
/// of a folder differs between versions of Node.
fn node_tests(dir: &Path, runtime: &str, options: &str) -> Outcome<Line> {
    let root = layout::root();
    let mut line = Line::new(&root, &format!("node --test --test-reporter=spec {options}"))
        .env("KLATCH_RUNTIME", runtime);
    for file in node::tests(dir)? {
        line = line.arg(file.strip_prefix(&root).unwrap_or(&file));
    }
    Ok(line)
}
