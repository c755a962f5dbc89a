//! What connections cost that say nothing: to open them, and to have them.

use std::io;
use std::time::{Duration, Instant};

use crate::crowd::Crowd;
use crate::figures::Sample;
use crate::machine;
use crate::server::Server;
use crate::unexpected;

/// Opens connections until all have joined.
pub(crate) fn connect(server: &Server, clients: usize) -> io::Result<Sample> {
    let (before, begin) = (server.cpu()?, Instant::now());
    let crowd = Crowd::open(server.address, clients)?;
    let (wall, cpu) = (begin.elapsed(), server.cpu()?.saturating_sub(before));
    drop(crowd);
    let clients = clients as f64;
    Ok(Sample {
        rate: clients / wall.as_secs_f64(),
        cpu_micros: cpu.as_secs_f64() * 1e6 / clients,
        ..Sample::default()
    })
}

/// Has connections that do nothing but answer pings.
pub(crate) fn idle(server: &Server, clients: usize, at_rest: Duration) -> io::Result<Sample> {
    let (before, kernel) = (server.resident()?, machine::kernel_memory()?);
    let mut crowd = Crowd::open(server.address, clients)?;
    let connected = server.cpu()?;
    crowd.run(Instant::now() + at_rest, |_, text, _| Err(unexpected(text)))?;
    let cpu = server.cpu()?.saturating_sub(connected);
    let grown = server.resident()?.saturating_sub(before);
    let kernel = machine::kernel_memory()?.saturating_sub(kernel);
    Ok(Sample {
        cpu_micros: cpu.as_secs_f64() * 1e6 / at_rest.as_secs_f64(),
        bytes: grown as f64 / clients as f64,
        kernel_bytes: kernel as f64 / clients as f64,
        ..Sample::default()
    })
}
