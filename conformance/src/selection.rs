//! Which checks a run, a list or a known failure is about.

use glob::{MatchOptions, Pattern};
use thiserror::Error;

use crate::{
    check::Check, nearest::did_you_mean, partition::Partition, spec::RequirementSet, verdict::Level,
};

/// Filters of the command line. Empty filters select everything.
///
/// A pattern is a glob over check ids, group names or clause ids: `remove::instance_already_gone`, `remove`,
/// `ssh::*`, `RM-008`, `PLUG-*`. Letter case does not matter.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Selection {
    /// Checks that match any of these; all if empty.
    pub only: Vec<String>,
    /// Checks that match none of these.
    pub skip: Vec<String>,
    /// Checks of at least this level.
    pub level: Level,
    /// Checks of clauses that this set asks for, at the level that they have there.
    pub requirements: &'static RequirementSet,
}

impl Default for Selection {
    fn default() -> Self {
        Self { only: Vec::new(), skip: Vec::new(), level: Level::May, requirements: RequirementSet::newest() }
    }
}

impl Selection {
    /// Filters from the command line.
    pub fn new(only: Vec<String>, skip: Vec<String>, level: Level) -> Self {
        Self { only, skip, level, ..Self::default() }
    }

    /// The same filters over the checks of another set of requirements.
    pub fn under(self, requirements: &'static RequirementSet) -> Self {
        Self { requirements, ..self }
    }

    /// The selected ones of `checks`, in their order. A pattern that matches nothing is an error, not an empty run.
    pub fn apply(&self, checks: &[&'static Check]) -> Result<Vec<&'static Check>, SelectionError> {
        let only = patterns(&self.only, "--only", checks)?;
        let skip = patterns(&self.skip, "--skip", checks)?;
        let selected: Vec<_> = checks
            .iter()
            .copied()
            .filter(|check| only.is_empty() || only.iter().any(|pattern| matches(pattern, check)))
            .filter(|check| !skip.iter().any(|pattern| matches(pattern, check)))
            .filter(|check| self.requirements.asks_for(check))
            .filter(|check| self.requirements.level_of(check) >= self.level)
            .collect();
        if selected.is_empty() { Err(SelectionError::Nothing) } else { Ok(selected) }
    }
}

/// Level of a check: the highest among its clauses, as the specification has them now.
pub fn level_of(check: &Check) -> Level {
    RequirementSet::next().level_of(check)
}

/// A glob over check ids, group names and clause ids, known to match something.
pub fn pattern(
    text: &str,
    option: &'static str,
    checks: &[&'static Check],
) -> Result<Pattern, SelectionError> {
    let pattern = Pattern::new(text).map_err(|error| SelectionError::Malformed {
        option,
        pattern: text.into(),
        problem: error.msg,
    })?;
    if checks.iter().any(|check| matches(&pattern, check)) {
        return Ok(pattern);
    }
    let names = checks
        .iter()
        .flat_map(|check| [check.id, check.group()])
        .chain(checks.iter().flat_map(|check| check.clauses.iter().copied()));
    Err(SelectionError::NoMatch { option, pattern: text.into(), hint: did_you_mean(text, names) })
}

/// How patterns over names are matched.
pub(crate) const ANY_CASE: MatchOptions = MatchOptions {
    case_sensitive: false,
    require_literal_separator: false,
    require_literal_leading_dot: false,
};

/// Whether `pattern` names this check: by its id, its group or one of its clauses.
pub fn matches(pattern: &Pattern, check: &Check) -> bool {
    pattern.matches_with(check.id, ANY_CASE)
        || pattern.matches_with(check.group(), ANY_CASE)
        || check.clauses.iter().any(|clause| pattern.matches_with(clause, ANY_CASE))
}

fn patterns(
    texts: &[String],
    option: &'static str,
    checks: &[&'static Check],
) -> Result<Vec<Pattern>, SelectionError> {
    texts.iter().map(|text| pattern(text, option, checks)).collect()
}

/// A filter that cannot be meant. The user's mistake: exit code 2.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// Not a glob.
    #[error("{option} \"{pattern}\" is not a pattern: {problem}")]
    Malformed {
        /// Where the pattern was given.
        option: &'static str,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A pattern without any check.
    #[error("{option} \"{pattern}\" matches no check{}", .hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default())]
    NoMatch {
        /// Where the pattern was given.
        option: &'static str,
        /// The pattern.
        pattern: String,
        /// Names that look like it.
        hint: Option<String>,
    },
    /// Patterns that match, but leave nothing over when combined.
    #[error("--only, --skip and --level together leave no check")]
    Nothing,
    /// The selected checks are too few for this part.
    #[error("--partition {0} leaves no check of those that are selected")]
    EmptyPart(Partition),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::sample::check;

    fn checks() -> Vec<&'static Check> {
        vec![
            check("remove::twice", &["RM-012"]),
            check("remove::dependants", &["RM-014"]),
            check("stop::twice", &["STOP-005", "STOP-002"]),
        ]
    }

    fn ids(selection: &Selection) -> Vec<&'static str> {
        selection.apply(&checks()).unwrap().iter().map(|check| check.id).collect()
    }

    fn only(pattern: &str) -> Selection {
        Selection { only: vec![pattern.into()], ..Selection::default() }
    }

    #[test]
    fn patterns_name_checks_groups_and_clauses() {
        assert_eq!(ids(&Selection::default()).len(), 3);
        assert_eq!(ids(&only("remove::twice")), ["remove::twice"]);
        assert_eq!(ids(&only("*::twice")), ["remove::twice", "stop::twice"]);
        assert_eq!(ids(&only("remove")), ["remove::twice", "remove::dependants"]);
        assert_eq!(ids(&only("stop-002")), ["stop::twice"]);
        assert_eq!(ids(&only("RM-*")), ["remove::twice", "remove::dependants"]);
    }

    #[test]
    fn skip_and_level_narrow_the_selection() {
        let skip = Selection { skip: vec!["stop".into()], ..Selection::default() };
        assert_eq!(ids(&skip), ["remove::twice", "remove::dependants"]);
        let must = Selection { level: Level::Must, ..Selection::default() };
        assert_eq!(ids(&must), ["remove::twice", "stop::twice"]);
    }

    #[test]
    fn a_set_of_requirements_leaves_out_what_it_does_not_ask_for() {
        let set = RequirementSet::of(&[("RM-012", Level::Should), ("STOP-005", Level::Must)]);
        let under = |level| Selection { level, ..Selection::default().under(set) };
        assert_eq!(ids(&under(Level::May)), ["remove::twice", "stop::twice"]);
        assert_eq!(ids(&under(Level::Must)), ["stop::twice"]);
    }

    #[test]
    fn patterns_without_a_match_are_errors_with_a_suggestion() {
        let error = only("remove::twise").apply(&checks()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "--only \"remove::twise\" matches no check; did you mean \"remove::twice\"?"
        );
        let error = only("remove::[").apply(&checks()).unwrap_err();
        assert!(error.to_string().starts_with("--only \"remove::[\" is not a pattern: "), "{error}");
        let nothing = Selection { skip: vec!["*".into()], ..Selection::default() };
        assert_eq!(nothing.apply(&checks()).unwrap_err(), SelectionError::Nothing);
    }
}
