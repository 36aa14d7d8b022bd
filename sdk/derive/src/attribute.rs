//! The attribute `#[flag(..)]` of one field, as written.

use syn::meta::ParseNestedMeta;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, Lit, LitInt, LitStr, Meta, Token, bracketed};

/// The keys of `#[flag(..)]`, parsed but not yet checked against each other.
#[derive(Default)]
pub(crate) struct FlagAttribute {
    pub(crate) name: Option<LitStr>,
    pub(crate) env: Option<LitStr>,
    /// The default as text; an integer literal is taken as its digits.
    pub(crate) default: Option<LitStr>,
    pub(crate) required: bool,
    /// The only texts that are taken.
    pub(crate) values: Option<Vec<LitStr>>,
    /// The least and the most that is taken.
    pub(crate) range: Option<(i64, i64)>,
    /// Name of another flag without which this one makes no sense.
    pub(crate) needs: Option<LitStr>,
}

impl FlagAttribute {
    /// Parses one attribute; the error points at the key that is wrong.
    pub(crate) fn parse(attribute: &Attribute) -> syn::Result<Self> {
        let mut parsed = Self::default();
        let Meta::List(_) = attribute.meta else {
            return Err(syn::Error::new(
                attribute.span(),
                "the attribute needs a list: #[flag(name = \"driver-option\")]",
            ));
        };
        attribute.parse_nested_meta(|meta| parsed.key(&meta))?;
        Ok(parsed)
    }

    fn key(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        match key.as_str() {
            "name" => set(&mut self.name, meta, meta.value()?.parse()?),
            "env" => set(&mut self.env, meta, meta.value()?.parse()?),
            "default" => set(&mut self.default, meta, text(&meta.value()?.parse()?)?),
            "needs" => set(&mut self.needs, meta, meta.value()?.parse()?),
            "values" => set(&mut self.values, meta, texts(meta.value()?)?),
            "range" => set(&mut self.range, meta, range(meta.value()?)?),
            "required" if self.required => Err(meta.error("`required` is given twice")),
            "required" => {
                self.required = true;
                Ok(())
            }
            _ => Err(meta.error(
                "unknown key: a flag has `name`, `env`, `default`, `required`, `values`, `range` and `needs`",
            )),
        }
    }
}

fn set<T>(slot: &mut Option<T>, meta: &ParseNestedMeta<'_>, value: T) -> syn::Result<()> {
    if slot.is_some() {
        return Err(meta.error("this key is given twice"));
    }
    *slot = Some(value);
    Ok(())
}

fn text(value: &Expr) -> syn::Result<LitStr> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.clone()),
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => {
            Ok(LitStr::new(number.base10_digits(), number.span()))
        }
        Expr::Unary(syn::ExprUnary { op: syn::UnOp::Neg(_), expr, .. }) => {
            let digits = text(expr)?;
            Ok(LitStr::new(&format!("-{}", digits.value()), value.span()))
        }
        other => Err(syn::Error::new(other.span(), "a default is a string or an integer literal")),
    }
}

/// `["a", "b"]`.
fn texts(input: ParseStream<'_>) -> syn::Result<Vec<LitStr>> {
    let list;
    bracketed!(list in input);
    Ok(Punctuated::<LitStr, Token![,]>::parse_terminated(&list)?.into_iter().collect())
}

/// `-1..=100`.
fn range(input: ParseStream<'_>) -> syn::Result<(i64, i64)> {
    let least = number(input)?;
    input.parse::<Token![..=]>()?;
    Ok((least, number(input)?))
}

fn number(input: ParseStream<'_>) -> syn::Result<i64> {
    let sign = if input.parse::<Option<Token![-]>>()?.is_some() { -1 } else { 1 };
    Ok(sign * input.parse::<LitInt>()?.base10_parse::<i64>()?)
}
