//! Python, and the packages that its tests need, in a folder of their own.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::apt;
use crate::command::Line;
use crate::layout;
use crate::step::Record;

/// The tests, and what they need.
const TESTS: &str = "tests/e2e/python";
const REQUIREMENTS: &str = "requirements.txt";

/// What the tests are tried with: what Debian 12 has.
const OLDEST: &str = "3.11";

/// Sees to it that Python is there, with all that it takes to install packages; notes its version.
pub(crate) fn need(root: &Path, record: &mut Record) -> Outcome {
    if !is_there(root) {
        let install = apt::install(root, "python3-venv").ok_or_else(|| {
            format!(
                "no Python that can install packages: install Python {OLDEST} or newer with its \
                 module `venv`; `--quick` does without"
            )
        })?;
        for line in install {
            record.run(line)?;
        }
    }
    let version = Line::new(root, "python3 -c").arg(format!(
        "import sys; assert sys.version_info >= tuple(map(int, '{OLDEST}'.split('.'))), sys.version; \
         print('python', sys.version.split()[0])"
    ));
    let version =
        version.read().map_err(|why| format!("{why}\ninstall Python {OLDEST} or newer"))?;
    record.note(version.trim());
    Ok(())
}

/// On Debian, Python comes without what makes environments.
fn is_there(root: &Path) -> bool {
    Line::new(root, "python3 -c").arg("import ensurepip, venv").read().is_ok()
}

/// Installs what the tests need, unless that is done.
pub(crate) fn packages(record: &mut Record) -> Outcome {
    let tests = layout::existing(TESTS)?;
    let wanted = tests.join(REQUIREMENTS);
    let home = home()?;
    // Written last, so that an installation cut short does not count.
    let installed = home.join(REQUIREMENTS);
    let read = |file: &Path| fs::read_to_string(file).ok();
    if read(&wanted).is_some() && read(&wanted) == read(&installed) {
        return Ok(());
    }
    record.run(Line::new(&tests, "python3 -m venv --clear").arg(&home))?;
    let pip = Line::new(&tests, &program()?.to_string_lossy());
    record.run(
        pip.arg("-m")
            .arg("pip")
            .arg("install")
            .arg("--disable-pip-version-check")
            .arg("-r")
            .arg(&wanted),
    )?;
    fs::copy(&wanted, &installed)
        .map(drop)
        .map_err(|error| format!("{}: {error}", installed.display()))
}

/// The tests against the apps, on the runtime that the step is named for.
pub(crate) fn test(record: &mut Record) -> Outcome {
    let line = Line::new(&layout::existing(TESTS)?, &program()?.to_string_lossy())
        .arg("-m")
        .arg("unittest")
        .env("KLATCH_APPS", layout::apps()?)
        .env("KLATCH_RUNTIME", record.runtime()?)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    record.run(line).map(drop)
}

fn home() -> Outcome<PathBuf> {
    Ok(layout::target()?.join("python"))
}

fn program() -> Outcome<PathBuf> {
    Ok(home()?.join("bin/python"))
}
