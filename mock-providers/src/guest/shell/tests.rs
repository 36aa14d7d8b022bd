//! Scripts and what they do, run on a machine that is booted but not connected to anything.

use std::sync::Arc;

use proptest::prelude::*;

use super::{Input, Output, Shell, Streams, parse, split_words};
use crate::guest::{Guest, GuestOptions, GuestOs, PowerState, password};

struct Ran {
    output: String,
    error: String,
    status: u8,
}

async fn booted(os: GuestOs) -> Guest {
    let guest = Guest::new(GuestOptions { os, host_name: "h0".into(), ..GuestOptions::default() }).unwrap();
    guest.power_on();
    guest.reached(PowerState::Running).await;
    guest
}

async fn run_on(guest: &Guest, user: &str, script: &str) -> Ran {
    let streams =
        Streams { input: Input::bytes(Vec::new()), output: Output::buffer(), error: Output::buffer() };
    let mut shell = Shell::login(&Arc::clone(guest.system()), user);
    let status = shell.run(script, &streams).await;
    let text = |output: &Output| String::from_utf8(output.take()).unwrap();
    Ran { output: text(&streams.output), error: text(&streams.error), status }
}

/// Each script with its output; all end with status 0.
#[tokio::test]
async fn scripts_print_what_a_real_shell_prints() {
    let guest = booted(GuestOs::Ubuntu).await;
    for (script, expected) in [
        ("echo a b   c", "a b c\n"),
        ("echo 'a  b' \"c $((1+2)) d\" e\\ f", "a  b c 3 d e f\n"),
        ("printf '%s-%s\\n' 1 2 3 4", "1-2\n3-4\n"),
        ("printf %s \"a\nb\n\"", "a\nb\n"),
        ("printf '%5d|%-5s|%05d\\n' 42 ab 7", "   42|ab   |00007\n"),
        ("echo a; echo b && echo c || echo d", "a\nb\nc\n"),
        ("false || echo x; ! true || echo y", "x\ny\n"),
        ("echo one two | tr a-z A-Z | cut -d ' ' -f 2", "TWO\n"),
        ("if false; then echo a; elif true; then echo b; else echo c; fi", "b\n"),
        ("for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done", "1\n3\n"),
        ("i=0; while [ $i -lt 3 ]; do i=$((i+1)); done; echo $i", "3\n"),
        ("i=0; until [ $i -ge 2 ]; do i=$((i + 1)); done; echo $i", "2\n"),
        ("while true; do break; done; echo out", "out\n"),
        ("case abc in x) echo no;; a*|b) echo yes;; *) echo other;; esac", "yes\n"),
        ("f() { echo \"got $1 of $#\"; return 0; }; f x y", "got x of 2\n"),
        ("x=1; (x=2; echo $x); echo $x", "2\n1\n"),
        ("{ echo a; echo b; } | wc -l", "2\n"),
        ("echo $(echo $(echo deep))", "deep\n"),
        ("echo `echo old`", "old\n"),
        ("echo \"$(printf 'a\\nb\\n')\"", "a\nb\n"),
        ("unset nope; echo \"[${nope:-default}] [${nope:+set}] [${nope-x}]\"", "[default] [] [x]\n"),
        ("p=/a/b/c.tar.gz; echo ${p##*/} ${p%.gz} ${p%%.*} ${#p}", "c.tar.gz /a/b/c.tar /a/b/c 13\n"),
        ("cat <<EOF\nhello $USER\nEOF", "hello ubuntu\n"),
        ("cat <<'EOF' | sed s/h/H/\nhello $USER\nEOF", "Hello $USER\n"),
        ("cat <<-EOF\n\tindented\n\tEOF\necho after", "indented\nafter\n"),
        ("echo err 1>&2; echo out", "out\n"),
        ("sh -c 'echo $0 $1; exit 3' name arg; echo $?", "name arg\n3\n"),
        ("echo 'echo from stdin' | sh -", "from stdin\n"),
        ("bash -c \"echo nested 'quotes'\"", "nested quotes\n"),
        ("set -- a 'b c'; for x in \"$@\"; do echo \"<$x>\"; done", "<a>\n<b c>\n"),
        ("printf 'x y\\nz\\n' | while read a b; do echo \"$a/$b\"; done", "x/y\nz/\n"),
        ("A=1 env | grep ^A=", "A=1\n"),
        ("sudo whoami; whoami; sudo -u ubuntu id -un", "root\nubuntu\nubuntu\n"),
        ("sudo -E sh -c 'echo $HOME $USER'", "/root root\n"),
        ("cd /etc && pwd && cd - 2>/dev/null; true", "/etc\n"),
        ("ls /etc/host*", "/etc/hostname\n/etc/hosts\n"),
        ("echo /etc/nothing*", "/etc/nothing*\n"),
        ("echo x > /tmp/f; echo y >> /tmp/f; cat /tmp/f; wc -c < /tmp/f", "x\ny\n4\n"),
        ("echo lost > /dev/null 2>&1; echo kept", "kept\n"),
        ("nosuch 2>&1 | cat", "sh: 1: nosuch: not found\n"),
        ("type nosuch >/dev/null 2>&1 || echo missing; command -v sed", "missing\n/usr/bin/sed\n"),
        ("test -f /etc/hostname -a -d /etc && [ ! -e /nope ] && echo ok", "ok\n"),
        ("echo a && \\\n echo b # comment\n", "a\nb\n"),
        ("timeout 5 echo quick; xargs echo < /etc/hostname", "quick\nh0\n"),
        ("echo b; { true; } 2>/dev/null && echo c", "b\nc\n"),
        ("eval 'x=5; echo $x'; echo \"~\" ~", "5\n~ /home/ubuntu\n"),
        ("seq 3 | sort -r | head -n 2", "3\n2\n"),
        ("stat -f -c %T /var/lib; stat -c '%a %U' /etc/hostname", "ext2/ext3\n644 root\n"),
        ("uname -s; id -u; sudo id -u", "Linux\n1000\n0\n"),
        ("echo 'a=b' | cut -d= -f2; basename /x/y.z .z; dirname /x/y", "b\ny\n/x\n"),
        ("printf abc | sha256sum | cut -c1-8", "ba7816bf\n"),
        ("if [ ! -z \"$(ip link show docker0 2>/dev/null)\" ]; then echo bridge; fi; echo done", "done\n"),
        (
            "sudo ip addr add 169.254.77.7/16 dev lo && hostname -I | cut -d. -f1,2; ip addr show lo | grep -c 169.254",
            "169.254\n1\n",
        ),
        (
            "sudo ip link add docker0 type bridge && sudo ip addr add 172.17.0.1/16 dev docker0; hostname -I | cut -d' ' -f3",
            "172.17.0.1\n",
        ),
    ] {
        let ran = run_on(&guest, "ubuntu", script).await;
        assert_eq!((ran.output.as_str(), ran.status), (expected, 0), "{script}\nstderr: {}", ran.error);
    }
}

#[tokio::test]
async fn failures_have_the_status_and_message_of_a_real_shell() {
    let guest = booted(GuestOs::Debian).await;
    for (script, status, error) in [
        ("exit 7", 7, ""),
        ("nosuch --x", 127, "sh: 1: nosuch: not found\n"),
        ("sudo nosuch", 1, "sudo: nosuch: command not found\n"),
        ("cat /nope", 1, "cat: /nope: No such file or directory\n"),
        ("echo x > /etc/hostname", 1, "sh: 1: cannot create /etc/hostname: Permission denied\n"),
        ("echo x | tee /etc/hostname >/dev/null", 1, "tee: /etc/hostname: Permission denied\n"),
        ("hostname new", 1, "hostname: you must be root to change the host name\n"),
        ("set -e; false; echo unreachable", 1, ""),
        ("set -e; if false; then :; fi; false || true; exit 4", 4, ""),
        ("if true; then echo", 2, "sh: 1: Syntax error: end of file unexpected\n"),
        ("echo 'open", 2, "sh: 1: Syntax error: Unterminated quoted string\n"),
        ("/etc/hostname", 126, "sh: 1: /etc/hostname: Permission denied\n"),
        ("while true; do :; done", 124, "sh: 1: too many commands: is this an endless loop?\n"),
        ("f() { f; }; f", 2, "sh: 1: functions call each other too deeply\n"),
        ("echo ${x?no x}; echo unreachable", 2, "sh: 1: x: no x\n"),
        ("timeout 0.01 sleep 60", 124, ""),
        ("apt-get install -y curl", 100, ""),
        (
            "systemctl start docker",
            1,
            "Failed to start docker.service: Interactive authentication required.\n",
        ),
        ("curl -sSL https://example.org/", 127, "sh: 1: curl: not found\n"),
    ] {
        let ran = run_on(&guest, "debian", script).await;
        assert_eq!((ran.status, ran.output.as_str()), (status, ""), "{script}: {}", ran.error);
        assert!(error.is_empty() || ran.error == error, "{script}: {:?}", ran.error);
    }
}

#[tokio::test]
async fn passwords_are_set_and_allowed() {
    let guest = booted(GuestOs::Ubuntu).await;
    let accepted = || password::is_accepted(&guest.system().lock().disk, "ubuntu", "docker");
    for (script, status) in [
        ("echo ubuntu:docker | chpasswd", 1),
        ("echo nobody:docker | sudo chpasswd", 1),
        ("echo ubuntu | sudo chpasswd", 1),
        ("echo \"$(whoami):docker\" | sudo chpasswd", 0),
    ] {
        assert_eq!(run_on(&guest, "ubuntu", script).await.status, status, "{script}");
        assert!(!accepted(), "the image of a cloud takes keys only");
    }
    let allow = "echo PasswordAuthentication yes | sudo tee /etc/ssh/sshd_config.d/00-password.conf";
    assert_eq!(run_on(&guest, "ubuntu", allow).await.status, 0);
    assert!(accepted());
}

#[tokio::test]
async fn hostile_scripts_end() {
    let guest = booted(GuestOs::Ubuntu).await;
    for script in [
        "$(".repeat(5000),
        "(".repeat(5000),
        "`".repeat(4999),
        "${".repeat(5000),
        "$((".repeat(5000),
        "\"$(".repeat(3000),
        "if ".repeat(5000),
        "! ".repeat(5000),
        "a=".repeat(5000),
        "|".repeat(5000),
        "<<E ".repeat(2000),
        "\\".repeat(4999),
        "x=$x$x$x;".repeat(100),
        "\u{0}\u{ffff}é$é${é}".repeat(50),
        "sh -c 'sh -c \"sh -c true\"'; exec sh -c 'exit 2'".into(),
        "echo \"echo \\$0; sh /tmp/x\" > /tmp/x; sh /tmp/x".into(),
        "read x; cat; tee; grep a; sed p; head; sort -".into(),
    ] {
        let limit = std::time::Duration::from_secs(20);
        let ran = tokio::time::timeout(limit, run_on(&guest, "ubuntu", &script)).await;
        assert!(ran.is_ok(), "{} ...", script.chars().take(20).collect::<String>());
    }
}

const PIECES: &[&str] = &[
    " ", "\t", "\n", ";", ";;", "&", "&&", "|", "||", "<", "<<", "<<-", ">", ">>", ">&", "(", ")", "{", "}",
    "$", "$(", "$((", "${", "`", "'", "\"", "\\", "#", "=", "!", "*", "?", "[", "]", "~", "-", ":", "%",
    "if", "then", "elif", "else", "fi", "do", "done", "case", "in", "esac", "for", "while", "EOF", "a", "1",
    "é", "x=",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parser_panic(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        let text = pieces.concat();
        prop_assert_eq!(parse(&text, 0), parse(&text, 0));
        let _ = split_words(&text);
    }

    #[test]
    fn quoting_is_undone(words in prop::collection::vec("[ -~\\n]{0,12}", 1..5)) {
        let line: Vec<String> = words.iter().map(|word| format!("'{}'", word.replace('\'', r"'\''"))).collect();
        prop_assert_eq!(split_words(&line.join(" ")).unwrap(), words);
    }
}
