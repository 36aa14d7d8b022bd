//! Blocks of Markdown that are marked to be run.

/// A fenced block with the comment in front of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The comment, for example `run`, `run: 4` or `file: conformance.toml`.
    pub mark: String,
    /// The contents.
    pub text: String,
    /// Line of the comment, from 1.
    pub line: usize,
}

/// The blocks behind a comment `<!-- MARK -->`, in order.
pub fn marked_blocks(page: &str) -> Vec<Block> {
    let lines: Vec<&str> = page.lines().collect();
    let mut blocks = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let mark = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
        let (Some(mark), Some(fence)) = (mark, lines.get(index + 1)) else {
            continue;
        };
        if !fence.starts_with("```") {
            continue;
        }
        let contents = lines[index + 2..].iter().take_while(|line| !line.starts_with("```"));
        blocks.push(Block {
            mark: mark.to_owned(),
            text: contents.map(|line| format!("{line}\n")).collect(),
            line: index + 1,
        });
    }
    blocks
}

/// Targets of the links of a page, without those to other sites and without anchors.
pub fn local_links(page: &str) -> Vec<String> {
    let mut links = Vec::new();
    let mut in_code = false;
    for line in page.lines() {
        if line.starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for part in line.split("](").skip(1) {
            let target = part.split(')').next().unwrap_or_default();
            let target = target.split('#').next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") {
                links.push(target.to_owned());
            }
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marked_blocks_are_taken() {
        let page = "```sh\nfalse\n```\n<!-- run: 4 -->\n```sh\none\ntwo\n```\n<!-- comment -->\ntext\n";
        let block = Block { mark: "run: 4".to_owned(), text: "one\ntwo\n".to_owned(), line: 4 };
        assert_eq!(marked_blocks(page), [block]);
    }

    #[test]
    fn links_within_the_guide() {
        let page = "[a](a.md#x) [b](https://b.example) [c](#c)\n```\n[d](d.md)\n```\n";
        assert_eq!(local_links(page), ["a.md"]);
    }
}
