//! The port at which the executable asks.

use std::{io, net::SocketAddr, time::Duration};

use axum::body::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, watch},
    task::JoinSet,
    time::timeout,
};

use super::{
    account::Answer,
    executable::wire::{Call, Frame, HEAD, Kind},
    input::{Input, Piece},
    request::Incoming,
    server::Way,
};

/// How long a client may take to say what it wants. It does so at once.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pieces of standard input that wait to be written to a disk image.
const WAITING_PIECES: usize = 16;

/// The port, served until the value is dropped.
#[derive(Debug)]
pub(super) struct Listener {
    _tasks: JoinSet<()>,
}

/// Takes the port.
///
/// # Errors
/// When the address cannot be had.
pub(super) async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

impl Listener {
    pub(super) fn start(socket: TcpListener, accounts: Way) -> Self {
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(socket, accounts));
        Self { _tasks: tasks }
    }
}

async fn accept(socket: TcpListener, accounts: Way) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = socket.accept() => match accepted {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    let accounts = accounts.clone();
                    connections.spawn(async move {
                        // A connection that breaks is the client's to report.
                        let _ = serve(stream, &accounts).await;
                    });
                }
                // A connection that was gone before it was accepted, or no file descriptor for it.
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn serve(stream: TcpStream, accounts: &Way) -> io::Result<()> {
    let (mut reader, mut writer) = stream.into_split();
    let frame = timeout(PATIENCE, read(&mut reader)).await??;
    let call: Call = match frame.kind {
        Kind::Call => serde_json::from_slice(&frame.bytes).map_err(io::Error::other)?,
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    let Some(accounts) = accounts.upgrade() else {
        return Ok(());
    };
    let incoming = Incoming::new(call.arguments, call.directory.into(), call.process);
    let Some(tenant) = accounts.by_token(&call.token) else {
        let entry = accounts.refused.begin(incoming.request(Vec::new()));
        accounts.refused.end(entry, None, &Bytes::new());
        // The client says that its server is gone.
        return Ok(());
    };
    // Not kept while answering, which may take as long as a fault wants.
    drop(accounts);
    let plans = tenant.plans();
    let (wanted, mut want) = mpsc::unbounded_channel::<u64>();
    let (pieces, input) = mpsc::channel(WAITING_PIECES);
    let answering = tenant.answer(incoming, Input::remote(wanted, input));
    tokio::pin!(answering);
    let answer = loop {
        tokio::select! {
            answer = &mut answering => break answer,
            Some(most) = want.recv() => {
                writer.write_all(&Frame::new(Kind::WantInput, most.to_be_bytes()).encoded()).await?;
                // The disk is written while its contents come in.
                tokio::select! {
                    answer = &mut answering => break answer,
                    forwarded = forward(&mut reader, &pieces) => forwarded?,
                }
            }
            // A client that goes away is noticed, so that a call that hangs does not stay for ever.
            gone = closed(&reader) => return gone,
        }
    };
    send(&mut writer, answer, &reader, plans).await
}

/// Hands standard input on until it ends.
async fn forward(reader: &mut OwnedReadHalf, pieces: &mpsc::Sender<io::Result<Piece>>) -> io::Result<()> {
    loop {
        let frame = match read(reader).await {
            Ok(frame) => frame,
            Err(error) => {
                // Whoever writes the image must not take what came so far for all.
                let _ = pieces.send(Err(io::Error::new(error.kind(), error.to_string()))).await;
                return Err(error);
            }
        };
        let piece = match (frame.kind, frame.number()) {
            (Kind::Input, Some((offset, bytes))) => Piece::Bytes(offset, bytes.to_vec()),
            (Kind::InputEnd, _) => Piece::End,
            _ => return Err(io::ErrorKind::InvalidData.into()),
        };
        let is_last = piece == Piece::End;
        // Whoever wrote the image may have failed already.
        if pieces.send(Ok(piece)).await.is_err() || is_last {
            return Ok(());
        }
    }
}

async fn send(
    writer: &mut OwnedWriteHalf,
    answer: Answer,
    reader: &OwnedReadHalf,
    mut plans: watch::Receiver<()>,
) -> io::Result<()> {
    match answer {
        Answer::Finished(finished) => {
            let mut bytes = Vec::new();
            for (kind, text) in [(Kind::Stdout, finished.stdout), (Kind::Stderr, finished.stderr)] {
                if !text.is_empty() {
                    bytes.extend(Frame::new(kind, text).encoded());
                }
            }
            bytes.extend(Frame::new(Kind::Exit, [finished.exit]).encoded());
            writer.write_all(&bytes).await
        }
        Answer::Lost => Ok(()),
        // Silence lasts until the client gives up. One whose driver was killed never does, so it also ends with the plan.
        Answer::Stalled => tokio::select! {
            gone = closed(reader) => gone,
            _ = plans.changed() => Ok(()),
        },
    }
}

/// Waits until the client has closed the connection.
async fn closed(reader: &OwnedReadHalf) -> io::Result<()> {
    let mut byte = [0];
    loop {
        if reader.as_ref().peek(&mut byte).await? == 0 {
            return Ok(());
        }
        // Something was sent that nobody waits for; only the end of the connection is of interest.
        std::future::pending::<()>().await;
    }
}

async fn read(reader: &mut OwnedReadHalf) -> io::Result<Frame> {
    let mut head = [0; HEAD];
    reader.read_exact(&mut head).await?;
    let (kind, length) = Frame::head(head)?;
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes).await?;
    Ok(Frame { kind, bytes })
}
