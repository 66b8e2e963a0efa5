//! What a person sees of the demo: seven numbered steps, each of which did happen.

use std::io::Write;
use std::time::{Duration, Instant};

use mail_parser::MessageParser;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::smtp::Received;
use super::{Consent, Login, Servers, inbox};
use crate::classify::Outcome;
use crate::cli::text::wrap;
use crate::cli::{Console, Failure, Opened, replies, results};
use crate::daemon;
use crate::knowledge::Knowledge;
use crate::lang::{Explain as _, Explanation, Lang};
use crate::mail::Mail;
use crate::notify::{Notice, Notifier};
use crate::outbox::state::State;
use crate::outbox::{Entry, Outbox, OutboxError};
use crate::reply::advice::advice;
use crate::say;
use crate::store::StoredMail;
use crate::tell::context::context;

/// How long any step may take before the demo gives up: many times what it takes.
const STEP_LIMIT: Duration = Duration::from_secs(10);

/// How often the store is looked at while waiting for the outbox to settle.
const GLANCE: Duration = Duration::from_millis(10);

/// How much of a digest is shown, in characters: a look is enough to compare two.
const DIGEST_SHOWN: usize = 12;

/// By how much what belongs to a step is set off.
const INDENT: &str = "   ";

/// Columns left free at the end of a line: a full stop that must not begin a line hangs into them.
const HANGING: usize = 2;

/// How the story ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The reply was approved and arrived once.
    Sent,
    /// The person did not approve, and nothing was sent.
    NotApproved,
    /// Nobody was there to ask, and nothing was sent.
    NobodyThere,
}

/// Everything that the story is told with.
pub(super) struct Story<'a> {
    pub(super) servers: &'a Servers,
    pub(super) opened: &'a Opened,
    pub(super) console: &'a Console,
    /// What the daemon tells the person.
    pub(super) notices: UnboundedReceiver<Notice>,
    /// Kept to the end: a desktop may close the notifications of a program that goes.
    pub(super) desktop: Notifier,
    pub(super) out: &'a mut dyn Write,
}

impl Story<'_> {
    /// Tells it, from the look back to the reply that arrived once.
    pub(super) async fn tell(&mut self, consent: Consent) -> Result<Ending, Failure> {
        self.servers_are_up()?;
        self.looked_back().await?;
        let mail = self.a_mail_arrives().await?;
        let entry = self.draft(&mail)?;
        let ending = self.ask(consent, &entry).await?;
        if ending == Ending::Sent {
            self.submitted(&entry).await?;
            self.that_was_all()?;
        }
        Ok(ending)
    }

    fn servers_are_up(&mut self) -> Result<(), Failure> {
        let lang = self.console.lang;
        let (imap, smtp) = (self.servers.imap.port(), self.servers.smtp.port());
        let title = say!(lang, "goen のデモ", "goen demo");
        writeln!(self.out, "{}", self.console.style.bold(&title))?;
        let about = say!(
            lang,
            "このパソコンの中だけで動きます。人も会社も架空で、外へは何も送りません。",
            "Everything stays on this machine. The people and companies are made up, and nothing is sent outside."
        );
        writeln!(self.out, "{}", wrap(&about, self.console.columns))?;
        self.step(1, &say!(lang, "メールサーバーを用意しました", "Mail servers are up"))?;
        self.tell_that(&say!(
            lang,
            "受信（IMAP）は 127.0.0.1:{imap}、送信（SMTP）は 127.0.0.1:{smtp}。どちらも TLS で、\
             証明書はいま作ったものです。",
            "IMAP on 127.0.0.1:{imap} and SMTP on 127.0.0.1:{smtp}, both over TLS with a \
             certificate made just now."
        ))
    }

    async fn looked_back(&mut self) -> Result<(), Failure> {
        let lang = self.console.lang;
        self.step(
            2,
            &say!(
                lang,
                "受信トレイを静かに振り返りました",
                "goen looked back through the inbox, quietly"
            ),
        )?;
        let mut idling = self.servers.imap.idling();
        let waiting = timeout(STEP_LIMIT, idling.wait_for(|count| *count > 0)).await;
        if !matches!(waiting, Ok(Ok(_))) {
            return Err(failed(say!(
                lang,
                "goen がメールを待つところまで進みませんでした",
                "goen did not get as far as waiting for mail"
            )));
        }
        let mails = self.opened.store.mails(&Outcome::ALL, 50)?;
        let kept: Vec<_> = mails.iter().map(|mail| &mail.mail.message_id).collect();
        let messages = self.servers.imap.messages("INBOX");
        let others: Vec<String> = messages
            .iter()
            .filter_map(|message| Mail::read(message).ok())
            .filter(|mail| !kept.contains(&&mail.message_id))
            .filter_map(|mail| mail.author().and_then(|author| author.name.clone()))
            .collect();
        let (all, about_applications) = (messages.len(), mails.len());
        self.tell_that(&say!(
            lang,
            "{all} 通のうち、応募に関するメールは {about_applications} 通でした。以前のものなので、通知はしません。",
            "{all} emails, {about_applications} of them about applications. They are older, so there are no notifications."
        ))?;
        writeln!(self.out)?;
        for mail in &mails {
            writeln!(self.out, "{}", results::row(mail, self.console))?;
        }
        writeln!(self.out)?;
        let others = others.join(match lang {
            Lang::Ja => "、",
            Lang::En => ", ",
        });
        self.tell_that(&say!(
            lang,
            "ほかは応募と関係がないので、記録しません。差出人：{others}",
            "The others are not about applications, so goen keeps nothing of them. They are from {others}."
        ))
    }

    /// Delivers the 見送り while goen waits, and shows what goen makes of it.
    async fn a_mail_arrives(&mut self) -> Result<StoredMail, Failure> {
        let lang = self.console.lang;
        self.step(3, &say!(lang, "メールが 1 通、届きました", "An email arrives"))?;
        let sample = inbox::declined(self.console.clock.now());
        let delivered = Instant::now();
        self.servers.imap.deliver(&sample.message, sample.received_at);
        let noticed = timeout(STEP_LIMIT, self.notices.recv()).await;
        let milliseconds = delivered.elapsed().as_millis();
        let (Ok(Some(notice)), Some(mail)) =
            (noticed, self.opened.store.mails(&Outcome::ALL, 1)?.pop())
        else {
            return Err(failed(say!(
                lang,
                "届いたメールのお知らせがありませんでした",
                "goen did not report the email that arrived"
            )));
        };
        self.tell_that(&say!(
            lang,
            "goen は待機中（IDLE）でした。届いてからお知らせまで {milliseconds} ミリ秒です。",
            "goen was waiting (IDLE). From delivery to notification: {milliseconds} milliseconds."
        ))?;
        if mail.verdict.outcome != Outcome::Declined {
            let outcome = mail.verdict.outcome.name();
            return Err(failed(say!(
                lang,
                "届いた見送りのメールを、goen は {outcome} と読みました",
                "the email is a rejection, but goen read it as {outcome}"
            )));
        }
        self.notified(&notice, &mail).await?;
        Ok(mail)
    }

    async fn notified(&mut self, notice: &Notice, mail: &StoredMail) -> Result<(), Failure> {
        let lang = self.console.lang;
        self.step(
            4,
            &say!(lang, "お知らせと、いま役に立つこと", "What goen says, and what helps now"),
        )?;
        let shown = self.desktop.show(notice).await;
        self.tell_that(&match shown {
            Ok(_) => say!(
                lang,
                "デスクトップに通知を出しました。文面はこのとおりです。",
                "There is a notification on your desktop. It says:"
            ),
            Err(_) => say!(
                lang,
                "通知を表示するデスクトップが見つからないので、同じ文面をここに出します。",
                "There is no desktop here to show a notification, so this is what it would say:"
            ),
        })?;
        self.quote(&format!("{}\n{}", notice.summary, notice.body))?;
        writeln!(self.out)?;
        let id = mail.id;
        self.tell_that(&say!(
            lang,
            "くわしくは goen show {id} で読めます：",
            "`goen show {id}` says more:"
        ))?;
        writeln!(self.out)?;
        let knowledge = Knowledge::load(self.opened.paths.folder()).map_err(Failure::new)?;
        let Opened { config, store, .. } = self.opened;
        let context = context(store, mail, config, &self.console.zone, &knowledge.calendar)?;
        let variety = mail.id.unsigned_abs();
        let guide = daemon::guide(mail, config, &knowledge, lang, variety, &context);
        let page = results::page(mail, &guide, &self.narrower());
        self.set_off(&page)
    }

    fn draft(&mut self, mail: &StoredMail) -> Result<Entry, Failure> {
        let lang = self.console.lang;
        self.step(5, &say!(lang, "返信の下書き", "A draft reply"))?;
        let now = self.console.clock.now();
        let entry = replies::drafted(self.opened, lang, mail, None, now)?;
        let advice = advice(&mail.mail, &mail.verdict, &self.opened.config.own_addresses());
        self.tell_that(&advice.reason(lang))?;
        for warning in replies::warnings_of(self.opened, mail, &entry.draft)? {
            self.tell_that(&format!("! {}", warning.explain(lang).what))?;
        }
        if entry.draft.lang != lang {
            self.tell_that(&say!(
                lang,
                "メールが英語なので、下書きも英語です。",
                "The email is in Japanese, so the draft is too: a short thank-you."
            ))?;
        }
        self.quote(&entry.draft.to_text())?;
        Ok(entry)
    }

    async fn ask(&mut self, consent: Consent, entry: &Entry) -> Result<Ending, Failure> {
        let lang = self.console.lang;
        self.step(
            6,
            &say!(lang, "送るかどうかは、あなたが決めます", "You decide whether it is sent"),
        )?;
        let digest: String = entry.digest.0.chars().take(DIGEST_SHOWN).collect();
        self.tell_that(&say!(
            lang,
            "承認は、上の文面だけに結びつきます（ダイジェスト {digest}…）。一字でも変えると無効になります。",
            "An approval holds for exactly the text above (digest {digest}…). Any change voids it."
        ))?;
        let answer = match consent {
            Consent::Given => {
                self.tell_that(&say!(
                    lang,
                    "--yes が付いているので、上の文面を承認しました。",
                    "With --yes the text above is approved."
                ))?;
                return Ok(Ending::Sent);
            }
            Consent::Nobody => {
                self.tell_that(&say!(
                    lang,
                    "確かめる端末がないので、承認しません。何も送っていません。",
                    "There is no terminal to ask at, so it is not approved. Nothing was sent."
                ))?;
                return Ok(Ending::NobodyThere);
            }
            Consent::Ask(ask) => {
                let question = say!(
                    lang,
                    "この文面で送りますか（デモの中だけです）。 [y/N] ",
                    "Send exactly this text (within the demo)? [y/N] "
                );
                write!(self.out, "{INDENT}{question}")?;
                self.out.flush()?;
                // On a thread of its own, which is left behind if the demo ends before the answer.
                let (tell, told) = oneshot::channel();
                std::thread::spawn(move || tell.send(ask()));
                let answer = told.await.unwrap_or_else(|_| Ok(String::new()))?;
                if !answer.ends_with('\n') {
                    writeln!(self.out)?;
                }
                answer
            }
        };
        if matches!(answer.trim(), "y" | "Y" | "yes" | "はい") {
            return Ok(Ending::Sent);
        }
        self.tell_that(&say!(
            lang,
            "承知しました。何も送っていません。",
            "All right. Nothing was sent."
        ))?;
        Ok(Ending::NotApproved)
    }

    async fn submitted(&mut self, entry: &Entry) -> Result<(), Failure> {
        let lang = self.console.lang;
        let mut said = Vec::new();
        replies::approved(
            self.opened,
            self.console,
            entry.mail_id,
            &entry.digest,
            false,
            &mut said,
        )?;
        self.set_off(&String::from_utf8_lossy(&said))?;
        self.step(7, &say!(lang, "一度だけ送りました", "It was sent, once"))?;

        let state = match timeout(STEP_LIMIT, self.settled(entry.mail_id)).await {
            Ok(state) => state.map_err(Failure::new)?,
            Err(_elapsed) => None,
        };
        if !matches!(state, Some(State::Sent(_))) {
            return Err(failed(say!(
                lang,
                "承認した返信が送信済みになりませんでした",
                "the approved reply did not get sent"
            )));
        }
        let received = self.servers.smtp.received().borrow().clone();
        let [copy] = received.as_slice() else {
            let copies = received.len();
            return Err(failed(say!(
                lang,
                "SMTP サーバーには {copies} 通届きました。1 通のはずでした",
                "the SMTP server received {copies} copies, not one"
            )));
        };
        self.received(copy, entry)
    }

    /// Waits until the outbox knows how the approved reply ended.
    async fn settled(&self, mail_id: i64) -> Result<Option<State>, OutboxError> {
        let outbox = Outbox::new(self.opened.store.clone());
        loop {
            let state = outbox.entry(mail_id)?.map(|entry| entry.state);
            if !matches!(state, Some(State::Approved | State::Sending)) {
                return Ok(state);
            }
            sleep(GLANCE).await;
        }
    }

    fn received(&mut self, copy: &Received, entry: &Entry) -> Result<(), Failure> {
        let lang = self.console.lang;
        self.tell_that(&say!(
            lang,
            "SMTP サーバーが受け取ったメッセージ（本文は読める形に戻しました）：",
            "The message as the SMTP server received it (its text decoded):"
        ))?;
        let raw = String::from_utf8_lossy(&copy.message);
        let (header, _encoded_text) = raw.split_once("\r\n\r\n").unwrap_or((&raw, ""));
        let text = MessageParser::default()
            .parse(&copy.message)
            .and_then(|parsed| parsed.body_text(0).map(|text| text.replace("\r\n", "\n")))
            .unwrap_or_default();
        self.quote(&format!("{}\n\n{text}", header.replace("\r\n", "\n")))?;
        writeln!(self.out)?;
        if text.trim_end() != entry.draft.body.trim_end() {
            return Err(failed(say!(
                lang,
                "届いた本文が、承認した文面と違います",
                "the text that arrived is not the one that was approved"
            )));
        }
        self.tell_that(&say!(
            lang,
            "受け取った数：1 通。本文は、承認した文面と同じです。",
            "Copies received: 1. Its text is the one that was approved."
        ))
    }

    fn that_was_all(&mut self) -> Result<(), Failure> {
        let lang = self.console.lang;
        let all = say!(
            lang,
            "デモはここまでです。自分のメールで使うときは、goen setup から始められます。",
            "That is all. To use goen with your own email, start with `goen setup`."
        );
        writeln!(self.out, "\n{}", wrap(&all, self.console.columns.saturating_sub(HANGING)))?;
        Ok(())
    }

    /// Says how to play on with the servers and the state, and lets a pass arrive.
    pub(super) fn invite(&mut self, login: &Login) -> Result<(), Failure> {
        let lang = self.console.lang;
        let paths = &self.opened.paths;
        let (config, state) = (paths.config.display(), paths.state.display());
        let folder = paths.folder().display();
        let (imap, smtp) = (self.servers.imap.port(), self.servers.smtp.port());
        let (user, password) = (&login.user, login.password.expose());
        let goes_on = say!(
            lang,
            "サーバーと goen は動いたままで、まもなくもう 1 通届きます。Ctrl-C で終わります。別の端末で：",
            "The servers and goen keep running until you press Ctrl-C, and one more email is on its way. In another terminal:"
        );
        let by_mail_program = say!(
            lang,
            "メールソフトでも読めます（TLS、認証局は {folder}/ca.pem）：",
            "A mail program can read along (TLS, authority in {folder}/ca.pem):"
        );
        let afterwards = say!(
            lang,
            "終わったあとの片づけ：rm -r '{folder}'",
            "To clean up afterwards: rm -r '{folder}'"
        );
        writeln!(
            self.out,
            "\n{goes_on}\n\n\
             {INDENT}export GOEN_CONFIG='{config}' GOEN_STATE='{state}'\n\
             {INDENT}goen list --all\n\
             {INDENT}goen show 1\n\
             {INDENT}goen review 1\n\
             {INDENT}goen status\n\n\
             {by_mail_program}\n\n\
             {INDENT}IMAP 127.0.0.1:{imap}   SMTP 127.0.0.1:{smtp}\n\
             {INDENT}{user}   {password}\n\n\
             {afterwards}",
            goes_on = wrap(&goes_on, self.console.columns.saturating_sub(HANGING)),
        )?;
        self.out.flush()?;
        let sample = inbox::pass(self.console.clock.now());
        self.servers.imap.deliver(&sample.message, sample.received_at);
        Ok(())
    }

    /// Shows what goen tells from now on, until dropped.
    pub(super) async fn go_on(&mut self) -> Result<(), Failure> {
        while let Some(notice) = self.notices.recv().await {
            let _ = self.desktop.show(&notice).await;
            writeln!(self.out, "\n{}", self.console.style.bold(&notice.summary))?;
            self.tell_that(&notice.body)?;
            self.out.flush()?;
        }
        Ok(())
    }

    fn step(&mut self, number: u8, title: &str) -> Result<(), Failure> {
        let heading = self.console.style.bold(&format!("{number}  {title}"));
        writeln!(self.out, "\n{heading}")?;
        // What follows may take a moment: the heading says what is being waited for.
        Ok(self.out.flush()?)
    }

    /// Prints a sentence under the present step.
    fn tell_that(&mut self, sentence: &str) -> Result<(), Failure> {
        self.set_off(&wrap(sentence, self.room()))
    }

    /// Prints somebody's words under the present step, marked as such.
    fn quote(&mut self, words: &str) -> Result<(), Failure> {
        let room = self.room().saturating_sub(2);
        writeln!(self.out)?;
        for line in wrap(words.trim_end(), room).lines() {
            writeln!(self.out, "{}", format!("{INDENT}│ {line}").trim_end())?;
        }
        Ok(())
    }

    /// Prints lines under the present step.
    fn set_off(&mut self, text: &str) -> Result<(), Failure> {
        for line in text.trim_end().lines() {
            writeln!(self.out, "{}", format!("{INDENT}{line}").trim_end())?;
        }
        Ok(())
    }

    /// The columns that what belongs to a step can take.
    fn room(&self) -> usize {
        self.console.columns.saturating_sub(INDENT.len() + HANGING)
    }

    /// The console, as wide as what belongs to a step.
    fn narrower(&self) -> Console {
        let Console { lang, style, ref zone, ref clock, .. } = *self.console;
        Console { lang, style, zone: zone.clone(), clock: clock.clone(), columns: self.room() }
    }
}

/// A step that did not happen as it should.
fn failed(what: String) -> Failure {
    Failure::because(Explanation::new(what))
}
