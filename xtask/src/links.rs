//! Links in the documents: what they lead to must be there.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::command::Line;
use crate::step::Record;

pub(crate) fn check(root: &Path, record: &mut Record) -> Outcome {
    let listed = Line::new(root, "git ls-files -- *.md").read()?;
    let (mut links, mut tests) = (0, 0);
    let mut broken = Vec::new();
    for document in listed.lines().map(Path::new) {
        let path = root.join(document);
        // What was removed and not yet committed is listed still.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for link in local(&text) {
            links += 1;
            tests += usize::from(link.names_a_test());
            if let Some(why) = link.fault(&path) {
                broken.push(format!("{}: [{}]({}): {why}", document.display(), link.text, link.to));
            }
        }
    }
    if !broken.is_empty() {
        return Err(broken.join("\n"));
    }
    record.note(format!("{links} links in documents, {tests} of them to tests by their names"));
    Ok(())
}

/// A link to a file of the repository.
#[derive(Debug, PartialEq, Eq)]
struct Link<'a> {
    text: &'a str,
    to: &'a str,
}

/// The links that stay in the repository. Code between fences may look like one and is none.
fn local(document: &str) -> Vec<Link<'_>> {
    let mut fenced = false;
    let lines = document.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    });
    let found = lines.flat_map(|line| {
        let mut parts = line.split("](");
        let mut before = parts.next().unwrap_or_default();
        parts.filter_map(move |part| {
            let (to, rest) = part.split_once(')')?;
            let text = before.rsplit_once('[').map_or("", |(_, text)| text);
            before = rest;
            Some(Link { text, to: to.split('#').next().unwrap_or_default() })
        })
    });
    found.filter(|link| !link.to.is_empty() && !link.to.contains(':')).collect()
}

impl Link<'_> {
    /// The test that it speaks of: as a function is called, or in words.
    fn test(&self) -> Option<&str> {
        let name = self.text.strip_prefix('`')?.strip_suffix('`')?;
        name.contains(['_', ' ']).then_some(name)
    }

    fn names_a_test(&self) -> bool {
        self.is_source() && self.test().is_some()
    }

    fn is_source(&self) -> bool {
        let extension = Path::new(self.to).extension();
        extension.is_some_and(|extension| ["mjs", "py", "rs"].iter().any(|of| extension == *of))
    }

    /// Why it leads nowhere.
    fn fault(&self, document: &Path) -> Option<String> {
        let target: PathBuf = document.parent().unwrap_or(Path::new("")).join(self.to);
        if !target.exists() {
            return Some("there is no such file".to_owned());
        }
        let name = self.test().filter(|_| self.is_source())?;
        let source = fs::read_to_string(&target).unwrap_or_default();
        let found = source.match_indices(name).any(|(at, _)| {
            let ends = |character: Option<char>| {
                character.is_none_or(|character| !character.is_alphanumeric() && character != '_')
            };
            ends(source[..at].chars().next_back()) && ends(source[at + name.len()..].chars().next())
        });
        (!found).then(|| format!("nothing there is called `{name}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_but_for_those_that_lead_away() {
        let document = "[a](b.md) and [`c_d`](../e.rs#L3), [f](https://g) [h](#i)\n\
                        ```\n[x](y)\n```\n![j](k.png)";
        let found = local(document);
        let found: Vec<_> = found.iter().map(|link| (link.text, link.to)).collect();
        assert_eq!(found, [("a", "b.md"), ("`c_d`", "../e.rs"), ("j", "k.png")]);
    }

    #[test]
    fn a_test_must_be_in_the_file_by_its_whole_name() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        let fault = |text, to| Link { text, to }.fault(&here);
        let this = "`a_test_must_be_in_the_file_by_its_whole_name`";
        assert_eq!(fault(this, "src/links.rs"), None);
        // Not written out, or it would be in this file.
        let part = format!("`{}`", &this[2..this.len() - 1]);
        assert!(fault(&part, "src/links.rs").is_some());
        assert!(fault("`no such words are`", "src/step.rs").is_some());
        assert_eq!(fault("anything", "src/links.rs"), None);
        assert!(fault("anything", "src/nothing.rs").is_some());
    }
}
