//! The HTML report in a browser: filters, links, keys, and text that tries to become part of the page.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod chromium;
#[path = "../snapshots/sample.rs"]
#[allow(dead_code, reason = "the runs that other tests show")]
mod sample;

use std::{fs, path::PathBuf};

use machine_conformance::{
    event::{CheckResult, Event, EventKind, InventoryRecord, StateRecord},
    report::HtmlReport,
    verdict::{ExitCode, Level, Verdict},
    world::Object,
};

use self::chromium::Browser;

/// The page of a run, in a folder that lives as long as the first value.
fn page(events: &[Event]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    fs::write(&path, sample::written(events, HtmlReport::new).0).unwrap();
    (folder, path)
}

/// Ids of the checks that are shown.
const SHOWN: &str = "[...document.querySelectorAll('details.check')].filter(it => it.offsetParent).map(it => it.id).join(' ')";

#[test]
fn filters_links_and_keys() {
    let (_folder, path) = page(&sample::mixed());
    let Some(mut browser) = Browser::open("filters_links_and_keys", &path) else {
        return;
    };
    let shown = |browser: &mut Browser| browser.value(SHOWN).as_str().unwrap().to_owned();
    assert_eq!(shown(&mut browser).split(' ').count(), 14);
    assert_eq!(browser.value("document.getElementById('shown').textContent"), "14 of 14");

    // A group, from its row in the table.
    browser.value("document.querySelector('button.group[data-group=remove]').click()");
    assert_eq!(shown(&mut browser), "remove::is_repeatable remove::instance_already_gone");
    // What is shown is narrowed by a verdict, then by a word that occurs nowhere.
    browser.value("document.querySelector('input[value=pass]').click()");
    assert_eq!(shown(&mut browser), "remove::instance_already_gone");
    browser.press("/");
    assert_eq!(browser.value("document.activeElement.id"), "search");
    browser.value("search.value = 'zzz'; search.dispatchEvent(new Event('input', { bubbles: true }))");
    assert_eq!(shown(&mut browser), "");
    assert_eq!(browser.value("document.getElementById('none').hidden"), false);
    browser.press("Escape");
    assert_eq!(shown(&mut browser).split(' ').count(), 14);

    // A link to a check opens it, also when the filters hide it.
    browser.value("document.querySelector('input[value=fail]').click()");
    browser.value("document.querySelector('.findings a[href=\"#remove::instance_already_gone\"]').click()");
    browser.value("new Promise(done => setTimeout(done))");
    let open = "document.getElementById('remove::instance_already_gone')";
    assert_eq!(browser.value(&format!("{open}.open && !!{open}.offsetParent")), true);
    browser.go(&format!("file://{}#ssh::output_is_clean", path.display()));
    assert_eq!(browser.value("document.getElementById('ssh::output_is_clean').open"), true);

    // Keys: all open, all closed, then the next finding.
    browser.press("e");
    assert_eq!(browser.value("document.querySelectorAll('details.check[open]').length"), 14);
    browser.press("e");
    assert_eq!(browser.value("document.querySelectorAll('details.check[open]').length"), 0);
    browser.value("document.activeElement.blur()");
    browser.press("n");
    assert_eq!(
        browser.value("document.querySelector('details.check[open]').id"),
        "remove::instance_already_gone"
    );
    browser.press("j");
    assert_eq!(browser.value("document.activeElement.parentElement.id"), "stop::returns_when_stopped");

    // Light and dark.
    let paper = "getComputedStyle(document.body).backgroundColor";
    let before = browser.value(paper);
    browser.value("theme.click()");
    assert_ne!(browser.value(paper), before);
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn a_page_without_findings_and_one_without_checks_work_as_well() {
    for results in [vec![sample::passed("create::makes_one_instance")], Vec::new()] {
        let number = results.len();
        let (_folder, path) = page(&sample::run(results, ExitCode::CONFORMANT));
        let test = "a_page_without_findings_and_one_without_checks_work_as_well";
        let Some(mut browser) = Browser::open(test, &path) else {
            return;
        };
        for key in ["n", "j", "k", "e", "Escape"] {
            browser.press(key);
        }
        assert_eq!(
            browser.value("document.getElementById('shown').textContent"),
            format!("{number} of {number}")
        );
        assert_eq!(browser.complaints, [""; 0]);
    }
}

#[test]
fn names_of_lanes_and_long_values_can_be_read() {
    let mut result = sample::failed();
    if let Some(call) = result.calls.first_mut() {
        call.argument = format!("{{\"IPAddress\":\"{}\"}}", "1".repeat(390));
    }
    let (_folder, path) = page(&sample::run(vec![result], ExitCode::NOT_CONFORMANT));
    let test = "names_of_lanes_and_long_values_can_be_read";
    let Some(mut browser) = Browser::open(test, &path) else {
        return;
    };
    browser.press("n");
    let of = |selector: &str, value: &str| {
        format!("(it => {value})(document.querySelector('details[open] {selector}'))")
    };
    // The name of a lane stands on the paper, not on a bar.
    let fills =
        "[...document.querySelectorAll('details[open] text.lane')].map(it => getComputedStyle(it).fill)";
    let ink = "getComputedStyle(document.body).color";
    assert_eq!(browser.value(&format!("{fills}.every(fill => fill === {ink})")), true);
    // What is long shows two lines until the keyboard or a click gets to it.
    let height = of(".long", "it.clientHeight");
    let short = browser.value(&height).as_u64().unwrap();
    browser.value(&of(".long", "it.focus()"));
    assert!(browser.value(&height).as_u64().unwrap() > short);
}

#[test]
fn nothing_is_wider_than_a_telephone() {
    let mut result = sample::failed();
    result.title = "a".repeat(5000);
    for text in result.problems.iter_mut().map(|problem| &mut problem.got) {
        *text = format!("{} {}", "b".repeat(5000), "\u{5d0}\u{5d1} \u{202e}".repeat(50));
    }
    let results = vec![result, sample::swept(), sample::walked()];
    let (_folder, path) = page(&sample::run(results, ExitCode::NOT_CONFORMANT));
    let Some(mut browser) = Browser::open("nothing_is_wider_than_a_telephone", &path) else {
        return;
    };
    browser.widen(390);
    for all_open in [false, true] {
        let page = "document.documentElement";
        let beyond = browser.value(&format!("{page}.scrollWidth - {page}.clientWidth"));
        assert_eq!(beyond, 0, "all checks open: {all_open}");
        browser.press("e");
    }
}

#[test]
fn paper_shows_the_findings_unfolded() {
    let (_folder, path) = page(&sample::mixed());
    let Some(mut browser) = Browser::open("paper_shows_the_findings_unfolded", &path) else {
        return;
    };
    let open = "[...document.querySelectorAll('details.check[open]')].map(it => it.dataset.verdict)";
    browser.value("dispatchEvent(new Event('beforeprint'))");
    let printed = browser.value(open);
    let printed = printed.as_array().unwrap();
    assert!(printed.contains(&"fail".into()), "{printed:?}");
    assert!(!printed.contains(&"pass".into()), "{printed:?}");
    browser.value("dispatchEvent(new Event('afterprint'))");
    assert_eq!(browser.value(open), serde_json::json!([]));
}

/// Text that would run a script, load a picture, or end what it stands in.
const EVIL: [&str; 8] = [
    "<script>window.pwned = 1</script>",
    "\"><img src=x onerror=\"window.pwned = 2\">",
    "'><svg onload='window.pwned = 3'>",
    "</style></script></title></textarea><script>window.pwned = 4</script>",
    "javascript:window.pwned=5",
    "--><iframe srcdoc='<script>parent.pwned = 6</script>'></iframe>",
    "\u{202e}&lt;script&gt;\u{0}\u{1b}[2J{{7*7}}${7*7}",
    "x\" onfocus=\"window.pwned = 7\" autofocus=\"",
];

fn hostile_result(evil: &str) -> CheckResult {
    let mut result = sample::failed();
    let swept = sample::swept().sweep;
    for text in [&mut result.id, &mut result.title, &mut result.rerun] {
        *text = evil.to_owned();
    }
    result.reason = Some(evil.to_owned());
    result.clauses = vec![evil.to_owned()];
    for problem in &mut result.problems {
        for text in [&mut problem.clause, &mut problem.rule, &mut problem.expected, &mut problem.got] {
            *text = evil.to_owned();
        }
    }
    for call in &mut result.calls {
        for text in [&mut call.name, &mut call.argument, &mut call.result] {
            *text = evil.to_owned();
        }
        call.fault = Some(evil.to_owned());
    }
    for record in &mut result.log {
        (record.stream, record.text) = (evil.to_owned(), evil.to_owned());
    }
    let object = Object {
        kind: evil.to_owned(),
        id: evil.to_owned(),
        name: evil.to_owned(),
        owner: None,
        attributes: [(evil.to_owned(), evil.to_owned())].into(),
    };
    result.inventory = Some(InventoryRecord {
        before: Vec::new(),
        after: vec![object.clone()],
        cleaned: Some(vec![object]),
    });
    result.states = vec![StateRecord { at_ms: 1, instance: evil.to_owned(), state: evil.to_owned() }];
    result.sweep = swept;
    if let Some(sweep) = &mut result.sweep {
        sweep.operation = evil.to_owned();
        sweep.left_out = vec![evil.to_owned()];
        for case in &mut sweep.cases {
            (case.call, case.fault) = (evil.to_owned(), evil.to_owned());
            (case.clauses, case.left) = (vec![evil.to_owned()], vec![evil.to_owned()]);
        }
    }
    result
}

#[test]
fn untrusted_text_stays_text() {
    let mut results: Vec<CheckResult> = EVIL.into_iter().map(hostile_result).collect();
    results.push(sample::with_reason(
        sample::result("a::b", &["RM-001"], Level::Must, Verdict::NotTested),
        EVIL[0],
    ));
    let mut events = sample::run(results, ExitCode::NOT_CONFORMANT);
    if let EventKind::RunStarted(info) = &mut events[0].kind {
        for text in [
            &mut info.driver,
            &mut info.driver_name,
            &mut info.provider,
            &mut info.suite_version,
            &mut info.specification,
            &mut info.started_at,
        ] {
            *text = EVIL[1].to_owned();
        }
        info.environment = [(EVIL[0].to_owned(), EVIL[3].to_owned())].into();
    }
    let (_folder, path) = page(&events);
    let Some(mut browser) = Browser::open("untrusted_text_stays_text", &path) else {
        return;
    };
    browser.press("e");
    browser.value("new Promise(done => setTimeout(done, 50))");
    assert_eq!(browser.value("typeof window.pwned"), "undefined");
    for (selector, number) in [
        ("script", 1),
        ("style", 1),
        ("img, iframe, object, embed, base", 0),
        ("[onerror], [onload], [onfocus]", 0),
        ("a[href^='javascript']", 0),
    ] {
        let found = browser.value(&format!("document.querySelectorAll(\"{selector}\").length"));
        assert_eq!(found, number, "{selector}");
    }
    let text = browser.value("document.body.innerText");
    assert!(text.as_str().unwrap().contains(EVIL[0]), "the text itself is shown");
    assert_eq!(browser.complaints, [""; 0]);
}
