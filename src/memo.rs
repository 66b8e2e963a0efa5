//! The reflection memo (振り返りメモ): a template to write in, and what is offered back of it. Pure.
//!
//! The questions are those of the article at the origin of goen. A memo is the user's own text:
//! nothing in it is judged, and nothing but the lines under "next time I will" is ever read.

use crate::classify::Stage;
use crate::lang::Lang;

const JAPANESE: &str = include_str!("../config/memo/ja.md");
const ENGLISH: &str = include_str!("../config/memo/en.md");

/// Under these headings stands what the user wants to do next time.
const NEXT: [&str; 2] = ["次はこうしよう", "Next time I will"];

/// A memo to fill in.
#[must_use]
pub fn template(title: &str, lang: Lang) -> String {
    let text = match lang {
        Lang::Ja => JAPANESE,
        Lang::En => ENGLISH,
    };
    text.replace("{title}", title)
}

/// What the user has written, without what the template said and they left: empty if nothing.
#[must_use]
pub fn written(text: &str) -> String {
    let blank = |line: &str| matches!(line.trim(), "" | "-" | "*" | "・");
    let has_content = content(text).any(|line| !line.starts_with('#') && !blank(line));
    if !has_content {
        return String::new();
    }
    // Headings without anything under them only lengthen it.
    let mut kept: Vec<String> = Vec::new();
    let mut headings: Vec<String> = Vec::new();
    for line in content(text) {
        if line.starts_with("## ") {
            headings = vec![line.to_owned()];
        } else if !blank(line) {
            if !headings.is_empty() {
                kept.push(String::new());
                kept.append(&mut headings);
                kept.push(String::new());
            }
            kept.push(line.to_owned());
        }
    }
    let text = kept.join("\n");
    format!("{}\n", text.trim())
}

/// The lines without the comments of the template.
fn content(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    text.lines().filter(move |line| {
        let opens = line.contains("<!--");
        let was_inside = inside || opens;
        inside = was_inside && !line.contains("-->");
        !was_inside
    })
}

/// The user's own "next time I will…", as they wrote them.
#[must_use]
pub fn next_lines(text: &str) -> Vec<String> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in content(text) {
        if line.starts_with('#') {
            inside = NEXT.iter().any(|heading| line.contains(heading));
        } else if inside {
            let line = line.trim().trim_start_matches(['-', '*', '・']).trim();
            if !line.is_empty() {
                lines.push(crate::plain::one_line(line));
            }
        }
    }
    lines
}

/// Whether what was learned at one stage is of use at the other: an interview helps with the next
/// interview, documents with documents.
#[must_use]
pub const fn is_of_use(written_at: Stage, next: Stage) -> bool {
    is_talk(written_at) == is_talk(next)
}

const fn is_talk(stage: Stage) -> bool {
    !matches!(stage, Stage::Document | Stage::Test)
}

/// The stage that follows when one is passed, as far as it matters here: after documents people talk.
#[must_use]
pub const fn stage_after(passed: Stage) -> Stage {
    match passed {
        Stage::Document | Stage::Test => Stage::Interview,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_that_was_left_as_it_is_is_no_memo() {
        for lang in [Lang::Ja, Lang::En] {
            let template = template("株式会社青葉・最終面接", lang);
            assert!(template.contains("株式会社青葉"));
            assert_eq!(written(&template), "");
            assert_eq!(next_lines(&template), [""; 0]);
        }
        assert_eq!(written(""), "");
    }

    #[test]
    fn what_was_written_is_kept_under_its_headings() {
        let text = template("青葉", Lang::Ja)
            .replacen("質問\n\n-", "質問\n\n- 志望動機を深掘りされた\n- 弱み", 1)
            .replace(
                "次はこうしよう\n\n-",
                "次はこうしよう\n\n- 結論から話す\n・数字をひとつ入れる",
            );
        let kept = written(&text);
        assert_eq!(
            kept,
            "# 振り返りメモ：青葉\n\n## うまく答えられなかった質問\n\n- 志望動機を深掘りされた\n- 弱み\n\n\
             ## 次はこうしよう\n\n- 結論から話す\n・数字をひとつ入れる\n"
        );
        assert_eq!(next_lines(&kept), ["結論から話す", "数字をひとつ入れる"]);
        assert_eq!(written(&kept), kept);
    }

    #[test]
    fn the_templates_ask_what_the_article_asks() {
        for (words, lang) in [
            (
                [
                    "うまく答えられなかった質問",
                    "表情・声のトーン",
                    "企業研究・逆質問",
                    "自己PR・志望動機",
                    "次はこうしよう",
                ],
                Lang::Ja,
            ),
            (
                [
                    "hard to answer",
                    "Expression and voice",
                    "what I asked them",
                    "why I applied",
                    "Next time I will",
                ],
                Lang::En,
            ),
        ] {
            for words in words {
                assert!(template("", lang).contains(words), "{words}");
            }
        }
    }

    #[test]
    fn an_interview_helps_with_the_next_interview() {
        assert!(is_of_use(Stage::FinalInterview, stage_after(Stage::Document)));
        assert!(is_of_use(Stage::FirstInterview, stage_after(Stage::FirstInterview)));
        assert!(!is_of_use(Stage::Document, stage_after(Stage::Document)));
    }
}
