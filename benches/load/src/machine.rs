//! On what and when it was measured.

use std::fs;
use std::io;
use std::process::Command;

/// Such as `AMD EPYC, 2 cores, Linux 6.18.2`.
pub(crate) fn name() -> io::Result<String> {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo")?;
    let release = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    Ok(named(&cpuinfo, &release))
}

fn named(cpuinfo: &str, release: &str) -> String {
    let value = |line: &str| line.split_once(':').map(|(_, value)| value.trim().to_owned());
    let model = cpuinfo.lines().filter(|line| line.starts_with("model name")).find_map(value);
    let cores = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    // What follows is the distribution's.
    let kernel = release.trim().split(['-', '+']).next().unwrap_or_default();
    format!("{}, {cores} cores, Linux {kernel}", model.as_deref().unwrap_or("unknown CPU"))
}

/// The bytes that the kernel has for its own things: sockets, their buffers, files, epoll.
pub(crate) fn kernel_memory() -> io::Result<u64> {
    slab(&fs::read_to_string("/proc/meminfo")?)
        .ok_or_else(|| io::Error::other("/proc/meminfo has no line Slab"))
}

/// The bytes that it has for what is in TCP sockets and was not read.
pub(crate) fn socket_memory() -> io::Result<u64> {
    tcp_pages(&fs::read_to_string("/proc/net/sockstat")?)
        .map(|pages| pages * 4096)
        .ok_or_else(|| io::Error::other("/proc/net/sockstat has no line TCP"))
}

fn tcp_pages(sockstat: &str) -> Option<u64> {
    let line = sockstat.lines().find_map(|line| line.strip_prefix("TCP:"))?;
    line.split_once(" mem ")?.1.split_whitespace().next()?.parse().ok()
}

fn slab(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("Slab:"))?;
    line.split_whitespace().next()?.parse().ok().map(|kib: u64| kib * 1024)
}

/// Such as `2026-11-21`.
pub(crate) fn today() -> io::Result<String> {
    let output = Command::new("date").args(["-u", "+%F"]).output()?.stdout;
    Ok(String::from_utf8_lossy(&output).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{named, slab, tcp_pages};

    #[test]
    fn the_kernel_says_what_it_has() {
        assert_eq!(slab("MemFree:  1 kB\nSlab:     20 kB\n"), Some(20_480));
        assert_eq!(slab("MemFree:  1 kB\n"), None);
        let sockstat =
            "sockets: used 290\nTCP: inuse 5 orphan 0 tw 0 alloc 9 mem 12\nUDP: inuse 1 mem 1\n";
        assert_eq!(tcp_pages(sockstat), Some(12));
    }

    #[test]
    fn a_machine_has_a_model_cores_and_a_kernel() {
        let cpuinfo = "processor\t: 0\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\nmodel name\t: x\n";
        assert_eq!(named(cpuinfo, "6.18.2-cloud-amd64\n"), "AMD EPYC, 2 cores, Linux 6.18.2");
    }
}
