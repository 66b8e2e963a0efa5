//! The parameters of `Content-Type` and `Content-Disposition`: charset, format, file names.
//!
//! A file name comes in four ways: as RFC 2231 says (also in pieces), as encoded words in quotes (Outlook),
//! raw in the mail's own charset, or plain.

use super::{charset, field, scrub};

/// How many parameters of one field are read: RFC 2231 pieces included, mail has fewer than ten.
const PARAMS_MAX: usize = 64;

/// One parameter, or one piece of one (RFC 2231 §3).
#[derive(Debug)]
struct Param {
    name: String,
    piece: Option<u16>,
    /// Percent-encoded, the first piece with charset and language in front.
    extended: bool,
    value: String,
}

/// The parameters of one field.
#[derive(Debug, Default)]
pub(super) struct Params(Vec<Param>);

impl Params {
    /// Reads what stands behind the first `;` of the field.
    pub(super) fn read(raw: &[u8], hint: Option<&str>) -> Self {
        let field = field::text(raw, hint);
        let mut params = Vec::new();
        let mut rest = field.text.split_once(';').map_or("", |(_, rest)| rest);
        while !rest.is_empty() && params.len() < PARAMS_MAX {
            let (param, tail) = take(rest);
            params.extend(param);
            rest = tail;
        }
        Self(params)
    }

    /// The plain value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|param| param.name == name && param.piece.is_none() && !param.extended)
            .map(|param| param.value.as_str())
    }

    /// The decoded value of a parameter meant for people: a file name.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let value = self.extended(name).or_else(|| {
            self.get(name).map(|value| field::encoded_words(value).text.into_owned())
        })?;
        let value = scrub::one_line(&value);
        (!value.is_empty()).then_some(value)
    }

    /// The value of `name*=` or of `name*0*=`, `name*1=`, … (RFC 2231 §3 and §4).
    fn extended(&self, name: &str) -> Option<String> {
        let mut pieces: Vec<&Param> = self
            .0
            .iter()
            .filter(|param| param.name == name && (param.extended || param.piece.is_some()))
            .collect();
        pieces.sort_by_key(|param| param.piece);
        let mut label = None;
        let mut bytes = Vec::new();
        for (at, param) in pieces.iter().enumerate() {
            let mut value = param.value.as_str();
            if at == 0 && param.extended {
                let mut parts = value.splitn(3, '\'');
                if let (Some(charset), Some(_), Some(rest)) =
                    (parts.next(), parts.next(), parts.next())
                {
                    label = Some(charset);
                    value = rest;
                }
            }
            if param.extended {
                bytes.extend(percent_decoded(value.as_bytes()));
            } else {
                bytes.extend(value.as_bytes());
            }
        }
        (!pieces.is_empty()).then(|| charset::decode(&bytes, label).text.into_owned())
    }
}

/// Takes one `name=value` from `text`; gives it, if it is one, and what follows its `;`.
fn take(text: &str) -> (Option<Param>, &str) {
    let Some(end_of_name) = text.find(['=', ';']) else { return (None, "") };
    let (name, rest) = text.split_at(end_of_name);
    let Some(rest) = rest.strip_prefix('=') else {
        return (None, rest.strip_prefix(';').unwrap_or(rest));
    };
    let rest = rest.trim_start();
    let mut value = String::new();
    let rest = if let Some(quoted) = rest.strip_prefix('"') {
        let mut chars = quoted.chars();
        while let Some(c) = chars.next() {
            match c {
                '"' => break,
                '\\' => value.extend(chars.next()),
                c => value.push(c),
            }
        }
        chars.as_str()
    } else {
        let end = rest.find(';').unwrap_or(rest.len());
        let (token, rest) = rest.split_at(end);
        // A comment may follow a token (RFC 2045 §5.1).
        value.push_str(token.split(" (").next().unwrap_or(token).trim());
        rest
    };
    let rest = rest.split_once(';').map_or("", |(_, rest)| rest);

    let name = name.trim().to_ascii_lowercase();
    let (name, extended) = match name.strip_suffix('*') {
        Some(name) => (name, true),
        None => (name.as_str(), false),
    };
    let (name, piece) = match name.split_once('*') {
        Some((name, piece)) => (name, piece.parse().ok()),
        None => (name, None),
    };
    (Some(Param { name: name.to_owned(), piece, extended, value }), rest)
}

fn percent_decoded(value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match (byte, tail) {
            (b'%', [high, low, tail @ ..]) => {
                if let Some(value) = field::hex(*high, *low) {
                    bytes.push(value);
                    rest = tail;
                } else {
                    bytes.push(b'%');
                }
            }
            _ => bytes.push(byte),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::Params;

    fn name(field: &str) -> Option<String> {
        Params::read(field.as_bytes(), None).text("name")
    }

    #[test]
    fn a_file_name_in_pieces_is_put_together_in_order() {
        assert_eq!(
            name("a/b; name*1*=%E6%9B%B8; name*2=.pdf; name*0*=UTF-8'ja'%E8%A6%8B%E7%A9%8D")
                .as_deref(),
            Some("見積書.pdf"),
        );
    }

    #[test]
    fn quotes_escapes_and_semicolons_inside_quotes_belong_to_the_value() {
        assert_eq!(name(r#"a/b; x="1;2"; name="a\"b;c.txt"; y=z"#).as_deref(), Some("a\"b;c.txt"));
    }

    #[test]
    fn a_file_name_cannot_hide_its_ending() {
        assert_eq!(name("a/b; name*=UTF-8''exe%E2%80%AEfdp.%0D%0Ax").as_deref(), Some("exefdp. x"));
    }

    #[test]
    fn broken_parameters_are_passed_over() {
        let params =
            Params::read(b"text/plain;;; charset ; = ; format=flowed (rfc 3676); delsp", None);
        assert_eq!(params.get("format"), Some("flowed"));
        assert_eq!(params.get("charset"), None);
    }
}
