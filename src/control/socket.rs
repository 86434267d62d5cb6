//! The control socket: the server's side ([`ControlSocket`]) and the command's ([`send_command`]).

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream as Connection};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{CommandRequest, CommandResponse, MAX_LINE_BYTES, SOCKET_NAME, handle};
use crate::base::{Error, Result};
use crate::federation::Node;

/// Commands served at once; more wait.
const MAX_CONCURRENT_COMMANDS: usize = 4;
/// How long a command may take to say what it wants.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a command waits for an answer: some fetch from several slow servers.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(180);
/// How long a command waits for a server that is just starting or stopping.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);
/// The longest path a Unix socket can have, with room to spare.
const MAX_SOCKET_PATH_BYTES: usize = 100;

/// A running server's socket, removed when this is dropped.
pub struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl ControlSocket {
    /// Opens the socket in the node's folder, inside a tokio runtime. One that is there already is stale: the node holds the
    /// folder's lock.
    pub fn open(node: &Node) -> Result<Self> {
        let folder = node.store.folder();
        let path = folder.join(SOCKET_NAME);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let (short, _folder) = short_path(folder)?;
        let listener = UnixListener::bind(short)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, path })
    }

    /// Answers commands until it is dropped.
    pub async fn answer(&self, node: &Arc<Node>) {
        let turns = Arc::new(Semaphore::new(MAX_CONCURRENT_COMMANDS));
        loop {
            let Ok(turn) = Arc::clone(&turns).acquire_owned().await else { return };
            match self.listener.accept().await {
                Ok((connection, _)) => {
                    let node = Arc::clone(node);
                    tokio::spawn(async move {
                        serve_connection(connection, node).await;
                        drop(turn);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a command could not be answered");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "the socket was gone already");
        }
    }
}

async fn serve_connection(mut connection: Connection, node: Arc<Node>) {
    let answer = match timeout(REQUEST_TIMEOUT, read_request(&mut connection)).await {
        Ok(Ok(request)) => {
            let done = tokio::task::spawn_blocking(move || handle(&node, request));
            match done.await {
                Ok(Ok(answer)) => answer,
                Ok(Err(error)) => CommandResponse::Error(error.to_string()),
                Err(_) => CommandResponse::Error("the server failed at this; its log says more".to_owned()),
            }
        }
        Ok(Err(error)) => CommandResponse::Error(error.to_string()),
        Err(_) => CommandResponse::Error("the request took too long to arrive".to_owned()),
    };
    let mut line = serde_json::to_vec(&answer).unwrap_or_default();
    line.push(b'\n');
    if let Ok(Err(error)) = timeout(REQUEST_TIMEOUT, connection.write_all(&line)).await {
        tracing::debug!(%error, "a command did not wait for its answer");
    }
}

async fn read_request(connection: &mut Connection) -> Result<CommandRequest> {
    let mut line = Vec::new();
    let limit = u64::try_from(MAX_LINE_BYTES).unwrap_or(u64::MAX);
    tokio::io::BufReader::new(connection.take(limit)).read_until(b'\n', &mut line).await?;
    if line.last() != Some(&b'\n') {
        return Err(Error::invalid("the request is cut off or too long"));
    }
    serde_json::from_slice(&line).map_err(|error| {
        Error::invalid(format!(
            "the running server does not understand this command ({error}): restart it with this build"
        ))
    })
}

/// Asks the server of `folder`, or does it here when there is none: `open` takes the folder's lock, and is tried again for
/// a moment while a server is starting or stopping.
pub fn send_command(
    folder: &Path,
    request: CommandRequest,
    open: impl Fn() -> Result<Node>,
) -> Result<CommandResponse> {
    const CONNECT_RETRY_INTERVAL: Duration = Duration::from_millis(100);
    let mut waited = Duration::ZERO;
    loop {
        if let Some(connection) = connect(folder)? {
            return match exchange(connection, &request)? {
                CommandResponse::Error(why) => Err(Error::Invalid(why)),
                answer => Ok(answer),
            };
        }
        match open() {
            Err(Error::Conflict(_)) if waited < CONNECT_TIMEOUT => {
                thread::sleep(CONNECT_RETRY_INTERVAL);
                waited += CONNECT_RETRY_INTERVAL;
            }
            node => return handle(&node?, request),
        }
    }
}

/// A connection to the server of `folder`; None when none listens.
fn connect(folder: &Path) -> Result<Option<UnixStream>> {
    if !folder.is_dir() {
        return Ok(None);
    }
    let (short, _folder) = short_path(folder)?;
    match UnixStream::connect(short) {
        Ok(connection) => Ok(Some(connection)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Ok(None),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(Error::invalid(format!(
            "{} belongs to somebody else: run this as the user the server runs as",
            folder.display()
        ))),
        Err(error) => Err(error.into()),
    }
}

fn exchange(mut connection: UnixStream, request: &CommandRequest) -> Result<CommandResponse> {
    connection.set_read_timeout(Some(RESPONSE_TIMEOUT))?;
    connection.set_write_timeout(Some(REQUEST_TIMEOUT))?;
    let mut line = serde_json::to_vec(request).map_err(Error::internal)?;
    line.push(b'\n');
    if line.len() > MAX_LINE_BYTES {
        return Err(Error::invalid("this is too much for one command"));
    }
    let mut answer = Vec::new();
    let heard = connection.write_all(&line).and_then(|()| {
        let limit = u64::try_from(MAX_LINE_BYTES).unwrap_or(u64::MAX);
        BufReader::new(connection.take(limit)).read_until(b'\n', &mut answer)
    });
    let whole = heard.is_ok() && answer.last() == Some(&b'\n');
    if !whole {
        return Err(Error::internal(
            "the server went away before it answered: look whether it was done, then try again",
        ));
    }
    serde_json::from_slice(&answer)
        .map_err(|_| Error::invalid("the running server is another build: restart it, then try again"))
}

/// The socket's path, by way of the open folder where its own is too long for a socket. Keep the file while using it.
fn short_path(folder: &Path) -> Result<(PathBuf, Option<File>)> {
    let path = folder.join(SOCKET_NAME);
    if path.as_os_str().len() <= MAX_SOCKET_PATH_BYTES {
        return Ok((path, None));
    }
    let open = File::open(folder)?;
    let short = PathBuf::from(format!("/proc/self/fd/{}/{SOCKET_NAME}", open.as_raw_fd()));
    Ok((short, Some(open)))
}
