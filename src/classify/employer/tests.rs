use std::sync::LazyLock;

use super::words::{COMMON, FORMS, MAILBOXES, OFFICES, ORGANISATIONS, ROLES, SYSTEMS, TOOLS};
use crate::classify::model::Model;
use crate::classify::{Channel, Rules};
use crate::mail::Mail;

/// A mail from `from` with this subject and text.
fn mail(from: &str, subject: &str, text: &str) -> Mail {
    let head = "To: Ren Kubo <ren@home.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n";
    let wire =
        format!("From: {from}\r\nSubject: {subject}\r\n{head}\r\n{}", text.replace('\n', "\r\n"));
    Mail::read(wire.as_bytes()).expect("a mail")
}

fn found(mail: &Mail, channel: Channel) -> Option<String> {
    super::surest(&super::employers(mail, channel, model(mail)))
}

fn model(mail: &Mail) -> &'static Model {
    static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::built_in().expect("the models"));
    RULES.model(mail.lang)
}

/// What is found in a mail from an employer.
fn employer(from: &str, subject: &str, text: &str) -> String {
    found(&mail(from, subject, text), Channel::Company).unwrap_or_default()
}

/// What is found in a mail from an agent.
fn client(from: &str, subject: &str, text: &str) -> String {
    found(&mail(from, subject, text), Channel::Agent).unwrap_or_default()
}

fn post(subject: &str, text: &str) -> String {
    let mail = mail("Jo Lee <jo@corvane.example>", subject, text);
    super::positions(&mail, model(&mail)).1.name.unwrap_or_default()
}

#[test]
fn tables_are_sorted() {
    for table in [COMMON, FORMS, MAILBOXES, OFFICES, ORGANISATIONS, ROLES, SYSTEMS, TOOLS] {
        assert!(table.is_sorted(), "{table:?}");
    }
}

#[test]
fn a_signature_names_the_employer_and_a_person_is_none() {
    let text = "Dear Ren,\n\nThank you for coming. We would like to see you again.\n\nMilo Brandt\nHead of People\nOstrava Quay Analytics\n";
    assert_eq!(
        employer("Milo Brandt <milo@ostravaquay.example>", "Next step", text),
        "Ostrava Quay Analytics"
    );
}

#[test]
fn the_longest_form_of_a_name_is_taken() {
    let text =
        "Dear Ren,\n\nThank you for applying to Foundry Row Arts Centre. We are sorry to say no.\n";
    assert_eq!(
        employer("Foundry Row Jobs <jobs@foundryrow.example>", "Your application", text),
        "Foundry Row Arts Centre"
    );
}

#[test]
fn a_legal_form_keeps_its_dots() {
    let text = "Dear Ren,\n\nWe are pleased to offer you the job.\n\nCorvane Systems, Inc.\n";
    assert_eq!(
        employer("Corvane Offers <offers@corvane.example>", "Offer", text),
        "Corvane Systems, Inc."
    );
}

#[test]
fn a_domain_names_an_employer_that_the_text_does_not() {
    let text = "Ren, we start at four. Nothing to decide until then.\n\nSteve\n";
    assert_eq!(
        employer("Big Steve <steve@tollgatebakery.example>", "trial", text),
        "Tollgate Bakery"
    );
    assert_eq!(employer("Steve <steve@gmail.com>", "trial", text), "");
}

#[test]
fn a_tool_is_not_the_employer() {
    let text = "Hello Ren,\n\nThank you for your time. We will not go on.\n\nThe Fennimore Insurance Recruiting Team\n\nSent by HireStack on behalf of Fennimore Insurance.\n";
    assert_eq!(
        employer("Fennimore Careers <fennimore@mailer.hirestack.example>", "Update", text),
        "Fennimore Insurance"
    );
}

#[test]
fn an_agent_is_not_the_employer() {
    let text = "Hi Ren,\n\nI have heard from Goshawk Asset Finance and they want a second interview.\n\nSimone Okafor\nBarrow & Hythe Recruitment\n";
    assert_eq!(
        client("Simone Okafor <simone@barrowandhythe.example>", "Good news", text),
        "Goshawk Asset Finance"
    );
}

#[test]
fn small_words_stand_inside_a_name() {
    let text = "Dear Ren,\n\nThank you for your application to the University of Carrow. We regret that we cannot offer you an interview.\n";
    assert_eq!(
        employer("Personnel <personnel@carrow.example>", "Your application", text),
        "University of Carrow"
    );
}

#[test]
fn a_position_is_written_as_the_mail_writes_it() {
    assert_eq!(
        post(
            "Your application",
            "Dear Ren,\n\nThank you for applying for the Claims Adjuster II role at Corvane, which we have filled.\n"
        ),
        "Claims Adjuster II"
    );
    assert_eq!(
        post("Lecturer in Marine Biology: outcome", "Dear Ren,\n\nwe are sorry.\n"),
        "Lecturer in Marine Biology"
    );
    assert_eq!(
        post("Re: deckhand instructor, summer", "Ren, no berths left this year.\n"),
        "deckhand instructor"
    );
    assert_eq!(post("Notice", "Position: Night Porter\nStatus: closed\n"), "Night Porter");
    assert_eq!(post("Hello", "Dear Ren,\n\nwe are sorry.\n\nJo Lee\nHead of People\n"), "");
}

#[test]
fn a_name_is_known_without_its_legal_form() {
    for name in ["株式会社みなも物流", "みなも物流株式会社", "(株)みなも物流", "みなも物流"]
    {
        assert_eq!(super::without_form(name), "みなも物流");
    }
    assert_eq!(super::without_form("Corvane Systems, Inc."), "Corvane Systems");
    assert_eq!(super::without_form("Pell & Co"), "Pell & Co");
}

#[test]
fn an_organisation_without_a_form_is_named_by_the_sender() {
    let text = "久保様\n\n選考の結果、採用といたしました。\n";
    assert_eq!(employer("ゆうひ牧場 <a@yuhi.example>", "選考結果", text), "ゆうひ牧場");
    assert_eq!(employer("和泉市消防局 総務課 <a@izumi.example>", "結果", text), "和泉市消防局");
    assert_eq!(employer("三ツ峰市職員課 <a@mitsumine.example>", "結果", text), "三ツ峰市");
}

#[test]
fn a_corporation_before_a_facility_is_part_of_its_name() {
    let text = "久保様\n\n採用といたしました。\n\n医療法人緑風会 みどり野病院\n";
    assert_eq!(
        employer("みどり野病院 総務課 <a@midorino.example>", "結果", text),
        "医療法人緑風会 みどり野病院"
    );
}

#[test]
fn an_agent_names_the_employer_with_respect_or_on_a_line() {
    let text = "久保様\n\nお世話になっております。小日向です。\nジオマップ様に確認いたしましたところ、保留とのご回答でした。\n\n小日向\n";
    assert_eq!(client("テックリンク 小日向 <k@techlink.example>", "選考状況", text), "ジオマップ");
    let text = "応募が完了しました。\n\n■応募先 コスモクリーン\n■職種 清掃\n";
    assert_eq!(client("バイトの森 <o@baito.example>", "応募完了", text), "コスモクリーン");
}

#[test]
fn a_japanese_position_is_labelled_or_applied_for() {
    assert_eq!(post("選考結果", "応募職種：法人営業\n結果：お見送り\n"), "法人営業");
    assert_eq!(
        post("選考結果", "このたびは弊社の品質保証職へご応募いただき、ありがとうございました。\n"),
        "品質保証"
    );
    assert_eq!(
        post("選考結果", "先日は総合職の面接にお越しいただき、ありがとうございました。\n"),
        "総合職"
    );
    assert_eq!(
        post("選考結果", "労務アシスタントへのご応募ありがとうございます。\n"),
        "労務アシスタント"
    );
    assert_eq!(post("適性検査のお知らせ", "適性検査の結果をお知らせします。\n"), "");
}

#[test]
fn odd_mails_do_no_harm() {
    for text in [
        "",
        "(",
        "&",
        "社",
        "様",
        "株式会社",
        "職",
        "(職)",
        "of of of",
        "A. B.",
        "見習い",
        "'s ’s \u{301}",
    ] {
        for from in ["a@b.example", "\"\" <@>", "- <x@-.example>", "株式会社 <a@b>"] {
            let mail = mail(from, text, &format!("{text}\n久保様 {text}\n"));
            for channel in [Channel::Company, Channel::Agent, Channel::Platform] {
                let _ = found(&mail, channel);
            }
        }
    }
}

#[test]
fn endless_names_take_no_endless_time() {
    let domain = "a".repeat(60);
    let text =
        format!("{}\n{}", "Aaaaaaaaaaaaaaaaaaaa ".repeat(9000), "職員株式会社様 ".repeat(9000));
    let quotes = "> Aaa Bbb\nCcc Ddd\n".repeat(20_000);
    let domains = format!("Aa <a@{}example>", "aaa.".repeat(9000));
    for (from, text) in [
        (format!("A A <a@{domain}.example>"), text),
        (format!("A A <a@{domain}.example>"), "A\t".repeat(200_000)),
        (domains, quotes),
    ] {
        let _ = found(&mail(&from, "Aaaa Aaaa Aaaa", &text), Channel::Company);
    }
}

#[test]
fn a_mail_about_a_flat_names_no_position() {
    let ahead = |subject: &str, text: &str| {
        let mail = mail("Jo Lee <jo@corvane.example>", subject, text);
        super::positions(&mail, model(&mail)).1.ahead
    };
    let job = ahead(
        "Your application",
        "Thank you for applying for the position of Warehouse Supervisor.\nWe have chosen somebody else.",
    );
    let flat = ahead(
        "The flat in Mill Lane",
        "Thank you for coming to the viewing.\nThe landlady has chosen somebody else.",
    );
    assert!(job > 0.0 && flat < 0.0, "{job} {flat}");
    let nothing = ahead("", "...");
    assert!((nothing + super::FAR).abs() < f32::EPSILON, "{nothing}");
}

#[test]
fn a_tracking_system_is_no_employer() {
    let text = "Dear Ren,\nThank you for applying to the Data Analyst role at Northwind.\nWe have decided to proceed with other candidates.\n";
    for from in [
        "Northwind <no-reply@us.greenhouse-mail.io>",
        "Northwind Hiring Team <northwind@myworkday.com>",
        "Northwind Recruiting <no-reply@northwind.recruitee.com>",
    ] {
        assert_eq!(employer(from, "Your application", text), "Northwind", "{from}");
    }
    let unnamed = "Dear Ren,\nWe have decided to proceed with other candidates.\n";
    assert_eq!(employer("no-reply@hire.lever.co", "Your application", unnamed), "");
}
