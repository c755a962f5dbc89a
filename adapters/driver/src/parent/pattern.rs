//! Names that match a regular expression, and what is in them.

use std::ops::Range;
use std::sync::Arc;

use regex_lite::Regex;

/// Why a text is no pattern; see
/// [`Server::namespaces_matching`](crate::Server::namespaces_matching).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no pattern for names of namespaces: {0}")]
pub struct InvalidPattern(String);

/// A regular expression.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    regex: Regex,
    /// Of its groups; the first is the whole match and has none.
    names: Arc<[Option<Box<str>>]>,
}

/// What a pattern captured, by the places in the name.
#[derive(Debug)]
pub(crate) struct Captures {
    names: Arc<[Option<Box<str>>]>,
    places: Box<[Option<Range<u8>>]>,
}

impl Pattern {
    pub(crate) fn new(pattern: &str) -> Result<Self, InvalidPattern> {
        let regex = Regex::new(pattern).map_err(|error| InvalidPattern(error.to_string()))?;
        let names = regex.capture_names().map(|name| name.map(Box::from)).collect();
        Ok(Self { regex, names })
    }

    pub(crate) fn as_str(&self) -> &str {
        self.regex.as_str()
    }

    pub(crate) fn captures(&self, name: &str) -> Option<Captures> {
        let captures = self.regex.captures(name)?;
        let place = |at| u8::try_from(at).expect("a name has at most 128 bytes");
        let places = captures.iter().map(|group| {
            let range = group?.range();
            Some(place(range.start)..place(range.end))
        });
        Some(Captures { names: self.names.clone(), places: places.collect() })
    }
}

impl Captures {
    /// What the group of this name captured of `text`, which was matched.
    pub(crate) fn named<'t>(&self, group: &str, text: &'t str) -> Option<&'t str> {
        let at = self.names.iter().position(|name| name.as_deref() == Some(group))?;
        self.nth(at, text)
    }

    /// What the groups captured of `text`, the whole match first.
    pub(crate) fn all<'t>(&self, text: &'t str) -> impl Iterator<Item = Option<&'t str>> {
        (0..self.places.len()).map(move |at| self.nth(at, text))
    }

    fn nth<'t>(&self, at: usize, text: &'t str) -> Option<&'t str> {
        let place = self.places.get(at)?.clone()?;
        text.get(usize::from(place.start)..usize::from(place.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_looked_for_anywhere_in_the_name_unless_it_is_bound() {
        for (pattern, name, matches) in [
            ("chat", "/my-chats", true),
            ("^/chat$", "/my-chats", false),
            ("^/chat$", "/chat", true),
            (r"^/\d+$", "/12", true),
            (r"^/\d+$", "/1\u{662}", false),
            ("", "/", true),
        ] {
            let pattern = Pattern::new(pattern).expect("it is one");
            assert_eq!(pattern.captures(name).is_some(), matches, "{pattern:?} in {name}");
        }
    }

    #[test]
    fn groups_are_found_by_name_and_by_place() {
        let pattern = Pattern::new(r"^/(?<kind>\w+)/(\d+)(?:-(?P<é>.*))?$").expect("it is one");
        let name = "/game/17-ü!";
        let captures = pattern.captures(name).expect("it matches");
        let all: Vec<_> = captures.all(name).collect();
        assert_eq!(all, [Some("/game/17-ü!"), Some("game"), Some("17"), Some("ü!")]);
        assert_eq!(captures.named("kind", name), Some("game"));
        assert_eq!(captures.named("é", name), Some("ü!"));
        assert_eq!(captures.named("other", name), None);

        let captures = pattern.captures("/game/17").expect("it matches");
        assert_eq!(captures.named("é", "/game/17"), None);
        assert_eq!(captures.all("/game/17").nth(3), Some(None));
    }

    #[test]
    fn what_is_no_regular_expression_is_refused_with_its_reason() {
        let error = Pattern::new("(").expect_err("it is not closed");
        assert!(error.to_string().starts_with("no pattern for names of namespaces: "), "{error}");
    }
}
