use jiff::civil::{date, time};

use super::*;

/// Thursday, 26 November 2026, in the afternoon.
fn sent() -> DateTime {
    date(2026, 11, 26).at(15, 30, 0, 0)
}

fn read(text: &str) -> Vec<(Purpose, Moment)> {
    let calendar = Calendar::built_in().unwrap();
    super::read(text, sent(), &calendar)
        .dates
        .into_iter()
        .map(|dated| (dated.purpose, dated.at))
        .collect()
}

fn on(month: i8, day: i8) -> Moment {
    let year = if month < 11 { 2027 } else { 2026 };
    Moment { day: date(year, month, day), time: None }
}

fn at(month: i8, day: i8, hour: i8, minute: i8) -> Moment {
    Moment { time: Some(time(hour, minute, 0, 0)), ..on(month, day) }
}

#[test]
fn deadlines_are_read_as_people_write_them() {
    use Purpose::{Answer, Dates, Submit};
    let cases: &[(&str, Purpose, Moment)] = &[
        (
            "内定承諾のお返事は、12月5日（土）17:00までにお願いいたします。",
            Answer,
            at(12, 5, 17, 0),
        ),
        (
            "つきましては、２０２６年１２月５日までに内定承諾書をご返送ください。ご返信をお待ちしております。",
            Answer,
            on(12, 5),
        ),
        ("承諾期限：2026/12/04（金）正午", Answer, at(12, 4, 12, 0)),
        ("令和8年12月10日（木）必着にて内定承諾書をご提出ください。", Answer, on(12, 10)),
        ("候補日を三つほど、11月30日（月）午後3時までにご返信ください。", Dates, at(11, 30, 15, 0)),
        ("面接の日程を、本メール受信後24時間以内にご予約ください。", Dates, at(11, 27, 15, 30)),
        ("3営業日以内に、マイページより面接日程のご登録をお願いいたします。", Dates, on(12, 1)),
        ("面接のご希望日を一週間以内にご連絡ください。", Dates, on(12, 3)),
        ("来週金曜日までに適性検査をご受検ください。", Submit, on(12, 4)),
        ("履歴書は明日17時までにアップロードをお願いします。", Submit, at(11, 27, 17, 0)),
        ("受検期限：1月8日（金）23:59", Submit, at(1, 8, 23, 59)),
        ("Please let us know by 5 December whether you accept the offer.", Answer, on(12, 5)),
        (
            "We would appreciate your decision on the offer by 5 pm on Friday, December 4th.",
            Answer,
            at(12, 4, 17, 0),
        ),
        ("This offer is valid until December 11, 2026.", Answer, on(12, 11)),
        (
            "Please reply with three times that suit you within two business days.",
            Dates,
            on(11, 30),
        ),
        (
            "Kindly book your interview slot no later than 30 Nov. at 12:00.",
            Dates,
            at(11, 30, 12, 0),
        ),
        ("Please complete the assessment by next Wednesday.", Submit, on(12, 2)),
        ("Please submit the form by tomorrow.", Submit, on(11, 27)),
    ];
    for (text, purpose, moment) in cases {
        assert_eq!(read(text), [(*purpose, *moment)], "{text}");
    }
}

#[test]
fn a_deadline_wrapped_by_hand_or_on_a_line_of_its_own_is_read() {
    let wrapped = "つきましては、内定を承諾されるかどうかのお返事を、来たる12月5\n日（土）までに、下記の担当者あてにメールにてご回答くださいますよう\nお願い申し上げます。";
    assert_eq!(read(wrapped), [(Purpose::Answer, on(12, 5))]);
    let listed = "以下のとおりご案内いたします。\n\n■提出書類：内定承諾書\n■提出期限：12月11日（金）\n■提出方法：郵送\n";
    assert_eq!(read(listed), [(Purpose::Submit, on(12, 11))]);
}

#[test]
fn an_appointment_is_a_day_with_an_hour_and_no_choice() {
    assert_eq!(
        read(
            "一次面接を下記のとおり実施いたします。\n\n日時：12月3日（木）14:00～15:00\n場所：本社"
        ),
        [(Purpose::Appointment, at(12, 3, 14, 0))]
    );
    assert_eq!(
        read("Your interview is confirmed for Thursday, 3 December at 2 pm."),
        [(Purpose::Appointment, at(12, 3, 14, 0))]
    );
    let choice = "下記の日程からお選びください。\n・12月3日（木）14:00\n・12月4日（金）10:00";
    assert_eq!(read(choice), []);
}

#[test]
fn dates_that_ask_for_nothing_are_no_deadlines() {
    for text in [
        "11月20日にご応募いただき、ありがとうございました。",
        "先日12月1日の面接にお越しいただき、ありがとうございました。",
        "本日はお忙しいなか面接にお越しいただき、ありがとうございました。",
        "営業時間：10:00～18:00まで",
        "Copyright 2026. Published on November 20, 2026.",
        "提出期限は10月30日まででした。ご提出ありがとうございました。",
        "弊社は2027年4月1日に移転いたします。",
    ] {
        assert_eq!(read(text), [], "{text}");
    }
}

fn promised(text: &str) -> Option<(Option<Date>, bool)> {
    let calendar = Calendar::built_in().unwrap();
    super::read(text, sent(), &calendar).promise.map(|promise| (promise.by, promise.passers_only))
}

#[test]
fn the_senders_promise_is_told_apart_from_what_the_reader_is_to_do() {
    let day = |month, day| Some(on(month, day).day);
    for (text, expected) in [
        ("選考結果は、1週間以内にメールにてご連絡いたします。", Some((day(12, 3), false))),
        (
            "書類選考の結果につきましては、10日以内を目安にご連絡申し上げます。",
            Some((day(12, 6), false)),
        ),
        ("合否につきましては、12月11日頃までにお知らせいたします。", Some((day(12, 11), false))),
        ("面接の結果は5営業日以内にご連絡させていただきます。", Some((day(12, 3), false))),
        ("選考の結果は来週中にご連絡いたします。", Some((day(12, 4), false))),
        (
            "書類選考を通過された方にのみ、2週間以内にご連絡いたします。選考結果は2週間以内にご連絡いたします。",
            Some((day(12, 10), true)),
        ),
        ("なお、合格者の方のみにご連絡を差し上げます。", Some((None, true))),
        ("We will get back to you within two weeks.", Some((day(12, 10), false))),
        ("You will hear from us by December 11.", Some((day(12, 11), false))),
        ("Only shortlisted candidates will be contacted.", Some((None, true))),
        ("結果を1週間以内にご連絡ください。", None),
        ("Please let us know within two weeks.", None),
        ("面接後1週間以内に結果をご連絡いたします。", None),
        ("ご応募ありがとうございます。", None),
    ] {
        assert_eq!(promised(text), expected, "{text}");
    }
    assert_eq!(
        read("選考結果は、1週間以内にメールにてご連絡いたします。"),
        [(Purpose::Result, on(12, 3))]
    );
}

#[test]
fn working_days_step_over_weekends_and_holidays() {
    let calendar = Calendar::built_in().unwrap();
    let after = |day, count| working_days_after(day, count, &calendar);
    assert_eq!(after(date(2026, 11, 20), 1), date(2026, 11, 24), "勤労感謝の日");
    assert_eq!(after(date(2026, 12, 25), 3), date(2026, 12, 30).max(after(date(2026, 12, 25), 3)));
    assert_eq!(after(date(2026, 11, 26), 10), date(2026, 12, 10));
}

proptest::proptest! {
    #[test]
    fn no_text_is_too_odd(text in "[0-9０-９年月日/:時分（）a-zA-Z。、 \nまで以内期限返信by,.-]{0,200}") {
        let calendar = Calendar::built_in().unwrap();
        for dated in super::read(&text, sent(), &calendar).dates {
            proptest::prop_assert!(dated.at.day >= sent().date());
        }
    }
}

#[test]
fn how_long_to_wait_before_applying_again_is_read() {
    for (text, months) in [
        (
            "選考結果のご連絡から1年以内の再応募は、お控えくださいますようお願いいたします。",
            Some(12),
        ),
        ("再度のご応募をご希望の場合は、半年以上の期間を空けていただけますと幸いです。", Some(6)),
        ("次回のご応募は、６ヶ月を経過してからお願いいたします。", Some(6)),
        ("You are welcome to re-apply after twelve months.", Some(12)),
        ("Please wait at least six months before you apply again.", Some(6)),
        ("We ask candidates to wait a year before reapplying.", Some(12)),
        ("またのご応募をお待ちしております。", None),
        ("2026年以降の再応募も歓迎いたします。", None),
        ("結果は1か月以内にご連絡いたします。", None),
    ] {
        let calendar = Calendar::built_in().unwrap();
        let read = super::read(text, sent(), &calendar);
        assert_eq!(read.reapply_after, months, "{text}");
    }
}
