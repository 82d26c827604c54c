//! Identifiers: our own, and the industry's, which are had only by passing their check.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Declares an opaque text identifier of ours.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is; who creates identifiers vouches for their form.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// A label account, opaque (a ULID). Names the label's directory on disk, so that no user name
    /// ever becomes a path (SFTPGo's CVE-2026-30915 was that).
    LabelId
}
text_id! {
    /// A package: one upload of one release folder (a ULID, so that identifiers sort by time).
    PackageId
}
text_id! {
    /// One push of one package to one DSP (a ULID).
    PushId
}
text_id! {
    /// One e-mail to one address (a ULID); also the local part of its Message-ID.
    LetterId
}
text_id! {
    /// A DSP, by the name of its profile file: `config/dsp/<id>.toml`.
    DspId
}

/// Why a text is no ICPN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IcpnFault {
    /// Something other than digits; GS1 numbers hold digits only.
    NotDigits,
    /// A GTIN has 8, 12, 13 or 14 digits; this one has so many.
    Length(usize),
    /// The check digit is wrong; the right one is given.
    CheckDigit {
        /// The digit that GS1's modulo-10 rule asks for.
        expected: char,
        /// The digit that is there.
        found: char,
    },
}

/// A release's barcode (GTIN-8, UPC-12, EAN-13 or GTIN-14) with a right check digit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Icpn(String);

impl Icpn {
    /// Checks digits, length and GS1 check digit.
    pub fn parse(text: &str) -> Result<Self, IcpnFault> {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(IcpnFault::NotDigits);
        }
        if !matches!(text.len(), 8 | 12 | 13 | 14) {
            return Err(IcpnFault::Length(text.len()));
        }
        let (body, check) = text.split_at(text.len() - 1);
        let expected = gtin_check_digit(body);
        let found = check.chars().next().unwrap_or('?');
        if expected == found {
            Ok(Self(text.to_owned()))
        } else {
            Err(IcpnFault::CheckDigit { expected, found })
        }
    }

    /// The digits as they were given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// GS1's check digit for the digits before it: from the right, weights 3, 1, 3, 1 …
pub fn gtin_check_digit(body: &str) -> char {
    let sum: u32 = body
        .bytes()
        .rev()
        .zip([3, 1].into_iter().cycle())
        .map(|(digit, weight)| u32::from(digit.wrapping_sub(b'0')) * weight)
        .sum();
    char::from_digit((10 - sum % 10) % 10, 10).unwrap_or('0')
}

/// The form under which two spellings of one barcode are equal: digits only, padded to 14.
///
/// A UPC-A and the same number with a leading zero (EAN-13) are one product. Texts that are no
/// GTIN keep their trimmed spelling, so that they can still be compared with themselves.
pub fn gtin14(text: &str) -> String {
    let trimmed = text.trim();
    if !trimmed.is_empty() && trimmed.len() <= 14 && trimmed.bytes().all(|b| b.is_ascii_digit()) {
        format!("{trimmed:0>14}")
    } else {
        trimmed.to_owned()
    }
}

/// An International Standard Recording Code (ISO 3901:2019), twelve characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Isrc(String);

impl Isrc {
    /// Reads a clean code: two letters, three letters or digits, seven digits.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (prefix, rest) = bytes.split_at_checked(2)?;
        let (registrant, digits) = rest.split_at_checked(3)?;
        let good = digits.len() == 7
            && prefix.iter().all(u8::is_ascii_uppercase)
            && registrant
                .iter()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            && digits.iter().all(u8::is_ascii_digit);
        good.then(|| Self(text.to_owned()))
    }

    /// Reads a code as people write it: with hyphens, spaces, lower case or an `ISRC` prefix.
    pub fn parse_lenient(text: &str) -> Option<Self> {
        let upper = text.trim().to_ascii_uppercase();
        let bare = upper.strip_prefix("ISRC").unwrap_or(&upper);
        let packed: String = bare
            .chars()
            .filter(|c| !matches!(c, '-' | ' ' | ':'))
            .collect();
        Self::parse(&packed)
    }

    /// The twelve characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn barcodes_need_their_check_digit() {
        assert!(Icpn::parse("5034567890120").is_ok());
        assert_eq!(
            Icpn::parse("5034567890123"),
            Err(IcpnFault::CheckDigit {
                expected: '0',
                found: '3'
            })
        );
        assert_eq!(Icpn::parse("12345"), Err(IcpnFault::Length(5)));
        assert_eq!(Icpn::parse("50345x7890120"), Err(IcpnFault::NotDigits));
        assert!(Icpn::parse("036000291452").is_ok(), "a UPC-A");
    }

    #[test]
    fn a_upc_and_its_ean_form_are_one_product() {
        assert_eq!(gtin14("036000291452"), gtin14("0036000291452"));
    }

    #[test]
    fn recording_codes_are_read_as_people_write_them() {
        assert!(Isrc::parse("GBDUM7620001").is_some());
        assert!(Isrc::parse("GB-DUM-76-20001").is_none());
        let read = Isrc::parse_lenient("isrc gb-dum-76-20001").map(|i| i.as_str().to_owned());
        assert_eq!(read.as_deref(), Some("GBDUM7620001"));
        assert!(Isrc::parse_lenient("GB-DUM-76-2000").is_none());
    }
}
