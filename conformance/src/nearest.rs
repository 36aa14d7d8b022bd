//! Suggestions for names that were probably mistyped.

/// Similarity, from 0 to 1, from which a name is worth suggesting.
const WORTH_SUGGESTING: f64 = 0.72;

/// How much less similar than the best one a second suggestion may be.
const CLOSE_TO_BEST: f64 = 0.05;

/// Up to three of `names` that look like `word`, the most similar first.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let word = word.to_lowercase();
    let mut scored: Vec<(f64, &str)> = names
        .into_iter()
        .map(|name| (similarity(&word, &name.to_lowercase()), name))
        .filter(|(score, _)| *score >= WORTH_SUGGESTING)
        .collect();
    scored.sort_by(|(left, _), (right, _)| right.total_cmp(left));
    scored.dedup_by(|(_, left), (_, right)| left == right);
    let best = scored.first().map_or(0.0, |(score, _)| *score);
    scored
        .into_iter()
        .take_while(|(score, _)| *score >= best - CLOSE_TO_BEST)
        .take(3)
        .map(|(_, name)| name)
        .collect()
}

/// `did you mean "a" or "b"?`, if anything looks like `word`.
pub fn did_you_mean<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let quoted: Vec<String> = nearest(word, names).into_iter().map(|name| format!("\"{name}\"")).collect();
    let (last, others) = quoted.split_last()?;
    Some(match others {
        [] => format!("did you mean {last}?"),
        others => format!("did you mean {} or {last}?", others.join(", ")),
    })
}

fn similarity(word: &str, name: &str) -> f64 {
    // A part of a name is a better hint than a similar beginning: `already_gone` for `remove::instance_already_gone`.
    if word.len() >= 4 && name.contains(word) {
        return 0.99;
    }
    let edits = strsim::normalized_damerau_levenshtein(word, name);
    match name.split_once("::") {
        Some((_, tail)) => edits.max(0.98 * strsim::normalized_damerau_levenshtein(word, tail)),
        None => edits,
    }
    .max(0.93 * strsim::jaro_winkler(word, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] =
        ["remove::instance_already_gone", "remove::twice", "create::one_instance", "stop::already_stopped"];

    #[test]
    fn typing_mistakes_find_the_name() {
        assert_eq!(nearest("remove::instance_alredy_gone", NAMES).first(), Some(&NAMES[0]));
        assert_eq!(nearest("already_gone", NAMES).first(), Some(&NAMES[0]));
        assert_eq!(nearest("twise", NAMES), ["remove::twice"]);
    }

    #[test]
    fn unlike_names_are_not_suggested() {
        assert!(nearest("zzzz", NAMES).is_empty());
        assert_eq!(did_you_mean("zzzz", NAMES), None);
    }

    #[test]
    fn suggestions_read_as_a_sentence() {
        assert_eq!(did_you_mean("twice", NAMES).as_deref(), Some("did you mean \"remove::twice\"?"));
        assert_eq!(
            did_you_mean("stop", ["stap", "step"]).as_deref(),
            Some("did you mean \"stap\" or \"step\"?")
        );
    }
}
