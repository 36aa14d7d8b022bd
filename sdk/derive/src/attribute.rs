//! The attribute `#[flag(..)]` of one field, as written.

use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta};

/// The keys of `#[flag(..)]`, parsed but not yet checked against each other.
#[derive(Default)]
pub(crate) struct FlagAttribute {
    pub(crate) name: Option<LitStr>,
    pub(crate) env: Option<LitStr>,
    /// The default as text; an integer literal is taken as its digits.
    pub(crate) default: Option<LitStr>,
    pub(crate) required: bool,
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
            "required" if self.required => Err(meta.error("`required` is given twice")),
            "required" => {
                self.required = true;
                Ok(())
            }
            _ => Err(meta.error("unknown key: a flag has `name`, `env`, `default` and `required`")),
        }
    }
}

fn set(slot: &mut Option<LitStr>, meta: &ParseNestedMeta<'_>, value: LitStr) -> syn::Result<()> {
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
