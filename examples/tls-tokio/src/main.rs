//! klatch behind TLS on tokio.
//!
//! Whatever a host makes of its connections, klatch serves it if it is a stream:
//! [`Endpoint::serve_connection`].
//!
//! The certificate is made at the start and vouches for itself. `KLATCH_CA` names a file to write
//! it to, for clients to be told to trust it: the option `ca` of socket.io-client.
//!
//! ```sh
//! KLATCH_CA=/tmp/klatch.pem cargo run -p klatch-example-tls-tokio
//! ```

use std::error::Error;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use klatch::Endpoint;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_util::compat::TokioAsyncReadCompatExt as _;

/// How long a client may take to say hello. Those who take longer hold a connection for nothing.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait after the system refused a connection: it is out of files, say, and will be
/// for a while.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let acceptor = TlsAcceptor::from(Arc::new(config()?));
    let chat = klatch_example_chat::chat();
    let endpoint = Endpoint::new(klatch::tokio::Runtime::current(), chat.clone()).secure();
    let told = klatch_example_chat::told_to_end();
    let listener = TcpListener::bind(klatch_example_chat::address()).await?;
    klatch_example_chat::announce("https", listener.local_addr()?);
    // Whoever polls needs connections until it has been told.
    let mut ending = pin!(async {
        told.await;
        klatch_example_chat::end(&chat).await;
    });
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut ending => break,
        };
        match accepted {
            Ok((stream, address)) => {
                tokio::spawn(serve(endpoint.clone(), acceptor.clone(), stream, address));
            }
            Err(error) => {
                eprintln!("a connection could not be accepted: {error}");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    Ok(())
}

async fn serve(endpoint: Endpoint, acceptor: TlsAcceptor, stream: TcpStream, address: SocketAddr) {
    // Without it a small packet would wait for the one before to be confirmed.
    let _ = stream.set_nodelay(true);
    match timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => endpoint.serve_connection(stream.compat(), Some(address)).await,
        Ok(Err(error)) => eprintln!("{address}: {error}"),
        Err(_) => eprintln!("{address}: no TLS within {HANDSHAKE_TIMEOUT:?}"),
    }
}

fn config() -> Result<ServerConfig, Box<dyn Error>> {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names)?;
    if let Some(path) = std::env::var_os("KLATCH_CA") {
        std::fs::write(path, made.cert.pem())?;
    }
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.into()], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
