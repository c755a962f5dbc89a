use std::time::Duration;

use klatch_core::{Config, ConfigFault};

use super::{Builder, ConfigError};
use crate::engine::EngineServer;
use crate::recovery::Recovery;
use crate::server::Server;

fn fault(builder: Builder) -> ConfigError {
    let fault = builder.clone().build().expect_err("it cannot work");
    assert_eq!(builder.build_engine().expect_err("nor can it alone"), fault);
    fault
}

#[test]
fn the_defaults_are_valid() {
    assert!(Server::builder().build().is_ok());
    assert!(EngineServer::builder().build_engine().is_ok());
    let _ = (Server::new(), EngineServer::new());
}

#[test]
fn what_the_core_finds_is_told() {
    let config = Config::new().max_payload(0);
    let fault = fault(Server::builder().config(config));
    assert_eq!(fault, ConfigError::Config(ConfigFault::MaxPayload));
}

#[test]
fn a_path_is_one_that_a_request_can_have() {
    for path in ["/a?b", "/a#b", "/a b", "/a\n", "/\u{7f}", "/é"] {
        let expected = ConfigError::Path { path: path.to_owned() };
        assert_eq!(fault(Server::builder().path(path)), expected);
    }
    for (path, normal) in [
        ("", "/"),
        ("/", "/"),
        ("chat", "/chat/"),
        ("/chat", "/chat/"),
        ("/a/b/", "/a/b/"),
        ("/%C3%A9", "/%C3%A9/"),
    ] {
        let hub = Server::builder().path(path).hub().expect("it is a path");
        assert_eq!(hub.path, normal);
    }
}

#[test]
fn a_mailbox_holds_a_packet_of_the_largest_payload() {
    let config = Config::new().max_payload(1000);
    let builder = Server::builder().config(config);
    let expected = ConfigError::MailboxBudget { bytes: 1063, needed: 1064 };
    assert_eq!(fault(builder.clone().mailbox_budget(1063)), expected);
    assert!(builder.mailbox_budget(1064).build().is_ok());
    // Unless it is told, it follows.
    for (max_payload, budget) in [(1000, 4 << 20), (8 << 20, (8 << 20) + 64)] {
        let config = Config::new().max_payload(max_payload);
        let hub = Server::builder().config(config).hub().expect("it is valid");
        assert_eq!(hub.budget.mailbox(), budget);
    }
}

#[test]
fn a_limit_that_nothing_could_keep_is_a_mistake() {
    let builder = Server::builder;
    for (builder, setting, value, least) in [
        (builder().max_handlers(0), "max_handlers", 0, 1),
        (builder().max_sessions(0), "max_sessions", 0, 1),
        (builder().max_head_bytes(8191), "max_head_bytes", 8191, 8192),
        (builder().max_headers(0), "max_headers", 0, 1),
        (builder().write_timeout(Duration::ZERO), "write_timeout", 0, 1),
        (builder().head_timeout(Duration::ZERO), "head_timeout", 0, 1),
    ] {
        assert_eq!(fault(builder), ConfigError::TooLow { setting, value, least });
    }
    assert!(builder().max_handlers(1).max_sessions(1).max_head_bytes(8192).build().is_ok());
}

#[test]
fn recovery_that_nobody_could_use_is_a_mistake() {
    for recovery in [Recovery::new().sessions(0), Recovery::new().max_disconnection(Duration::ZERO)]
    {
        let built = Server::builder().recovery(recovery).build();
        assert_eq!(built.expect_err("it cannot work"), ConfigError::Recovery);
    }
}
