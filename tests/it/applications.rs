//! Applications from mail to memo, with a real mail server: the story of one application, what the
//! user puts right, what they write down, and what comes back of it.

use std::io::Write as _;
use std::process::Stdio;

use crate::support::dovecot::Dovecot;
use crate::support::home::{Home, until};

fn settings(dovecot: &Dovecot) -> String {
    format!(
        "lang = \"ja\"\n[[accounts]]\nname = \"uni\"\naddress = \"hanako@test.example\"\n\
         user = \"hanako\"\n[accounts.secret]\npassword_command = [\"echo\", \"パスワード\"]\n\
         [accounts.imap]\nhost = \"localhost\"\nport = {}\nca_file = \"{}\"\n",
        dovecot.imaps_port,
        dovecot.ca_file().display()
    )
}

fn mail(number: u32, from: &str, subject: &str, text: &str) -> String {
    format!(
        "From: {from}\r\nTo: hanako@test.example\r\nSubject: {subject}\r\n\
         Date: Tue, 17 Nov 2026 10:{number:02}:00 +0900\r\nMessage-ID: <{number}@aoba.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}",
        text.replace('\n', "\r\n")
    )
}

/// What `goen list --json` says of each application.
fn applications(home: &Home) -> Vec<serde_json::Value> {
    let lines = home.says(&["list", "--json"]);
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_is_one_story_with_dates_memo_and_calendar() {
    let dovecot = Dovecot::start();
    let home = Home::new(&settings(&dovecot));
    let aoba = "saiyo@aoba.example";
    for (number, from, subject, text) in [
        (
            1,
            aoba,
            "ご応募ありがとうございます",
            "山田 花子 様\nこのたびは弊社の営業職にご応募いただき、誠にありがとうございます。\n\
             書類選考の結果は、1週間以内にご連絡いたします。\n株式会社青葉製作所 採用担当 佐藤\n",
        ),
        (
            2,
            aoba,
            "一次面接の結果のご連絡",
            "山田 花子 様\n先日は一次面接にお越しいただき、ありがとうございました。\n\
             選考の結果、一次面接を通過されましたのでお知らせいたします。\n㈱青葉製作所 採用担当 佐藤\n",
        ),
        (
            3,
            aoba,
            "内定のご連絡",
            "山田 花子 様\n選考の結果、貴殿を採用することに決定いたしました。ここに内定をご通知いたします。\n\
             内定承諾書を、2099年12月16日までにご返送くださいますようお願いいたします。\n\
             株式会社青葉製作所 人事部長 佐藤\n",
        ),
        (
            4,
            "jinji@midori.example",
            "選考結果のご連絡",
            "山田 花子 様\n先日は一次面接にお越しいただき、ありがとうございました。\n\
             慎重に検討いたしました結果、誠に残念ながら今回は採用を見送らせていただくこととなりました。\n\
             株式会社みどり 人事部\n",
        ),
    ] {
        dovecot.deliver("hanako", mail(number, from, subject, text));
    }
    let mut daemon = home.run();
    home.account_until("watching");
    let both = until("all are there", || {
        let all = applications(&home);
        (all.iter().map(|one| one["mails"].as_array().unwrap().len()).sum::<usize>() == 4)
            .then_some(all)
    });
    assert_eq!(both.len(), 2, "{both:?}");
    let aoba = both.iter().find(|one| one["company"] == "株式会社青葉製作所").unwrap();
    assert_eq!(aoba["standing"], "offer");
    assert!(aoba["position"].as_str().unwrap().starts_with("営業"), "{aoba}");
    let mails: Vec<String> =
        aoba["mails"].as_array().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(mails.len(), 3);
    let list = home.says(&["list"]);
    assert!(list.contains("内定への回答は12月16日（水）まで"), "{list}");

    let offer = &mails[2];
    let page = home.says(&["show", offer]);
    for words in
        ["■ 日付", "内定承諾書を", "この応募のこれまで：株式会社青葉製作所", "選考中", "通過"]
    {
        assert!(page.contains(words), "{words} in {page}");
    }
    let calendar = home.says(&["export", "--format", "ics"]);
    assert!(calendar.contains("DTSTART;VALUE=DATE:20991216\r\n"), "{calendar}");

    // The other is no result of this application; it can be joined to it and parted again.
    let midori = both.iter().find(|one| one["company"] == "株式会社みどり").unwrap();
    let declined = midori["mails"][0].to_string();
    home.says(&["app", "merge", offer, &declined]);
    assert_eq!(applications(&home).len(), 1);
    home.says(&["app", "split", &declined]);
    assert_eq!(applications(&home).len(), 2);
    home.says(&["app", "rename", &declined, "--company", "みどり社"]);
    assert!(home.says(&["list"]).contains("みどり社"));
    home.says(&["app", "close", &declined]);
    assert_eq!(applications(&home).len(), 1);
    assert!(home.says(&["list", "--all"]).contains("一区切り"));

    // A memo, from a script; the user's editor gets the same template.
    let template = home.says(&["memo", &declined]);
    for words in
        ["うまく答えられなかった質問", "表情・声のトーン", "企業研究・逆質問", "次はこうしよう"]
    {
        assert!(template.contains(words), "{words} in {template}");
    }
    let mut memo = home.command(&["memo", &declined, "--from", "-"]);
    let mut memo = memo.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let written = template.replace("## 次はこうしよう\n\n-", "## 次はこうしよう\n\n- 結論から話す");
    memo.stdin.take().unwrap().write_all(written.as_bytes()).unwrap();
    assert!(memo.wait_with_output().unwrap().status.success());
    assert!(home.says(&["memo", "--all"]).contains("- 結論から話す"));
    assert!(home.says(&["memo", "--search", "結論"]).contains("結論から話す"));
    assert!(home.says(&["memo", "--search", "弱み"]).contains("メモはありません"));
    assert!(home.says(&["show", &declined]).contains("結論から話す"));
    // Before the next interview it comes back, on the page of the pass.
    let pass = home.says(&["show", &mails[1]]);
    assert!(pass.contains("■ 前に書いた「次はこうしよう」\n・結論から話す"), "{pass}");
    assert!(daemon.stop(), "{}", daemon.log());
}
