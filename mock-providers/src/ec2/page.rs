//! Pages of the Describe operations: `MaxResults` and `NextToken`.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    ops::RangeInclusive,
};

use super::{error::Ec2Error, query::Parameters};

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Page {
    /// Only objects with a higher serial number.
    after: Option<u64>,
    limit: Option<usize>,
    /// Stands for the operation, so that tokens of another are refused.
    operation: u32,
}

impl Page {
    /// Reads the parameters. `allowed` are the values that `MaxResults` can have; more than the highest counts as the
    /// highest where AWS does so, which is everywhere.
    ///
    /// # Errors
    /// `InvalidParameterValue` for a `MaxResults` that is too low, `InvalidNextToken` for a token that was not made here.
    pub(super) fn read(
        parameters: &Parameters<'_>,
        operation: &str,
        allowed: RangeInclusive<usize>,
    ) -> Result<Self, Ec2Error> {
        let operation = number_of(operation);
        let limit = parameters.number::<i64>("MaxResults")?;
        let limit = limit.map(|number| match usize::try_from(number) {
            Ok(limit) if limit >= *allowed.start() => Ok(limit.min(*allowed.end())),
            _ => {
                let rule = format!("Expecting a value greater than {}.", allowed.start());
                Err(Ec2Error::invalid_value("maxResults", format_args!(" {number} "), &rule))
            }
        });
        let after = parameters.filled("NextToken").map(|token| {
            let invalid = || Ec2Error::client("InvalidNextToken", format!("The token '{token}' is invalid"));
            match serial(token) {
                Some((of, after)) if of == operation => Ok(after),
                _ => Err(invalid()),
            }
        });
        Ok(Self { after: after.transpose()?, limit: limit.transpose()?, operation })
    }

    /// Whether one of the parameters was given.
    pub(super) fn is_asked_for(&self) -> bool {
        self.after.is_some() || self.limit.is_some()
    }

    /// The objects of the page, and the token of the next one. Objects come with their serial numbers, which rise.
    pub(super) fn cut<T>(&self, objects: impl IntoIterator<Item = (u64, T)>) -> (Vec<T>, Option<String>) {
        let mut objects =
            objects.into_iter().filter(|(serial, _)| self.after.is_none_or(|after| *serial > after));
        let Some(limit) = self.limit else {
            return (objects.map(|(_, object)| object).collect(), None);
        };
        let mut page = Vec::with_capacity(limit.min(1000));
        let mut last = 0;
        for (serial, object) in objects.by_ref().take(limit) {
            last = serial;
            page.push(object);
        }
        let token = objects.next().map(|_| token(self.operation, last));
        (page, token)
    }
}

fn number_of(operation: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    operation.hash(&mut hasher);
    (hasher.finish() >> 32) as u32
}

/// A token: the operation, a serial number, and a number that only fits the two.
fn token(operation: u32, serial: u64) -> String {
    format!("{operation:08x}{serial:016x}{:08x}", check(operation, serial))
}

fn check(operation: u32, serial: u64) -> u32 {
    let mut hasher = DefaultHasher::new();
    (operation, serial).hash(&mut hasher);
    hasher.finish() as u32
}

fn serial(token: &str) -> Option<(u32, u64)> {
    let number = |from: usize, to: usize| u64::from_str_radix(token.get(from..to)?, 16).ok();
    let (operation, serial, given) = (number(0, 8)? as u32, number(8, 24)?, number(24, 32)?);
    (token.len() == 32 && given == u64::from(check(operation, serial))).then_some((operation, serial))
}

#[cfg(test)]
mod tests {
    use super::{super::query::Query, *};

    fn page(text: &str) -> Result<Page, Ec2Error> {
        let query = Query::parse(text)?;
        Page::read(&query.parameters(), "DescribeX", 5..=10)
    }

    #[test]
    fn all_objects_come_once_in_order() {
        let objects = || (1..=23_u64).map(|serial| (serial * 3, serial));
        let (first, token) = page("MaxResults=10").unwrap().cut(objects());
        let (second, next) =
            page(&format!("MaxResults=99&NextToken={}", token.unwrap())).unwrap().cut(objects());
        let (third, end) = page(&format!("NextToken={}", next.unwrap())).unwrap().cut(objects());
        assert_eq!((first.len(), second.len(), end), (10, 10, None));
        assert!([first, second, third].concat().into_iter().eq(1..=23));
        let (all, token) = page("MaxResults=10").unwrap().cut(objects().take(10));
        assert_eq!((all.len(), token), (10, None));
    }

    #[test]
    fn wrong_limits_and_tokens_are_refused() {
        let error = page("MaxResults=3").unwrap_err();
        assert_eq!(
            error.message,
            "Value ( 3 ) for parameter maxResults is invalid. Expecting a value greater than 5."
        );
        assert!(page("MaxResults=-1").is_err() && page("MaxResults=x").is_err());
        let foreign = token(number_of("DescribeY"), 7);
        for wrong in ["x", "é".repeat(16).as_str(), foreign.as_str(), &"0".repeat(32)] {
            assert_eq!(page(&format!("NextToken={wrong}")).unwrap_err().code, "InvalidNextToken", "{wrong}");
        }
    }
}
