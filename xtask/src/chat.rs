//! `cargo xtask chat`: the chat example, built with its page, and served.

use std::net::TcpListener;

use crate::Outcome;
use crate::args::Args;
use crate::command::Line;
use crate::{layout, node};

const PORT: &str = "3000";

pub(crate) fn run(words: Vec<String>) -> Outcome {
    let mut args = Args::new(words);
    let runtime = args.runtime()?;
    let port = args.option("--port")?.unwrap_or_else(|| PORT.to_owned());
    let [] = args.rest([])?;
    free(&port)?;

    let root = layout::root();
    let page = layout::existing("examples/chat/page")?;
    node::check(&root)?;
    if let Some(install) = node::install(&page)? {
        install.show()?;
    }
    Line::new(&page, "npm run build").show()?;
    Line::new(&root, "cargo build --example chat --all-features").show()?;

    let chat = layout::example("chat")?;
    Line::new(&root, &chat.to_string_lossy())
        .arg("--port")
        .arg(port)
        .arg("--runtime")
        .arg(runtime)
        .arg("--page")
        .arg(page.join("dist"))
        .become_it()
}

/// Fails before the build does its work in vain.
fn free(port: &str) -> Outcome {
    let number: u16 = port.parse().map_err(|_| format!("`{port}` is not a port"))?;
    match TcpListener::bind(("127.0.0.1", number)) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("port {port}: {error}; choose another one with `--port N`")),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::free;

    #[test]
    fn a_port_that_is_taken_is_told_by_its_number() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = taken.local_addr().expect("bound").port().to_string();
        let why = free(&port).expect_err("taken");
        assert!(why.contains(&port) && why.contains("--port"), "{why}");
        assert!(free("http").is_err());
        // Not the port that was taken: whatever another test starts may hold it a little longer.
        assert_eq!(free("0"), Ok(()));
    }
}
