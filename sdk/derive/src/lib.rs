//! Derive macro for the options of a machine driver; use it through the re-export of `machine_driver`.

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

mod attribute;
mod expand;
mod field;

/// Implements `machine_driver::DriverFlags` for a struct with one field per flag.
///
/// The first paragraph of a field's documentation is the flag's usage text. The attribute `flag` says the
/// rest:
///
/// | key | meaning |
/// | --- | --- |
/// | `name = "acme-token"` | name of the flag, mandatory: lower case, and not one of libmachine's own (FLAG-002, FLAG-003) |
/// | `env = "ACME_TOKEN"` | environment variable that sets it too (FLAG-005; hosts ignore it for string lists, FLAG-006) |
/// | `default = "eu-1"` | value when it is not given; a string or an integer |
/// | `required` | not giving it is an error that names the flag (FLAG-008) |
/// | `values = ["enabled", "disabled"]` | the only texts that are taken; an item of a list is one of them (FLAG-009) |
/// | `range = 1..=100` | the least and the most of a number (FLAG-009) |
/// | `needs = "acme-key"` | another flag without which giving this one is an error (FLAG-014) |
///
/// The type of the field decides the type of the flag: `String`, `PathBuf`, `Secret<_>` and the unsigned or
/// signed integers, `bool` and `Vec<String>`. A text, path or secret that may be left out is an `Option`; numbers
/// and switches cannot be, because hosts send 0 and `false` when they are not given.
///
/// ```ignore
/// #[derive(DriverFlags)]
/// struct Options {
///     /// API token
///     #[flag(name = "acme-token", env = "ACME_TOKEN", required)]
///     token: Secret<String>,
///     /// Region of the server
///     #[flag(name = "acme-region", env = "ACME_REGION", default = "eu-1")]
///     region: String,
/// }
/// ```
///
/// Mistakes are compile errors at the field: a missing name, documentation or attribute, an unknown key, a
/// name given twice, a default that cannot apply (`bool`, `Option`, not a number, not among the `values`, out of
/// `range`), `required` beside a default, `needs` of a flag that the struct does not have.
#[proc_macro_derive(DriverFlags, attributes(flag))]
pub fn driver_flags(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}
