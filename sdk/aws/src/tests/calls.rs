//! Calls to a service that is a list of answers.

#![allow(clippy::unwrap_used, clippy::result_large_err, reason = "tests")]

use std::sync::Mutex;

use aws_smithy_async::future::pagination_stream::fn_stream::FnStream;
use aws_smithy_types::error::ErrorMetadata;
use machine_driver::{Error, ErrorKind};

use super::*;
use crate::failure::tests::refusal;

type Answer = Result<&'static str, SdkError<ErrorMetadata, HttpResponse>>;

/// Clients are the names of their keys.
fn calls(clients: &[&'static str]) -> Calls<&'static str> {
    Calls {
        service: Service::new("Acme", "acme"),
        clients: clients.to_vec(),
        secrets: vec![Secret::new("s3cret".to_owned())],
        deadline: Duration::from_millis(50),
        waits: Waits::default(),
    }
}

fn refused() -> Answer {
    Err(refusal(401, "AuthFailure", "s3cret is wrong"))
}

#[tokio::test]
async fn the_next_keys_are_tried_when_keys_are_refused_and_not_otherwise() {
    for (first, tried) in
        [(Ok("done"), &["old"][..]), (Err(refusal(400, "Wrong", "")), &["old"]), (refused(), &["old", "new"])]
    {
        let answers = Mutex::new(vec![Ok("done"), first]);
        let asked = Mutex::default();
        let call = |keys: &'static str| {
            Vec::push(&mut asked.lock().unwrap(), keys);
            std::future::ready(answers.lock().unwrap().pop().unwrap())
        };
        let _ = calls(&["old", "new"]).call("ask", call).await;
        assert_eq!(*asked.lock().unwrap(), tried);
    }
}

#[tokio::test]
async fn the_last_refusal_is_the_error_without_its_secret() {
    let call = |_| std::future::ready(refused());
    let failure = calls(&["old", "new"]).call("ask", call).await.unwrap_err();
    assert!(failure.is_refused() && failure.is(&["AuthFailure"]));
    let text = "cannot ask: Acme answers 401: *** is wrong (AuthFailure); check the AWS credentials and their permissions";
    assert_eq!(failure.to_string(), text);
}

#[tokio::test]
async fn silence_has_an_end() {
    let never = |_| std::future::pending::<Answer>();
    let failure = calls(&["old", "new"]).call("ask".to_owned(), never).await.unwrap_err();
    assert_eq!(failure.to_string(), "cannot ask: Acme did not answer within 0 s");
    assert_eq!(Error::from(failure).kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn what_is_missing_is_nothing_to_find_and_need_not_be_deleted() {
    let calls = calls(&["keys"]);
    let missing = |_| std::future::ready::<Answer>(Err(refusal(400, "Server.NotFound", "")));
    assert_eq!(calls.find("look", missing).await.unwrap(), None);
    calls.delete("delete", missing).await.unwrap();
    calls.change("stop", missing).await.unwrap_err();
    let there = |_| std::future::ready::<Answer>(Ok("server"));
    assert_eq!(calls.find("look", there).await.unwrap(), Some("server"));
    calls.delete("delete", there).await.unwrap();
    calls.change("stop", there).await.unwrap();
    let failing = |_| std::future::ready::<Answer>(Err(refusal(500, "InternalError", "")));
    calls.find("look", failing).await.unwrap_err();
    calls.delete("delete", failing).await.unwrap_err();
}

#[tokio::test]
async fn lists_have_all_pages_or_none() {
    let pages = |broken: bool| {
        move |_: &str| {
            PaginationStream::new(FnStream::new(move |sender| {
                Box::pin(async move {
                    for item in ["a", "b"] {
                        sender.send(Ok(item)).await.unwrap();
                    }
                    if broken {
                        sender.send(Err(refusal(500, "InternalError", ""))).await.unwrap();
                    }
                })
            }))
        }
    };
    assert_eq!(calls(&["keys"]).list("look", pages(false)).await.unwrap(), ["a", "b"]);
    assert!(calls(&["keys"]).list("look", pages(true)).await.is_err());
}

#[test]
fn no_secret_is_shown() {
    let calls = calls(&["keys"]);
    assert!(!format!("{calls:?}").contains("s3cret"));
    assert_eq!(calls.senseless("ask").to_string(), "cannot ask: Acme's answer makes no sense");
}
