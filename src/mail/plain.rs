//! Plain text as lines with their depth of quotation; `format=flowed` put back together (RFC 3676).

use super::blocks::Line;

/// The lines of `text`, quotation marks counted and taken off.
///
/// In `format=flowed` text a `>` is a quotation mark and nothing else; elsewhere it may be an arrow.
pub(super) fn lines(text: &str, flowed: bool) -> Vec<Line<'_>> {
    text.lines()
        .map(|raw| {
            let (depth, text) = unquoted(raw);
            Line { raw, text, depth, may_be_arrow: !flowed && depth == 1, signature: false }
        })
        .collect()
}

/// The depth of quotation of a line, and the line without its marks: `>`, `＞`, and `|` if nothing on the
/// line looks like a table.
fn unquoted(line: &str) -> (u16, &str) {
    let mut depth = 0_u16;
    let mut rest = line;
    loop {
        let near = rest.strip_prefix(' ').unwrap_or(rest);
        let Some(tail) = near
            .strip_prefix(['>', '＞'])
            .or_else(|| near.strip_prefix('|').filter(|tail| !tail.contains('|')))
        else {
            break;
        };
        depth = depth.saturating_add(1);
        rest = tail;
    }
    if depth == 0 { (0, line) } else { (depth, rest.strip_prefix(' ').unwrap_or(rest)) }
}

/// Joins the lines that `format=flowed` broke. Lines of one paragraph end in a space (which goes too
/// if `delete_space`), lines of different depth never join, and the signature separator `-- ` stands alone.
pub(super) fn unflow(text: &str, delete_space: bool) -> String {
    let mut out = String::with_capacity(text.len());
    // The depth of the line that waits for its continuation.
    let mut open: Option<usize> = None;
    for raw in text.lines() {
        let content = raw.trim_start_matches('>');
        let depth = raw.len() - content.len();
        let content = content.strip_prefix(' ').unwrap_or(content);
        let separator = content == "-- ";
        if open != Some(depth) || separator {
            if open.is_some() {
                out.push('\n');
            }
            out.extend(std::iter::repeat_n('>', depth));
            if depth > 0 {
                out.push(' ');
            } else if content.starts_with(['>', ' ']) {
                // Space-stuffed (RFC 3676 §4.4): not a quotation mark of ours.
                out.push(' ');
            }
        }
        let flows = content.ends_with(' ') && !separator;
        out.push_str(match content.strip_suffix(' ') {
            Some(kept) if flows && delete_space => kept,
            _ => content,
        });
        open = flows.then_some(depth);
        if !flows {
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{lines, unflow, unquoted};

    #[test]
    fn quotation_marks_are_counted_and_taken_off() {
        for (line, depth, text) in [
            ("> a", 1, "a"),
            (">> a", 2, "a"),
            ("> > a", 2, "a"),
            (">a", 1, "a"),
            ("＞　引用", 1, "　引用"),
            ("| a", 1, "a"),
            ("| a | b |", 0, "| a | b |"),
            ("a > b", 0, "a > b"),
            (">", 1, ""),
            ("  indented", 0, "  indented"),
        ] {
            assert_eq!(unquoted(line), (depth, text), "{line}");
        }
    }

    #[test]
    fn flowed_lines_join_within_their_depth_only() {
        let text = "これは長い文の \nつづきです。\n> 引用の \n> 続き \n返事\n-- \n署名 \n会社\n";
        assert_eq!(
            unflow(text, true),
            "これは長い文のつづきです。\n> 引用の続き\n返事\n-- \n署名会社\n",
        );
        assert_eq!(unflow("one \ntwo\n\n three \nfour", false), "one two\n\nthree four\n");
    }

    #[test]
    fn every_line_is_kept() {
        assert_eq!(lines("a\n\n> b\n", false).len(), 3);
    }
}
