//! The provider's objects before and after, as a difference.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::{transcript::Detail, wording::line};
use crate::{
    event::{CheckResult, InventoryRecord},
    world::Object,
};

/// Characters of an attribute.
const ATTRIBUTE: usize = 120;

pub(super) fn difference(result: &CheckResult, detail: Detail) -> Markup {
    let Some(InventoryRecord { before, after, cleaned }) = &result.inventory else {
        return Markup::default();
    };
    html! {
        @match cleaned {
            Some(cleaned) if cleaned == after => {
                (table("Provider's objects: what changed and was still so after the clean-up", before, after, detail))
            }
            _ => (table("Provider's objects from the beginning to the end of the check", before, after, detail)),
        }
        @if let Some(cleaned) = cleaned.as_ref().filter(|cleaned| *cleaned != after) {
            (table("What the clean-up left, compared with the beginning", before, cleaned, detail))
        }
    }
}

fn table(title: &str, before: &[Object], after: &[Object], detail: Detail) -> Markup {
    let changes = changes(before, after);
    let more = changes.len().saturating_sub(detail.rows());
    html! {
        @if !changes.is_empty() {
            h4 { (title) }
            table.inventory {
                @for change in changes.iter().take(detail.rows()) { (row(change)) }
                @if more > 0 { tr { td.quiet colspan="4" { "and " (more) " more" } } }
            }
        }
    }
}

/// What became of one object.
#[derive(Debug, PartialEq)]
enum Change<'o> {
    Added(&'o Object),
    Removed(&'o Object),
    Changed(&'o Object, &'o Object),
}

/// Objects are the same when kind and id are.
fn changes<'o>(before: &'o [Object], after: &'o [Object]) -> Vec<Change<'o>> {
    let same = |left: &Object, right: &Object| left.kind == right.kind && left.id == right.id;
    let old = before.iter().filter_map(|old| match after.iter().find(|new| same(old, new)) {
        None => Some(Change::Removed(old)),
        Some(new) if new != old => Some(Change::Changed(old, new)),
        Some(_) => None,
    });
    let new = after.iter().filter(|new| !before.iter().any(|old| same(old, new)));
    old.chain(new.map(Change::Added)).collect()
}

fn row(change: &Change<'_>) -> Markup {
    let (class, sign, object) = match change {
        Change::Added(object) => ("added", "+", object),
        Change::Removed(object) => ("removed", "\u{2212}", object),
        Change::Changed(_, object) => ("changed", "~", object),
    };
    html! {
        tr class=(class) {
            td { (sign) }
            td { (line(&object.kind, 40)) }
            td { (line(&object.id, 60)) " " span.quiet { (line(&object.name, 60)) } }
            td {
                @match change {
                    Change::Changed(old, new) => (attributes_between(old, new)),
                    _ => (attributes_of(object)),
                }
            }
        }
    }
}

fn attributes_of(object: &Object) -> Markup {
    html! {
        @for (name, value) in &object.attributes {
            span.quiet { (line(name, 40)) "=" } (line(value, ATTRIBUTE)) " "
        }
    }
}

fn attributes_between(old: &Object, new: &Object) -> Markup {
    let names: BTreeSet<&String> = old.attributes.keys().chain(new.attributes.keys()).collect();
    let value = |object: &Object, name: &String| {
        object.attributes.get(name).map_or_else(|| "\u{2205}".to_owned(), |value| line(value, ATTRIBUTE))
    };
    html! {
        @for name in names {
            @if old.attributes.get(name) != new.attributes.get(name) {
                span.quiet { (line(name, 40)) "=" } del { (value(old, name)) } " " ins { (value(new, name)) } " "
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_compared_by_kind_and_id() {
        let object = |kind: &str, id: &str, name: &str| Object {
            kind: kind.into(),
            id: id.into(),
            name: name.into(),
            ..Object::default()
        };
        let before = [object("key", "1", "a"), object("server", "1", "b"), object("key", "2", "c")];
        let after = [object("server", "1", "renamed"), object("key", "2", "c"), object("key", "3", "d")];
        assert_eq!(
            changes(&before, &after),
            [Change::Removed(&before[0]), Change::Changed(&before[1], &after[0]), Change::Added(&after[2])]
        );
    }
}
