//! What a router of axum's hands over.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, header};
use klatch_driver::{Cors, Server};
use tower_service::Service as _;

const PACKAGE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../driver/src/conformance/socket.io-client");

fn send(router: &Router, method: &str, path: &str) -> impl Future<Output = Response<Body>> {
    let request = Request::builder().method(method).uri(path).header(header::ORIGIN, "http://a");
    let answer = router.clone().call(request.body(Body::empty()).expect("a request"));
    async { answer.await.unwrap_or_else(|never| match never {}) }
}

#[test]
fn every_path_and_every_method_of_the_server_is_its_own() {
    let tokio = tokio::runtime::Runtime::new().expect("the system has threads");
    tokio.block_on(async {
        let builder = Server::builder().path("/chat").cors(Cors::list(["http://a"]));
        let server = builder.serve_client(PACKAGE).build().expect("it is there");
        let router = klatch_tokio::router(server);
        for (method, path, status) in [
            ("GET", "/chat/?EIO=4&transport=polling", 200),
            ("GET", "/chat?EIO=4&transport=polling", 200),
            ("OPTIONS", "/chat/?EIO=4&transport=polling", 204),
            ("PUT", "/chat/?EIO=4&transport=polling", 400),
            ("GET", "/chat/socket.io.js", 200),
            ("HEAD", "/chat/socket.io.esm.min.js.map", 200),
            ("GET", "/chat/socket.io.slim.js", 404),
            ("GET", "/chat/other/", 404),
            ("GET", "/", 404),
        ] {
            let answer = send(&router, method, path).await;
            assert_eq!(answer.status(), status, "{method} {path}");
            let told = answer.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
            assert_eq!(told.is_some(), status != 404, "{method} {path}");
        }
    });
}

#[test]
fn a_server_at_the_root_has_one_path() {
    let tokio = tokio::runtime::Runtime::new().expect("the system has threads");
    tokio.block_on(async {
        let server = Server::builder().path("/").build().expect("it is valid");
        let router = klatch_tokio::router(server);
        assert_eq!(send(&router, "GET", "/?EIO=4&transport=polling").await.status(), 200);
        assert_eq!(send(&router, "GET", "/socket.io/").await.status(), 404);
    });
}
