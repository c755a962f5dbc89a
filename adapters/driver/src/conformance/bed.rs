//! Where a case runs: servers at addresses of their own, and patience.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures::FutureExt as _;
use futures::channel::oneshot;
use futures::future::{Either, LocalBoxFuture, select};

use super::Platform;
use super::known::{Fate, Known};
use super::log::{Log, Pen};
use crate::drain::Drain;
use crate::engine::EngineServer;
use crate::namespace::Namespace;
use crate::runtime::{Host, Listener, Runtime, Stream};
use crate::serve::{Bound, Service};
use crate::server::Server;

/// Longer than anything takes on a machine that is busy with other things: who waits for this
/// waits for something that never comes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Of the runtime's own time, while that of a known server passes, or something is waited for.
const TICK: Duration = Duration::from_millis(1);

/// Where a case runs.
pub(crate) struct Bed {
    ground: Rc<dyn Ground>,
    clock: Clock,
    fate: Fate,
    checks: RefCell<Vec<Box<dyn FnOnce()>>>,
}

impl Bed {
    pub(super) fn new<P: Platform>(platform: Rc<P>) -> Self {
        let clock = Clock(Arc::new(platform.runtime()));
        Self { ground: platform, clock, fate: Fate::default(), checks: RefCell::default() }
    }

    /// Drops the platform, and checks what must hold then.
    pub(super) fn end(self) {
        drop((self.ground, self.clock));
        for check in self.checks.into_inner() {
            check();
        }
    }

    /// Checks something when the platform is dropped.
    pub(crate) fn when_it_has_ended(&self, check: impl FnOnce() + 'static) {
        self.checks.borrow_mut().push(Box::new(check));
    }

    /// A server with nothing but the namespace `/`.
    pub(crate) async fn serve_one(&self) -> (Server, Namespace, Running<'_>) {
        let server = Server::new();
        let namespace = server.namespace("/");
        let running = self.serve(&server).await;
        (server, namespace, running)
    }

    /// Serves a server.
    pub(crate) async fn serve(&self, server: &Server) -> Running<'_> {
        self.running(self.ground.serve(server.clone(), Clockwork::AsItIs).await)
    }

    /// Serves an Engine.IO server.
    pub(crate) async fn serve_engine(&self, server: &EngineServer) -> Running<'_> {
        self.running(self.ground.serve_engine(server.clone()).await)
    }

    /// Serves a server that leaves nothing to chance: ids are counted, and time passes by
    /// [`advance`](Self::advance).
    pub(crate) async fn serve_known(&self, server: &Server) -> Running<'_> {
        let clockwork = Clockwork::Known(self.fate.clone());
        self.running(self.ground.serve(server.clone(), clockwork).await)
    }

    /// Lets time pass for servers of [`serve_known`](Self::serve_known).
    pub(crate) fn advance(&self, duration: Duration) {
        self.fate.advance(duration);
    }

    /// Serves a server on a platform of its own, in a thread: it is gone when `serve` returns, as a
    /// process is.
    pub(crate) async fn serve_in_thread(&self, server: &Server) -> Running<'_> {
        self.running(self.ground.serve_in_thread(server.clone()).await)
    }

    fn running(&self, (address, serving): (SocketAddr, Serving)) -> Running<'_> {
        Running { address: Address { bed: self, address }, serving }
    }

    /// Where handlers write down what happens, and where it is read.
    pub(crate) fn log(&self) -> (Pen, Log) {
        Log::new(self.clock.clone())
    }

    /// Waits for something that is about to happen.
    pub(crate) async fn soon<T>(&self, what: &str, future: impl Future<Output = T>) -> T {
        self.clock.soon(what, future).await
    }

    /// Ends a server whose clients read no more: they are cut off soon.
    pub(crate) async fn close(&self, server: &Server) {
        let drain = Drain::new().deadline(TICK * 20);
        self.soon("the server's end", server.shutdown(drain)).await;
    }

    /// Runs a future to its end, while time passes for servers of
    /// [`serve_known`](Self::serve_known), a second with each tick.
    pub(crate) async fn while_time_passes<T>(
        &self,
        mut future: impl Future<Output = T> + Unpin,
    ) -> T {
        loop {
            let host = &self.clock.0;
            let tick = host.timer(host.now() + TICK);
            match select(future, tick).await {
                Either::Left((outcome, _)) => return outcome,
                Either::Right(((), unfinished)) => future = unfinished,
            }
            self.advance(Duration::from_secs(1));
        }
    }

    /// Waits until something is so: looks again with each tick of the runtime's own time.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let host = &self.clock.0;
        let looking = async {
            while !is_so() {
                host.timer(host.now() + TICK).await;
            }
        };
        self.soon(what, looking).await;
    }

    /// Runs a task; what is returned waits for its end, and is cancelled if it panics.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (end, ended) = oneshot::channel();
        self.clock.0.spawn(Box::pin(async move {
            // The case may be over.
            let _ = end.send(task.await);
        }));
        ended
    }
}

/// Starts a thread, for what takes a while or waits for others; what is returned waits for its
/// end, and is cancelled if it panics.
pub(crate) fn in_thread<T: Send + 'static>(
    act: impl FnOnce() -> T + Send + 'static,
) -> oneshot::Receiver<T> {
    let (end, ended) = oneshot::channel();
    thread::spawn(move || {
        // The case may be over.
        let _ = end.send(act());
    });
    ended
}

/// A server that is served.
pub(crate) struct Running<'b> {
    pub(crate) address: Address<'b>,
    pub(crate) serving: Serving,
}

/// What `serve` will return; cancelled if it panics.
type Serving = oneshot::Receiver<io::Result<()>>;

/// Where a server listens, and the way there.
#[derive(Clone, Copy)]
pub(crate) struct Address<'b> {
    bed: &'b Bed,
    address: SocketAddr,
}

impl Address<'_> {
    /// A connection, if somebody listens.
    pub(crate) async fn connect(self) -> io::Result<Box<dyn Stream>> {
        let connecting = self.bed.ground.dial(self.address);
        self.bed.soon("a connection", connecting).await
    }

    pub(super) fn clock(self) -> Clock {
        self.bed.clock.clone()
    }

    pub(super) fn url(self, query: &str) -> String {
        format!("ws://{}/socket.io/?{query}", self.address)
    }
}

/// The time by which a case waits.
#[derive(Clone)]
pub(super) struct Clock(Arc<dyn Host>);

impl Clock {
    /// Waits for something that is about to happen.
    pub(super) async fn soon<T>(&self, what: &str, future: impl Future<Output = T>) -> T {
        let patience = self.0.timer(self.0.now() + PATIENCE);
        match select(pin!(future), patience).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => panic!("{what} did not happen"),
        }
    }
}

/// A [`Platform`] without its type: the cases are compiled once.
trait Ground {
    fn serve(
        &self,
        server: Server,
        clockwork: Clockwork,
    ) -> LocalBoxFuture<'_, (SocketAddr, Serving)>;
    fn serve_engine(&self, server: EngineServer) -> LocalBoxFuture<'_, (SocketAddr, Serving)>;
    fn serve_in_thread(&self, server: Server) -> LocalBoxFuture<'_, (SocketAddr, Serving)>;
    fn dial(&self, address: SocketAddr) -> LocalBoxFuture<'_, io::Result<Box<dyn Stream>>>;
}

/// What a server's runtime is to be like.
enum Clockwork {
    AsItIs,
    Known(Fate),
}

impl<P: Platform> Ground for P {
    fn serve(
        &self,
        server: Server,
        clockwork: Clockwork,
    ) -> LocalBoxFuture<'_, (SocketAddr, Serving)> {
        async move {
            let bound = self.bind().await.expect("there is an address");
            match clockwork {
                Clockwork::AsItIs => start(bound, server),
                Clockwork::Known(fate) => {
                    start(bound.map_runtime(|runtime| Known::new(runtime, fate)), server)
                }
            }
        }
        .boxed_local()
    }

    fn serve_engine(&self, server: EngineServer) -> LocalBoxFuture<'_, (SocketAddr, Serving)> {
        async move { start(self.bind().await.expect("there is an address"), server) }.boxed_local()
    }

    fn serve_in_thread(&self, server: Server) -> LocalBoxFuture<'_, (SocketAddr, Serving)> {
        let (tell, told) = oneshot::channel();
        let serving = in_thread(move || {
            let platform = P::new();
            platform.block_on(async {
                let (address, serving) = platform.serve(server, Clockwork::AsItIs).await;
                tell.send(address).expect("the case waits");
                serving.await.expect("no panic")
            })
        });
        async { (told.await.expect("the thread serves"), serving) }.boxed_local()
    }

    fn dial(&self, address: SocketAddr) -> LocalBoxFuture<'_, io::Result<Box<dyn Stream>>> {
        async move {
            let stream = self.connect(address).await?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        }
        .boxed_local()
    }
}

fn start<R: Runtime, L: Listener>(
    bound: Bound<R, L>,
    server: impl Service,
) -> (SocketAddr, Serving) {
    let address = bound.local_addr().expect("it listens");
    let (end, serving) = oneshot::channel();
    Runtime::spawn(&bound.runtime(), async move {
        // The case may be over.
        let _ = end.send(bound.serve(server).await);
    });
    (address, serving)
}
