//! klatch behind TLS on smol.
//!
//! Whatever a host makes of its connections, klatch serves it if it is a stream:
//! [`Endpoint::serve_connection`].
//!
//! The certificate is made at the start and vouches for itself. `KLATCH_CA` names a file to write
//! it to, for clients to be told to trust it: the option `ca` of socket.io-client.
//!
//! ```sh
//! KLATCH_CA=/tmp/klatch.pem cargo run -p klatch-example-tls-smol
//! ```

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_rustls::TlsAcceptor;
use futures_rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use futures_rustls::rustls::ServerConfig;
use klatch::Endpoint;
use smol::Timer;
use smol::future::{FutureExt as _, or};
use smol::net::{TcpListener, TcpStream};

/// How long a client may take to say hello. Those who take longer hold a connection for nothing.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait after the system refused a connection: it is out of files, say, and will be
/// for a while.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

fn main() -> Result<(), Box<dyn Error>> {
    let acceptor = TlsAcceptor::from(Arc::new(config()?));
    let chat = klatch_example_chat::chat();
    let endpoint = Endpoint::new(klatch::smol::Runtime::new(), chat.clone()).secure();
    let told = klatch_example_chat::told_to_end();
    // Whoever polls needs connections until it has been told.
    let mut ending = async move {
        told.await;
        klatch_example_chat::end(&chat).await;
    }
    .boxed();
    smol::block_on(async {
        let listener = TcpListener::bind(klatch_example_chat::address()).await?;
        klatch_example_chat::announce("https", listener.local_addr()?);
        loop {
            let accepting = async { Some(listener.accept().await) };
            let ended = async {
                (&mut ending).await;
                None
            };
            let Some(accepted) = or(ended, accepting).await else { return Ok(()) };
            match accepted {
                Ok((stream, address)) => {
                    let serving = serve(endpoint.clone(), acceptor.clone(), stream, address);
                    smol::spawn(serving).detach();
                }
                Err(error) => {
                    eprintln!("a connection could not be accepted: {error}");
                    Timer::after(ACCEPT_PAUSE).await;
                }
            }
        }
    })
}

async fn serve(endpoint: Endpoint, acceptor: TlsAcceptor, stream: TcpStream, address: SocketAddr) {
    // Without it a small packet would wait for the one before to be confirmed.
    let _ = stream.set_nodelay(true);
    let handshake = async { Some(acceptor.accept(stream).await) };
    let timeout = async {
        Timer::after(HANDSHAKE_TIMEOUT).await;
        None
    };
    match or(handshake, timeout).await {
        Some(Ok(stream)) => endpoint.serve_connection(stream, Some(address)).await,
        Some(Err(error)) => eprintln!("{address}: {error}"),
        None => eprintln!("{address}: no TLS within {HANDSHAKE_TIMEOUT:?}"),
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
