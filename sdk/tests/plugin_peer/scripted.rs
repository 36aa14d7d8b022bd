//! Plugins that speak the protocol, up to the point where they do not.

use std::{
    env,
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::exit,
};

use machine_driver::plugin::wire::{Decoder, Encoder, Limits, Type, Value, messages};

use crate::wait_forever;

pub(crate) fn play(script: &str) -> ! {
    let mut stream = accept();
    match script {
        "no-greeting" => wait_forever(),
        "http-error" => {
            stream.write_all(b"HTTP/1.0 404 Not Found\r\n\r\n").unwrap();
            wait_forever()
        }
        "instant-eof" => exit(4),
        _ => stream.write_all(b"HTTP/1.0 200 Connected to Go RPC\n\n").unwrap(),
    }
    let mut peer = Peer {
        stream,
        decoder: Decoder::new(Limits::default()),
        encoder: messages::encoder(),
        waiting: Vec::new(),
    };
    while let Some(call) = peer.call() {
        peer.answer(script, call);
    }
    exit(0)
}

fn accept() -> TcpStream {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    println!("{}", listener.local_addr().unwrap());
    let (mut stream, _) = listener.accept().unwrap();
    stream.read_exact(&mut [0; 27]).unwrap();
    stream
}

struct Call {
    method: String,
    seq: u64,
    argument: Value,
}

struct Peer {
    stream: TcpStream,
    decoder: Decoder,
    encoder: Encoder,
    /// Calls that are answered later, in another order.
    waiting: Vec<Call>,
}

impl Peer {
    fn answer(&mut self, script: &str, call: Call) {
        let (service, method) = call.method.split_once('.').unwrap();
        if script == "oldest" && service != "RpcServerDriver" {
            return self.fail(&call, &format!("rpc: can't find service {}", call.method));
        }
        match (script, method) {
            ("wrong-version", "GetVersion") => self.reply(&call, &Type::Int, &Value::Int(2)),
            ("garbage-first", "GetVersion") => self.raw(&[0xff; 300]),
            ("versionless", "GetVersion") => self.fail(&call, "no idea"),
            ("version-text", "GetVersion") => {
                self.reply(&call, &Type::String, &Value::String("1".to_owned()));
            }
            (_, "GetVersion") => self.reply(&call, &Type::Int, &Value::Int(1)),
            ("deaf", "Close") => {}
            ("undying", "Close") => {
                self.done(&call);
                wait_forever()
            }
            ("rude", "Close") => exit(0),
            (_, "Close") => {
                self.done(&call);
                exit(0)
            }
            (_, "Heartbeat") => self.done(&call),
            ("oldest", "SetConfigFromFlags") => match &call.argument {
                Value::Interface(Some(held)) if held.0 == "*rpcdriver.RpcFlags" => self.done(&call),
                other => self.fail(&call, &format!("gob: name not registered: {other:?}")),
            },
            ("garbage", _) => self.raw(&[0xff; 300]),
            ("half-header", _) => {
                self.raw(&[40, 1, 2]);
                exit(5)
            }
            ("half-body", _) => {
                let header = self.encoded(&header_type(), &header(&call, ""));
                self.raw(&header);
                self.raw(&[40, 1, 2]);
                exit(5)
            }
            ("no-body", _) => {
                let header = self.encoded(&header_type(), &header(&call, ""));
                self.raw(&header);
                exit(5)
            }
            ("huge", _) => self.raw(&[0xf8, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            ("hang-up", _) => {
                self.stream.shutdown(std::net::Shutdown::Both).unwrap();
                wait_forever()
            }
            ("odd-header", _) => {
                let header = self.encoded(&Type::String, &Value::String("hello".to_owned()));
                self.raw(&header);
            }
            ("wrong-type", "DriverName") => self.reply(&call, &Type::Int, &Value::Int(5)),
            ("odd-numbers", "GetState") => self.reply(&call, &Type::Int, &Value::Int(42)),
            ("odd-numbers", "GetSSHPort") => self.reply(&call, &Type::Int, &Value::Int(70_000)),
            ("stray", "DriverName") => {
                let other = Call { seq: 999, method: call.method.clone(), argument: Value::Bool(true) };
                self.reply(&other, &Type::String, &Value::String("for nobody".to_owned()));
                self.reply(&call, &Type::String, &Value::String("stray".to_owned()));
            }
            ("error-with-value", "GetIP") => {
                let bytes = [
                    self.encoded(&header_type(), &header(&call, "no address today")),
                    self.encoded(&Type::String, &Value::String("ignore me".to_owned())),
                ];
                self.raw(&bytes.concat());
            }
            ("backwards", _) => {
                self.waiting.push(call);
                if self.waiting.len() == 3 {
                    while let Some(call) = self.waiting.pop() {
                        let name = call.method.split_once('.').unwrap().1.to_owned();
                        self.reply(&call, &Type::String, &Value::String(name));
                    }
                }
            }
            _ => self.reply(&call, &Type::String, &Value::String(method.to_owned())),
        }
    }

    fn call(&mut self) -> Option<Call> {
        let header = self.value()?;
        let argument = self.value()?;
        let method = match header.field("ServiceMethod") {
            Some(Value::String(method)) => method.clone(),
            other => panic!("{other:?}"),
        };
        let seq = match header.field("Seq") {
            None => 0,
            Some(Value::Uint(seq)) => *seq,
            other => panic!("{other:?}"),
        };
        if env::var_os("PEER_LOG").is_some() {
            eprintln!("{seq} {method}");
        }
        Some(Call { method, seq, argument })
    }

    fn value(&mut self) -> Option<Value> {
        loop {
            if let Some(decoded) = self.decoder.next().unwrap() {
                return Some(decoded.value);
            }
            let mut chunk = [0; 4096];
            let count = self.stream.read(&mut chunk).ok().filter(|count| *count > 0)?;
            self.decoder.push(&chunk[..count]);
        }
    }

    fn done(&mut self, call: &Call) {
        self.reply(call, &Type::structure("", []), &Value::Struct(Vec::new()));
    }

    fn fail(&mut self, call: &Call, text: &str) {
        let header = self.encoded(&header_type(), &header(call, text));
        let body = self.encoded(&Type::structure("", []), &Value::Struct(Vec::new()));
        self.raw(&[header, body].concat());
    }

    fn reply(&mut self, call: &Call, of: &Type, value: &Value) {
        let header = self.encoded(&header_type(), &header(call, ""));
        let body = self.encoded(of, value);
        self.raw(&[header, body].concat());
    }

    fn encoded(&mut self, of: &Type, value: &Value) -> Vec<u8> {
        let mut out = Vec::new();
        self.encoder.encode(of, value, &mut out).unwrap();
        out
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }
}

fn header_type() -> Type {
    Type::structure(
        "Response",
        [("ServiceMethod", Type::String), ("Seq", Type::Uint), ("Error", Type::String)],
    )
}

fn header(call: &Call, error: &str) -> Value {
    Value::structure([
        ("ServiceMethod", Value::String(call.method.clone())),
        ("Seq", Value::Uint(call.seq)),
        ("Error", Value::String(error.to_owned())),
    ])
}
