//! One thread for each core, each with a runtime of its own.
//!
//! They share the listener: whichever is idle takes the next connection, and keeps it. A step is then never handed from one thread
//! to another, which costs a lock-step client a fifth of the server's time; a connection is never served by two threads at a time.

use std::io;
use std::os::unix::net::UnixListener as StdUnixListener;
use std::thread;

use tokio::net::{TcpListener, UnixListener};
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnixListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::{Router, TcpIncoming};
use tower::layer::util::{Identity, Stack};

use crate::listen::{Listener, UnixSocket};
use crate::security::GuardLayer;
use crate::serve::ServeError;

/// All services, behind the door.
pub(crate) type Services = Router<Stack<GuardLayer, Identity>>;

/// A listener that no runtime owns.
enum Socket {
    Tcp(std::net::TcpListener),
    Unix(StdUnixListener),
}

impl Socket {
    fn another(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Tcp(listener) => Self::Tcp(listener.try_clone()?),
            Self::Unix(listener) => Self::Unix(listener.try_clone()?),
        })
    }

    /// Serves what it accepts until `told`, in the present runtime; what is open then may end in peace.
    async fn serve(self, services: Services, told: CancellationToken) -> Result<(), ServeError> {
        let told = told.cancelled_owned();
        match self {
            Self::Tcp(listener) => {
                let incoming = TcpIncoming::from(TcpListener::from_std(listener)?).with_nodelay(Some(true));
                services.serve_with_incoming_shutdown(incoming, told).await?;
            }
            Self::Unix(listener) => {
                let incoming = UnixListenerStream::new(UnixListener::from_std(listener)?);
                services.serve_with_incoming_shutdown(incoming, told).await?;
            }
        }
        Ok(())
    }
}

/// Serves on the present thread and on `threads − 1` others until all have ended after `told`; the others end at once after `cut`.
pub(crate) async fn serve_on(
    threads: usize,
    listener: Listener,
    services: Services,
    told: CancellationToken,
    cut: CancellationToken,
) -> Result<(), ServeError> {
    let (socket, _file) = match listener {
        Listener::Tcp(listener) => (Socket::Tcp(listener.into_std()?), None),
        Listener::Unix(UnixSocket { listener, file }) => (Socket::Unix(listener.into_std()?), Some(file)),
    };
    let (ended, mut ends) = mpsc::channel(threads.max(1));
    for number in 1..threads {
        let (socket, services, ended) = (socket.another()?, services.clone(), ended.clone());
        let (told, cut) = (told.clone(), cut.clone());
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let serve = move || {
            let served = runtime.block_on(async {
                tokio::select! {
                    served = socket.serve(services, told) => served,
                    () = cut.cancelled() => Ok(()),
                }
            });
            // Nobody waits for it any more after a cut.
            let _ = ended.blocking_send(served);
        };
        thread::Builder::new().name(format!("serve-{number}")).spawn(serve)?;
    }
    drop(ended);
    socket.serve(services, told).await?;
    while let Some(served) = ends.recv().await {
        served?;
    }
    Ok(())
}
