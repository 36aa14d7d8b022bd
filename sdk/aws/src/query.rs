//! What is special about AWS's Query protocols, whose answers are XML: those of EC2, IAM, Auto Scaling, ELB and others.

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::AfterDeserializationInterceptorContextRef},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;

/// Refuses answers that end early: the AWS SDK reads them as if the rest were empty, and an empty list means that an
/// instance is gone (FAULT-006, RM-011).
///
/// Drivers of services with such a protocol give it to the service's `Builder::interceptor`; for others it is wrong.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a name without content")]
pub struct WholeAnswers;

impl Intercept for WholeAnswers {
    fn name(&self) -> &'static str {
        "WholeAnswers"
    }

    fn read_after_deserialization(
        &self,
        answer: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = answer.response();
        if answer.status().is_success() && !is_whole(answer.body().bytes().unwrap_or_default()) {
            return Err("the answer ends early".into());
        }
        Ok(())
    }
}

/// Answers end with the end of their one element, `</RunInstancesResponse>`.
fn is_whole(body: &[u8]) -> bool {
    body.trim_ascii_end().ends_with(b"Response>")
}

/// The text in an error.
pub(crate) fn message(body: &[u8]) -> Option<String> {
    let body = str::from_utf8(body).ok()?;
    let (_, rest) = body.split_once("<Message>")?;
    Some(rest.split_once("</Message>")?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_at_the_end_of_its_element() {
        for whole in ["<RunInstancesResponse></RunInstancesResponse>", "<AResponse><x/></AResponse>\r\n "] {
            assert!(is_whole(whole.as_bytes()), "{whole}");
        }
        for part in ["", "<html/>", "<AResponse><x>", "<AResponse></AResp"] {
            assert!(!is_whole(part.as_bytes()), "{part}");
        }
    }

    #[test]
    fn messages_are_found_in_errors_alone() {
        let error =
            "<Response><Errors><Error><Code>C</Code><Message>too many</Message></Error></Errors></Response>";
        assert_eq!(message(error.as_bytes()).as_deref(), Some("too many"));
        assert_eq!(message(b"<Message></Message>").as_deref(), Some(""));
        for other in [&b""[..], b"<html/>", b"<Message>cut o", b"<Message>\xff</Message>"] {
            assert_eq!(message(other), None);
        }
    }
}
