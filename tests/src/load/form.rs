//! Bodies of requests.

/// Body of a call of the API version 2016-11-15: `Action`, the version, and the parameters as they stand.
pub fn form(action: &str, parameters: &[(&str, &str)]) -> String {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.append_pair("Action", action).append_pair("Version", "2016-11-15").extend_pairs(parameters);
    body.finish()
}
