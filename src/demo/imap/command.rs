//! The client's commands, read from their bytes (RFC 3501 §9). Nothing is sliced: input is hostile.

use jiff::Timestamp;
use jiff::civil::Date;

use super::mailbox::Change;

/// Deepest nesting of SEARCH keys that is followed.
const SEARCH_DEPTH_MAX: usize = 16;

/// What a client asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Capability,
    Noop,
    Logout,
    Id,
    Login {
        user: String,
        password: String,
    },
    Authenticate {
        mechanism: String,
        initial: Option<String>,
    },
    /// LIST, or LSUB (where every mailbox counts as subscribed).
    List {
        verb: &'static str,
        pattern: String,
    },
    Status {
        mailbox: String,
        items: Vec<String>,
    },
    Select {
        mailbox: String,
        read_only: bool,
    },
    /// Leaves the mailbox, removing what is marked `\Deleted` or not.
    Leave {
        expunge: bool,
    },
    Create {
        mailbox: String,
    },
    /// SUBSCRIBE and UNSUBSCRIBE change nothing.
    Subscribe,
    /// CHECK likewise.
    Check,
    Expunge {
        uids: Option<Set>,
    },
    Search {
        by_uid: bool,
        key: Key,
    },
    Fetch {
        by_uid: bool,
        set: Set,
        items: Vec<Item>,
    },
    Store {
        by_uid: bool,
        set: Set,
        change: Change,
        silent: bool,
        flags: Vec<String>,
    },
    Copy {
        by_uid: bool,
        set: Set,
        mailbox: String,
    },
    Append {
        mailbox: String,
        flags: Vec<String>,
        received_at: Option<Timestamp>,
        message: Vec<u8>,
    },
    Idle,
}

/// A sequence set: ranges of numbers, `None` for `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Set(Vec<(Option<u32>, Option<u32>)>);

impl Set {
    /// Whether `number` is in the set, where `largest` is what `*` stands for.
    pub(super) fn contains(&self, number: u32, largest: u32) -> bool {
        self.0.iter().any(|(from, to)| {
            let (from, to) = (from.unwrap_or(largest), to.unwrap_or(largest));
            (from.min(to)..=from.max(to)).contains(&number)
        })
    }
}

/// A condition of SEARCH.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Key {
    All,
    Sequence(Set),
    Uid(Set),
    Flag(String),
    /// `INTERNALDATE` (or the `Date` header if `sent`) against a day.
    Day {
        sent: bool,
        is: Against,
        day: Date,
    },
    /// A header holds a text, anywhere and in any case; an empty text asks for the header itself.
    Header {
        name: String,
        text: String,
    },
    /// The message holds a text; without its header if `body_only`.
    Text {
        body_only: bool,
        text: String,
    },
    Larger(usize),
    Smaller(usize),
    Not(Box<Key>),
    Or(Box<Key>, Box<Key>),
    And(Vec<Key>),
    /// RECENT and NEW: no message is, here.
    Never,
}

/// How a date is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Against {
    Before,
    On,
    Since,
}

/// What FETCH is to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Uid,
    Flags,
    InternalDate,
    Size,
    Envelope,
    /// BODYSTRUCTURE, or BODY without its extension data.
    Structure {
        extended: bool,
    },
    Section(Section),
}

/// Bytes of a message, by part number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    /// The name to answer under: `BODY[1.MIME]`, `RFC822`.
    pub(super) name: String,
    pub(super) path: Vec<usize>,
    pub(super) what: What,
    /// First byte and most bytes.
    pub(super) partial: Option<(usize, usize)>,
    /// Does not mark the message as seen.
    pub(super) peek: bool,
}

/// Which bytes of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    All,
    Header,
    Fields { names: Vec<String>, except: bool },
    Text,
    Mime,
}

/// Reads a tagged command: its tag, and the command if it is one that the server knows.
pub(super) fn read(input: &[u8]) -> (Option<String>, Option<Command>) {
    let mut words = Words(input);
    let Some(tag) = words.atom() else { return (None, None) };
    let command = words.space().and_then(|()| words.command());
    (Some(tag), command.filter(|_| words.0.is_empty()))
}

/// What is left to read. Every method takes what it names, or gives `None`.
struct Words<'a>(&'a [u8]);

impl Words<'_> {
    fn command(&mut self) -> Option<Command> {
        let verb = self.atom()?.to_ascii_uppercase();
        Some(match verb.as_str() {
            "CAPABILITY" => Command::Capability,
            "NOOP" => Command::Noop,
            "LOGOUT" => Command::Logout,
            "ID" => {
                self.0 = &[];
                Command::Id
            }
            "LOGIN" => Command::Login { user: self.next_text()?, password: self.next_text()? },
            "AUTHENTICATE" => {
                self.space()?;
                let mechanism = self.atom()?.to_ascii_uppercase();
                let initial = if self.0.is_empty() { None } else { Some(self.next_text()?) };
                Command::Authenticate { mechanism, initial }
            }
            "LIST" => self.list("LIST")?,
            "LSUB" => self.list("LSUB")?,
            "STATUS" => {
                let mailbox = self.next_text()?;
                self.space()?;
                Command::Status { mailbox, items: self.atoms()? }
            }
            "SELECT" => Command::Select { mailbox: self.next_text()?, read_only: false },
            "EXAMINE" => Command::Select { mailbox: self.next_text()?, read_only: true },
            "CLOSE" => Command::Leave { expunge: true },
            "UNSELECT" => Command::Leave { expunge: false },
            "CREATE" => Command::Create { mailbox: self.next_text()? },
            "SUBSCRIBE" | "UNSUBSCRIBE" => {
                self.next_text()?;
                Command::Subscribe
            }
            "CHECK" => Command::Check,
            "EXPUNGE" => Command::Expunge { uids: None },
            "APPEND" => self.append()?,
            "IDLE" => Command::Idle,
            "UID" => {
                self.space()?;
                let verb = self.atom()?.to_ascii_uppercase();
                if verb == "EXPUNGE" {
                    self.space()?;
                    Command::Expunge { uids: Some(self.set()?) }
                } else {
                    self.on_messages(&verb, true)?
                }
            }
            _ => self.on_messages(&verb, false)?,
        })
    }

    fn list(&mut self, verb: &'static str) -> Option<Command> {
        let reference = self.next_text()?;
        let pattern = self.next_text()?;
        if self.space().is_some() {
            // RETURN (SPECIAL-USE) and its like (RFC 5258): what it asks for is always given.
            self.word("RETURN").then_some(())?;
            self.space()?;
            self.atoms()?;
        }
        Some(Command::List { verb, pattern: reference + &pattern })
    }

    fn append(&mut self) -> Option<Command> {
        let mailbox = self.next_text()?;
        self.space()?;
        let flags = if self.0.starts_with(b"(") {
            let flags = self.atoms()?;
            self.space()?;
            flags
        } else {
            Vec::new()
        };
        let received_at = if self.0.starts_with(b"\"") {
            let date = self.text()?;
            self.space()?;
            Some(Timestamp::strptime("%d-%b-%Y %H:%M:%S %z", date.trim_start()).ok()?)
        } else {
            None
        };
        Some(Command::Append { mailbox, flags, received_at, message: self.string()? })
    }

    fn on_messages(&mut self, verb: &str, by_uid: bool) -> Option<Command> {
        self.space()?;
        Some(match verb {
            "SEARCH" => {
                if self.word("CHARSET") {
                    self.next_text()?;
                    self.space()?;
                }
                Command::Search { by_uid, key: self.keys(SEARCH_DEPTH_MAX)? }
            }
            "FETCH" => {
                let set = self.set()?;
                self.space()?;
                Command::Fetch { by_uid, set, items: self.items()? }
            }
            "STORE" => {
                let set = self.set()?;
                self.space()?;
                let name = self.atom()?.to_ascii_uppercase();
                let (name, silent) = name
                    .strip_suffix(".SILENT")
                    .map_or((name.as_str(), false), |name| (name, true));
                let change = match name {
                    "FLAGS" => Change::Set,
                    "+FLAGS" => Change::Add,
                    "-FLAGS" => Change::Remove,
                    _ => return None,
                };
                self.space()?;
                let flags = if self.0.starts_with(b"(") {
                    self.atoms()?
                } else {
                    self.separated(Self::atom)?
                };
                Command::Store { by_uid, set, change, silent, flags }
            }
            "COPY" => {
                let set = self.set()?;
                Command::Copy { by_uid, set, mailbox: self.next_text()? }
            }
            _ => return None,
        })
    }

    /// SEARCH keys up to the end or a closing parenthesis, all of which must hold.
    fn keys(&mut self, depth: usize) -> Option<Key> {
        let depth = depth.checked_sub(1)?;
        let mut keys = self.separated(|words| words.key(depth))?;
        if keys.len() == 1 { keys.pop() } else { Some(Key::And(keys)) }
    }

    fn key(&mut self, depth: usize) -> Option<Key> {
        if self.byte(b'(') {
            let keys = self.keys(depth)?;
            return self.byte(b')').then_some(keys);
        }
        if self.0.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'*') {
            return Some(Key::Sequence(self.set()?));
        }
        let name = self.atom()?.to_ascii_uppercase();
        let flag = |name: &str| Key::Flag(format!("\\{name}"));
        let header = |words: &mut Self, name: &str| {
            Some(Key::Header { name: name.to_owned(), text: words.next_text()? })
        };
        let day = |words: &mut Self, sent, is| {
            let day = words.next_text()?;
            Some(Key::Day { sent, is, day: Date::strptime("%d-%b-%Y", day.trim()).ok()? })
        };
        Some(match name.as_str() {
            "ALL" | "OLD" => Key::All,
            "RECENT" | "NEW" => Key::Never,
            "ANSWERED" | "DELETED" | "DRAFT" | "FLAGGED" | "SEEN" => flag(&name),
            "UNANSWERED" | "UNDELETED" | "UNDRAFT" | "UNFLAGGED" | "UNSEEN" => {
                Key::Not(Box::new(flag(name.strip_prefix("UN")?)))
            }
            "KEYWORD" => Key::Flag(self.next_text()?),
            "UNKEYWORD" => Key::Not(Box::new(Key::Flag(self.next_text()?))),
            "UID" => {
                self.space()?;
                Key::Uid(self.set()?)
            }
            "BEFORE" => day(self, false, Against::Before)?,
            "ON" => day(self, false, Against::On)?,
            "SINCE" => day(self, false, Against::Since)?,
            "SENTBEFORE" => day(self, true, Against::Before)?,
            "SENTON" => day(self, true, Against::On)?,
            "SENTSINCE" => day(self, true, Against::Since)?,
            "FROM" | "TO" | "CC" | "BCC" | "SUBJECT" => header(self, &name)?,
            "HEADER" => {
                let name = self.next_text()?;
                header(self, &name)?
            }
            "TEXT" => Key::Text { body_only: false, text: self.next_text()? },
            "BODY" => Key::Text { body_only: true, text: self.next_text()? },
            "LARGER" => Key::Larger(self.next_number()?),
            "SMALLER" => Key::Smaller(self.next_number()?),
            "NOT" => {
                self.space()?;
                Key::Not(Box::new(self.key(depth.checked_sub(1)?)?))
            }
            "OR" => {
                let depth = depth.checked_sub(1)?;
                self.space()?;
                let one = self.key(depth)?;
                self.space()?;
                Key::Or(Box::new(one), Box::new(self.key(depth)?))
            }
            _ => return None,
        })
    }

    /// FETCH items: a list, one, or a macro.
    fn items(&mut self) -> Option<Vec<Item>> {
        if self.byte(b'(') {
            let items = self.separated(Self::item)?;
            return self.byte(b')').then_some(items);
        }
        let fast = [Item::Flags, Item::InternalDate, Item::Size];
        for (name, rest) in [
            ("FAST", vec![]),
            ("ALL", vec![Item::Envelope]),
            ("FULL", vec![Item::Envelope, Item::Structure { extended: false }]),
        ] {
            if self.0.eq_ignore_ascii_case(name.as_bytes()) {
                self.0 = &[];
                return Some(fast.into_iter().chain(rest).collect());
            }
        }
        Some(vec![self.item()?])
    }

    fn item(&mut self) -> Option<Item> {
        let name =
            self.take(|byte| byte.is_ascii_alphanumeric() || byte == b'.')?.to_ascii_uppercase();
        let section = |name: &str, what, peek| {
            let name = name.to_owned();
            Some(Item::Section(Section { name, path: Vec::new(), what, partial: None, peek }))
        };
        match name.as_str() {
            "UID" => Some(Item::Uid),
            "FLAGS" => Some(Item::Flags),
            "INTERNALDATE" => Some(Item::InternalDate),
            "RFC822.SIZE" => Some(Item::Size),
            "ENVELOPE" => Some(Item::Envelope),
            "BODYSTRUCTURE" => Some(Item::Structure { extended: true }),
            "RFC822" => section("RFC822", What::All, false),
            "RFC822.HEADER" => section("RFC822.HEADER", What::Header, true),
            "RFC822.TEXT" => section("RFC822.TEXT", What::Text, false),
            "BODY" if !self.0.starts_with(b"[") => Some(Item::Structure { extended: false }),
            "BODY" => self.section(false),
            "BODY.PEEK" => self.section(true),
            _ => None,
        }
    }

    fn section(&mut self, peek: bool) -> Option<Item> {
        self.byte(b'[').then_some(())?;
        let mut path = Vec::new();
        while self.0.first().is_some_and(u8::is_ascii_digit) {
            path.push(self.number()?);
            if !self.byte(b'.') {
                break;
            }
        }
        let (what, label) = if self.0.starts_with(b"]") {
            (What::All, String::new())
        } else {
            let word = self.take(|byte| byte.is_ascii_alphabetic() || byte == b'.')?;
            let word = word.to_ascii_uppercase();
            match word.as_str() {
                "HEADER" => (What::Header, word),
                "TEXT" => (What::Text, word),
                "MIME" if !path.is_empty() => (What::Mime, word),
                "HEADER.FIELDS" | "HEADER.FIELDS.NOT" => {
                    self.space()?;
                    self.byte(b'(').then_some(())?;
                    let names = self.separated(Self::text)?;
                    self.byte(b')').then_some(())?;
                    let label = format!("{word} ({})", names.join(" "));
                    (What::Fields { names, except: word.ends_with("NOT") }, label)
                }
                _ => return None,
            }
        };
        self.byte(b']').then_some(())?;
        let partial = if self.byte(b'<') {
            let first = self.number()?;
            self.byte(b'.').then_some(())?;
            let most = self.number()?;
            self.byte(b'>').then_some((first, most))
        } else {
            None
        };
        let mut at: Vec<String> = path.iter().map(ToString::to_string).collect();
        if !label.is_empty() {
            at.push(label);
        }
        let from = partial.map_or_else(String::new, |(first, _most)| format!("<{first}>"));
        let name = format!("BODY[{}]{from}", at.join("."));
        Some(Item::Section(Section { name, path, what, partial, peek }))
    }

    fn set(&mut self) -> Option<Set> {
        let set = self.take(|byte| byte.is_ascii_digit() || b"*:,".contains(&byte))?;
        let bound = |text: &str| match text {
            "*" => Some(None),
            number => number.parse::<u32>().ok().filter(|number| *number > 0).map(Some),
        };
        let ranges = set.split(',').map(|range| {
            let (from, to) = range.split_once(':').unwrap_or((range, range));
            Some((bound(from)?, bound(to)?))
        });
        ranges.collect::<Option<_>>().map(Set)
    }

    /// One or more things with single spaces between them.
    fn separated<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut all = vec![one(self)?];
        while self.space().is_some() {
            all.push(one(self)?);
        }
        Some(all)
    }

    /// A parenthesised list of atoms, which may be empty.
    fn atoms(&mut self) -> Option<Vec<String>> {
        self.byte(b'(').then_some(())?;
        if self.byte(b')') {
            return Some(Vec::new());
        }
        let atoms = self.separated(Self::atom)?;
        self.byte(b')').then_some(atoms)
    }

    fn next_text(&mut self) -> Option<String> {
        self.space()?;
        self.text()
    }

    /// An atom or a string.
    fn text(&mut self) -> Option<String> {
        if self.0.starts_with(b"\"") || self.0.starts_with(b"{") {
            self.string().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        } else {
            // `list-char` and `]` are fine here: patterns, header names, base64.
            self.take(|byte| byte.is_ascii_graphic() && !b"(){\"".contains(&byte))
        }
    }

    /// A quoted string or a literal.
    fn string(&mut self) -> Option<Vec<u8>> {
        if self.byte(b'{') {
            let count = self.number()?;
            self.byte(b'+');
            let (bytes, rest) = self.0.strip_prefix(b"}\r\n")?.split_at_checked(count)?;
            self.0 = rest;
            return Some(bytes.to_vec());
        }
        self.byte(b'"').then_some(())?;
        let mut bytes = Vec::new();
        loop {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            match byte {
                b'"' => return Some(bytes),
                b'\\' => {
                    let (escaped, rest) = self.0.split_first()?;
                    self.0 = rest;
                    bytes.push(*escaped);
                }
                byte => bytes.push(*byte),
            }
        }
    }

    /// An atom, a flag or a tag.
    fn atom(&mut self) -> Option<String> {
        self.take(|byte| byte.is_ascii_graphic() && !b"(){%*\"".contains(&byte))
    }

    fn next_number(&mut self) -> Option<usize> {
        self.space()?;
        self.number()
    }

    fn number(&mut self) -> Option<usize> {
        self.take(|byte| byte.is_ascii_digit())?.parse().ok()
    }

    fn space(&mut self) -> Option<()> {
        self.byte(b' ').then_some(())
    }

    /// `word`, in any case.
    fn word(&mut self, word: &str) -> bool {
        let found = self.0.split_at_checked(word.len());
        let found = found.filter(|(start, _rest)| start.eq_ignore_ascii_case(word.as_bytes()));
        if let Some((_word, rest)) = found {
            self.0 = rest;
        }
        found.is_some()
    }

    fn byte(&mut self, byte: u8) -> bool {
        let rest = self.0.strip_prefix(&[byte]);
        if let Some(rest) = rest {
            self.0 = rest;
        }
        rest.is_some()
    }

    /// All bytes that are `wanted`, at least one.
    fn take(&mut self, wanted: impl Fn(u8) -> bool) -> Option<String> {
        let count = self.0.iter().take_while(|byte| wanted(**byte)).count();
        let (taken, rest) = self.0.split_at_checked(count).filter(|_| count > 0)?;
        self.0 = rest;
        Some(String::from_utf8_lossy(taken).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn command(line: &str) -> Option<Command> {
        read(line.as_bytes()).1
    }

    #[test]
    fn a_literal_is_read_where_it_stands() {
        assert_eq!(
            command("1 LOGIN {6}\r\nhanako {4+}\r\na\"b\\"),
            Some(Command::Login { user: "hanako".to_owned(), password: "a\"b\\".to_owned() })
        );
    }

    #[test]
    fn a_set_counts_backwards_too_and_its_star_is_the_largest() {
        let Some(Command::Fetch { set, .. }) = command("1 FETCH 9:7,2,*:20 (UID)") else {
            panic!("not read")
        };
        let found: Vec<u32> = (1..=30).filter(|number| set.contains(*number, 18)).collect();
        assert_eq!(found, [2, 7, 8, 9, 18, 19, 20]);
    }

    #[test]
    fn what_is_left_over_makes_a_command_unknown() {
        assert_eq!(command("1 NOOP"), Some(Command::Noop));
        assert_eq!(command("1 NOOP now"), None);
        assert_eq!(command("1 FETCH 0 UID"), None);
    }

    #[test]
    fn a_section_is_answered_under_the_name_it_was_asked_by() {
        let Some(Command::Fetch { items, .. }) =
            command("1 UID FETCH 1 (BODY.PEEK[1.2.HEADER.FIELDS (From Date)]<5.10>)")
        else {
            panic!("not read")
        };
        let [Item::Section(section)] = items.as_slice() else { panic!("{items:?}") };
        assert_eq!(section.name, "BODY[1.2.HEADER.FIELDS (From Date)]<5>");
        assert_eq!(section.path, [1, 2]);
        assert_eq!(section.partial, Some((5, 10)));
    }

    #[test]
    fn search_keys_nested_without_end_are_refused() {
        assert!(command(&format!("1 SEARCH {}ALL", "NOT ".repeat(5))).is_some());
        assert!(command(&format!("1 SEARCH {}ALL", "NOT ".repeat(5_000))).is_none());
        assert!(command(&format!("1 SEARCH {}ALL", "(".repeat(5_000))).is_none());
    }

    #[test]
    fn the_date_of_an_appended_message_may_have_a_space_for_a_zero() {
        let Some(Command::Append { received_at, .. }) =
            command("1 APPEND Sent \" 5-Nov-2026 12:00:00 +0900\" {1}\r\nx")
        else {
            panic!("not read")
        };
        assert_eq!(received_at, Some("2026-11-05T03:00:00Z".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn no_input_makes_it_panic(
            verb in "(UID )?(FETCH|SEARCH|STORE|APPEND|LIST|STATUS|LOGIN|AUTHENTICATE) ",
            rest in "[ -~\r\n()\\[\\]{}\"*:,.<>0-9]{0,60}",
        ) {
            let _ = read(format!("1 {verb}{rest}").as_bytes());
        }
    }
}
