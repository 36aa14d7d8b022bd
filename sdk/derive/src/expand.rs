//! From the struct to the implementation of `DriverFlags`.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Fields};

use crate::field::{FlagField, Rule};

/// The implementation, or every mistake in the struct at once.
pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let fields = flag_fields(input)?;
    let declarations = fields.iter().map(declaration);
    let readers = fields.iter().map(reader);
    let needs = fields.iter().filter_map(|field| need(field, &fields));
    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics ::machine_driver::DriverFlags for #ident #type_generics #where_clause {
            fn flags() -> ::std::vec::Vec<::machine_driver::Flag> {
                ::std::vec![#(#declarations),*]
            }

            fn from_options(options: &::machine_driver::DriverOptions) -> ::machine_driver::Result<Self> {
                let read = Self { #(#readers),* };
                #(#needs)*
                ::std::result::Result::Ok(read)
            }
        }
    })
}

fn flag_fields(input: &DeriveInput) -> syn::Result<Vec<FlagField>> {
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new(input.span(), "options are a struct, one field per flag"));
    };
    let fields = match &data.fields {
        Fields::Named(named) => named.named.iter().collect(),
        Fields::Unit => Vec::new(),
        Fields::Unnamed(unnamed) => {
            return Err(syn::Error::new(unnamed.span(), "options are a struct with named fields"));
        }
    };
    let mut parsed = Vec::new();
    let mut names = HashSet::new();
    let mut mistakes: Option<syn::Error> = None;
    for field in fields {
        let outcome = FlagField::parse(field).and_then(|flag| {
            if names.insert(flag.name.value()) {
                return Ok(flag);
            }
            let text = format!("--{} is declared twice", flag.name.value());
            Err(syn::Error::new(flag.name.span(), text))
        });
        match (outcome, &mut mistakes) {
            (Ok(flag), _) => parsed.push(flag),
            (Err(error), Some(all)) => all.combine(error),
            (Err(error), none) => *none = Some(error),
        }
    }
    for needed in parsed.iter().filter_map(|field| field.needs.as_ref()) {
        if !names.contains(&needed.value()) {
            let text = format!("there is no flag --{} in this struct", needed.value());
            let error = syn::Error::new(needed.span(), text);
            match &mut mistakes {
                Some(all) => all.combine(error),
                none => *none = Some(error),
            }
        }
    }
    mistakes.map_or(Ok(parsed), Err)
}

// Both pieces carry the span of the field's type, so that a type that cannot be an option is reported there.

fn declaration(field: &FlagField) -> TokenStream {
    let FlagField { ty, name, env, usage, .. } = field;
    let default = default(field);
    quote_spanned! { ty.span() =>
        ::machine_driver::options::declare::<#ty>(#name, #usage, #env, #default)
    }
}

fn reader(field: &FlagField) -> TokenStream {
    let FlagField { ident, ty, name, required, rule, .. } = field;
    let default = default(field);
    let rule = match rule {
        Rule::Any => quote! { Any },
        Rule::Values(values) => quote! { Values(&[#(#values),*]) },
        Rule::Range(least, most) => quote! { Range(#least, #most) },
    };
    quote_spanned! { ty.span() =>
        #ident: ::machine_driver::options::read::<#ty>(
            options, #name, #default, #required, ::machine_driver::options::Rule::#rule,
        )?
    }
}

fn need(field: &FlagField, fields: &[FlagField]) -> Option<TokenStream> {
    let FlagField { ident, name, needs, .. } = field;
    let needs = needs.as_ref()?;
    let needed = &fields.iter().find(|field| field.name.value() == needs.value())?.ident;
    Some(quote! {
        ::machine_driver::options::check_need((#name, &read.#ident), (#needs, &read.#needed))?;
    })
}

fn default(field: &FlagField) -> TokenStream {
    match &field.default {
        Some(default) => quote! { ::std::option::Option::Some(#default) },
        None => quote! { ::std::option::Option::None },
    }
}

#[cfg(test)]
#[path = "expand_tests.rs"]
mod tests;
