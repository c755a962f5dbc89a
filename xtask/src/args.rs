//! A command's words, taken apart.

use crate::Outcome;

/// The runtimes that klatch has an adapter for.
pub(crate) const RUNTIMES: [&str; 3] = ["tokio", "async-std", "smol"];

/// The words that no option has taken yet.
pub(crate) struct Args(Vec<String>);

impl Args {
    pub(crate) fn new(words: Vec<String>) -> Self {
        Self(words)
    }

    /// Takes `--name`, and says whether it was there.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|word| word != name);
        self.0.len() < before
    }

    /// Takes `--name VALUE` or `--name=VALUE`.
    pub(crate) fn option(&mut self, name: &str) -> Outcome<Option<String>> {
        let prefix = format!("{name}=");
        let Some(at) = self.0.iter().position(|word| word == name || word.starts_with(&prefix))
        else {
            return Ok(None);
        };
        let word = self.0.remove(at);
        if let Some(value) = word.strip_prefix(&prefix) {
            return Ok(Some(value.to_owned()));
        }
        if at < self.0.len() {
            return Ok(Some(self.0.remove(at)));
        }
        Err(format!("{name} needs a value"))
    }

    /// Takes `--runtime R`; tokio unless given.
    pub(crate) fn runtime(&mut self) -> Outcome<String> {
        let runtime = self.option("--runtime")?.unwrap_or_else(|| RUNTIMES[0].to_owned());
        if RUNTIMES.contains(&runtime.as_str()) {
            return Ok(runtime);
        }
        Err(format!("no runtime `{runtime}`: choose one of {}", RUNTIMES.join(", ")))
    }

    /// The one word that may be left.
    pub(crate) fn at_most(mut self, name: &str) -> Outcome<Option<String>> {
        let last = self.0.pop();
        if self.0.is_empty() {
            return Ok(last);
        }
        Err(format!("expected {name} at most: see `cargo xtask help`"))
    }

    /// The words that are left, which must be as many as they have names.
    pub(crate) fn rest<const N: usize>(self, names: [&str; N]) -> Outcome<[String; N]> {
        self.0.try_into().map_err(|words: Vec<String>| {
            let expected = if N == 0 { "nothing more".to_owned() } else { names.join(" ") };
            format!("expected {expected}, got `{}`: see `cargo xtask help`", words.join(" "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Args;

    fn args(line: &str) -> Args {
        Args::new(line.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn options_are_taken_wherever_they_stand() {
        let mut args = args("one --quick --only fmt --port=8 two");
        assert!(args.flag("--quick"));
        assert_eq!(args.option("--only"), Ok(Some("fmt".to_owned())));
        assert_eq!(args.option("--port"), Ok(Some("8".to_owned())));
        assert_eq!(args.option("--runtime"), Ok(None));
        assert_eq!(args.rest(["A", "B"]), Ok(["one".to_owned(), "two".to_owned()]));
    }

    #[test]
    fn what_nobody_asked_for_is_an_error() {
        assert!(args("--port").option("--port").is_err());
        assert!(args("--runtime glib").runtime().is_err());
        assert!(args("extra").rest([]).is_err());
        assert!(args("one").rest(["A", "B"]).is_err());
        assert!(args("one two").at_most("A").is_err());
    }

    #[test]
    fn a_word_may_be_left_out() {
        assert_eq!(args("one").at_most("A"), Ok(Some("one".to_owned())));
        assert_eq!(args("").at_most("A"), Ok(None));
    }
}
