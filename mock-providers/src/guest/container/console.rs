//! What a container says on its standard output, line by line.

use std::collections::BTreeSet;

/// Longest line; more belongs to something else.
const MAX_LINE: usize = 256 << 10;

/// Something that the first process of a container says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// Ports on which something listens now.
    Listening(BTreeSet<u16>),
    /// The host name, when it has changed.
    HostName(String),
}

/// Lines out of the pieces in which they arrive.
#[derive(Debug, Default)]
pub(super) struct Console {
    line: Vec<u8>,
}

impl Console {
    /// The messages that are complete with this piece.
    pub(super) fn read(&mut self, piece: &[u8]) -> Vec<Message> {
        let mut messages = Vec::new();
        for byte in piece {
            match byte {
                b'\n' => messages.extend(parse(&String::from_utf8_lossy(&std::mem::take(&mut self.line)))),
                _ if self.line.len() < MAX_LINE => self.line.push(*byte),
                _ => {}
            }
        }
        messages
    }
}

fn parse(line: &str) -> Option<Message> {
    let (kind, value) = line.strip_prefix("guest: ")?.split_once(' ')?;
    match kind {
        "listening" => {
            let ports = value.split_whitespace().map(str::parse);
            Some(Message::Listening(ports.collect::<Result<_, _>>().ok()?))
        }
        "host-name" => Some(Message::HostName(value.trim().to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_may_come_in_pieces() {
        let mut console = Console::default();
        assert!(console.read(b"noise\nguest: listening 22 23").is_empty());
        assert_eq!(
            console.read(b"76\nguest: host-name m1\nguest: listening \n"),
            [
                Message::Listening(BTreeSet::from([22, 2376])),
                Message::HostName("m1".to_owned()),
                Message::Listening(BTreeSet::new()),
            ]
        );
        assert!(console.read(b"guest: listening 70000\nguest: other\n").is_empty());
    }
}
