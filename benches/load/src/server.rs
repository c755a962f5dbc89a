//! The server under load: a process on a core of its own, and what the system says of it.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Which cores the server has, and which is ours.
#[derive(Clone, Copy)]
pub(crate) enum Cores {
    /// The first is the server's, the last is ours.
    Split,
    /// Nobody asked, as where there is only one.
    Any,
}

impl Cores {
    /// Moves this process to the last core that it may run on, and leaves the first to the server.
    pub(crate) fn split() -> io::Result<Self> {
        let last = std::thread::available_parallelism()?.get() - 1;
        if last == 0 {
            return Err(io::Error::other("server and load need a core each, or --unpinned"));
        }
        let pid = std::process::id().to_string();
        let moved = Command::new("taskset").args(["-cp", &last.to_string(), &pid]).output()?.status;
        if moved.success() {
            Ok(Self::Split)
        } else {
            Err(io::Error::other("taskset cannot move this process"))
        }
    }

    /// `command` on as many cores as it has threads.
    fn pin(self, command: &[String], threads: usize) -> Command {
        let [program, arguments @ ..] = command else { unreachable!("a command has a program") };
        match self {
            Self::Any => {
                let mut plain = Command::new(program);
                plain.args(arguments);
                plain
            }
            Self::Split => {
                let mut taskset = Command::new("taskset");
                taskset.arg("-c").arg(format!("0-{}", threads - 1)).args(command);
                taskset
            }
        }
    }
}

/// A server, ended when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Open for as long as it may want to say something.
    stdout: BufReader<ChildStdout>,
}

/// Between two looks whether it has ended.
const LOOK: Duration = Duration::from_millis(5);

impl Server {
    pub(crate) fn start(command: &[String], threads: usize, cores: Cores) -> io::Result<Self> {
        Self::start_with(command, threads, cores, &[])
    }

    /// Likewise, with more in its environment.
    pub(crate) fn start_with(
        command: &[String],
        threads: usize,
        cores: Cores,
        environment: &[(&str, String)],
    ) -> io::Result<Self> {
        let mut child = cores
            .pin(command, threads)
            .env("PORT", "0")
            .env("THREADS", threads.to_string())
            .envs(environment.iter().map(|(key, value)| (key, value)))
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        // From here on it is ended, whatever comes.
        let mut server = Self { child, address: ([127, 0, 0, 1], 0).into(), stdout };
        for line in server.stdout.by_ref().lines() {
            let line = line?;
            if let Some(address) = address(&line) {
                server.address = address;
            }
            if line == "listening" {
                break;
            }
        }
        if server.address.port() == 0 {
            let command = command.join(" ");
            return Err(io::Error::other(format!("`{command}` does not say where it listens")));
        }
        Ok(server)
    }

    /// The CPU time that all its threads have used so far.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        let mut nanos = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread that has just ended has nothing to say.
            let schedstat = fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            // The kernel's Documentation/scheduler/sched-stats.rst: time spent on the CPU.
            nanos += first_number(&schedstat).unwrap_or(0);
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// The bytes that it has in memory.
    pub(crate) fn resident(&self) -> io::Result<u64> {
        self.status("VmRSS:")
    }

    /// The most that it has ever had.
    pub(crate) fn peak(&self) -> io::Result<u64> {
        self.status("VmHWM:")
    }

    fn status(&self, line: &str) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib = status.lines().find_map(|text| first_number(text.strip_prefix(line)?));
        kib.map(|kib| kib * 1024).ok_or_else(|| io::Error::other("the server has ended"))
    }

    /// The files that it has open, sockets among them.
    pub(crate) fn open_files(&self) -> io::Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }

    /// Asks it to end, with SIGTERM.
    pub(crate) fn terminate(&self) -> io::Result<()> {
        let status = Command::new("kill").arg(self.child.id().to_string()).status()?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other("kill cannot reach the server"))
        }
    }

    /// How it has ended, if it has.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Waits for its end; how it was, and the lines that it has printed since it listened. `None` if
    /// it does not end in time.
    pub(crate) fn end(
        &mut self,
        within: Duration,
    ) -> io::Result<Option<(ExitStatus, Vec<String>)>> {
        let deadline = Instant::now() + within;
        while Instant::now() < deadline {
            if let Some(status) = self.ended()? {
                return Ok(Some((status, self.stdout.by_ref().lines().collect::<Result<_, _>>()?)));
            }
            thread::sleep(LOOK);
        }
        Ok(None)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address(line: &str) -> Option<SocketAddr> {
    line.strip_prefix("http://")?.split('/').next()?.parse().ok()
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{address, first_number};

    #[test]
    fn a_server_says_where_it_listens() {
        let expected = ([127, 0, 0, 1], 4300).into();
        assert_eq!(address("http://127.0.0.1:4300/socket.io/"), Some(expected));
        assert_eq!(address("listening"), None);
    }

    #[test]
    fn the_first_number_is_the_one_that_counts() {
        assert_eq!(first_number("120000 74731 1\n"), Some(120_000));
        assert_eq!(first_number("\t    5120 kB"), Some(5120));
        assert_eq!(first_number(""), None);
    }
}
