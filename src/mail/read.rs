//! Puts a [`Mail`] together from the parts of a message.

use mail_parser::Message;

use super::structure::{self, Fields, Kind, Part};
use super::{
    Address, Attachment, Block, Mail, Role, Unreadable, address, blocks, charset, field, html,
    marks, plain, scrub,
};
use crate::lang::Lang;

/// How deep mails may lie in each other. Three happens (an agent forwards a forward); more is a loop or an attack.
const DEPTH_MAX: usize = 5;

/// How many attached mails are read in all.
const MAILS_MAX: usize = 16;

/// How many parts of text are read in all. Lists that add a footer make three.
const TEXTS_MAX: usize = 32;

/// How many attachments are listed for a mail.
const ATTACHMENTS_MAX: usize = 64;

/// How much text is read in all, in bytes. A selection mail has 4 kB, a big newsletter 200 kB of HTML.
const TEXT_MAX_BYTES: usize = 1024 * 1024;

/// Reads a message; see [`Mail::read`].
pub(super) fn message(message: &[u8]) -> Result<Mail, Unreadable> {
    let mut budget = Budget { text_bytes: TEXT_MAX_BYTES, texts: TEXTS_MAX, mails: MAILS_MAX };
    read(message, 0, &mut budget)
}

/// What may still be read of a message, attached mails included.
struct Budget {
    text_bytes: usize,
    texts: usize,
    mails: usize,
}

fn read(message: &[u8], depth: usize, budget: &mut Budget) -> Result<Mail, Unreadable> {
    let message = without_mbox_line(message.trim_ascii_start());
    if message.is_empty() {
        return Err(Unreadable::Empty);
    }
    let (message, cut) = structure::bounded(message);
    let mail = structure::parsed(message, |parts| {
        Reading { message: parts, depth, hint: None, guessed: false, truncated: cut }.mail(budget)
    });
    mail.flatten().ok_or(Unreadable::NoHeader)
}

/// Passes over the `From …` line that mbox puts before a message.
fn without_mbox_line(message: &[u8]) -> &[u8] {
    if !message.starts_with(b"From ") && !message.starts_with(b">From ") {
        return message;
    }
    let end = message.iter().position(|byte| *byte == b'\n').unwrap_or(message.len());
    message.get(end..).unwrap_or_default().trim_ascii_start()
}

/// A message being read.
struct Reading<'a> {
    message: &'a Message<'a>,
    depth: usize,
    /// The charset of the text, for raw bytes in headers.
    hint: Option<String>,
    guessed: bool,
    truncated: bool,
}

impl<'a> Reading<'a> {
    fn part(&self, id: usize) -> Option<Part<'a>> {
        let raw = self.message.raw_message.as_ref();
        self.message.parts.get(id).map(|part| Part::new(raw, part))
    }

    /// Puts the mail together; `None` if none of its header fields is one that mails have.
    fn mail(mut self, budget: &mut Budget) -> Option<Mail> {
        let root = self.message.parts.first()?;
        let fields = Fields::new(self.message.raw_message.as_ref(), root);
        if !fields.any_known() {
            return None;
        }
        self.hint = self.text_label();

        let subject = self.unstructured(&fields, "Subject");
        let from = self.addresses(&fields, "From");
        let sender = self
            .addresses(&fields, "Sender")
            .into_iter()
            .find(|sender| from.iter().all(|author| author.addr_spec != sender.addr_spec));
        let reply_to = self.addresses(&fields, "Reply-To");
        let unreadable_reply_to = reply_to.is_empty()
            && fields.first("Reply-To").is_some_and(|raw| !raw.trim_ascii().is_empty());
        let to = self.addresses(&fields, "To");
        let cc = self.addresses(&fields, "Cc");
        let message_id = self.ids(&fields, "Message-ID").into_iter().next();
        let in_reply_to = self.ids(&fields, "In-Reply-To");
        let references = self.ids(&fields, "References");
        let is_report = self.part(0).is_some_and(|root| root.content_type() == "multipart/report");

        let answers = answers(&subject, !(in_reply_to.is_empty() && references.is_empty()));
        let (body, alternative) = self.texts(answers, budget);
        let (attached, attachments) = self.attachments(budget);
        let lang = language(&subject, &body);
        Some(Mail {
            message_id,
            in_reply_to,
            references,
            date: fields.first("Date").and_then(field::date),
            subject,
            from,
            sender,
            reply_to,
            to,
            cc,
            marks: super::Marks { unreadable_reply_to, ..marks::read(&fields, is_report) },
            body,
            alternative,
            attached,
            attachments,
            lang,
            charset_guessed: self.guessed,
            truncated: self.truncated,
        })
    }

    /// The charset that the first part of text says it is in.
    fn text_label(&self) -> Option<String> {
        let shown = self.message.text_body.first().or(self.message.html_body.first());
        let id = shown.and_then(|id| usize::try_from(*id).ok()).unwrap_or(0);
        self.part(id)?.type_params(None).get("charset").map(str::to_owned)
    }

    fn unstructured(&mut self, fields: &Fields<'_>, name: &str) -> String {
        let Some(raw) = fields.first(name) else { return String::new() };
        let decoded = field::unstructured(raw, self.hint.as_deref());
        self.guessed |= decoded.guessed;
        self.truncated |= raw.len() > field::FIELD_MAX_BYTES;
        decoded.text.into_owned()
    }

    fn addresses(&mut self, fields: &Fields<'_>, name: &str) -> Vec<Address> {
        let Some(raw) = fields.first(name) else { return Vec::new() };
        let text = field::text(raw, self.hint.as_deref());
        let (addresses, cut) = address::addresses(&text.text);
        self.guessed |= text.guessed;
        self.truncated |= cut || raw.len() > field::FIELD_MAX_BYTES;
        addresses
    }

    fn ids(&mut self, fields: &Fields<'_>, name: &str) -> Vec<super::MessageId> {
        let Some(raw) = fields.first(name) else { return Vec::new() };
        let (ids, cut) = field::message_ids(raw);
        self.truncated |= cut;
        ids
    }

    /// The text a mail program would show, and the other alternative if both say something.
    fn texts(&mut self, answers: bool, budget: &mut Budget) -> (Vec<Block>, Vec<Block>) {
        let cut = self.cut_texts();
        let of_kind = |kind: Kind| cut.iter().filter(move |(is, _)| *is == kind).map(|(_, id)| *id);
        let plain_ids: Vec<u32> =
            self.message.text_body.iter().copied().chain(of_kind(Kind::Plain)).collect();
        let html_ids: Vec<u32> =
            self.message.html_body.iter().copied().chain(of_kind(Kind::Html)).collect();
        let plain = self.view(&plain_ids, answers, budget);
        if plain_ids == html_ids {
            return (plain, Vec::new());
        }
        let html = self.view(&html_ids, answers, budget);
        if says_nothing(&html) {
            (plain, html)
        } else {
            match stub(&plain, &html) {
                Stub::Empty => (html, Vec::new()),
                Stub::Short => (html, plain),
                Stub::No => (plain, html),
            }
        }
    }

    /// Texts whose end is missing because the message was cut off.
    fn cut_texts(&self) -> Vec<(Kind, u32)> {
        let parts = self.message.attachments.iter().filter_map(|id| {
            let part = self.part(usize::try_from(*id).ok()?)?;
            part.is_cut_text().then(|| (part.kind(), *id))
        });
        parts.take(TEXTS_MAX).collect()
    }

    /// The blocks of these parts, one after the other.
    fn view(&mut self, ids: &[u32], answers: bool, budget: &mut Budget) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        for id in ids {
            let Some(part) = usize::try_from(*id).ok().and_then(|id| self.part(id)) else {
                continue;
            };
            let kind = part.kind();
            if !matches!(kind, Kind::Plain | Kind::Html) {
                continue;
            }
            if budget.texts == 0 || budget.text_bytes == 0 {
                self.truncated = true;
                break;
            }
            budget.texts -= 1;
            blocks.extend(self.text(part, kind, answers, budget));
        }
        blocks
    }

    /// The blocks of one part of text.
    fn text(
        &mut self,
        part: Part<'_>,
        kind: Kind,
        answers: bool,
        budget: &mut Budget,
    ) -> Vec<Block> {
        let (bytes, cut) = part.contents(budget.text_bytes);
        budget.text_bytes = budget.text_bytes.saturating_sub(bytes.len());
        self.truncated |= cut;
        let params = part.type_params(None);
        let meta = || (kind == Kind::Html).then(|| charset::in_html_meta(&bytes)).flatten();
        let decoded = match params.get("charset") {
            Some(label) => charset::decode(&bytes, Some(label)),
            None => charset::decode(&bytes, meta().as_deref()),
        };
        self.guessed |= decoded.guessed;
        // Some senders put their HTML into the plain part as well.
        if kind == Kind::Html || is_html(&decoded.text) {
            let page = html::render(&decoded.text, TEXT_MAX_BYTES);
            self.truncated |= page.truncated;
            let lines: Vec<blocks::Line<'_>> = page
                .text
                .lines()
                .zip(&page.marks)
                .map(|(text, marks)| blocks::Line {
                    raw: text,
                    text,
                    depth: marks.depth,
                    may_be_arrow: false,
                    signature: marks.signature,
                })
                .collect();
            return blocks::split(&lines, answers);
        }
        let text = scrub::lines(&decoded.text);
        if params.get("format").is_some_and(|format| format.eq_ignore_ascii_case("flowed")) {
            let delete_space =
                params.get("delsp").is_some_and(|yes| yes.eq_ignore_ascii_case("yes"));
            blocks::split(&plain::lines(&plain::unflow(&text, delete_space), true), answers)
        } else {
            blocks::split(&plain::lines(&text, false), answers)
        }
    }

    /// The mails attached, and the names of everything else that is not shown as text.
    fn attachments(&mut self, budget: &mut Budget) -> (Vec<Mail>, Vec<Attachment>) {
        let mut mails = Vec::new();
        let mut others = Vec::new();
        let hidden_mails = self.message.text_body.iter().filter(|id| {
            let part = usize::try_from(**id).ok().and_then(|id| self.part(id));
            part.is_some_and(|part| part.kind() == Kind::EncodedMail)
        });
        let ids = self.message.attachments.iter().chain(hidden_mails);
        let mut truncated = false;
        for part in ids.filter_map(|id| self.part(usize::try_from(*id).ok()?)) {
            match part.kind() {
                Kind::Mail | Kind::EncodedMail => {
                    if self.depth + 1 >= DEPTH_MAX || budget.mails == 0 {
                        truncated = true;
                        continue;
                    }
                    budget.mails -= 1;
                    mails.extend(self.attached(part, budget));
                }
                Kind::Plain | Kind::Html if part.is_cut_text() => {}
                Kind::Plain | Kind::Html | Kind::Other => {
                    if others.len() >= ATTACHMENTS_MAX {
                        truncated = true;
                        break;
                    }
                    others.push(Attachment {
                        name: part.file_name(self.hint.as_deref()),
                        content_type: part.content_type(),
                    });
                }
            }
        }
        self.truncated |= truncated;
        (mails, others)
    }

    /// The mail in a part.
    fn attached(&self, part: Part<'_>, budget: &mut Budget) -> Option<Mail> {
        /// An attached mail is decoded whole; its attachments come with it.
        const ENCODED_MAX_BYTES: usize = 8 * 1024 * 1024;
        let depth = self.depth + 1;
        match part.mail() {
            Some(message) => {
                Reading { message, depth, hint: None, guessed: false, truncated: false }
                    .mail(budget)
            }
            None => read(&part.contents(ENCODED_MAX_BYTES).0, depth, budget).ok(),
        }
    }
}

/// Whether the mail answers another one: it has a parent, or its subject says so, and it is not a forward.
fn answers(subject: &str, has_parent: bool) -> bool {
    const ANSWER: [&str; 8] = ["re:", "re：", "ｒｅ", "re[", "re^", "aw:", "返信:", "返信："];
    const FORWARD: [&str; 7] = ["fw:", "fwd:", "fw：", "fwd：", "転送:", "転送：", "[fwd:"];
    let start: String = subject.trim_start().chars().take(8).flat_map(char::to_lowercase).collect();
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| start.starts_with(prefix));
    !begins(&FORWARD) && (has_parent || begins(&ANSWER))
}

/// Whether a plain part is HTML source, as careless senders write.
fn is_html(text: &str) -> bool {
    let start: String =
        text.trim_start().chars().take(14).map(|c| c.to_ascii_lowercase()).collect();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

/// No letter and no digit in any block.
fn says_nothing(blocks: &[Block]) -> bool {
    !blocks.iter().any(|block| block.text.contains(is_word_char))
}

/// Letters and digits, roughly and fast: not signs, not lines drawn.
const fn is_word_char(c: char) -> bool {
    matches!(c, '0'..='9' | 'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{1fff}' | '\u{3040}'..)
}

/// How much less than the HTML a plain text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stub {
    /// It is a text of its own.
    No,
    /// It is a line before a whole letter.
    Short,
    /// It only tells to look at the HTML, or is empty.
    Empty,
}

fn stub(plain: &[Block], html: &[Block]) -> Stub {
    /// Stubs are a sentence or two, with a link.
    const CHARS_MAX: usize = 400;
    /// How many times longer the HTML of a short one is.
    const TIMES_LONGER: usize = 6;
    const SAYS_SO: [&str; 14] = [
        "htmlメール",
        "ＨＴＭＬメール",
        "html形式",
        "html 形式",
        "html対応",
        "htmlに対応",
        "html版",
        "html mail",
        "html e-mail",
        "html email",
        "html version",
        "support html",
        "html format",
        "view this email in",
    ];
    if says_nothing(plain) {
        return Stub::Empty;
    }
    if plain.iter().map(|block| block.text.len()).sum::<usize>() > CHARS_MAX * 4 {
        return Stub::No;
    }
    let count = |blocks: &[Block]| -> usize {
        blocks.iter().map(|block| block.text.chars().filter(|c| is_word_char(*c)).count()).sum()
    };
    let plain_chars = count(plain);
    if plain_chars > CHARS_MAX {
        return Stub::No;
    }
    let html_chars = count(html);
    let says_so = plain.iter().any(|block| {
        let text = block.text.to_ascii_lowercase();
        SAYS_SO.iter().any(|phrase| text.contains(phrase))
    });
    if says_so && html_chars > plain_chars {
        Stub::Empty
    } else if plain_chars.saturating_mul(TIMES_LONGER) < html_chars {
        Stub::Short
    } else {
        Stub::No
    }
}

/// The language most of the new text is in: Japanese if there is more kana than a name or a footer brings.
fn language(subject: &str, body: &[Block]) -> Lang {
    let new = body.iter().filter(|block| block.role == Role::New);
    language_of(new.map(|block| block.text.as_str()))
        .or_else(|| language_of(body.iter().map(|block| block.text.as_str()).chain([subject])))
        .unwrap_or(Lang::Ja)
}

/// The language of these texts; `None` if they have no letters.
fn language_of<'a>(texts: impl Iterator<Item = &'a str>) -> Option<Lang> {
    /// The language of a text shows within its first screen.
    const LOOK_BYTES: usize = 1024;
    let mut kana = 0_usize;
    let mut han = 0_usize;
    let mut latin = 0_usize;
    for text in texts {
        let text = text.get(..text.floor_char_boundary(LOOK_BYTES)).unwrap_or(text);
        let bytes = text.as_bytes();
        latin += bytes.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
        // The first byte in UTF-8: kana and `。、「」` have E3, kanji E4 to E9.
        kana += bytes.iter().filter(|byte| matches!(byte, 0xe3)).count();
        han += bytes.iter().filter(|byte| (0xe4..=0xe9).contains(*byte)).count();
        // Addresses are in no language.
        for (at, _) in text.match_indices("http") {
            let address = bytes.get(at..).unwrap_or_default();
            let length = address.iter().position(|byte| !byte.is_ascii_graphic());
            latin = latin.saturating_sub(length.unwrap_or(address.len()));
        }
    }
    if kana + han + latin == 0 {
        return None;
    }
    // Japanese prose is half kana; a bilingual mail has its English besides, several times as long.
    let japanese = kana > 0 && kana.saturating_mul(12) >= latin || latin < han;
    Some(if japanese { Lang::Ja } else { Lang::En })
}

#[cfg(test)]
mod tests;
