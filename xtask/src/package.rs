//! What `cargo package` makes, as those who depend on klatch will find it: each fixture is built
//! against that, by versions and without this checkout, and run.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Outcome;
use crate::args::RUNTIMES;
use crate::command::Line;
use crate::dependencies::{Tree, chosen_with};
use crate::layout;
use crate::step::Record;

/// Of all crates, which are released together.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The fixtures that are not named for a runtime.
const OTHERS: [&str; 3] = ["core", "axum", "sim"];

/// How long a fixture may take, once it is built: its visitor says a few words.
const VISIT: Duration = Duration::from_mins(1);

/// What stands beside `src` in a crate.
const FILES: [&str; 8] = [
    ".cargo_vcs_info.json",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "Cargo.toml.orig",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
];

pub(crate) fn check(record: &mut Record) -> Outcome {
    let place = Place::new()?;
    let crates = crates();
    pack(record, &place, &crates)?;
    for name in &crates {
        inspect(&place.unpacked(name)).map_err(|why| format!("{name}: {why}"))?;
    }
    fs::write(place.patch(), patch(&place, &crates)).map_err(failed)?;
    for fixture in OTHERS.iter().chain(&RUNTIMES) {
        try_fixture(record, &place, fixture).map_err(|why| format!("fixture {fixture}: {why}"))?;
    }
    Ok(())
}

/// The crates that are published, those that others need first.
fn crates() -> Vec<String> {
    let adapters = RUNTIMES.iter().chain(&["sim"]).map(|name| format!("klatch-{name}"));
    let below = ["klatch-core", "klatch-driver"].map(str::to_owned);
    below.into_iter().chain(adapters).chain(["klatch".to_owned()]).collect()
}

/// Where all this happens: below the target directory, anew each time.
struct Place {
    root: PathBuf,
    target: PathBuf,
    dir: PathBuf,
}

impl Place {
    fn new() -> Outcome<Self> {
        let target = layout::target()?;
        let dir = target.join("package-fixtures");
        match fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        fs::create_dir_all(&dir).map_err(failed)?;
        Ok(Self { root: layout::root(), target, dir })
    }

    fn unpacked(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}-{VERSION}"))
    }

    /// Tells cargo that the crates are in the registry, and that the registry is here.
    fn patch(&self) -> PathBuf {
        self.dir.join("patch.toml")
    }
}

fn pack(record: &mut Record, place: &Place, crates: &[String]) -> Outcome {
    let mut line = Line::new(&place.root, "cargo package --no-verify --allow-dirty");
    for name in crates {
        line = line.arg("-p").arg(name);
    }
    record.run(line)?;
    for name in crates {
        let file = place.target.join("package").join(format!("{name}-{VERSION}.crate"));
        record.run(Line::new(&place.dir, "tar -xzf").arg(file))?;
    }
    record.note(format!("packed {}", crates.join(", ")));
    Ok(())
}

/// Looks for what a crate must have, and for what it must not have.
fn inspect(dir: &Path) -> Outcome {
    let manifest = fs::read_to_string(dir.join("Cargo.toml")).map_err(failed)?;
    check_manifest(&manifest)?;
    for file in ["LICENSE-APACHE", "LICENSE-MIT", "README.md"] {
        let text = fs::read_to_string(dir.join(file)).map_err(|_| format!("{file} is missing"))?;
        if text.trim().is_empty() {
            return Err(format!("{file} is empty"));
        }
    }
    for entry in fs::read_dir(dir).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let name = name.to_string_lossy();
        if name != "src" && !FILES.contains(&&*name) {
            return Err(format!("{name} is nothing that a crate's user needs"));
        }
    }
    Ok(())
}

fn check_manifest(manifest: &str) -> Outcome {
    for field in ["description", "license", "readme", "rust-version"] {
        if !manifest.lines().any(|line| line.starts_with(&format!("{field} = "))) {
            return Err(format!("the manifest has no {field}"));
        }
    }
    let mut section = "";
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section.contains("dependencies") && line.contains("path = ") {
            return Err(format!("{section} has a path, which no user has"));
        }
    }
    Ok(())
}

fn patch(place: &Place, crates: &[String]) -> String {
    let entries = crates.iter().map(|name| {
        let dir = place.unpacked(name);
        format!("{name} = {{ path = '{}' }}\n", dir.display())
    });
    format!("[patch.crates-io]\n{}", entries.collect::<String>())
}

fn try_fixture(record: &mut Record, place: &Place, name: &str) -> Outcome {
    let from = layout::existing(&format!("fixtures/{name}"))?;
    record.run(Line::new(&from, "cargo fmt --check"))?;
    // A copy, so that cargo writes no lock file into the repository; with the repository's own, so
    // that a run fetches nothing that was not fetched before, and gives the same tomorrow.
    let dir = place.dir.join("fixtures").join(name);
    fs::create_dir_all(dir.join("src")).map_err(failed)?;
    for file in ["Cargo.toml", "src/main.rs", "../visit.rs"] {
        fs::copy(from.join(file), dir.join(file)).map_err(failed)?;
    }
    let locked = fs::read_to_string(place.root.join("Cargo.lock")).map_err(failed)?;
    fs::write(dir.join("Cargo.lock"), &locked).map_err(failed)?;

    let cargo = |command: &str| Line::new(&dir, command).arg("--config").arg(place.patch());
    let build = |command| {
        let line = cargo(command).arg("--target-dir").arg(&place.target);
        line.env("CARGO_PROFILE_DEV_DEBUG", "false")
    };
    record.run(build("cargo build --quiet"))?;
    let output = record.run(build("cargo run --quiet").within(VISIT))?;
    // The last thing that its client asks for; that it ended well has been seen.
    if !output.contains("430[42]") {
        return Err(format!("it saw no answer\n{output}"));
    }
    let lock = fs::read_to_string(dir.join("Cargo.lock")).map_err(failed)?;
    if let Some(other) = packages(&lock).difference(&packages(&locked)).find(|it| !it.is_ours()) {
        return Err(format!("{} {} is not what Cargo.lock has", other.name, other.version));
    }
    let tree = Tree::of(cargo("cargo tree"))?;
    check_tree(&tree, name)?;
    record.note(format!("fixture {name}: {} crates", tree.names().len()));
    Ok(())
}

/// A fixture has klatch as far as it asked for it, and no runtime but the one it chose.
fn check_tree(tree: &Tree, fixture: &str) -> Outcome {
    let (adapter, chosen) = match fixture {
        "core" | "sim" => (fixture, &[][..]),
        // Its router is the adapter's for tokio.
        "axum" => ("tokio", chosen_with("tokio")),
        runtime => (runtime, chosen_with(runtime)),
    };
    let brought = tree.unchosen(chosen)?;
    let adapter = format!("klatch-{adapter}");
    let wanted: BTreeSet<&str> = match fixture {
        "core" if brought.is_empty() => ["klatch-core"].into(),
        "core" => return Err(format!("the core brings a runtime: {brought:?}")),
        _ => ["klatch", "klatch-core", "klatch-driver", &adapter].into(),
    };
    let has: BTreeSet<&str> =
        tree.names().into_iter().filter(|name| name.starts_with("klatch")).collect();
    if has == wanted { Ok(()) } else { Err(format!("it has {has:?}, not {wanted:?}")) }
}

#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Package<'a> {
    name: &'a str,
    version: &'a str,
}

impl Package<'_> {
    fn is_ours(&self) -> bool {
        self.name.starts_with("klatch") || self.name.starts_with("fixture-")
    }
}

/// The packages in a lock file, each a name and a version in two lines.
fn packages(lock: &str) -> BTreeSet<Package<'_>> {
    let mut packages = BTreeSet::new();
    let mut lines = lock.lines();
    while let Some(line) = lines.next() {
        let Some(name) = value(line, "name") else { continue };
        if let Some(version) = lines.next().and_then(|line| value(line, "version")) {
            packages.insert(Package { name, version });
        }
    }
    packages
}

fn value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn failed(error: io::Error) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::{Tree, check_manifest, check_tree, packages};

    #[test]
    fn a_path_is_for_the_sources_only() {
        let good = "description = \"\"\nlicense = \"\"\nreadme = \"\"\nrust-version = \"\"\n\
                    [lib]\npath = \"src/lib.rs\"\n[dependencies.b]\nversion = \"1\"\n";
        assert_eq!(check_manifest(good), Ok(()));
        assert!(check_manifest(&format!("{good}path = \"../b\"\n")).is_err());
        assert!(check_manifest(&good.replace("license", "licence")).is_err());
    }

    #[test]
    fn a_fixture_has_one_adapter() {
        let tree = |adapter: &str| {
            let klatch =
                "0|fixture-smol v0|\n1|klatch v0|\n2|klatch-core v0|\n2|klatch-driver v0|\n";
            Tree::parse(&format!("{klatch}2|{adapter} v0|\n3|async-io v2|\n"))
        };
        assert_eq!(check_tree(&tree("klatch-smol"), "smol"), Ok(()));
        assert!(check_tree(&tree("klatch-tokio"), "smol").is_err());
        assert!(check_tree(&tree("klatch-sim"), "sim").is_err(), "the simulation needs no reactor");
        assert!(
            check_tree(&tree("klatch-tokio"), "tokio").is_err(),
            "async-io is no part of tokio"
        );
    }

    #[test]
    fn packages_are_found_in_a_lock_file() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.2.0\"\n\
                    dependencies = [\n \"b\",\n]\n";
        let packages: Vec<_> = packages(lock).into_iter().collect();
        assert_eq!(packages.len(), 1);
        assert_eq!((packages[0].name, packages[0].version), ("a", "1.2.0"));
    }
}
