//! What the macro refuses and how it says so; what it generates is tested with the SDK, which it calls.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use syn::parse_quote;

use super::*;

/// The messages for a struct, in order; empty when it is accepted.
fn mistakes(input: &DeriveInput) -> Vec<String> {
    match expand(input) {
        Ok(_) => Vec::new(),
        Err(error) => error.into_iter().map(|one| one.to_string()).collect(),
    }
}

#[track_caller]
fn refused(input: &DeriveInput, expected: &str) {
    let mistakes = mistakes(input);
    assert!(
        mistakes.len() == 1 && mistakes[0].contains(expected),
        "expected one mistake with {expected:?}, got {mistakes:?}"
    );
}

#[test]
fn accepts_every_supported_shape() {
    let input = parse_quote! {
        struct Options {
            /// API token
            #[flag(name = "acme-token", env = "ACME_TOKEN", required)]
            token: Secret<String>,
            /// Region
            #[flag(name = "acme-region", default = "eu-1")]
            region: String,
            /// Port
            #[flag(name = "acme-port", default = 22)]
            port: u16,
            /// Priority
            #[flag(name = "acme-priority", default = -1)]
            priority: i64,
            /// Key
            #[flag(name = "acme-key")]
            key: Option<PathBuf>,
            /// Debug
            #[flag(name = "acme-debug")]
            debug: bool,
        }
    };
    assert_eq!(mistakes(&input), Vec::<String>::new());
    let code = expand(&input).unwrap().to_string();
    assert!(code.contains(r#""acme-region" , "Region" , "" , :: std :: option :: Option :: Some ("eu-1")"#));
    assert!(code.contains(r#"Some ("-1")"#), "{code}");
    assert!(code.contains(r#"options , "acme-token" , :: std :: option :: Option :: None , true"#));
}

#[test]
fn usage_is_the_first_paragraph_on_one_line() {
    let input = parse_quote! {
        struct Options {
            /// Region of the server,
            /// as the provider names it
            ///
            /// More for readers of the code.
            #[flag(name = "acme-region")]
            region: String,
        }
    };
    let code = expand(&input).unwrap().to_string();
    assert!(code.contains(r#""Region of the server, as the provider names it""#), "{code}");
    assert!(!code.contains("More for readers"));
}

#[test]
fn keeps_generics() {
    let input = parse_quote! {
        struct Options<T: OptionField> where T: Clone {
            /// Anything
            #[flag(name = "acme-thing")]
            thing: T,
        }
    };
    let code = expand(&input).unwrap().to_string();
    assert!(code.contains(
        "impl < T : OptionField > :: machine_driver :: DriverFlags for Options < T > where T : Clone"
    ));
}

#[test]
fn reports_every_mistake_at_once() {
    let input = parse_quote! {
        struct Options {
            #[flag(name = "acme-a")]
            undocumented: String,
            /// Not a flag
            plain: String,
        }
    };
    let mistakes = mistakes(&input);
    assert_eq!(mistakes.len(), 2, "{mistakes:?}");
    assert!(mistakes[0].contains("`undocumented` needs a doc comment: it is the usage text of --acme-a"));
    assert!(mistakes[1].contains("every field of the options is a flag"));
}

#[test]
fn refuses_other_items() {
    refused(&parse_quote! { enum Options { A } }, "options are a struct, one field per flag");
    refused(&parse_quote! { struct Options(String); }, "a struct with named fields");
}

/// One field `value` with the given type and attribute.
macro_rules! field {
    ($ty:ty, $attribute:meta) => {
        parse_quote! {
            struct Options {
                /// Usage
                #[$attribute]
                value: $ty,
            }
        }
    };
}

#[test]
fn refuses_wrong_keys() {
    refused(&field!(String, flag), "the attribute needs a list");
    refused(&field!(String, flag(env = "ACME_A")), "the flag of `value` needs a name");
    refused(&field!(String, flag(name = "acme-a", color = "red")), "unknown key: a flag has `name`, `env`");
    refused(&field!(String, flag(name = "acme-a", name = "acme-b")), "given twice");
    refused(&field!(String, flag(name = "acme-a", required, required)), "given twice");
    refused(&field!(String, flag(name = 7)), "expected string literal");
    refused(&field!(String, flag(name = "acme-a", default = true)), "a string or an integer literal");
}

#[test]
fn refuses_names_that_hosts_cannot_use() {
    for name in ["--acme-a", "Acme", "acme_a", "acme-", "", "7up"] {
        let name = syn::LitStr::new(name, proc_macro2::Span::call_site());
        let input = parse_quote! { struct Options { /** Usage */ #[flag(name = #name)] value: String } };
        refused(&input, "lower-case words joined by '-'");
    }
    for name in ["driver", "engine-opt", "swarm", "swarm-master", "tls-san"] {
        let name = syn::LitStr::new(name, proc_macro2::Span::call_site());
        let input = parse_quote! { struct Options { /** Usage */ #[flag(name = #name)] value: String } };
        refused(&input, "is one of the host's own flags");
    }
    refused(&field!(String, flag(name = "acme-a", env = "acme_a")), "an environment variable is upper case");
}

#[test]
fn refuses_a_name_used_twice() {
    let input = parse_quote! {
        struct Options {
            /// One
            #[flag(name = "acme-a")]
            one: String,
            /// Two
            #[flag(name = "acme-a")]
            two: String,
        }
    };
    refused(&input, "--acme-a is declared twice");
}

#[test]
fn refuses_defaults_and_requirements_that_cannot_apply() {
    refused(
        &field!(bool, flag(name = "acme-a", default = "true")),
        "a bool flag is false when it is not given",
    );
    refused(&field!(bool, flag(name = "acme-a", required)), "drop `required`");
    refused(&field!(String, flag(name = "acme-a", default = "x", required)), "drop `required`");
    refused(&field!(Option<String>, flag(name = "acme-a", default = "x")), "drop `Option`");
    refused(&field!(Option<String>, flag(name = "acme-a", required)), "drop `Option`");
    refused(&field!(Option<bool>, flag(name = "acme-a")), "hosts send numbers and switches also when");
    refused(&field!(Option<u16>, flag(name = "acme-a")), "hosts send numbers and switches also when");
    refused(&field!(PathBuf, flag(name = "acme-a")), "a path may be missing: use Option<PathBuf>");
    refused(&field!(u16, flag(name = "acme-a", default = 70000)), "\"70000\" is no value of the type u16");
    refused(&field!(u64, flag(name = "acme-a", default = -1)), "\"-1\" is no value of the type u64");
    refused(&field!(i64, flag(name = "acme-a", default = "x")), "is no value of the type i64");
}

#[test]
fn values_ranges_and_needs_reach_the_code() {
    let input = parse_quote! {
        struct Options {
            /// How it is shown
            #[flag(name = "acme-ui", values = ["none", "web"], default = "none")]
            ui: String,
            /// Repetitions
            #[flag(name = "acme-retries", range = -1..=100, default = 5)]
            retries: i64,
            /// Key pair
            #[flag(name = "acme-pair", needs = "acme-key")]
            pair: String,
            /// Key
            #[flag(name = "acme-key")]
            key: Option<PathBuf>,
        }
    };
    assert_eq!(mistakes(&input), Vec::<String>::new());
    let code = expand(&input).unwrap().to_string();
    assert!(code.contains(r#"Rule :: Values (& ["none" , "web"])"#), "{code}");
    assert!(code.contains("Rule :: Range (- 1i64 , 100i64)"), "{code}");
    assert!(
        code.contains(r#"check_need (("acme-pair" , & read . pair) , ("acme-key" , & read . key))"#),
        "{code}"
    );
}

#[test]
fn refuses_rules_that_cannot_apply() {
    refused(&field!(u16, flag(name = "acme-a", values = ["1"])), "`values` are for texts and lists");
    refused(&field!(bool, flag(name = "acme-a", values = ["true"])), "`values` are for texts and lists");
    refused(&field!(String, flag(name = "acme-a", range = 1..=2)), "a `range` is for numbers");
    refused(&field!(u16, flag(name = "acme-a", range = 1..=2)), "the default 0 is not in the range 1..=2");
    refused(
        &field!(u16, flag(name = "acme-a", range = 1..=2, default = 3)),
        "the default 3 is not in the range",
    );
    refused(
        &field!(String, flag(name = "acme-a", values = ["x"], default = "y")),
        "the default \"y\" is none of the values",
    );
    refused(&field!(String, flag(name = "acme-a", needs = "acme-b")), "there is no flag --acme-b");
    refused(&field!(u16, flag(name = "acme-a", range = 1..2)), "expected `..=`");
    assert_eq!(mistakes(&field!(u16, flag(name = "acme-a", range = 1..=2, required))), Vec::<String>::new());
}
