//! The server under load: a process on a core of its own, and what the system says of it.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The core of the server; ours is another.
pub(crate) struct Cores {
    server: String,
}

impl Cores {
    /// Moves this process to the last core that it may run on, and leaves the first to the server.
    pub(crate) fn split() -> io::Result<Self> {
        let last = std::thread::available_parallelism()?.get() - 1;
        if last == 0 {
            return Err(io::Error::other("server and load need a core each"));
        }
        let pid = std::process::id().to_string();
        let moved = Command::new("taskset").args(["-cp", &last.to_string(), &pid]).output()?.status;
        if !moved.success() {
            return Err(io::Error::other("taskset cannot move this process"));
        }
        Ok(Self { server: "0".to_owned() })
    }
}

/// A server, ended when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

/// What a server has used so far.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) cpu: Duration,
    pub(crate) resident: u64,
}

impl Server {
    pub(crate) fn start(app: &str, runtime: &str, cores: &Cores) -> io::Result<Self> {
        let mut child = Command::new("taskset")
            .args(["-c", &cores.server, app, "bench", "--runtime", runtime])
            .env("PORT", "0")
            .env("THREADS", "1")
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().expect("it is piped");
        let mut address = None;
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            if let Some(rest) = line.strip_prefix("http://") {
                address = rest.split('/').next().and_then(|address| address.parse().ok());
            }
            if line == "listening" {
                break;
            }
        }
        let Some(address) = address else {
            child.kill()?;
            return Err(io::Error::other(format!("`{app} bench` does not say where it listens")));
        };
        Ok(Self { child, address })
    }

    /// What the server has used so far.
    pub(crate) fn usage(&self) -> io::Result<Usage> {
        let pid = self.child.id();
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // proc(5): the name may hold anything; user and system time are the 14th and 15th field.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks =
            fields.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok());
        let cpu = Duration::from_millis(ticks.sum::<u64>() * 10);
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = resident.and_then(|kib| kib.trim().trim_end_matches(" kB").parse().ok());
        Ok(Usage { cpu, resident: resident.unwrap_or(0_u64) * 1024 })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
