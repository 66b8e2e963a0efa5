//! The words as a whole: what the article at the origin of goen says has a place in them.

use goen::classify::{Channel, Door, Evidence, Outcome, ReplyAdvice, Stage, Verdict, Wording};
use goen::guide::{Guidance, Reveal, Situation};
use goen::lang::Lang;
use goen::mail::{Address, Block, Mail, Marks, MessageId, Role};
use goen::reply::advice::advice;
use goen::reply::template::{Request, Templates};
use goen::reply::{Kind, Profile};

fn mail() -> Mail {
    let text = "書類選考および面接を通じて慎重に検討いたしました結果、誠に残念ながら今回は\
                見送らせていただくこととなりました。\nまたのご応募を心よりお待ち申し上げております。\n";
    Mail {
        message_id: MessageId::new("result-1@example.co.jp"),
        in_reply_to: Vec::new(),
        references: Vec::new(),
        date: None,
        subject: "選考結果のご連絡".to_owned(),
        from: vec![Address { name: None, addr_spec: "saiyo@example.co.jp".to_owned() }],
        sender: None,
        reply_to: Vec::new(),
        to: Vec::new(),
        cc: Vec::new(),
        marks: Marks::default(),
        body: vec![Block { role: Role::New, text: text.to_owned() }],
        alternative: Vec::new(),
        attached: Vec::new(),
        attachments: Vec::new(),
        lang: Lang::Ja,
        charset_guessed: false,
        truncated: false,
    }
}

fn verdict(stage: Stage, channel: Channel) -> Verdict {
    let quote = "またのご応募を心よりお待ち申し上げております。";
    Verdict {
        lang: Lang::Ja,
        outcome: Outcome::Declined,
        confidence: 0.99,
        stage,
        company: Some("株式会社サンプル".to_owned()),
        position: None,
        wording: Some(Wording::Soft),
        door: Door::Open,
        channel,
        replyable: true,
        reply: ReplyAdvice::Optional,
        evidence: vec![Evidence { cue: "ja/door/again".to_owned(), text: quote.to_owned() }],
        results: Vec::new(),
        corrected: None,
    }
}

/// All that is said after a 見送り, over the stages and channels.
fn said(lang: Lang) -> String {
    let guidance = Guidance::built_in().unwrap();
    let mut said = String::new();
    for stage in [Stage::Document, Stage::Interview, Stage::FinalInterview, Stage::Unknown] {
        for channel in [Channel::Company, Channel::Agent] {
            for variety in 0..2 {
                let verdict = verdict(stage, channel);
                let reply = advice(&mail(), &verdict, &[]);
                let reveal = Reveal::Full;
                let context = &goen::guide::Context::default();
                let (verdict, reply) = (&verdict, &reply);
                let situation = Situation { verdict, lang, reveal, id: 3, variety, reply, context };
                said += &guidance.guide(&situation).page;
            }
        }
    }
    said
}

#[test]
fn every_idea_of_the_article_has_a_place() {
    let said = said(Lang::Ja);
    for (idea, words) in [
        ("見送り means: not now", "その時点で見合わせる"),
        ("it is not a verdict on the person", "あなた自身が否定されたわけではありません"),
        ("how 見送り and 不採用 differ", "「見送り」は「不採用」とほぼ同じ結果を、やわらかく"),
        ("why companies say it: another position later", "あらためて声をかける余地"),
        ("why companies say it: courtesy", "丁寧に応えたい"),
        ("why companies say it: no clear reason", "はっきりした不合格の理由がなく"),
        ("またのご応募を may leave a door open", "閉ざされたわけではない"),
        ("a reply is not required", "返信は必須ではありません"),
        ("a short thanks can leave a good impression", "よい印象を残す"),
        ("the reason: rarely told", "理由は開示されないのが一般的"),
        ("the reason: through the agent", "担当者を通すと"),
        ("the reason: a polite question, not long, no demand", "長文や要求の口調は避け"),
        ("take the feeling seriously", "落ち込みや焦りは当然の反応"),
        ("don't blame yourself", "自分を責めすぎ"),
        ("time to reset", "気持ちを休める時間"),
        ("memo: answers that did not work", "うまく答えられなかった質問"),
        ("memo: expression and voice", "表情や声のトーン"),
        ("memo: research and reverse questions", "企業研究と逆質問"),
        ("memo: next time I will", "次はこうしよう"),
        ("revisit the documents", "自己PRか志望動機"),
        ("companies come back months later", "数か月後に、別の募集で声がかかる"),
    ] {
        assert!(said.contains(words), "{idea}: {words}");
    }
}

#[test]
fn the_letter_has_the_parts_of_the_articles_example() {
    let verdict = verdict(Stage::Interview, Channel::Company);
    let profile = Profile { name: "山田太郎".to_owned(), ..Profile::default() };
    let from = Address { name: None, addr_spec: "taro@example.jp".to_owned() };
    let draft = Templates::built_in().draft(&Request {
        mail: &mail(),
        verdict: &verdict,
        kind: Kind::Thanks,
        profile: &profile,
        from: &from,
        own_addresses: &[],
    });
    let body = draft.unwrap().body;
    let mut rest = body.as_str();
    for part in [
        "株式会社サンプル\n採用ご担当者様",
        "お世話になっております。",
        "山田太郎です。",
        "誠にありがとうございました。",
        "今回は残念な結果となりましたが、面接を通じて貴社の",
        "大変貴重な経験となりました。",
        "今後またご縁をいただける機会がございましたら、何卒よろしくお願い申し上げます。",
        "山田太郎\ntaro@example.jp",
    ] {
        rest = rest.split_once(part).unwrap_or_else(|| panic!("{part} in {rest}")).1;
    }
}
