//! Mailbox names: what people read, and the modified UTF-7 that travels (RFC 3501 §5.1.3).

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Base64 with `,` for `/`, never padded.
const MODIFIED_BASE64: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// Writes `name` as it travels: `選考` becomes `&kHiAAw-`.
#[must_use]
pub fn encode(name: &str) -> String {
    let mut encoded = String::new();
    let mut wide = String::new();
    for character in name.chars() {
        if matches!(character, ' '..='~') {
            shift(&mut encoded, &mut wide);
            encoded.push(character);
            if character == '&' {
                encoded.push('-');
            }
        } else {
            wide.push(character);
        }
    }
    shift(&mut encoded, &mut wide);
    encoded
}

fn shift(encoded: &mut String, wide: &mut String) {
    if wide.is_empty() {
        return;
    }
    let utf16: Vec<u8> = wide.encode_utf16().flat_map(u16::to_be_bytes).collect();
    encoded.push('&');
    MODIFIED_BASE64.encode_string(utf16, encoded);
    encoded.push('-');
    wide.clear();
}

/// Reads a name as it travels. A name that is not modified UTF-7 is taken as it is: some servers
/// send UTF-8 unasked.
#[must_use]
pub fn decode(encoded: &str) -> String {
    try_decode(encoded).unwrap_or_else(|| encoded.to_owned())
}

fn try_decode(encoded: &str) -> Option<String> {
    let mut pieces = encoded.split('&');
    let mut name = pieces.next()?.to_owned();
    for piece in pieces {
        let (wide, plain) = piece.split_once('-')?;
        if wide.is_empty() {
            name.push('&');
        } else {
            let bytes = MODIFIED_BASE64.decode(wide).ok()?;
            let (units, rest) = bytes.as_chunks::<2>();
            if !rest.is_empty() {
                return None;
            }
            let units: Vec<u16> = units.iter().copied().map(u16::from_be_bytes).collect();
            name.push_str(&String::from_utf16(&units).ok()?);
        }
        name.push_str(plain);
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_of_the_rfc_and_a_japanese_name() {
        for (name, travelling) in [
            ("INBOX", "INBOX"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("R&D", "R&-D"),
            ("就活 2026", "&XDFtOw- 2026"),
            ("🎌", "&2DzfjA-"),
        ] {
            assert_eq!(encode(name), travelling);
            assert_eq!(decode(travelling), name);
        }
    }

    #[test]
    fn a_name_in_another_encoding_is_taken_as_it_is() {
        for name in ["選考", "a&b", "&!!!-"] {
            assert_eq!(decode(name), name);
        }
    }

    proptest! {
        #[test]
        fn every_name_comes_back(name in any::<String>()) {
            prop_assert_eq!(decode(&encode(&name)), name);
        }

        #[test]
        fn nothing_panics(encoded in any::<String>()) {
            let _ = decode(&encoded);
        }
    }
}
