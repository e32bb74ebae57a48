//! Where the server listens.

use std::fmt;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use spikedrive_proto::address::{Address, parse_listen};
use tokio::net::{TcpListener, UnixListener, UnixStream};

/// An address to listen on: `host:port`, where port 0 takes any free one, or `unix:/path`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// `host:port`.
    Tcp(String),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(Address::Unix(path)) => Ok(Self::Unix(path)),
            _ => parse_listen(text)
                .map(Self::Tcp)
                .map_err(|_| "use host:port, such as 127.0.0.1:50051, or unix:/path".to_owned()),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(authority) => f.write_str(authority),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A listener that is bound.
#[derive(Debug)]
pub enum Listener {
    /// On an address of this machine.
    Tcp(TcpListener),
    /// On a socket in the file system.
    Unix(UnixSocket),
}

/// A socket in the file system; its file goes with it.
#[derive(Debug)]
pub struct UnixSocket {
    pub(crate) listener: UnixListener,
    pub(crate) file: SocketFile,
}

/// Removes the file of a socket in the end, if it is still that one: another server may have taken its place meanwhile.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    identity: Option<(u64, u64)>,
}

/// Device and inode.
fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.identity.is_some() && identity(&self.path) == self.identity {
            // Who removed it before did what was to be done.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

impl Listener {
    /// Listens. A socket's file that nobody listens on any more is replaced.
    pub async fn bind(address: &ListenAddress) -> io::Result<Self> {
        match address {
            ListenAddress::Tcp(authority) => Ok(Self::Tcp(TcpListener::bind(authority).await?)),
            ListenAddress::Unix(path) => {
                let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
                let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
                if is_socket && UnixStream::connect(path).await.is_err_and(refused) {
                    fs::remove_file(path)?;
                }
                let listener = UnixListener::bind(path)?;
                let file = SocketFile { path: path.clone(), identity: identity(path) };
                Ok(Self::Unix(UnixSocket { listener, file }))
            }
        }
    }

    /// As clients write it.
    pub fn address(&self) -> io::Result<String> {
        match self {
            Self::Tcp(listener) => Ok(listener.local_addr()?.to_string()),
            Self::Unix(socket) => Ok(format!("unix:{}", socket.file.path.display())),
        }
    }

    /// The address of a listener that others than this machine reach.
    pub(crate) fn open_to_the_network(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok().filter(|address| !address.ip().is_loopback()),
            Self::Unix(_) => None,
        }
    }
}
