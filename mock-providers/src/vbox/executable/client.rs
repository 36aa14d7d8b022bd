//! The client's side of a call.

use std::{
    env,
    ffi::OsString,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{self, ExitCode},
};

use super::{
    PROGRAM, SERVER_VARIABLE,
    wire::{Call, Frame, Kind},
};

/// Standard input is looked through in pieces of this size; pieces of zeros are not sent.
const PIECE: usize = 64 << 10;
/// Bytes of standard input that are read at once.
const READ_AT_ONCE: usize = 16 * PIECE;
/// Exit code when the state server cannot be asked, as of the real program without its server.
const NO_SERVER: u8 = 1;

pub(super) fn run() -> ExitCode {
    match call() {
        Ok(code) => ExitCode::from(code),
        Err(problem) => {
            // What drivers look for first, then what helps whoever set this up.
            let text = format!(
                "{PROGRAM}: error: Failed to create the VirtualBox object!\n\
                 {PROGRAM}: error: Code NS_ERROR_SOCKET_FAIL (0xC1F30200) - IPC daemon socket error (extended info not available)\n\
                 {PROGRAM}: error: Most likely, the VirtualBox COM server is not running or failed to start.\n\
                 {PROGRAM}: error: This {PROGRAM} is a mock: {problem}\n"
            );
            let _ = io::stderr().write_all(text.as_bytes());
            ExitCode::from(NO_SERVER)
        }
    }
}

/// Carries the call out. What goes wrong is a sentence that ends the line "this is a mock: ...".
fn call() -> Result<u8, String> {
    let place = env::var(SERVER_VARIABLE).map_err(|_| {
        format!(
            "the variable {SERVER_VARIABLE} does not say where its state server is; pass on the environment that the \
             mock printed"
        )
    })?;
    let (address, token) = place
        .split_once('/')
        .and_then(|(address, token)| Some((address.parse::<SocketAddr>().ok()?, token)))
        .ok_or_else(|| format!("{SERVER_VARIABLE}={place:?} is not ADDRESS:PORT/TOKEN"))?;
    let call = Call {
        token: token.to_owned(),
        arguments: env::args_os().skip(1).map(text).collect::<Result<_, _>>()?,
        directory: text(
            env::current_dir()
                .map_err(|error| format!("the working directory cannot be read: {error}"))?
                .into_os_string(),
        )?,
        process: process::id(),
    };
    let call = serde_json::to_vec(&call).map_err(|error| format!("the call cannot be encoded: {error}"))?;
    let lost = |error| format!("its state server at {address} is gone: {error}");
    let mut server = TcpStream::connect(address).map_err(lost)?;
    let _ = server.set_nodelay(true);
    Frame::new(Kind::Call, call).write(&mut server).map_err(lost)?;
    loop {
        let frame = Frame::read(&mut server).map_err(lost)?;
        match frame.kind {
            Kind::Stdout => print(io::stdout(), &frame.bytes),
            Kind::Stderr => print(io::stderr(), &frame.bytes),
            Kind::WantInput => {
                let most = frame.number().map_or(0, |(most, _)| most);
                send_input(io::stdin().lock(), most, &mut server).map_err(lost)?;
            }
            Kind::Exit => return Ok(frame.bytes.first().copied().unwrap_or(NO_SERVER)),
            Kind::Call | Kind::Input | Kind::InputEnd => {
                return Err(format!("its state server at {address} sent a frame of a client"));
            }
        }
    }
}

fn text(value: OsString) -> Result<String, String> {
    value.into_string().map_err(|value| format!("{} is not UTF-8", value.to_string_lossy()))
}

/// Whoever reads may have gone away; the exit code is there all the same.
fn print(mut stream: impl Write, bytes: &[u8]) {
    let _ = stream.write_all(bytes).and_then(|()| stream.flush());
}

/// Sends what is not zero of the first `most` bytes.
fn send_input(input: impl Read, most: u64, server: &mut impl Write) -> io::Result<()> {
    static ZEROS: [u8; PIECE] = [0; PIECE];
    let mut input = input.take(most);
    let mut buffer = vec![0; READ_AT_ONCE];
    let mut offset = 0_u64;
    loop {
        let length = fill(&mut input, &mut buffer)?;
        for (index, piece) in buffer[..length].chunks(PIECE).enumerate() {
            // Whole slices are compared by `memcmp`, which is fast in debug builds too.
            if *piece != ZEROS[..piece.len()] {
                let at = offset + (index * PIECE) as u64;
                Frame::new(Kind::Input, [&at.to_be_bytes(), piece].concat()).write(server)?;
            }
        }
        offset += length as u64;
        if length < buffer.len() {
            return Frame::new(Kind::InputEnd, []).write(server);
        }
    }
}

/// Reads until the buffer is full or the input ends. An input that cannot be read ends.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(input: &[u8], most: u64) -> Vec<Frame> {
        let mut wire = Vec::new();
        send_input(input, most, &mut wire).unwrap();
        let mut rest = wire.as_slice();
        let mut frames = Vec::new();
        while !rest.is_empty() {
            frames.push(Frame::read(&mut rest).unwrap());
        }
        frames
    }

    #[test]
    fn zeros_are_not_sent_and_offsets_say_where_the_rest_belongs() {
        let mut input = vec![0; 3 * READ_AT_ONCE + 10];
        input[5] = 1;
        input[2 * READ_AT_ONCE + PIECE] = 2;
        let frames = sent(&input, u64::MAX);
        let kinds: Vec<_> = frames.iter().map(|frame| frame.kind).collect();
        assert_eq!(kinds, [Kind::Input, Kind::Input, Kind::InputEnd]);
        let offsets: Vec<_> = frames[..2].iter().map(|frame| frame.number().unwrap().0).collect();
        assert_eq!(offsets, [0, (2 * READ_AT_ONCE + PIECE) as u64]);
        assert_eq!(frames[1].number().unwrap().1[0], 2);
    }

    #[test]
    fn no_more_is_read_than_is_wanted() {
        let frames = sent(&[7; 100], 10);
        assert_eq!(frames[0].number().unwrap(), (0, [7; 10].as_slice()));
        assert_eq!(frames[1].kind, Kind::InputEnd);
        assert_eq!(sent(&[], 10)[0].kind, Kind::InputEnd);
    }
}
