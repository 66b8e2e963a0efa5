//! One test a way of quoting, forwarding or signing that mail programs and people have.

use super::{Attribution, attribution, split};
use crate::mail::plain;
use crate::mail::{Block, Role};

/// The blocks of a plain text, as `(role, text)`.
fn blocks(text: &str, answers: bool) -> Vec<(Role, String)> {
    split(&plain::lines(text, false), answers)
        .into_iter()
        .map(|Block { role, text }| (role, text.trim_end().to_owned()))
        .collect()
}

fn expect(text: &str, answers: bool, expected: &[(Role, &str)]) {
    let expected: Vec<(Role, String)> =
        expected.iter().map(|(role, text)| (*role, (*text).to_owned())).collect();
    assert_eq!(blocks(text, answers), expected, "{text}");
}

/// The text is the author's from end to end.
fn all_new(text: &str) {
    let roles: Vec<Role> = blocks(text, false).into_iter().map(|(role, _)| role).collect();
    assert_eq!(roles, [Role::New], "{text}");
}

#[test]
fn inline_answers_keep_their_order() {
    expect(
        "お答えします。\n\n> 結果はいつですか。\n\n今週中です。\n\n> 服装は。\n> 靴は。\n自由です。\n",
        true,
        &[
            (Role::New, "お答えします。"),
            (Role::Quoted, "結果はいつですか。"),
            (Role::New, "今週中です。"),
            (Role::Quoted, "服装は。\n靴は。"),
            (Role::New, "自由です。"),
        ],
    );
}

#[test]
fn the_line_that_says_who_wrote_belongs_to_the_quotation() {
    for line in [
        "On Tue, 17 Nov 2026 at 10:12, Hanako Yamada <hanako@example.jp> wrote:",
        "On Tue, 17 Nov 2026 at 10:12, Hanako Yamada\n<hanako@example.jp> wrote:",
        "2026年11月17日(火) 10:12 山田 花子 <hanako@example.jp>:",
        "2026年11月17日(火) 10:12 山田 花子\n<hanako@example.jp>:",
        "2026/11/17 10:12、山田 花子 <hanako@example.jp>のメール:",
        "On 2026/11/17 10:12, 山田 花子 wrote:",
        "(2026/11/17 10:12), Hanako Yamada wrote:",
        "山田 花子 さんは書きました:",
        "2026/11/17 10:12、山田より：",
    ] {
        expect(
            &format!("承知しました。\n\n{line}\n> お世話になります。\n"),
            true,
            &[
                (Role::New, "承知しました。"),
                (Role::Quoted, &format!("{line}\nお世話になります。")),
            ],
        );
    }
}

#[test]
fn bottom_posted_answers_are_found_below_the_quotation() {
    expect(
        "2026/11/12 19:05、浜田 のメール:\n> 本日はありがとう\n> ございました。\n\n浜田様\n結果をお知らせします。\n",
        true,
        &[
            (Role::Quoted, "2026/11/12 19:05、浜田 のメール:\n本日はありがとう\nございました。"),
            (Role::New, "浜田様\n結果をお知らせします。"),
        ],
    );
}

#[test]
fn an_unmarked_quotation_below_a_clear_attribution_goes_to_the_end() {
    expect(
        "了解です。\n\n2026年11月17日(火) 10:12 山田 <y@example.jp>:\n\n残念ながら不採用でしょうか。\n",
        true,
        &[
            (Role::New, "了解です。"),
            (
                Role::Quoted,
                "2026年11月17日(火) 10:12 山田 <y@example.jp>:\n\n残念ながら不採用でしょうか。",
            ),
        ],
    );
}

#[test]
fn prose_that_ends_in_a_colon_is_no_attribution() {
    for text in [
        "日時は次のとおりです:",
        "Here is what the panel wrote",
        "2026年11月25日(水) 10:00 から面接を行います:",
        "面接会場（2026年11月25日 10:00）：",
        "お問い合わせは saiyo@example.jp まで:",
    ] {
        assert_eq!(attribution(text), None, "{text}");
    }
    assert_eq!(attribution("Your manager wrote:"), Some(Attribution::Likely));
    all_new("Your manager wrote:\n\nWe are glad to have you.\n");
}

#[test]
fn outlook_separators_hide_old_words_in_answers_and_show_the_news_in_forwards() {
    for separator in [
        "-----Original Message-----\nFrom: A <a@example.com>\nSent: Monday, 16 November 2026 09:01\nTo: B\nSubject: x",
        "________________________________\n差出人: A <a@example.com>\n送信日時: 2026年11月16日 9:01\n宛先: B\n件名: x",
        "From: A <a@example.com>\nSent: Monday, 16 November 2026 09:01\nTo: B <b@example.com>;\n    C <c@example.com>\nSubject: x",
        "*From:* A <a@example.com>\n*Date:* Monday\n*Subject:* x",
        "差出人： A <a@example.com>\n件名： x\n日付： 2026/11/16\n宛先： B",
        "----- 元のメッセージ -----\n差出人: A\n宛先: B\n件名: x",
    ] {
        let text = format!("ご確認ください。\n\n{separator}\n\n残念ながら不採用です。\n");
        for (answers, role) in [(true, Role::Quoted), (false, Role::Forwarded)] {
            let found = blocks(&text, answers);
            let last = found.last().unwrap();
            assert_eq!((last.0, last.1.ends_with("不採用です。")), (role, true), "{text}");
            assert_eq!(found[0].0, Role::New, "{text}");
            assert!(found[0].1.starts_with("ご確認ください。"), "{text}");
            assert!(!found[0].1.contains("From") && !found[0].1.contains("差出人"), "{text}");
        }
    }
}

#[test]
fn an_answer_below_a_separator_and_marked_lines_is_found() {
    expect(
        "----- Original Message -----\nFrom: 浜田\nTo: 荻野\nSubject: x\n\n> 結果はいつですか。\n> 浜田\n\n今週中です。\n",
        true,
        &[
            (
                Role::Quoted,
                "----- Original Message -----\nFrom: 浜田\nTo: 荻野\nSubject: x\n\n結果はいつですか。\n浜田",
            ),
            (Role::New, "今週中です。"),
        ],
    );
}

#[test]
fn an_answer_without_a_word_of_its_own_passes_on_what_follows() {
    expect(
        "-----Original Message-----\nFrom: A\nTo: B\nSubject: x\n\n不採用です。\n",
        true,
        &[(
            Role::Forwarded,
            "-----Original Message-----\nFrom: A\nTo: B\nSubject: x\n\n不採用です。",
        )],
    );
}

#[test]
fn forward_banners_of_all_programs_are_known() {
    for banner in [
        "---------- Forwarded message ---------",
        "-------- Forwarded Message --------",
        "-------- 転送されたメッセージ --------",
        "---------- 転送メッセージ ----------",
        "Begin forwarded message:",
        "転送されたメッセージ:",
        "------ 以下、転送 ------",
        "===== 転送 =====",
    ] {
        let text = format!(
            "企業様からです。\n\n{banner}\n差出人: 人事\n件名: 結果\n\n今回は見送ります。\n"
        );
        // The banner says what it is, even in an answer.
        for answers in [true, false] {
            expect(
                &text,
                answers,
                &[
                    (Role::New, "企業様からです。"),
                    (
                        Role::Forwarded,
                        &format!("{banner}\n差出人: 人事\n件名: 結果\n\n今回は見送ります。"),
                    ),
                ],
            );
        }
    }
}

#[test]
fn prose_about_forwarding_is_the_authors() {
    all_new("先方からのメールを転送します:\n\n面接にお越しください。\n");
    all_new("転送メールの設定についてのご案内です。\n面接の結果をお知らせします。\n");
}

#[test]
fn words_behind_the_end_of_a_forward_are_the_authors_again() {
    expect(
        "転送します。\n--- 転送ここから ---\n見送りです。\n--- 転送ここまで ---\n次を探しましょう。\n",
        false,
        &[
            (Role::New, "転送します。"),
            (Role::Forwarded, "--- 転送ここから ---\n見送りです。\n--- 転送ここまで ---"),
            (Role::New, "次を探しましょう。"),
        ],
    );
}

#[test]
fn apple_mail_marks_forwards_like_quotations() {
    expect(
        "FYI\n\nBegin forwarded message:\n\n> From: HR <hr@example.com>\n> Subject: Result\n> \n> You are in.\n>> Am I?\n\nCheers\n",
        true,
        &[
            (Role::New, "FYI"),
            (
                Role::Forwarded,
                "Begin forwarded message:\n\nFrom: HR <hr@example.com>\nSubject: Result\n\nYou are in.",
            ),
            (Role::Quoted, "Am I?"),
            (Role::New, "Cheers"),
        ],
    );
}

#[test]
fn what_a_forwarded_mail_itself_repeats_is_old() {
    expect(
        "---------- Forwarded message ---------\nFrom: HR\nDate: Tue\nSubject: Re: x\n\n通過です。\n\n-----Original Message-----\nFrom: 私\nTo: HR\nSubject: x\n\n不採用でしょうか。\n",
        false,
        &[
            (
                Role::Forwarded,
                "---------- Forwarded message ---------\nFrom: HR\nDate: Tue\nSubject: Re: x\n\n通過です。",
            ),
            (
                Role::Quoted,
                "-----Original Message-----\nFrom: 私\nTo: HR\nSubject: x\n\n不採用でしょうか。",
            ),
        ],
    );
}

#[test]
fn marked_text_in_a_mail_that_answers_nothing_is_passed_on() {
    expect(
        "企業様のコメントです。\n\n> 今回は見送りと\n> させていただきます。\n\n以上です。\n",
        false,
        &[
            (Role::New, "企業様のコメントです。"),
            (Role::Forwarded, "今回は見送りと\nさせていただきます。"),
            (Role::New, "以上です。"),
        ],
    );
}

#[test]
fn an_arrow_is_no_quotation() {
    all_new("詳細はこちら\n> https://example.jp/a\n\n＞ お申し込みはこちら\n");
}

#[test]
fn signatures_are_taken_off() {
    for signature in [
        "-- \n山田 花子\n株式会社例 人事部",
        "--\n山田 花子",
        "—\nMarisol Quintero · People · Example Robotics",
        "───────────\n株式会社例\n人事部 採用担当 山田 花子\nTEL 03-0000-0000\n───────────",
        "━━━━━━━━━━━━\n株式会社例 採用事務局\n〒100-0000 東京都千代田区1-1\nsaiyo@example.jp\n━━━━━━━━━━━━",
        "=====================\nExample Inc. People Team\nPhone: +81 3 0000 0000\n=====================",
        "＿＿＿＿＿＿＿＿\n例エージェント株式会社\n許可番号 13-ユ-000000",
        "*********************\n株式会社例\n電話 03-0000-0000\n*********************",
        "_/_/_/_/_/_/_/_/_/\n 例の灯台\n 安西 (携帯)070-0000-0000\n_/_/_/_/_/_/_/_/_/",
        "------------------------------\n本メールは自動配信\nされています。返信はできません。\n------------------------------",
        "株式会社例 人事部\n課長 槇村\n〒100-0000 東京都千代田区1-1\nTEL 03-0000-1180(直通)",
        "────────\nThis e-mail is confidential. If you are not the intended recipient, delete it.",
    ] {
        let found = blocks(
            &format!("今回は見送りとなりました。\n何卒ご了承ください。\n\n{signature}\n"),
            false,
        );
        assert_eq!(
            found,
            [
                (Role::New, "今回は見送りとなりました。\n何卒ご了承ください。".to_owned()),
                (
                    Role::Signature,
                    signature.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
                ),
            ],
        );
    }
}

#[test]
fn decorated_content_is_not_a_signature() {
    for content in [
        "■━━━━━━━━━━━━━━\n 選考結果のお知らせ\n━━━━━━━━━━━━━━■\n\n株式会社例 様\n今回は見送りとなりました。\n",
        "お知らせします。\n━━━━━━━━━\n株式会社例：お見送り\n株式会社見本：一次面接\n━━━━━━━━━\n",
        "面接のご案内です。\n\n────────\n日時：11月25日 14:00\n場所：〒100-0000 東京都千代田区1-1\n担当：山田 TEL 03-0000-0000\n────────\n",
        "お知らせです。\n\n＝＝＝＝＝＝\n内定おめでとうございます。\n株式会社例 TEL 03-0000-0000\n",
        "お手続きはこちらです。\n\nマイページ\nhttps://mypage.example.jp/\n",
        "-- \n今回は見送りとさせていただきます。\n",
        "ご応募ありがとうございました。\n--\n慎重に検討いたしましたが、\nご希望に添えないこととなりました。\n",
        "Dear Ken,\n\n---\nUnfortunately we will not proceed.\n---\n",
        "結果です。\n*****\n不合格\n*****\n",
        "────────\n株式会社例\nTEL 03-0000-0000\n────────\n",
    ] {
        all_new(content);
    }
}

#[test]
fn a_signature_stands_above_the_quotation_in_a_top_posted_answer() {
    expect(
        "承知しました。\n\n-- \n山田\n\nOn 2026/11/17 10:12, Sato wrote:\n> いかがですか。\n",
        true,
        &[
            (Role::New, "承知しました。"),
            (Role::Signature, "--\n山田"),
            (Role::Quoted, "On 2026/11/17 10:12, Sato wrote:\nいかがですか。"),
        ],
    );
}

#[test]
fn a_table_drawn_with_bars_is_no_quotation() {
    all_new("結果一覧\n| 会社 | 結果 |\n| 例社 | 通過 |\n");
}

#[test]
fn no_line_with_words_is_ever_lost() {
    let text = "a\n> b\n\n> > c\n---------- Forwarded message ---------\nd\n-- \ne\n--- 転送ここまで ---\nf\n-----Original Message-----\ng\n";
    for answers in [true, false] {
        let all: String = blocks(text, answers).into_iter().map(|(_, text)| text + "\n").collect();
        for word in ["a", "b", "c", "d", "e", "f", "g"] {
            assert!(
                all.lines().any(|line| line.trim_start_matches("> ") == word),
                "{word} in {all}"
            );
        }
    }
}

#[test]
fn nothing_gives_no_blocks() {
    expect("", false, &[]);
    expect("\n \n\u{3000}\n", false, &[]);
}
