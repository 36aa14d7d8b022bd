//! Walks: the reference state machine with the ways that were taken, and the path of a story that failed.

use std::{collections::BTreeMap, f64::consts::PI};

use maud::{Markup, html};

use super::wording::{anchor, line, text};
use crate::{
    event::{FailedStory, StoryLine, Walks},
    model::Situation,
    report::{RunRecord, text::count},
};

/// Where each situation stands, in units of the drawing.
const PLACES: [(Situation, f64, f64); 7] = [
    (Situation::Absent, 70.0, 150.0),
    (Situation::HalfMade, 200.0, 50.0),
    (Situation::Running, 330.0, 150.0),
    (Situation::Stopped, 490.0, 50.0),
    (Situation::Paused, 500.0, 285.0),
    (Situation::Vanished, 310.0, 285.0),
    (Situation::Removed, 630.0, 150.0),
];
/// Half of the width and of the height of a situation.
const HALF: (f64, f64) = (46.0, 15.0);

pub(super) fn diagrams(run: &RunRecord) -> Markup {
    let walks: Vec<(&str, &Walks)> = run
        .checks
        .iter()
        .filter_map(|result| Some((result.id.as_str(), result.walks.as_ref()?)))
        .filter(|(_, walks)| walks.stories > 0)
        .collect();
    html! {
        @if !walks.is_empty() {
            section #walks {
                h2 { "Walks over the state machine" }
                div.maps { @for (id, walks) in walks {
                    figure {
                        figcaption {
                            a href={ "#" (anchor(id)) } { (line(id, 80)) }
                            " \u{b7} " (walks.stories) " stories, " (count(walks.steps, "step"))
                            " \u{b7} " (failures(walks.failures.len()))
                        }
                        (diagram(walks, walks.failures.first()))
                    }
                } }
            }
        }
    }
}

fn failures(number: usize) -> String {
    match number {
        0 => "none failed".to_owned(),
        1 => "1 way to fail".to_owned(),
        number => format!("{number} ways to fail"),
    }
}

/// The stories of one check that failed, each step by step with its path.
pub(super) fn stories(walks: &Walks) -> Markup {
    html! {
        @for failure in &walks.failures {
            h4 { "Story that failed: " (line(&failure.origin, 80)) }
            (diagram(walks, Some(failure)))
            table.story {
                @for step in &failure.lines {
                    tr {
                        td.quiet { (step.round) }
                        td { (line(&step.told, 100)) }
                        td.quiet { (step.before.word()) " \u{2192} " (step.after.word()) }
                        td { (line(&step.result, 200)) }
                    }
                }
            }
            p.quiet {
                (count(failure.lines.len(), "step")) ", made from " (failure.steps_at_first) " in " (failure.attempts)
                " tries; " (if failure.repeats { "it fails again when repeated" } else { "it did not fail again: chance is part of it" })
                @if !failure.likewise.is_empty() { "; likewise: " (line(&failure.likewise.join(", "), 200)) }
                @if let Some(saved) = &failure.saved { "; saved as " (line(saved, 200)) }
            }
            details { summary { "The story for --replay" } pre { (text(&failure.story.to_json())) } }
        }
        @for reason in &walks.left_out { p.quiet { "not carried out: " (line(reason, 200)) } }
    }
}

/// All ways, the ones of the story that failed on top, numbered.
fn diagram(walks: &Walks, failure: Option<&FailedStory>) -> Markup {
    let mut ways: BTreeMap<(Situation, Situation), usize> = BTreeMap::new();
    for transition in &walks.transitions {
        *ways.entry((transition.from, transition.to)).or_default() += transition.count;
    }
    let path = path(failure);
    html! {
        svg.walk viewBox="0 0 700 310" role="img" aria-label="state diagram; the table below has the failing path as text" {
            @for ((from, to), number) in &ways {
                @let title = format!("{} \u{2192} {}: {number} times", from.word(), to.word());
                (way(*from, *to, "way", &title, &number.to_string()))
            }
            @for ((from, to), (numbers, told)) in &path {
                (way(*from, *to, "failing", told, numbers))
            }
            @for (situation, x, y) in PLACES {
                g.visited[is_visited(&ways, situation)] {
                    rect x=(number(x - HALF.0)) y=(number(y - HALF.1)) width=(number(2.0 * HALF.0))
                        height=(number(2.0 * HALF.1)) rx="8" {}
                    text x=(number(x)) y=(number(y + 4.0)) { (situation.word()) }
                }
            }
        }
    }
}

fn is_visited(ways: &BTreeMap<(Situation, Situation), usize>, situation: Situation) -> bool {
    ways.keys().any(|(from, to)| *from == situation || *to == situation)
}

/// The ways of a story: the numbers of its steps, and what they were.
fn path(failure: Option<&FailedStory>) -> BTreeMap<(Situation, Situation), (String, String)> {
    let mut path: BTreeMap<(Situation, Situation), (String, String)> = BTreeMap::new();
    let lines: &[StoryLine] = failure.map_or(&[][..], |failure| failure.lines.as_slice());
    for step in lines {
        let (numbers, told) = path.entry((step.before, step.after)).or_default();
        for (list, word) in
            [(numbers, step.round.to_string()), (told, format!("{} {}", step.round, line(&step.told, 60)))]
        {
            if !list.is_empty() {
                list.push_str(", ");
            }
            list.push_str(&word);
        }
    }
    path
}

/// An arrow from one situation to another, or a loop at one, with a label.
fn way(from: Situation, to: Situation, class: &str, title: &str, label: &str) -> Markup {
    let ((x1, y1), (x2, y2)) = (place(from), place(to));
    let (path, head, at) = if from == to { loop_at(x1, y1) } else { arc(x1, y1, x2, y2) };
    html! {
        g class=(class) {
            path.line d=(path) { title { (title) } }
            path.head d=(head) {}
            text x=(number(at.0)) y=(number(at.1)) { (label) title { (title) } }
        }
    }
}

type Drawn = (String, String, (f64, f64));

/// A bow from the edge of one situation to that of the other; the way back bends to the other side.
fn arc(x1: f64, y1: f64, x2: f64, y2: f64) -> Drawn {
    let (dx, dy) = (x2 - x1, y2 - y1);
    let length = dx.hypot(dy).max(1.0);
    let bend = 22.0 + length * 0.06;
    let (cx, cy) = ((x1 + x2) / 2.0 - dy / length * bend, (y1 + y2) / 2.0 + dx / length * bend);
    let (sx, sy) = edge(x1, y1, cx, cy);
    let (ex, ey) = edge(x2, y2, cx, cy);
    let path =
        format!("M{} {}Q{} {} {} {}", number(sx), number(sy), number(cx), number(cy), number(ex), number(ey));
    // The middle of the curve.
    let middle = ((sx + 2.0 * cx + ex) / 4.0, (sy + 2.0 * cy + ey) / 4.0 + 4.0);
    (path, head(ex, ey, (ey - cy).atan2(ex - cx)), middle)
}

fn loop_at(x: f64, y: f64) -> Drawn {
    let top = y - HALF.1;
    let path = format!("M{} {}c-14 -30 14 -30 6 0", number(x - 3.0), number(top));
    (path, head(x + 3.0, top, PI / 2.0), (x, top - 25.0))
}

/// Where the line from the middle of a situation to a point leaves its frame.
fn edge(x: f64, y: f64, to_x: f64, to_y: f64) -> (f64, f64) {
    let (dx, dy) = (to_x - x, to_y - y);
    let scale = (HALF.0 / dx.abs().max(0.01)).min(HALF.1 / dy.abs().max(0.01));
    (x + dx * scale, y + dy * scale)
}

fn head(x: f64, y: f64, angle: f64) -> String {
    let corner = |turn: f64| {
        let direction = angle + PI + turn;
        format!("{} {}", number(x + 8.0 * direction.cos()), number(y + 8.0 * direction.sin()))
    };
    format!("M{} {}L{} {}z", number(x), number(y), corner(0.4), corner(-0.4))
}

fn place(situation: Situation) -> (f64, f64) {
    PLACES.iter().find(|(known, _, _)| *known == situation).map_or((350.0, 150.0), |(_, x, y)| (*x, *y))
}

fn number(value: f64) -> String {
    format!("{value:.1}")
}
