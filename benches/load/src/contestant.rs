//! The servers that are measured, and how each is started.

/// One thread each, but for the last, which is measured beside `tokio` in its own scenario.
const NAMES: [&str; 8] =
    ["limit", "limit-coalesce", "tokio", "smol", "async-std", "socketioxide", "node", TWO_THREADS];

pub(crate) const TWO_THREADS: &str = "tokio-2";

/// Where the programs are; the path of `node` is that of its script.
#[derive(Default)]
pub(crate) struct Programs {
    pub(crate) apps: String,
    pub(crate) limit: Option<String>,
    pub(crate) socketioxide: Option<String>,
    pub(crate) node: Option<String>,
}

/// A server and the command that starts it.
#[derive(Clone)]
pub(crate) struct Contestant {
    pub(crate) name: String,
    pub(crate) command: Vec<String>,
    pub(crate) threads: usize,
    /// Whether what it delivers out of order is counted. It is an error where order is promised.
    pub(crate) any_order: bool,
}

impl Programs {
    /// Those that `apps` runs on.
    pub(crate) const RUNTIMES: [&str; 3] = ["tokio", "smol", "async-std"];
}

impl Contestant {
    /// # Errors
    /// If there is no such server, or nobody said where its program is.
    pub(crate) fn named(name: &str, programs: &Programs) -> Result<Self, String> {
        let path = |option: &str, path: &Option<String>| {
            path.clone().ok_or_else(|| format!("{name} needs {option} PATH"))
        };
        let command = match name {
            "limit" | "limit-coalesce" => {
                vec![path("--limit", &programs.limit)?, name.to_owned()]
            }
            "tokio" | "smol" | "async-std" => {
                let words = ["bench", "--runtime", name].map(str::to_owned);
                [programs.apps.clone()].into_iter().chain(words).collect()
            }
            "socketioxide" => vec![path("--socketioxide", &programs.socketioxide)?],
            "node" => vec!["node".to_owned(), path("--node", &programs.node)?],
            _ => return Err(format!("no server `{name}`")),
        };
        let any_order = matches!(name, "socketioxide" | "node");
        Ok(Self { name: name.to_owned(), command, threads: 1, any_order })
    }
}

/// What a reader calls it.
pub(crate) fn label(name: &str) -> &str {
    match name {
        "tokio" => "klatch on tokio",
        "smol" => "klatch on smol",
        "async-std" => "klatch on async-std",
        TWO_THREADS => "klatch on tokio, two threads",
        "node" => "socket.io on Node",
        other => other,
    }
}

/// Its place among the others in a table.
pub(crate) fn rank(name: &str) -> usize {
    NAMES.iter().position(|known| *known == name).unwrap_or(NAMES.len())
}
