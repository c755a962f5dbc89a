//! How much memory there is.

use std::fs;

/// Where Linux tells what it lets a process have: the limit of its control group, by version 2 and by
/// version 1.
const GROUP_LIMITS: [&str; 2] =
    ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

/// The memory that the machine has, or that its container may have where that is less; `None` where
/// nobody tells, which is anywhere but on Linux.
pub(crate) fn total() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| of_machine(&text))?;
    let limits = GROUP_LIMITS.iter().filter_map(|path| fs::read_to_string(path).ok());
    Some(limits.filter_map(|text| of_group(&text)).fold(machine, u64::min))
}

fn of_machine(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// `None` if there is no limit.
fn of_group(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_tells_is_read() {
        let meminfo = "MemTotal:       16384000 kB\nMemFree:         1000 kB\n";
        assert_eq!(of_machine(meminfo), Some(16_384_000 * 1024));
        assert_eq!(of_machine("MemFree: 1000 kB\n"), None);
        assert_eq!(of_machine("MemTotal: many\n"), None);
        assert_eq!(of_group("536870912\n"), Some(512 << 20));
        assert_eq!(of_group("max\n"), None);
    }
}
