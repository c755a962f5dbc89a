//! The developer commands of klatch: `cargo xtask help` lists them.

mod advisories;
mod apt;
mod args;
mod baseline;
mod bench;
mod chat;
mod command;
mod count;
mod dependencies;
mod differential;
mod faults;
mod fuzz;
mod hosts;
mod layout;
mod links;
mod load;
mod node;
mod package;
mod proving;
mod python;
mod simulate;
mod step;
mod steps;
mod suites;
mod tally;
mod test;
mod threads;
mod toolchain;

use std::process::ExitCode;

/// What every command gives: a failure is a text for the developer.
type Outcome<T = ()> = Result<T, String>;

const HELP: &str = "\
The developer commands of klatch.

cargo xtask chat [--runtime tokio|async-std|smol] [--port N]
    Builds the chat example and its page, and serves it (port 3000 unless given).

cargo xtask test [--quick] [--only STEP]
    Everything that a change must pass, step by step; stops at the first failure.
    --quick leaves out the counts, Python, the browser, the hosts, the packages and the
    documentation; --only runs one step, or all that begin with its name (`--only clients`).

cargo xtask bench [SCENARIO,..|all] [--servers S,..] [--rounds N] [--seconds S] [--write]
    Load on the app `bench` of each server in turns, one core for the server and one for
    its clients, fifteen rounds unless given (idle: five); prints a table per scenario.
    --seconds is what a round measures; --write puts figures, tables and chart into docs/.
    Servers: limit, limit-coalesce, tokio, async-std, smol, socketioxide, node.
    Scenarios: fanout, fanout-5000, fanout-4k, fanout-1, paced, rooms, rooms-2, echo-1,
    echo, ack, connect, idle.

cargo xtask bench scale[:SERIES,..] [--rounds N] [--seconds S] [--write]
    How the cost of klatch on tokio grows, in the same way, in five rounds unless given.
    Series: connections, bystanders, members, rooms, namespaces.

cargo xtask load [CASE,..|all] [--runtime tokio|async-std|smol] [--connections N] [--rounds N]
    Whether a server holds under load: in a process of its own, over real sockets. Prints
    what it saw and a verdict for each case, and fails if one does not hold.
    Cases: paused (members that do not read), slow (connections that hardly send), storm
    (all reconnect at once), term (SIGTERM while clients are busy), soak.

cargo xtask soak [--minutes M] [--connections N] [--pause S] [--seed S] [--runtime R] [--write]
    The last of them alone: 5,000 clients that join, leave, chat, stall, vanish and return
    for half an hour, unless others are given. --write draws the curve of its memory.

cargo xtask count [--write]
    Counts the instructions that the core takes, case by case, and fails if one takes 5 %
    more than core/benches/baseline.txt says. --write renews that file. It needs valgrind.

cargo xtask threads [--schedules N] [--seed S] [--replay FILE] [SCENE]
    The driver on several threads, in N orders of their steps (5000 unless given) that follow
    from the seed, and its smallest parts in all of them; --replay plays the one that a failure
    left in a file.

cargo xtask faults [--group rules|threads] [RULE]
    Breaks one rule after the other in a copy of the sources, those of xtask/faults, and shows
    which tests notice; fails if none does. RULE is a part of what the table calls it.

cargo xtask fuzz [--minutes M] [--target T]
    Feeds each fuzz target, or one, for M minutes (2 unless given), tells what it did, and
    fails if an input broke one. It needs cargo-fuzz and a C++ compiler.

cargo xtask fuzz --coverage
    Lists the lines of the core that no input of the corpora reaches. It needs llvm-cov
    and llvm-profdata of the version that rustc is built with.

cargo xtask simulate [--minutes M] [--seeds A..B] [--trace LINES] [--core]
    Histories of thousands of clients on the simulated network, with every fault, from one
    seed each, for ten minutes unless given: what must always hold is looked at all along.
    --seeds takes one seed, too: that of a history that went wrong, of which --trace prints as
    many of the last lines. --core has histories of rooms in the core alone, against the
    model of the kit.

cargo xtask suites DIR_ENGINE DIR_SOCKET [--runtime tokio|async-std|smol]
    The official protocol test suites, from your checkouts of
    socketio/engine.io-protocol and socketio/socket.io-protocol.

cargo xtask client-suites DIR [--runtime tokio|async-std|smol]
    The own tests of engine.io-client and socket.io-client, from your checkout of
    socketio/socket.io, with apps of ours in place of the servers that they bring.

cargo xtask differential [--seed S] [--cases N | --minutes M] [--only NAME]
    The same inputs to klatch and to Node's Socket.IO: the table of hostile ones, then
    random cases, 300 unless given. It fails if anything is not the same that
    docs/differences.md does not tell of. --only plays the rows with NAME in theirs.

cargo xtask help
    This text.
";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let name = words.next().unwrap_or_else(|| "help".to_owned());
    match run(&name, words.collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(name: &str, words: Vec<String>) -> Outcome {
    match name {
        "bench" => bench::run(words),
        "chat" => chat::run(words),
        "count" => count::run(words),
        "faults" => faults::run(words),
        "differential" => differential::run(words),
        "fuzz" => fuzz::run(words),
        "simulate" => simulate::run(words),
        "test" => test::run(words),
        "threads" => threads::run(words),
        "load" => load::run(words),
        "soak" => load::soak(words),
        "suites" => suites::run(words),
        "client-suites" => suites::clients::run(words),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("no command `{other}`\n\n{HELP}")),
    }
}
