//! What to say about a reply that did not leave as it was approved: nobody is to believe that it did.

use crate::guide::Reveal;
use crate::lang::{Explain as _, Lang};
use crate::store::{End, Unsaid};
use crate::{plain, say};

/// How much room a company's name gets.
const COMPANY_COLUMNS: usize = 30;

/// Title and text of the notification.
pub(super) fn said(
    unsaid: &Unsaid,
    company: Option<&str>,
    reveal: Reveal,
    lang: Lang,
) -> (String, String) {
    let id = unsaid.mail_id;
    let company = company.filter(|_| reveal != Reveal::Discreet);
    let to = company.map(|company| plain::clip(company, COMPANY_COLUMNS));
    let (title, text) = match &unsaid.end {
        End::Failed(why) => (
            say!(lang, "返信を送れませんでした", "Your reply was not sent"),
            match reveal {
                // A server's words can name anybody.
                Reveal::Discreet => say!(lang, "理由と文面：", "The reason, and the text: "),
                Reveal::Company | Reveal::Full => {
                    let why = plain::clip(&why.explain(lang).what, 140);
                    say!(lang, "{why}\n文面：", "{why}\nThe text: ")
                }
            } + &format!("goen review {id}"),
        ),
        End::Uncertain => (
            say!(
                lang,
                "返信が届いたか、お確かめください",
                "Please check whether your reply arrived"
            ),
            say!(
                lang,
                "送る途中で、サーバーの返事が途切れました。送り直してはいません。送信済みフォルダーを見て、教えてください：goen settle {id}",
                "The server fell silent while it was being sent. It has not been sent again. Look into your Sent mailbox, then: goen settle {id}"
            ),
        ),
        End::Lapsed => (
            say!(lang, "返信は、まだ送っていません", "Your reply has not been sent yet"),
            say!(
                lang,
                "予定の時刻から2日が過ぎたので、下書きに戻しました。いまもこの文面でよければ、もう一度承認してください：goen review {id}",
                "Two days have passed since it was due, so it is a draft again. If it still says what you want to say, approve it once more: goen review {id}"
            ),
        ),
    };
    let title = match to {
        Some(to) => say!(lang, "{to}：{title}", "{to}: {title}"),
        None => title,
    };
    (title, text)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::outbox::state::{Reply, Why};

    #[test]
    fn what_is_said_fits_and_shows_no_more_than_may_be_shown() {
        let reply =
            Reply { code: 550, text: "5.1.1 <saiyo@example.co.jp> no such user ".repeat(9) };
        for end in [End::Failed(Why::Refused(reply)), End::Uncertain, End::Lapsed] {
            let unsaid = Unsaid { id: 1, mail_id: 3, end, at: Timestamp::UNIX_EPOCH };
            for lang in [Lang::Ja, Lang::En] {
                for reveal in [Reveal::Full, Reveal::Company, Reveal::Discreet] {
                    let company = "株式会社とてもとてもとても長い名前の会社";
                    let (title, text) = said(&unsaid, Some(company), reveal, lang);
                    assert!(plain::columns(&title) <= 80, "{title}");
                    assert!(plain::columns(&text) <= 240, "{text}");
                    assert!(text.contains("goen review 3") || text.contains("goen settle 3"));
                    let hidden = reveal == Reveal::Discreet;
                    assert_eq!(title.contains("株式会社"), !hidden, "{title}");
                    assert!(!(hidden && text.contains('@')), "{text}");
                }
            }
        }
    }
}
