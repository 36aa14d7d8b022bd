//! Reports in the formats of others, read by programs of others.
#![allow(clippy::unwrap_used, reason = "tests")]

use machine_front_end_tests::{
    drivers::{self, MISNAMED},
    run::Finished,
    shell::{bash, found, furnish},
};

/// Reads a report with a script, after a run in which one check fails.
async fn read(format: &str, script: &str) -> Finished {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path()).unwrap();
    drivers::write(folder.path(), MISNAMED).unwrap();
    let run = format!(
        "machine-conformance run ./docker-machine-driver-misnamed --provider template --only name --only restart \
         --report {format}=report"
    );
    bash(folder.path(), &run, &[]).await.unwrap().exits(1);
    bash(folder.path(), script, &[]).await.unwrap().exits(0)
}

/// Perl's parser knows TAP 13; what is newer in 14 is the number and subtests, which the report does not use.
const TAP: &str = r#"perl -MTAP::Parser -e '
    local $/; open my $file, "<", "report" or die; my $tap = <$file>;
    $tap =~ s/\ATAP version 14$/TAP version 13/m or die "no version";
    my $parser = TAP::Parser->new({ tap => $tap }); $parser->run;
    print join " ", "planned", $parser->tests_planned, "run", $parser->tests_run, "failed", scalar($parser->failed),
        "skipped", scalar($parser->skipped), "errors", scalar($parser->parse_errors)'"#;

#[tokio::test]
async fn perl_reads_tap() {
    if found("perl", "TAP, which Perl reads").unwrap() {
        let numbers = read("tap", TAP).await.stdout;
        assert_eq!(numbers, "planned 14 run 14 failed 1 skipped 0 errors 0");
    }
}

/// Numbers of the document and of its parts, and the place of the failure.
const JUNIT: &str = r#"python3 -c '
from xml.etree import ElementTree
root = ElementTree.parse("report").getroot()
for suites in [root, *root.findall("testsuite")]:
    cases = list(suites.iter("testcase"))
    for name, tag in [("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]:
        found = sum(1 for case in cases if case.find(tag) is not None)
        assert int(suites.get(name)) == found, (suites.get("name"), name, suites.get(name), found)
    assert int(suites.get("tests")) == len(cases)
for case in root.iter("testcase"):
    failure = case.find("failure")
    if failure is not None:
        print(case.get("classname"), case.get("name"), failure.get("type"), "|", failure.get("message"))
'"#;

#[tokio::test]
async fn python_reads_junit() {
    if found("python3", "JUnit XML, which Python reads").unwrap() {
        let failures = read("junit", JUNIT).await.stdout;
        assert_eq!(
            failures,
            "machine-conformance.name name::selects_the_executable NAME-001 | NAME-001: DriverName is \"template\"\n"
        );
    }
}
