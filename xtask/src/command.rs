//! A command that can be shown as a line to repeat it by.

use std::ffi::OsStr;
use std::fmt::{self, Write as _};
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use crate::Outcome;

/// How long the pipe of a command that was killed may take to end: what it started may have it, too.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A program, its arguments, and what was added to its environment.
pub(crate) struct Line {
    command: Command,
    /// How long it may take to be kept.
    deadline: Duration,
}

/// Both streams of a command that ended, in the order they were written.
pub(crate) struct Ended {
    pub(crate) success: bool,
    pub(crate) output: String,
}

impl Line {
    /// `program`, split at spaces into arguments.
    pub(crate) fn new(dir: &Path, program: &str) -> Self {
        let mut words = program.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).current_dir(dir);
        Self { command, deadline: Duration::MAX }
    }

    /// One more argument, as it is.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    /// Kills it if it is kept and takes longer than this.
    pub(crate) fn within(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Runs it on the developer's terminal.
    pub(crate) fn show(mut self) -> Outcome {
        eprintln!("$ {self}");
        let status = self.command.status().map_err(|error| self.unstarted(&error))?;
        if status.success() { Ok(()) } else { Err(format!("{status}: {self}")) }
    }

    /// Runs it without a terminal and keeps what it prints.
    pub(crate) fn keep(&mut self) -> Outcome<Ended> {
        let (reader, writer) = io::pipe().map_err(|error| error.to_string())?;
        let second = writer.try_clone().map_err(|error| error.to_string())?;
        self.command.stdin(Stdio::null()).stdout(writer).stderr(second);
        let mut child = self.command.spawn().map_err(|error| self.unstarted(&error))?;
        // The pipe ends when nobody can write to it any more: our two ends too.
        self.command.stdout(Stdio::null()).stderr(Stdio::null());
        let output = read_aside(reader);
        let mut read = output.recv_timeout(self.deadline);
        let in_time = read.is_ok();
        if !in_time {
            child.kill().map_err(|error| error.to_string())?;
            read = output.recv_timeout(LAST_WORDS);
        }
        let read = read.unwrap_or_else(|_| Ok(Vec::new())).map_err(|error| error.to_string())?;
        let status = child.wait().map_err(|error| error.to_string())?;
        let mut output = String::from_utf8_lossy(&read).into_owned();
        if !in_time {
            write!(output, "\n[killed: it had not ended after {:?}]\n", self.deadline)
                .expect("a String takes all");
        }
        Ok(Ended { success: in_time && status.success(), output })
    }

    /// Runs it for its standard output alone.
    pub(crate) fn read(mut self) -> Outcome<String> {
        self.command.stdin(Stdio::null());
        let output = self.command.output().map_err(|error| self.unstarted(&error))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(format!("{}: {self}\n{}", output.status, errors.trim_end()))
    }

    /// Becomes this program; where a process cannot, waits for it.
    #[cfg(unix)]
    pub(crate) fn become_it(mut self) -> Outcome {
        use std::os::unix::process::CommandExt;
        let error = self.command.exec();
        Err(self.unstarted(&error))
    }

    /// Becomes this program; where a process cannot, waits for it.
    #[cfg(not(unix))]
    pub(crate) fn become_it(self) -> Outcome {
        self.show()
    }

    /// The command itself, for what the methods here do not do.
    pub(crate) fn into_inner(self) -> Command {
        self.command
    }

    fn unstarted(&self, error: &io::Error) -> String {
        format!("cannot start {}: {error}", self.command.get_program().display())
    }
}

/// Reads to the end, in a thread: who waits for it can do so for a while only.
fn read_aside(mut reader: impl Read + Send + 'static) -> Receiver<io::Result<Vec<u8>>> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let mut output = Vec::new();
        let read = reader.read_to_end(&mut output).map(|_| output);
        // Nobody waits any more for one that was killed and left its pipe to another.
        let _ = tell.send(read);
    });
    told
}

/// A line for a POSIX shell that does the same from anywhere.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(dir) = self.command.get_current_dir() {
            write!(f, "cd {} && ", quote(dir.as_os_str()))?;
        }
        for (key, value) in self.command.get_envs() {
            if let Some(value) = value {
                write!(f, "{}={} ", key.display(), quote(value))?;
            }
        }
        f.write_str(&quote(self.command.get_program()))?;
        for arg in self.command.get_args() {
            write!(f, " {}", quote(arg))?;
        }
        Ok(())
    }
}

fn quote(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::Line;

    #[test]
    fn a_line_can_be_pasted_into_a_shell() {
        let line = Line::new(Path::new("/a b"), "cargo doc --no-deps")
            .arg("it's")
            .env("RUSTDOCFLAGS", "-D warnings");
        let shown = r"cd '/a b' && RUSTDOCFLAGS='-D warnings' cargo doc --no-deps 'it'\''s'";
        assert_eq!(line.to_string(), shown);
    }

    #[cfg(unix)]
    #[test]
    fn a_command_that_does_not_end_is_killed() {
        let line = Line::new(Path::new("/"), "sh -c").arg("exec sleep 600");
        let ended = line.within(Duration::from_secs(1)).keep().expect("sh starts");
        assert!(!ended.success);
        assert_eq!(ended.output, "\n[killed: it had not ended after 1s]\n");
    }

    #[cfg(unix)]
    #[test]
    fn both_streams_are_kept() {
        let mut line = Line::new(Path::new("/"), "sh -c").arg("echo out; echo err >&2; exit 3");
        let ended = line.keep().expect("sh starts");
        assert!(!ended.success);
        assert_eq!(ended.output, "out\nerr\n");
    }
}
