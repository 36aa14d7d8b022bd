//! One field of the options struct: its flag, checked.

use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Field, GenericArgument, Ident, Lit, LitStr, Meta, PathArguments, Type};

use crate::attribute::FlagAttribute;

/// Flags that every host adds to `create` itself; a driver that repeats one makes the host panic (FLAG-002).
const HOST_FLAGS: [&str; 3] = ["driver", "tls-san", "swarm"];
const HOST_PREFIXES: [&str; 2] = ["engine-", "swarm-"];

/// Types whose flags always have a value on the wire, so that "not given" cannot be told from zero.
const ZERO_WHEN_MISSING: [&str; 5] = ["bool", "i64", "u16", "u32", "u64"];
const NUMBERS: [&str; 4] = ["i64", "u16", "u32", "u64"];

/// A field with everything that the generated code says about it.
pub(crate) struct FlagField {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) name: LitStr,
    pub(crate) env: String,
    pub(crate) usage: String,
    pub(crate) default: Option<LitStr>,
    pub(crate) required: bool,
    pub(crate) rule: Rule,
    pub(crate) needs: Option<LitStr>,
}

/// Which values a flag takes.
pub(crate) enum Rule {
    Any,
    Values(Vec<LitStr>),
    Range(i64, i64),
}

impl FlagField {
    /// Reads and checks one named field; the error points at it, or at the key that is wrong.
    pub(crate) fn parse(field: &Field) -> syn::Result<Self> {
        let Some(ident) = field.ident.clone() else {
            return Err(syn::Error::new(field.span(), "options are a struct with named fields"));
        };
        let mut attributes = field.attrs.iter().filter(|attribute| attribute.path().is_ident("flag"));
        let Some(attribute) = attributes.next() else {
            return Err(syn::Error::new(
                field.span(),
                format!("every field of the options is a flag: add #[flag(name = \"driver-{ident}\")]"),
            ));
        };
        if let Some(second) = attributes.next() {
            return Err(syn::Error::new(second.span(), "a field has one #[flag(..)] attribute"));
        }
        let FlagAttribute { name, env, default, required, values, range, needs } =
            FlagAttribute::parse(attribute)?;
        let Some(name) = name else {
            return Err(syn::Error::new(
                attribute.span(),
                format!("the flag of `{ident}` needs a name: #[flag(name = \"driver-{ident}\")]"),
            ));
        };
        check_name(&name)?;
        if let Some(env) = &env {
            check_env(env)?;
        }
        check_presence(&field.ty, default.as_ref(), required, attribute.span())?;
        let rule = rule(&field.ty, default.as_ref(), required, values, range, attribute.span())?;
        let usage = usage(field);
        if usage.is_empty() {
            return Err(syn::Error::new(
                field.span(),
                format!("`{ident}` needs a doc comment: it is the usage text of --{}", name.value()),
            ));
        }
        let env = env.map(|env| env.value()).unwrap_or_default();
        Ok(Self { ident, ty: field.ty.clone(), name, env, usage, default, required, rule, needs })
    }
}

fn check_name(name: &LitStr) -> syn::Result<()> {
    let text = name.value();
    let plain = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !plain || !text.starts_with(|c: char| c.is_ascii_lowercase()) || text.ends_with('-') {
        return Err(syn::Error::new(
            name.span(),
            "a flag's name is lower-case words joined by '-', without leading dashes: \"acme-token\"",
        ));
    }
    if HOST_FLAGS.contains(&text.as_str()) || HOST_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
        return Err(syn::Error::new(
            name.span(),
            format!("--{text} is one of the host's own flags; start the name with the driver's name"),
        ));
    }
    Ok(())
}

fn check_env(env: &LitStr) -> syn::Result<()> {
    let text = env.value();
    let plain = text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    if !plain || !text.starts_with(|c: char| c.is_ascii_uppercase()) {
        return Err(syn::Error::new(env.span(), "an environment variable is upper case: \"ACME_TOKEN\""));
    }
    Ok(())
}

/// `default`, `required` and the type must not contradict each other.
fn check_presence(
    ty: &Type,
    default: Option<&LitStr>,
    required: bool,
    attribute: proc_macro2::Span,
) -> syn::Result<()> {
    let optional = last_segment(ty) == "Option";
    let inner = if optional { argument(ty) } else { Some(ty) };
    let inner_name = inner.map(last_segment).unwrap_or_default();
    let refuse = |span, text: &str| Err(syn::Error::new(span, text));
    match (default, required) {
        _ if optional && ZERO_WHEN_MISSING.contains(&inner_name.as_str()) => {
            refuse(ty.span(), "hosts send numbers and switches also when they are not given: drop `Option`")
        }
        (Some(default), true) => {
            refuse(default.span(), "a flag with a default is never missing: drop `required`")
        }
        (Some(default), false) if inner_name == "bool" => refuse(
            default.span(),
            "a bool flag is false when it is not given; turn its meaning round: \"driver-no-thing\"",
        ),
        (Some(default), false) if optional => {
            refuse(default.span(), "with a default the field is never None: drop `Option`")
        }
        (Some(default), false) => check_number(default, &inner_name),
        (None, true) if optional => {
            refuse(attribute, "a required flag is never None: drop `Option` or `required`")
        }
        (None, true) if inner_name == "bool" => {
            refuse(attribute, "a bool flag is false when it is not given: drop `required`")
        }
        (None, false) if inner_name == "PathBuf" && !optional => {
            refuse(ty.span(), "a path may be missing: use Option<PathBuf>, `required` or a default")
        }
        (None, _) => Ok(()),
    }
}

/// `values` and `range` must fit the type, and let the default through.
fn rule(
    ty: &Type,
    default: Option<&LitStr>,
    required: bool,
    values: Option<Vec<LitStr>>,
    range: Option<(i64, i64)>,
    attribute: proc_macro2::Span,
) -> syn::Result<Rule> {
    let refuse = |text: String| Err(syn::Error::new(default.map_or(attribute, LitStr::span), text));
    let is_number = NUMBERS.contains(&last_segment(ty).as_str());
    let is_switch = last_segment(ty) == "bool";
    let default = default.map(LitStr::value);
    match (values, range) {
        (None, None) => Ok(Rule::Any),
        (Some(_), _) if is_number || is_switch => refuse("`values` are for texts and lists".to_owned()),
        (_, Some(_)) if !is_number => refuse("a `range` is for numbers".to_owned()),
        (_, Some((least, most))) => {
            let default = default.and_then(|text| text.parse().ok()).unwrap_or(0);
            if !required && !(least..=most).contains(&default) {
                return refuse(format!("the default {default} is not in the range {least}..={most}"));
            }
            Ok(Rule::Range(least, most))
        }
        (Some(values), None) => match default {
            Some(default) if !values.iter().any(|value| value.value() == default) => {
                refuse(format!("the default {default:?} is none of the values"))
            }
            _ => Ok(Rule::Values(values)),
        },
    }
}

fn check_number(default: &LitStr, type_name: &str) -> syn::Result<()> {
    let text = default.value();
    let fits = match type_name {
        "i64" => text.parse::<i64>().is_ok(),
        "u16" => text.parse::<u16>().is_ok(),
        "u32" => text.parse::<u32>().is_ok(),
        // On the wire every integer is signed, so the upper half of u64 cannot be announced.
        "u64" => text.parse::<i64>().is_ok_and(|number| number >= 0),
        _ => true,
    };
    if fits {
        return Ok(());
    }
    Err(syn::Error::new(default.span(), format!("the default {text:?} is no value of the type {type_name}")))
}

/// The first paragraph of the documentation, on one line.
fn usage(field: &Field) -> String {
    let lines =
        field.attrs.iter().filter(|attribute| attribute.path().is_ident("doc")).filter_map(|attribute| {
            match &attribute.meta {
                Meta::NameValue(meta) => match &meta.value {
                    Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
                    _ => None,
                },
                _ => None,
            }
        });
    let text = lines.collect::<Vec<_>>().join("\n");
    let paragraph =
        text.lines().map(str::trim).skip_while(|line| line.is_empty()).take_while(|l| !l.is_empty());
    paragraph.collect::<Vec<_>>().join(" ")
}

fn last_segment(ty: &Type) -> String {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default(),
        _ => String::new(),
    }
}

/// The first type argument: `T` of `Option<T>`.
fn argument(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}
